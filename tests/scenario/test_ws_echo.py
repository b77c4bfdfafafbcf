"""The echo server: the gateway's codec and net layer, with compression on and
large messages, against python3-websockets and byte by byte."""

import asyncio
import contextlib
import secrets
import zlib

import pytest
import websockets

from harness.authority import Authority
from harness.paths import BIN, ROOT
from harness.ports import free_port
from harness.process import Process
from harness.raw_ws import (BINARY, CONT, PING, TEXT, Wire, accept_of, close,
                            frame, handshake)

LOGS = ROOT / "build/test-logs/ws-echo"
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate"
LARGE = ["--echo.message=16MiB", "--echo.fragments=100000",
         "--echo.ratio=2000"]
HELLO = b"\xf2\x48\xcd\xc9\xc9\x07\x00"  # "Hello", RFC 7692, 7.2.3.1


@contextlib.contextmanager
def echo_server(name, *flags):
    """An echo server of its own; its address."""
    LOGS.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    log = LOGS / f"{name}.log"
    log.unlink(missing_ok=True)
    process = Process("ws-echo", [
        BIN / "moim-ws-echo", f"--echo.listen={address}", *flags], log)
    process.ready = lambda: "msg=listening" in process.log_text()
    try:
        process.start()
        yield address
    finally:
        process.terminate()
    assert not process.findings(), process.findings()


@pytest.fixture(scope="module", name="plain")
def plain_server():
    with echo_server("plain") as address:
        yield address


@pytest.fixture(scope="module", name="deflating")
def deflating_server():
    with echo_server("deflating", "--echo.deflate=yes",
                     "--echo.open=700ms") as address:
        yield address


def connect(address, **options):
    return websockets.connect(f"ws://{address}/", max_size=None, **options)


def test_tls(tmp_path):
    """The same under TLS, with compression; plain HTTP is turned away."""
    authority = Authority(tmp_path / "ca")
    cert, key = authority.issue("echo")

    async def talk(address):
        async with websockets.connect(
                f"wss://{address}/", max_size=None, compression="deflate",
                ssl=authority.context()) as socket:
            for message in MESSAGES:
                await socket.send(message)
                assert await socket.recv() == message
        wire = await Wire.open(address)
        await wire.send(handshake())
        assert await wire.ended()

    with echo_server("tls", "--echo.deflate=yes", f"--echo.tls_cert={cert}",
                     f"--echo.tls_key={key}") as address:
        asyncio.run(talk(address))


# Within the default limits also when compressed: not too well, not too badly.
MESSAGES = ["", "Hello", "안녕 👋", "x" * 125, "x" * 126,
            secrets.token_hex(32767), "가" + secrets.token_hex(16000) + "힣",
            b"", b"\x00\xff", secrets.token_bytes(65000)]


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_echo(plain, deflating, compression):
    """Text and binary of every form of length, whole and in fragments."""

    async def talk(address, agreed):
        async with connect(address, compression=compression) as socket:
            assert [e.name for e in socket.extensions] == agreed
            for message in MESSAGES:
                await socket.send(message)
                assert await socket.recv() == message
            for message in MESSAGES[3:7]:
                size = len(message) // 30 + 1
                await socket.send([message[i:i + size]
                                   for i in range(0, len(message), size)])
                assert await socket.recv() == message
            await asyncio.wait_for(await socket.ping(b"still there"), 60)

    asyncio.run(talk(plain, []))
    asyncio.run(talk(deflating,
                     ["permessage-deflate"] if compression else []))


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_large(compression):
    """1 MiB and more, in one frame and in 5,000, when the limits say so."""

    async def talk(address):
        async with connect(address, compression=compression) as socket:
            for message in ["*" * (1 << 20), secrets.token_bytes(1 << 20),
                            secrets.token_hex(4 << 20)]:
                await socket.send(message)
                assert await socket.recv() == message
            text = secrets.token_hex(1 << 19)
            await socket.send([text[i:i + 200]
                               for i in range(0, len(text), 200)])
            assert await socket.recv() == text
            # Nobody takes the answers for a while.
            for _ in range(40):
                await socket.send("z" * (1 << 18))
            for _ in range(40):
                assert await socket.recv() == "z" * (1 << 18)

    with echo_server(f"large-{compression}", "--echo.deflate=yes",
                     *LARGE) as address:
        asyncio.run(talk(address))


