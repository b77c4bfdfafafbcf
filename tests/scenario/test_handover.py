"""A gateway is replaced while it works: the process that is started beside it
takes its sockets and its sessions, and no client notices."""

import asyncio
import os
import pathlib
import re
import socket
import subprocess

import pytest
from harness import raw_ws
from harness.client import Account, Client
from harness.http_client import EVENTS, HttpClient
from harness.http_json import http_json
from harness.waiting import wait_until

PAIRS = 12
ROUNDS = 3


async def people(cluster):
    """PAIRS of two, one on each gateway, with their conversations."""
    pairs = []
    for n in range(PAIRS):
        a, b = (Account(cluster.url(g), f"ho{n}{g}") for g in (1, 2))
        one = Client(cluster.url(1), a)
        if n % 2:
            one.protocols = ["moim.v1.lines", "moim.v1"]
        await one.open()
        two = await Client(cluster.url(2), b).open()
        conv = (await one.cmd("direct.open", user=b.user))["conv"]
        pairs.append((one, two, conv))
    return pairs


async def talk(pair, number, going):
    """Both write, one after the other, until `going` is set; how many."""
    one, two, conv = pair
    count = 0
    while not going.is_set():
        await one.send(conv, f"{number}:{count}")
        await two.send(conv, f"{number}:{count + 1}")
        count += 2
    return count


class Poller:
    """A session over polls that never stops asking."""

    def __init__(self, url, account):
        self.url, self.account = url, account
        self.session, self.ack, self.texts, self.lost = None, 0, [], 0

    def once(self, hold):
        query = f"timeout={hold}"
        if self.session:
            query += f"&session={self.session}&ack={self.ack}"
        answer = http_json("GET", f"{self.url}/v1/poll?{query}",
                           token=self.account.token)
        assert answer.status == 200, answer
        body = answer.json
        self.lost += self.session not in (None, body["session"])
        self.session, self.ack = body["session"], body["ack"]
        self.texts += body["texts"]

    async def run(self, going):
        while not going.is_set():
            try:
                await asyncio.to_thread(self.once, 1)
            except (ConnectionError, OSError):
                continue  # an idle connection was closed under its request


def complete(client, conv, count, number):
    return client.texts(conv) == [f"{number}:{i}" for i in range(count)]


async def replaced_under_load(cluster):
    pairs = await people(cluster)
    watcher = await Client(cluster.url(2), Account(cluster.url(2), "howat")).open()
    polled = Account(cluster.url(1), "hopoll")
    poller = Poller(cluster.url(1), polled)
    poller.once(0)
    conv = (await pairs[0][1].cmd("direct.open", user=polled.user))["conv"]
    watched = [one.account.user for one, _, _ in pairs] + [polled.user]
    for _ in range(300):
        states = (await watcher.cmd("presence.watch", users=watched))["users"]
        if {u["state"] for u in states} == {"online"}:
            break
        await asyncio.sleep(0.1)
    watcher.others.clear()

    going = asyncio.Event()
    talks = [asyncio.create_task(talk(pair, n, going))
             for n, pair in enumerate(pairs)]
    polls = asyncio.create_task(poller.run(going))
    pauses = []
    for n in range(ROUNDS):
        await pairs[0][1].send(conv, f"kept {n}")
        pauses.append(await asyncio.to_thread(cluster.gateway(1).succeed()))
        await asyncio.sleep(0.3)
    going.set()
    counts = await asyncio.gather(*talks)
    await polls
    for _ in range(300):
        poller.once(0)
        if any(t.get("body") == {"text": f"kept {ROUNDS - 1}"}
               for t in poller.texts):
            break
        await asyncio.sleep(0.1)
    return pairs, counts, watcher, poller, conv, pauses


def test_nobody_notices(cluster):
    async def run():
        pairs, counts, watcher, poller, conv, pauses = \
            await replaced_under_load(cluster)
        for number, ((one, two, talked), count) in enumerate(zip(pairs, counts)):
            assert count > 0
            for client in (one, two):
                await client.until(lambda: complete(client, talked, count, number))
                assert client.closed is None
                assert client.resyncs == 0
        assert poller.lost == 0
        kept = [t["body"]["text"] for t in poller.texts
                if t["type"] == "event" and t["conv"] == conv]
        assert list(dict.fromkeys(kept)) == [f"kept {n}" for n in range(ROUNDS)]
        # Nobody came or went in the eyes of those who watch.
        assert [f for f in watcher.others if f["type"] == "presence"
                for u in f["users"] if u["state"] != "online"] == []
        print(f"acked {sum(counts)}, pauses {pauses} ms")
        for client in [c for one, two, _ in pairs for c in (one, two)]:
            await client.close()
        await watcher.close()
    asyncio.run(run())


