"""Compression in the gateway's own sessions, when the setting is on: a chat
with clients that compress and one that does not, and B089 exactly."""

import asyncio
import zlib

import pytest
from harness.client import Account, Client
from harness.cluster import Cluster
from harness.paths import ROOT
from harness.raw_ws import CONT, PING, TEXT, Wire, bearer, frame

OFFER = b"Sec-WebSocket-Extensions: permessage-deflate"
LONG = " ".join(f"모임 {i}" for i in range(300))


@pytest.fixture(name="gates", scope="module")
def gates_of_this_file(pg_template):
    logs = ROOT / "build/test-logs/clusters/deflate"
    with Cluster(pg_template, logs, gateways=2, balancer=False, settled=False,
                 gateway_conf={"gateway": {"deflate": "yes"}}) as cluster:
        yield cluster


def packed(data):
    o = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (o.compress(data) + o.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_chat(gates):
    """Long and short messages in a group, to compressing clients on both
    gateways and to one that never asked for it."""

    async def read_plain(wire, want):
        """Reads bare frames only (see Wire.frame) up to `want` messages."""
        texts = []
        while len(texts) < want:
            said = await wire.json()
            if said.get("kind") == "message":
                texts.append(said["body"]["text"])
        return texts

    async def chat():
        people = [Account(gates.url(1 + i % 2), f"deflate{i}")
                  for i in range(5)]
        clients = [await Client(gates.url(1 + i % 2), p).open()
                   for i, p in enumerate(people[:4])]
        for client in clients:
            # pylint: disable=protected-access
            assert [e.name for e in client._socket.extensions] == [
                "permessage-deflate"]
        plain = await Wire.open(gates.gateway(1).address)
        reply = await plain.upgrade(bearer(people[4].token))
        assert "sec-websocket-extensions" not in reply.headers
        made = await clients[0].cmd("group.create", title="t",
                                    members=[p.user for p in people[1:]])
        want = []
        for i in range(12):
            want.append(f"{i} " + (LONG if i % 3 == 0 else "short"))
            await clients[i % 4].send(made["conv"], want[-1])
        for client in clients:
            await client.until(
                lambda c=client: len(c.texts(made["conv"])) == len(want))
            assert client.texts(made["conv"]) == want
        assert await read_plain(plain, len(want)) == want
        await plain.abort()
        for client in clients:
            await client.close()

    asyncio.run(chat())


async def long_event(gate, account, conv):
    """The head of the frame that a long message comes in."""
    wire = await Wire.open(gate.address)
    await wire.upgrade(OFFER, bearer(account.token))
    assert (await wire.json())["type"] == "ready"
    account.cmd("send", conv=conv, msg="0123456789abcdef", text=LONG)
    while True:
        first, second = await wire.read(2)
        n = second
        if second == 126:
            n = int.from_bytes(await wire.read(2), "big")
        body = await wire.read(n)
        if first & 0x40:
            await wire.abort()
            return first, body


def test_compressed_on_the_wire(gates):
    """A long event carries RSV1 and inflates, by zlib itself, to the text; a
    window of 1 KiB is enough for it."""
    alice = Account(gates.url(1), "wirealice")
    bob = Account(gates.url(1), "wirebob")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]
    first, body = asyncio.run(long_event(gates.gateway(1), alice, conv))
    assert first == 0xC1
    text = zlib.decompressobj(-10).decompress(body + b"\0\0\xff\xff")
    assert LONG in text.decode()
    assert len(body) < len(text) / 2


ENDS = [
    ("B065 RSV1 on a ping", [frame(PING, b"", rsv=4)], 1002),
    ("B065 RSV1 on a continuation",
     [frame(TEXT, b"\0", fin=False, rsv=4), frame(CONT, b"\0", rsv=4)], 1002),
    ("B089 bomb", [frame(TEXT, packed(b" " * (64 << 20)), rsv=4)], 1009),
    ("B089 ratio", [frame(TEXT, packed(b" " * 60000), rsv=4)], 1009),
    ("B089 garbage", [frame(TEXT, b"\xff" * 40, rsv=4)], 1007),
    ("B089 tail missing", [frame(TEXT, b"\xf2\x48\xcd\xc9", rsv=4)], 1007),
    ("B089 stored blocks without end",
     [frame(TEXT, b"\0\0\0\xff\xff" * 13000 + b"\0", rsv=4)], 1008),
    ("B089 empty compressed fragments",
     [frame(TEXT, b"", fin=False, rsv=4)] + 64 * [frame(CONT, b"", fin=False)],
     1008),
    ("UTF-8 after inflating", [frame(TEXT, packed(b"\xc3\x28"), rsv=4)], 1007),
    ("JSON after inflating", [frame(TEXT, packed(b"{]"), rsv=4)], 4500),
]


@pytest.fixture(name="token", scope="module")
def token_of_this_file(gates):
    return Account(gates.url(1), "ends").token


@pytest.mark.parametrize("frames, code", [r[1:] for r in ENDS],
                         ids=[r[0] for r in ENDS])
def test_ends(gates, token, frames, code):
    """What ends a session that compresses, and with which code."""

    async def talk():
        wire = await Wire.open(gates.gateway(1).address)
        await wire.upgrade(OFFER, bearer(token))
        assert (await wire.json())["type"] == "ready"
        await wire.send(b"".join(frames))
        assert (await wire.until_close())[0] == code
        assert await wire.ended()

    asyncio.run(talk())
