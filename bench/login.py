#!/usr/bin/python3
"""What logins that fail do to others, and what they tell (G25, G26).

    ./run bench login [--seconds 60] [--rate 100] [--tries 200]

20 pairs talk, over one gateway, while nobody logs in, while one address tries
so many names a second, and while 250 addresses do. Then a name that exists and
one that does not are tried in turn. It fails when the answer is not the same
for both or its medians are more than 5 % apart, when a login was hashed that
was refused, or when more threads hashed than may."""

import argparse
import asyncio
import collections
import http.client
import itertools
import json
import multiprocessing
import pathlib
import re
import secrets
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

# pylint: disable=wrong-import-position
from harness.client import Account, Client
from harness.cluster import Cluster
from harness.http_json import http_json
from harness.postgres import make_template

PAIRS = 20
SENDS_PER_S = 100  # of all of them
THREADS = 1        # that hash
WRONG = "is it this one then?"
ADDRESSES = {"nobody logs in": 0, "one address": 1, "250 addresses": 250}
APART_MAX = 0.05


# ---- those who log in: a process of their own ----

def request(name):
    body = json.dumps({"name": name, "password": WRONG})
    return (f"POST /v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


async def log_in(address, n, seen):
    """One login from the n-th address of the loopback."""
    host, port = address.rsplit(":", 1)
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(
        host, int(port), local_addr=(f"127.0.1.{n + 1}", 0))
    writer.write(request("n" + secrets.token_hex(8)))
    status = int((await reader.read()).split()[1])
    writer.close()
    seen.append((status, (time.monotonic() - began) * 1000))


async def flood(address, addresses, rate, seconds):
    """By the clock, whatever is answered."""
    seen, tasks, began = [], [], time.monotonic()
    for n in range(int(rate * seconds)):
        await asyncio.sleep(began + n / rate - time.monotonic())
        tasks.append(asyncio.create_task(
            log_in(address, n % addresses, seen)))
    await asyncio.gather(*tasks)
    return seen


def flood_process(*words):
    return asyncio.run(flood(*words))


# ---- those who talk ----

async def talk(pairs, seconds):
    """Milliseconds of each message from when it was due to its ack."""
    took, tasks, began = [], [], time.monotonic()

    async def say(client, conv, due):
        await client.send(conv, "hello")
        took.append((time.monotonic() - due) * 1000)

    for n, (client, conv) in zip(range(int(SENDS_PER_S * seconds)),
                                 itertools.cycle(pairs)):
        due = began + n / SENDS_PER_S
        await asyncio.sleep(due - time.monotonic())
        tasks.append(asyncio.create_task(say(client, conv, due)))
    await asyncio.gather(*tasks)
    return took


def hashes(gateway):
    page = http_json("GET", f"http://{gateway.internal}/metrics").raw.decode()
    return int(re.search(r"password_hashes_total (\d+)", page)[1])


def busy_threads(gateway, before=None):
    """CPU ticks of each thread; how many besides the loop's have had 20 more
    than before."""
    ticks = {}
    for task in pathlib.Path(f"/proc/{gateway.pid}/task").iterdir():
        words = (task / "stat").read_text().rpartition(")")[2].split()
        ticks[task.name] = int(words[11]) + int(words[12])
    before = before or ticks
    return ticks, sum(t - before.get(name, 0) > 20 for name, t in ticks.items()
                      if name != str(gateway.pid))


async def phase(pool, gateway, pairs, addresses, options):
    """What was seen in one of the three."""
    hashed, (ticks, _) = hashes(gateway), busy_threads(gateway)
    theirs = pool.submit(flood_process, gateway.address, addresses,
                         options.rate if addresses else 0, options.seconds)
    took = await talk(pairs, options.seconds)
    seen = await asyncio.wrap_future(theirs)
    return took, seen, hashes(gateway) - hashed, busy_threads(
        gateway, ticks)[1]


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0


def tell(name, took, seen, hashed, threads):
    """One row; whether it is as it should be."""
    counts = collections.Counter(status for status, _ in seen)
    quick = [ms for status, ms in seen if status != 401]
    print(f"| {name} | {percentile(took, .5):.1f} | {percentile(took, .99):.1f}"
          f" | {counts[401]} | {counts[429]} | {counts[503]} | {hashed} | "
          f"{threads} | {percentile(quick, .5):.1f} | "
          f"{percentile(quick, .99):.1f} |", flush=True)
    return hashed == counts[401] and threads <= THREADS and set(counts) <= {
        401, 429, 503}


async def measure_floods(gateway, easy, options):
    """The table; people sign up at `easy`."""
    people = [Account(easy.url, f"talker{n}") for n in range(2 * PAIRS)]
    clients = [await Client(gateway.url, one).open() for one in people]
    opened = [await client.cmd("direct.open", user=other.user)
              for client, other in zip(clients[::2], people[1::2])]
    pairs = [(c, answer["conv"]) for c, answer in zip(clients[::2], opened)]
    print("| logins | p50 of others, ms | p99, ms | 401 | 429 | 503 | hashed "
          "| threads | p50 of 429 and 503, ms | p99, ms |")
    print("| --- " * 10 + "|")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        good = [tell(name, *await phase(pool, gateway, pairs, addresses,
                                        options))
                for name, addresses in ADDRESSES.items()]
    for client in clients:
        await client.close()
    return all(good)


# ---- who has an account ----

def cpu_ms(gateway):
    """What all its threads have had; exact where waiting is not."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(
        f"/proc/{gateway.pid}/task").glob("*/schedstat")) / 1e6


def measure_names(gateway, tries):
    """Alternately, over one connection; the medians of both."""
    Account(gateway.url, "somebody")
    wire = http.client.HTTPConnection(gateway.address)
    took, said = {"nobody": [], "somebody": []}, set()
    for n in range(2 * tries):
        name = sorted(took)[(n + n // 2) % 2]  # none is always the second
        began, cpu = time.perf_counter(), cpu_ms(gateway)
        wire.request("POST", "/v1/login", json.dumps(
            {"name": name, "password": WRONG}),
            {"Content-Type": "application/json"})
        reply = wire.getresponse()
        said.add((reply.status, reply.read(), str(reply.headers)))
        took[name].append(((time.perf_counter() - began) * 1000,
                           cpu_ms(gateway) - cpu))
    wire.close()
    apart = []
    for n, what in enumerate(("time", "CPU")):
        unknown, known = [statistics.median(one[n] for one in took[name])
                          for name in took]
        apart.append(abs(known - unknown) / unknown)
        print(f"{what}: known {known:.2f} ms, unknown {unknown:.2f} ms, "
              f"{apart[-1]:.1%} apart")
    print(f"{tries} tries each, {len(said)} kind(s) of answer")
    return apart[0] <= APART_MAX and len(said) == 1


def conf(logins_per_address):
    """The defaults, but for the tries of the one account."""
    return {"auth": {"hash_threads": THREADS, "logins_per_account": 100000,
                     "logins_per_address": logins_per_address},
            "log": {"level": "warn"}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--tries", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="moim-", dir="/tmp") as folder:
        home = pathlib.Path(folder)
        home.chmod(0o711)
        template = make_template(home / "pg", home / "template.log")
        with Cluster(template, home / "logs", gateways=1, balancer=False,
                     gateway_conf=conf(30)) as cluster:
            # Where people sign up, and names are tried: without that limit.
            easy = cluster.add_gateway(conf(100000))
            good = asyncio.run(measure_floods(
                cluster.gateway(1), easy, options))
            good = measure_names(easy, options.tries) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
