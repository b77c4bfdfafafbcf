"""Gateways that die, stand still, run out of descriptors, or leave in good
order."""

import asyncio
import fcntl
import os
import re
import signal
import subprocess
import time

import pytest

from harness.authority import Authority
from harness.http_json import http_json

from .nemesis import aside, paused, start, talk_on, until
from .shim import Shim
from .stage import GATEWAYS, SPARE


def test_f01_a_gateway_is_killed(theatre):
    async def nemesis(show):
        rounds = 3 * show.times
        for _ in range(rounds):
            gateway = show.stage.gateway(show.rand.randint(1, 3))
            await asyncio.sleep(show.rand.uniform(0, 0.5))
            gateway.kill9()
            await asyncio.sleep(show.rand.uniform(0.2, 0.8))
            await start(gateway)
        return rounds

    theatre.play("F01 gateway killed", nemesis)


async def killed_after(show, door, line, counter):
    """Kills each gateway while a fault of the proxy keeps it from finishing
    what it is doing; answers how often that was so."""
    stage, applied = show.stage, 0
    for n in range(1, GATEWAYS + 1):
        name = f"{door}{n}"
        before = stage.proxy.stats(name)[counter]
        stage.proxy.tell(f"{name} {line}")
        await asyncio.sleep(0.3)
        applied += stage.proxy.stats(name)[counter] - before
        stage.gateway(n).kill9()
        stage.proxy.tell(f"{name} clear")
        await asyncio.sleep(0.2)
        await start(stage.gateway(n))
    return applied


def test_f02_killed_between_store_and_publish(theatre):
    """Stored, and its gateway dies before it knows: the repeat, on another
    gateway, must find it."""
    async def nemesis(show):
        return await killed_after(show, "history",
                                  "drop_reply EVALSHA 1 stall",
                                  "reply_dropped")

    theatre.play("F02 killed, append not answered", nemesis)


def test_f03_killed_before_publish(theatre):
    async def nemesis(show):
        return await killed_after(show, "bus", "drop_cmd XADD 1 stall",
                                  "command_dropped")

    theatre.play("F03 killed, not published", nemesis)


@pytest.mark.long
def test_f04_killed_before_ack(theatre):
    async def nemesis(show):
        return await killed_after(show, "bus", "drop_reply SPUBLISH 1 stall",
                                  "reply_dropped")

    theatre.play("F04 killed, publish not answered", nemesis)


def test_f05_a_gateway_stands_still(theatre):
    """5 s: its bus connection lives, its clients have gone elsewhere."""
    async def nemesis(show):
        return await paused(show.stage.gateway(2), 5)

    theatre.play("F05 gateway paused 5 s", nemesis)


@pytest.mark.long
def test_f05_long_a_gateway_stands_still(theatre):
    async def nemesis(show):
        return await paused(show.stage.gateway(2), 30)

    theatre.play("F05_long gateway paused 30 s", nemesis)


def test_f06_all_gateways_are_killed(theatre):
    async def nemesis(show):
        for gateway in show.stage.gateways:
            gateway.kill9()
        await asyncio.sleep(0.3)
        for gateway in show.stage.gateways:
            gateway.launch()
        for gateway in show.stage.gateways:
            await asyncio.to_thread(gateway.wait_ready)
        return len(show.stage.gateways)

    theatre.play("F06 all gateways killed", nemesis)


@pytest.mark.long
def test_f07_a_gateway_dies_again_and_again(theatre):
    async def nemesis(show):
        gateway = show.stage.gateway(1)
        rounds = 4 + 2 * show.times
        for _ in range(rounds):
            gateway.kill9()
            await start(gateway)
            await asyncio.sleep(3 * show.rand.random())
        return rounds

    theatre.play("F07 crash loop", nemesis)


def test_f20_connections_of_clients_are_reset(theatre):
    """5 % of all connections, ten times a second."""
    async def nemesis(show):
        proxy, count = show.stage.proxy, 0
        end = time.monotonic() + 2 * show.times
        while time.monotonic() < end:
            count += int(proxy.tell("people reset 50"))
            await asyncio.sleep(0.1)
        return count

    theatre.play("F20 client resets", nemesis)


