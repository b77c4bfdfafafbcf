"""B045 to B063: upgrade requests. `token` rows bring a good one; the others
are judged before anybody asks who it is."""

from harness.raw_ws import KEY, handshake
from bad_http import Row, all_of

UPGRADE = {"upgrade": "websocket", "sec-websocket-version": "13"}
GOOD = b"https://good.example"


def edited(old, new, lines=()):
    """A good handshake with `old` replaced."""
    good = handshake(*lines)
    assert old in good
    return good.replace(old, new, 1)


def without(start):
    lines = handshake().split(b"\r\n")
    return b"\r\n".join(l for l in lines if not l.startswith(start))


def with_key(value):
    return edited(KEY, value)


def offer(value):
    return handshake(b"Sec-WebSocket-Protocol: " + value)


def extension(value):
    return handshake(b"Sec-WebSocket-Extensions: " + value)


def origin(value):
    return handshake(b"Origin: " + value)


CONNECTION = b"Connection: Upgrade"
VERSION = b"Sec-WebSocket-Version: 13"

ROWS = [
    Row("B045", "POST", edited(b"GET", b"POST"), 405, False),
    Row("B045", "HEAD", edited(b"GET", b"HEAD"), 405, False, method="HEAD"),
    Row("B045", "OPTIONS", edited(b"GET", b"OPTIONS"), 405, False,
        headers={"allow": "GET"}),
    Row("B046", "HTTP/1.0", edited(b"HTTP/1.1", b"HTTP/1.0"), 400),
    Row("B047", "plain GET",
        b"GET /v1/ws HTTP/1.1\r\nHost: chat.example\r\n\r\n", 426, False,
        headers=UPGRADE),
    *all_of("B048", 400, "Connection", [
        edited(CONNECTION, b"Connection: keep-alive"),
        edited(CONNECTION, b"Connection: upgraded"),
        edited(CONNECTION, b"Connection: Up grade"), without(CONNECTION)]),
    *all_of("B048", 426, "Upgrade", [
        edited(b"Upgrade: websocket", b"Upgrade: websocket2"),
        without(b"Upgrade:")], closes=False, headers=UPGRADE),
    *all_of("B048", 101, "lists", [
        edited(CONNECTION, b"Connection: keep-alive, Upgrade"),
        edited(CONNECTION, b"connection: uPGRADE"),
        edited(CONNECTION, b"Connection: x\r\nConnection: , upgrade"),
        edited(b"Upgrade: websocket", b"Upgrade: h2c, WebSocket")]),
    *all_of("B049", 426, "version", [
        edited(VERSION, VERSION[:-2] + v)
        for v in [b"8", b"12", b"14", b"13, 8", b"0"]], closes=False,
        headers=UPGRADE),
    *all_of("B050", 400, "version", [
        without(VERSION), edited(VERSION, VERSION[:-2]),
        edited(VERSION, VERSION[:-2] + b"+13"),
        edited(VERSION, VERSION[:-2] + b"013"),
        edited(VERSION, VERSION[:-2] + b"256"),
        edited(VERSION, VERSION + b"\r\n" + VERSION)]),
    *all_of("B051", 400, "key", [
        without(b"Sec-WebSocket-Key"), with_key(b""), with_key(b"!" * 24),
        with_key(b"AAAAAAAAAAAAAAAAAAAA"),
        with_key(b"AAAAAAAAAAAAAAAAAAAAAAA="),
        with_key(b"dGhlIHNhbXBsZSBub25jZR=="),
        with_key(b"dGhlIHNhbXBsZSBub25jZQ"),
        with_key(KEY + b"\r\nSec-WebSocket-Key: " + KEY),
        with_key(b"A" * 8000)]),
    *all_of("B052", 403, "origin", [origin(o) for o in [
        b"https://good.example.evil", b"http://good.example", b"null", b"",
        b"https://good.example:8443", b"https://evil.example",
        b"https://good.example/", b"good.example",
        GOOD + b"\r\nOrigin: " + GOOD, GOOD + b" " + GOOD]], closes=False),
    *all_of("B052", 101, "origin", [
        origin(GOOD), origin(b"https://GOOD.Example")]),
    Row("B054", "token in the URL",
        handshake(path="/v1/ws?token=v1.canary.in.url"), 400, False),
    Row("B054", "token in the URL, encoded",
        handshake(path="/v1/ws?a=b&t%6Fken=v1.canary.in.url"), 400, False),
    Row("B054", "access_token in the URL",
        handshake(path="/v1/ws?access_token=v1.canary.in.url"), 400, False),
    Row("B056", "none", handshake(), 101),
    *all_of("B056", 400, "subprotocol", [offer(o) for o in [
        b"chat", b"moim.v2", b"MOIM.V1", b"", b",", b"moim.v1 x", b"mo(im)",
        b", ".join(b"p%d" % i for i in range(1000)),
        b"a" + b" " * 6000 + b"b", b"moim.v1, moim.token.",
        b"moim.v1, moim.token.a, moim.token.b"]]),
    Row("B056", "known among others", offer(b"a, moim.v1, b"), 101,
        headers={"sec-websocket-protocol": "moim.v1"}),
    *all_of("B057", 101, "extension", [extension(e) for e in [
        b"permessage-deflate", b"constructor",
        b"permessage-deflate; unknown=1",
        b"permessage-deflate, permessage-deflate; client_max_window_bits",
        b"permessage-deflate; server_max_window_bits=7",
        b"permessage-deflate; server_max_window_bits=16",
        b"permessage-deflate; server_max_window_bits=x"]]),
    *all_of("B057", 400, "extension", [extension(e) for e in [
        b'permessage-deflate; server_max_window_bits="10',
        b'a; b="' + b"\\a" * 3900, b'a; b=""', b"a; b=", b";", b"", b"a b"]]),
    *all_of("B058", 400, "body", [
        handshake(b"Content-Length: 5") + b"GET /",
        handshake(b"Transfer-Encoding: chunked") + b"0\r\n\r\n"]),
    *all_of("B063", 400, "response splitting", [
        offer(b"x\r\nSet-Cookie: a=b"), offer(b"moim.v1%0d%0aSet-Cookie: a=b"),
        offer(b"moim.v1\rSet-Cookie: a=b"), offer(b"moim.v1\nSet-Cookie: a")]),
]

# These depend on the moment, on who asks, or on settings of their own.
OWN_TESTS = ["B053", "B059", "B060", "B061", "B062"]