def packed(data, level=9):
    o = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (o.compress(data) + o.flush(zlib.Z_SYNC_FLUSH))[:-4]


ENDS = [
    ("B065 RSV1 on a ping", [frame(PING, b"", rsv=4)], 1002),
    ("B065 RSV1 on a continuation",
     [frame(TEXT, HELLO[:3], fin=False, rsv=4),
      frame(CONT, HELLO[3:], rsv=4)], 1002),
    ("B065 RSV2", [frame(TEXT, HELLO, rsv=2)], 1002),
    ("B089 bomb", [frame(BINARY, packed(b"\0" * (64 << 20)), rsv=4)], 1009),
    ("B089 ratio", [frame(BINARY, packed(b"\0" * 60000), rsv=4)], 1009),
    ("B089 one byte too many",
     [frame(BINARY, packed(secrets.token_hex(32769).encode()), rsv=4)], 1009),
    ("B089 garbage", [frame(TEXT, b"\xff" * 40, rsv=4)], 1007),
    ("B089 tail missing", [frame(TEXT, HELLO[:-3], rsv=4)], 1007),
    ("B089 nothing at all", [frame(TEXT, b"", rsv=4)], 1007),
    ("B089 stored blocks without end",
     [frame(TEXT, b"\0\0\0\xff\xff" * 13000 + b"\0", rsv=4)], 1008),
    ("B089 empty compressed fragments",
     [frame(TEXT, b"", fin=False, rsv=4)] + 64 * [frame(CONT, b"", fin=False)],
     1008),
    ("UTF-8 after inflating", [frame(TEXT, packed(b"\xc3\x28"), rsv=4)], 1007),
    ("a message never ended", [frame(TEXT, HELLO[:2], fin=False, rsv=4)],
     1008),
    ("close", [close(3333)], 3333),
]


@pytest.mark.parametrize("frames, code", [r[1:] for r in ENDS],
                         ids=[r[0] for r in ENDS])
def test_ends(deflating, frames, code):
    """What ends the connection, and with which code."""

    async def talk():
        wire = await Wire.open(deflating)
        reply = await wire.upgrade(DEFLATE)
        assert reply.headers["sec-websocket-accept"] == accept_of()
        assert "permessage-deflate" in reply.headers[
            "sec-websocket-extensions"]
        await wire.send(b"".join(frames))
        assert (await wire.until_close())[0] == code
        assert await wire.ended()

    asyncio.run(talk())


def test_rsv1_without_agreement(plain, deflating):
    """B065: no extension, no reserved bit; the server may well know it."""

    async def talk(address, *lines):
        wire = await Wire.open(address)
        reply = await wire.upgrade(*lines)
        assert "sec-websocket-extensions" not in reply.headers
        await wire.send(frame(TEXT, HELLO, rsv=4))
        assert (await wire.until_close())[0] == 1002

    asyncio.run(talk(plain, DEFLATE))
    asyncio.run(talk(deflating))


@pytest.mark.parametrize("offer, answer", [
    (DEFLATE + b"; server_max_window_bits=9", None),
    (DEFLATE + b"; server_max_window_bits=7, permessage-deflate", ""),
    (DEFLATE + b"; server_max_window_bits=12", "; server_max_window_bits=10"),
    (DEFLATE + b"; client_max_window_bits", ""),
    (DEFLATE + b"; constructor", None),
])
def test_offers(deflating, offer, answer):
    """B057: the first offer that we can keep to."""

    async def talk():
        wire = await Wire.open(deflating)
        reply = await wire.upgrade(offer)
        assert reply.headers.get("sec-websocket-extensions") == (
            None if answer is None else
            "permessage-deflate; server_no_context_takeover; "
            "client_no_context_takeover" + answer)

    asyncio.run(talk())


def test_no_websocket(plain):
    """B047, B057: a handshake refused; a malformed one is the last word."""

    async def talk(request, status):
        wire = await Wire.open(plain)
        await wire.send(request)
        assert (await wire.reply()).status == status
        assert await wire.ended(60 if status == 400 else 0.3) == (
            status == 400)

    asyncio.run(talk(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 426))
    asyncio.run(talk(handshake(DEFLATE + b"; a=\"" + b"\\a" * 3000), 400))