@pytest.mark.long
def test_f19_a_slow_and_chopped_link(theatre):
    async def nemesis(show):
        proxy = show.stage.proxy
        for way in ("up", "down"):
            proxy.tell(f"people {way} latency 100 60")
            proxy.tell(f"people {way} slice 7")
        await asyncio.sleep(3 * show.times)
        proxy.tell("people clear")
        return show.stage.proxy.stats("people")["sliced"]

    theatre.play("F19 slow link, 7-byte slices", nemesis)


def test_f60_a_gateway_drains(theatre):
    async def nemesis(show):
        gateway = show.stage.gateway(3)
        await asyncio.to_thread(gateway.terminate)
        codes = [c for p in show.people for c in p.closes]
        await start(gateway)
        return codes.count(1012)

    theatre.play("F60 gateway drained", nemesis)


@pytest.mark.long
def test_f62_a_rolling_restart(theatre):
    async def nemesis(show):
        for gateway in show.stage.gateways:
            await asyncio.to_thread(gateway.terminate)
            await start(gateway)
        return sum(p.closes.count(1012) for p in show.people)

    theatre.play("F62 rolling restart", nemesis)


CROWD = 1000  # connections
DESCRIPTORS = 256


async def knock(address):
    """Connects and asks; 503, 0 for closed without a word, else the status,
    with the connection, which stays open."""
    try:
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(*address.split(":")), 5)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: moim\r\n\r\n")
        head = await asyncio.wait_for(reader.read(64), 5)
    except (OSError, asyncio.TimeoutError):
        return 0, None
    return int(head.split()[1]) if head else 0, writer


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_f10_descriptors_run_out(theatre):
    """1000 connections to a gateway that may have 256 descriptors: it turns
    them away, keeps its sessions, stays idle, and still finds Redis again."""
    async def nemesis(show):
        stage = show.stage
        gateway = stage.make_gateway(SPARE)
        gateway.command = ["prlimit", f"--nofile={DESCRIPTORS}",
                           *gateway.command]
        await start(gateway)
        people = [p for p in show.people if p not in show.absent][:4]
        usual = people[0].url
        for person in people:
            person.url = gateway.url.replace("http", "ws") + "/v1/ws"
            person.drop()
        await asyncio.sleep(1)
        closes = [len(p.closes) for p in people]
        answers = [await knock(gateway.address) for _ in range(CROWD)]
        refused = sum(status != 200 for status, _ in answers)
        assert refused >= CROWD - DESCRIPTORS
        for kind in ("bus", "history"):
            stage.proxy.tell(f"{kind}{SPARE} reset")
        before = cpu_seconds(gateway.pid)
        await asyncio.sleep(3)
        used = (cpu_seconds(gateway.pid) - before) / 3
        print(f"{refused} of {CROWD} refused; {used:.0%} of a core")
        assert used < 0.25, f"{used:.0%} of a core"
        for kind in ("bus", "history"):
            stats = stage.proxy.stats(f"{kind}{SPARE}")
            assert stats["reset"] > 0 and stats["opened"] > 1, stats
        for person in people:
            one = await person.send(min(person.convs), show.name(), "here")
            assert one.outcome == "ack", one.outcome
        await talk_on(show, 50)
        for _, writer in answers:
            if writer:
                writer.transport.abort()
        for person in people:
            person.url = usual
        await asyncio.to_thread(gateway.terminate)
        assert not gateway.findings(), gateway.findings()
        return refused

    theatre.play("F10 descriptors run out", nemesis)


def test_f10_no_descriptor_for_a_connection(theatre):
    """The kernel has none to give: whoever comes waits or goes elsewhere, who
    is there stays, and the process does not spin."""
    async def nemesis(show):
        gateway = show.stage.gateway(2)
        shim = Shim(gateway, gateway.log.parent)
        shim.put_in()
        gateway.kill9()
        await start(gateway)
        await talk_on(show, 30)
        shim.begin("accept")
        before = cpu_seconds(gateway.pid)
        for person in show.rand.sample(show.people, 12):
            person.drop()
        await asyncio.sleep(2)
        spent = cpu_seconds(gateway.pid) - before
        failed = shim.end("accept")
        shim.take_out()
        show.heal()
        gateway.kill9()
        await start(gateway)
        assert spent < 1.0, f"{spent} s of CPU in 2 s"
        return failed

    theatre.play("F10 accept says EMFILE", nemesis)