def test_a_stream_goes_on(cluster):
    """The answer that a client listens to is written on by the successor: it
    asks once, and hears everything once, in order."""
    async def run():
        a, b = (Account(cluster.url(g), f"host{g}") for g in (1, 2))
        listener = await HttpClient(cluster.url(1), a, EVENTS).open()
        other = await Client(cluster.url(2), b).open()
        conv = (await other.cmd("direct.open", user=a.user))["conv"]
        going = asyncio.Event()

        async def write():
            count = 0
            while not going.is_set():
                await other.send(conv, str(count))
                count += 1
            return count

        writing = asyncio.create_task(write())
        for _ in range(ROUNDS):
            await asyncio.to_thread(cluster.gateway(1).succeed())
        going.set()
        want = [str(n) for n in range(await writing)]
        await listener.until(lambda: listener.texts(conv) == want)
        assert listener.listened == 1 and listener.rebuilt == 0
        numbers = listener.numbers
        assert numbers == list(range(1, len(numbers) + 1))
        await listener.close()
        await other.close()
    asyncio.run(run())


def test_watching_goes_on(cluster):
    """Who is watched by a client that moved is told of as before."""
    async def run():
        a, b = (Account(cluster.url(g), f"how{g}") for g in (1, 2))
        watcher = await Client(cluster.url(1), a).open()
        await watcher.cmd("presence.watch", users=[b.user])
        await asyncio.to_thread(cluster.gateway(1).succeed())
        other = await Client(cluster.url(2), b).open()
        await watcher.until(lambda: any(
            u["state"] == "online" for f in watcher.others
            if f["type"] == "presence" for u in f["users"]))
        await other.close()
        await watcher.close()
    asyncio.run(run())


def test_half_a_message_moves_too(cluster):
    """Bytes that came before the move and after it are one message."""
    async def run():
        account = Account(cluster.url(1), "hohalf")
        client = await Client(cluster.url(1), account).open()
        # pylint: disable=protected-access
        stream = client._socket.transport
        frame = b'{"type":"ping","id":"half"}'
        mask = b"\1\2\3\4"
        sent = bytes([0x81, 0x80 | len(frame)]) + mask + bytes(
            c ^ mask[i % 4] for i, c in enumerate(frame))
        for cut in (1, 4, 9):
            stream.write(sent[:cut])
            await asyncio.sleep(0)  # written by now
            await asyncio.to_thread(cluster.gateway(1).succeed())
            stream.write(sent[cut:])
            await client.until(lambda: [f for f in client.others
                                        if f.get("id") == "half"])
            client.others.clear()
        await client.close()
    asyncio.run(run())


def test_lines_move_too(cluster):
    """Who is told several texts in one message is told so by the successor."""
    account = Account(cluster.url(1), "holines")
    pings = b"\n".join(b'{"type":"ping","id":"%d"}' % n for n in range(2))

    async def run():
        wire = await raw_ws.Wire.open(cluster.gateway(1).address)
        await wire.send(raw_ws.handshake(
            raw_ws.bearer(account.token),
            b"Sec-WebSocket-Protocol: moim.v1.lines, moim.v1"))
        answer = await wire.reply()
        assert answer.headers["sec-websocket-protocol"] == "moim.v1.lines"
        assert (await wire.json())["type"] == "ready"
        for _ in range(2):
            await wire.send(raw_ws.text(pings))
            _, both = await wire.frame()
            assert both == b"\n".join(
                b'{"type":"ok","id":"%d"}' % n for n in range(2))
            await asyncio.to_thread(cluster.gateway(1).succeed())
        wire.writer.close()
    asyncio.run(run())


def test_a_successor_of_another_name_is_sent_away(cluster):
    gateway = cluster.gateway(1)
    before = gateway.log_text()
    wrong = [*gateway.command, "--gateway.name=other"]
    done = subprocess.run(wrong, capture_output=True, timeout=60, check=False)
    assert done.returncode == 69
    assert b"handover_failed" in done.stderr
    new = gateway.log_text()[len(before):]
    assert "handover_given_up" in new
    assert not re.search(r"msg=taken_over|msg=handed_over", new)
    assert http_json("GET", gateway.url + "/readyz").status == 200