def test_f08_memory_runs_out(theatre):
    """The kernel gives no more: the process says so and ends, and its people
    go elsewhere."""
    async def nemesis(show):
        async with aside(show, 4) as (gateway, people):
            subprocess.run(["prlimit", "--pid", str(gateway.pid), "--data=1"],
                           check=True)
            for person in people:
                person.url = show.people[-1].url
            storm = [asyncio.create_task(knock(show.stage.side))
                     for _ in range(1500)]
            status = await asyncio.to_thread(gateway.child.wait, 30)
            gateway.child = None  # as expected
            for task in storm:
                _, writer = await task
                if writer:
                    writer.transport.abort()
            assert status != 0, "it went on"
            assert re.search("out of memory|allocate|to mmap", gateway.log_text())
            gateway.log.write_text("")  # what it said is no finding
            return 1

    theatre.play("F08 out of memory", nemesis)


def test_f13_a_broken_certificate(theatre):
    """Read again at SIGHUP: the old one stays, and so does everybody."""
    async def nemesis(show):
        stage = show.stage
        authority = Authority(stage.home / "f13")
        cert, key = authority.issue("moim")
        settings = {"gateway": {"tls_cert": cert, "tls_key": key}}
        async with aside(show, 4, settings) as (gateway, people):
            closes = [len(p.closes) for p in people]
            usual = cert.read_bytes()
            cert.write_bytes(b"no certificate")
            gateway.child.send_signal(signal.SIGHUP)
            await until(lambda: "stays in use" in gateway.log_text(),
                        "refused")
            cert.write_bytes(usual)
            answer = await asyncio.to_thread(
                http_json, "GET", gateway.tls_url + "/healthz",
                tls=authority.context())
            assert answer.status == 200
            await talk_on(show, 50)
            assert closes == [len(p.closes) for p in people]
            return 1

    theatre.play("F13 broken certificate, SIGHUP", nemesis)


def test_f15_nobody_reads_the_log(theatre):
    """The pipe is full: lines are dropped and counted, and chat goes on."""
    async def nemesis(show):
        stage = show.stage
        gateway = stage.gateway(1)
        gateway.terminate()
        usual, pipe = gateway.command, os.pipe()
        fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, 4096)
        os.write(pipe[1], b"x" * 4096)
        gateway.command = ["sh", "-c",
                           f'exec "$@" 2>/proc/{os.getpid()}/fd/{pipe[1]}',
                           "sh", *usual]
        await start(gateway)
        gateway.command = usual
        await talk_on(show, 50)
        dropped = stage.metric(gateway, "log_dropped_total")
        for end in pipe:
            os.close(end)
        gateway.kill9()
        await start(gateway)
        return dropped

    theatre.play("F15 nobody reads the log", nemesis)


def test_f16_started_twice(theatre):
    """The second one says what is wrong and ends; the first goes on."""
    async def nemesis(show):
        gateway = show.stage.gateway(2)
        conf = gateway.command[-1]
        twin = show.stage.home / "conf/twin.conf"
        text = open(conf, encoding="utf-8").read()
        twin.write_text("".join(line for line in text.splitlines(True)
                                if not line.startswith("handover")))
        done = await asyncio.to_thread(
            subprocess.run, [*gateway.command[:-1], twin],
            capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode != 0 and gateway.address in done.stderr, done
        assert "in use" in done.stderr, done.stderr
        await talk_on(show, 30)
        return 1

    theatre.play("F16 started twice", nemesis)


def test_f63_drained_while_redis_is_away(theatre):
    """It ends in time; what was not acked is repeated elsewhere."""
    async def nemesis(show):
        stage, gateway = show.stage, show.stage.gateway(3)
        stage.redis.pause()
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        await asyncio.to_thread(gateway.terminate)
        spent = time.monotonic() - begun
        stage.redis.resume()
        show.heal()
        await start(gateway)
        await talk_on(show, 50)
        print(f"drained in {spent:.1f} s")
        return 1

    theatre.play("F63 drained, redis away", nemesis)