def packet(kind, body=b""):
    """A message of proto/wire/handover.h."""
    return bytes([kind]) + body


def text(value):
    return len(value).to_bytes(4, "big") + value


HELLO, READY, LISTENERS = 1, 3, 4


@pytest.mark.parametrize("last", ["after it was greeted", "with everything"])
def test_a_successor_that_fails_changes_nothing(cluster, last):
    """It dies with all sockets in its hands, before it has said so."""
    async def run():
        accounts = [Account(cluster.url(1), f"hof{n}{len(last)}")
                    for n in range(2)]
        one, two = [await Client(cluster.url(1), a).open() for a in accounts]
        conv = (await one.cmd("direct.open", user=accounts[1].user))["conv"]
        gateway = cluster.gateway(1)
        given_up = gateway.log_text().count("msg=handover_given_up")
        conf = pathlib.Path(gateway.command[-1]).read_text(encoding="utf-8")
        path = re.search(r"^handover *= *(\S+)", conf, re.M)[1]
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as wrong:
            wrong.settimeout(60)
            wrong.connect(path)
            wrong.send(packet(HELLO, (2).to_bytes(2, "big") + text(b"g1")))
            assert wrong.recv(65536)[0] == 2
            if last == "with everything":
                wrong.send(packet(READY))
                kinds, fds = [], []
                while not kinds or kinds[-1] != 8:
                    message, more, _, _ = socket.recv_fds(wrong, 262144, 64)
                    kinds.append(message[0])
                    fds += more
                assert kinds[0] == LISTENERS and len(fds) >= 5
                for fd in fds:
                    os.close(fd)
        await asyncio.to_thread(
            wait_until,
            lambda: gateway.log_text().count("msg=handover_given_up") > given_up,
            "given up")
        # The same sockets, the same sessions, and new ones.
        await one.send(conv, "still here")
        await two.until(lambda: two.texts(conv) == ["still here"])
        three = await Client(cluster.url(1), accounts[0]).open()
        assert one.closed is None and two.closed is None
        for client in (one, two, three):
            await client.close()
    asyncio.run(run())


MANY = 1000  # ten times as many: ./run bench handover
EACH = 10  # sessions of one user: the limit


async def greet(wire, token):
    await wire.send(raw_ws.handshake(raw_ws.bearer(token)))
    assert (await wire.reply()).status == 101
    assert (await wire.json())["type"] == "ready"


def metric(gateway, name):
    page = http_json("GET", f"http://{gateway.internal}/metrics").raw.decode()
    return int(re.search(rf"^moim_gateway_{name} (\d+)$", page, re.M)[1])


async def come_and_go(gateway, account):
    before = metric(gateway, "connections")
    wire = await raw_ws.session(gateway.address, account.token)
    await wire.abort()
    await asyncio.to_thread(
        wait_until, lambda: metric(gateway, "connections") <= before, "gone")


def test_many_sessions_move(cluster):
    """All of them answer afterwards; who has just gone is not taken along; the
    pause is printed."""
    accounts = [Account(cluster.url(1), f"hom{n}") for n in range(MANY // EACH)]
    gone = Account(cluster.url(1), "homgone")
    asked = 'pg_query_seconds_count{stmt="wide_convs_of",}'
    ping = raw_ws.text({"type": "ping", "id": "after"})

    async def run():
        wires = await asyncio.gather(*[
            raw_ws.Wire.open(cluster.gateway(1).address) for _ in range(MANY)])
        await asyncio.gather(*[greet(wire, accounts[n // EACH].token)
                               for n, wire in enumerate(wires)])
        await come_and_go(cluster.gateway(1), gone)
        pause = await asyncio.to_thread(cluster.gateway(1).succeed())
        before = metric(cluster.gateway(1), asked)
        await come_and_go(cluster.gateway(1), gone)
        assert metric(cluster.gateway(1), asked) > before
        for wire in wires:
            await wire.send(ping)
        for wire in wires:
            assert (await wire.json())["id"] == "after"
        print(f"{MANY} sessions, pause {pause} ms")
        for wire in wires:
            wire.writer.close()
    asyncio.run(run())
