"""B001 to B044 and B101: HTTP requests that must be answered exactly so. In
every row the Host is right unless the row is about it."""

from typing import NamedTuple

HOST = b"Host: chat.example\r\n"
POST = b"POST /v1/cmd HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/json\r\n"
PING = b'{"type":"ping","id":"p"}'


class Row(NamedTuple):
    """`status` None: no answer, only the end. `more` are statuses that come
    before it; `headers` must be in the answer; `method` is what is asked."""

    id: str
    name: str
    data: bytes
    status: int
    closes: bool = True
    more: tuple = ()
    headers: dict = {}
    method: str = "GET"


def get(path=b"/healthz", fields=b"", version=b"HTTP/1.1", host=HOST):
    return b"GET " + path + b" " + version + b"\r\n" + host + fields + b"\r\n"


def post(fields, body=b"", media=JSON):
    return POST + media + fields + b"\r\n" + body


def sized(body, media=JSON, fields=b""):
    return post(b"Content-Length: %d\r\n" % len(body) + fields, body, media)


def chunked(body):
    return post(b"Transfer-Encoding: chunked\r\n", body)


def of_media(line, status):
    """A command whose media type is told by `line`."""
    return Row("B101", repr(line), sized(PING, line), status, False)


def all_of(id_, status, name, inputs, **more):
    """One row for each of `inputs`."""
    return [Row(id_, f"{name} {data[:40]!r}", data, status, **more)
            for data in inputs]


REQUEST_LINES = [
    Row("B001", "blank lines", b"\r\n" * 3 + get(), 400),
    Row("B001", "few blank lines", b"\r\n" * 2 + get(), 200, False),
    Row("B002", "HTTP/0.9", b"GET /\r\n\r\n", 400),
    *all_of("B003", 505, "version", [
        get(version=b"HTTP/1.2"), get(version=b"HTTP/1.10"),
        get(version=b"HTTP/4294967295.255"), get(version=b"HTTP/2.0")]),
    *all_of("B003", 400, "version", [
        get(version=b"HTTP/\r\r1.1"), get(version=b"http/1.1"),
        get(version=b"HTTP/1"), get(version=b"HTTP/1.1 "),
        get(version=b"HTTP/ 1.1"), get(version=b"HTTP/-1.1")]),
    Row("B004", "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    Row("B005", "unknown method", b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    Row("B005", "method in small letters",
        b"get /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    *all_of("B006", 400, "method", [
        b'G=":<>(e),[T];?" / HTTP/1.1\r\n' + HOST + b"\r\n",
        b"G\0ET / HTTP/1.1\r\n" + HOST + b"\r\n",
        b" GET / HTTP/1.1\r\n" + HOST + b"\r\n"]),
    Row("B007", "TRACE", b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    Row("B007", "CONNECT", b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    Row("B008", "long target", get(b"/" + b"a" * 8192), 414),
    *all_of("B009", 400, "target", [
        get(b"/a\x01b"), get(b"/a b"), get(b"/a\x7fb"), get(b"/a\xc3\xa9"),
        get(b"/healthz#fragment"), get(b"healthz"), get(b"")]),
    *all_of("B010", 400, "percent", [
        get(b"/%zz"), get(b"/%2"), get(b"/%"), get(b"/%00"), get(b"/%c0%af"),
        get(b"/healthz?a=%zz"), get(b"/healthz?%ff=1")]),
    *all_of("B011", 404, "path", [
        get(b"/../etc/passwd"), get(b"/%2e%2e/healthz"), get(b"//evil"),
        get(b"/a/./b"), get(b"/./healthz"), get(b"//healthz"),
        get(b"/x/../healthz"), get(b"/\\healthz"), get(b"/healthz/"),
        get(b"/%68ealthz/x"), get(b"/v1/../healthz")], closes=False),
    Row("B012", "foreign authority", get(b"http://evil.example/healthz"), 421),
    Row("B012", "same authority", get(b"http://chat.example/healthz"), 200,
        False),
    Row("B013", "GET *", get(b"*"), 400),
    *all_of("B014", 400, "bare LF", [
        b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: chat.example\n\r\n",
        b"GET /\nHTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /healthz HTTP/1.1\r\n" + HOST + b"\n"]),
]

FIELDS = [
    *all_of("B015", 400, "bare CR", [
        get(fields=b"A: b\rc\r\n"), get(fields=b"\rX"),
        b"GET /healthz HTTP/1.1\r" + HOST + b"\r\n",
        get(fields=b"A: b\r\r\n")]),
    *all_of("B016", 400, "control byte", [
        get(fields=b"A: b%cc\r\n" % c) for c in
        [*range(0, 9), *range(11, 13), *range(14, 32), 127]]),
    Row("B016", "tab", get(fields=b"A: b\tc\r\n"), 200, False),
    *all_of("B017", 400, "space", [
        get(fields=b"A : b\r\n"), get(fields=b"A\x85: b\r\n"),
        get(fields=b"A\xa0: b\r\n"), get(fields=b"A\t: b\r\n"),
        get(host=b" " + HOST),
        post(b"\tContent-Length: 2\r\n", b"{}")]),
    *all_of("B018", 400, "name", [
        get(fields=b"nonsense\r\n"), get(fields=b": x\r\n"),
        get(fields=b":\r\n"), get(fields=b"A(b): c\r\n"),
        get(fields=b"A\xc3\xa9: c\r\n"), get(fields=b"A\0: c\r\n")]),
    *all_of("B019", 400, "folded", [
        get(fields=b"A: b\r\n c\r\n"), get(fields=b"A: b\r\n\tc\r\n"),
        post(b"Transfer-\r\n Encoding: chunked\r\n", b"0\r\n\r\n")]),
    Row("B020", "65 headers", get(fields=b"A: b\r\n" * 64), 431),
    Row("B020", "64 headers", get(fields=b"A: b\r\n" * 63), 200, False),
    Row("B020", "long header", get(fields=b"A: " + b"b" * 8190 + b"\r\n"), 431),
    Row("B020", "long block",
        get(fields=(b"A: " + b"b" * 4000 + b"\r\n") * 5), 431),
    Row("B021", "no Host", get(host=b""), 400),
    *all_of("B021", 400, "Host", [
        get(host=HOST + HOST), get(host=HOST + b"Host: other\r\n"),
        *[get(host=b"Host: " + host + b"\r\n") for host in [
            b"", b":", b"chat.example/x", b"u@chat.example", b"chat example",
            b"chat\0example", b"chat.example:", b"chat.example:x",
            b"chat.example:99999", b"[::1", b"a,b"]]]),
    *all_of("B022", 421, "Host", [
        get(b"/v1/me", host=b"Host: " + host + b"\r\n") for host in [
            b"evil.example", b"chat.example.evil", b"example", b"[::1]:80"]],
        closes=False),
    *all_of("B022", 401, "Host", [
        get(b"/v1/me", host=b"Host: " + host + b"\r\n") for host in [
            b"chat.example", b"chat.example:99", b"CHAT.example"]],
        closes=False),
    Row("B022", "health for a balancer", get(host=b"Host: moim\r\n"), 200,
        False),
]

FRAMING = [
    *all_of("B023", 400, "length", [
        post(b"Content-Length:" + n + b"\r\n", b"12345") for n in [
            b"-1", b"+5", b"0x10", b"1_0", b"5,5", b" 5 5", b"1Z", b"", b" ",
            b"99999999999999999999", b"9223372036854775808",
            b"18446744073709551616", b"\xef\xbc\x95", b"5.0", b"5;"]]),
    *all_of("B024", 400, "lengths", [
        post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"12345"),
        post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"12345"),
        post(b"Content-Length:\r\nContent-Length: 5\r\n", b"12345")]),
    Row("B025", "zeros in front",
        post(b"Content-Length: 0%d\r\n" % len(PING), PING), 200, False),
    *all_of("B026", 400, "both", [
        post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
             b"0\r\n\r\n")]),
    *all_of("B027", 400, "coding", [
        post(b"Transfer-Encoding: " + coding + b"\r\n", b"0\r\n\r\n")
        for coding in [b",chunked", b"chunked, chunked", b"xchunked",
                       b"\x0bchunked", b"\xffchunked", b"chunked, gzip", b"",
                       b"chunked\r\nTransfer-Encoding: chunked",
                       b"identity", b"chunked;q=1", b"\"chunked\""]]),
    *all_of("B028", 501, "coding", [
        post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        post(b"Transfer-Encoding: brot, chunked\r\n", b"0\r\n\r\n")]),
    Row("B029", "coding on HTTP/1.0",
        b"POST /v1/cmd HTTP/1.0\r\n" + HOST + JSON +
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    *all_of("B030", 400, "chunk size", [
        chunked(size + b"\r\n12345\r\n0\r\n\r\n") for size in [
            b"", b"0x5", b"+5", b"-0", b"5_0", b" 5", b"5 ", b"000000005",
            b"5;a\rb", b"5;" + b"x" * 260, b"5\n", b"g"]]),
    Row("B030", "extension", chunked(b"18;a=b\r\n" + PING + b"\r\n0\r\n\r\n"),
        200, False),
    *all_of("B031", 400, "chunk end", [
        chunked(b"5\r\n12345XX0\r\n\r\n"), chunked(b"5\r\n12345\n0\r\n\r\n"),
        chunked(b"5\r\n12345\r\n0\r\nX\n\r\n"),
        chunked(b"5\r\n12345\r\n0\r\n\rX")]),
    Row("B032", "trailer",
        chunked(b"18\r\n" + PING + b"\r\n0\r\nX-A: b\r\n\r\n"), 200, False),
    *all_of("B032", 400, "trailer", [
        chunked(b"18\r\n" + PING + b"\r\n0\r\n" + name + b": 1\r\n\r\n")
        for name in [b"Content-Length", b"host", b"Transfer-Encoding",
                     b"Authorization", b"Content-Type"]]),
    Row("B032", "long trailers",
        chunked(b"18\r\n" + PING + b"\r\n0\r\n" + b"A: b\r\n" * 65 + b"\r\n"),
        431),
    Row("B033", "declared too long", post(b"Content-Length: 65537\r\n"), 413),
    Row("B033", "chunk too long", chunked(b"10001\r\n"), 413),
    Row("B033", "chunks too long",
        chunked((b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 4 + b"1\r\n"), 413),
    *all_of("B034", 400, "body", [
        get(b"/v1/me", b"Content-Length: 5\r\n") + b"GET /",
        get(b"/v1/me", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
        b"DELETE /v1/friends/x HTTP/1.1\r\n" + HOST +
        b"Content-Length: 2\r\n\r\n{}"]),
    Row("B034", "no body after all",
        get(b"/healthz", b"Content-Length: 0\r\n"), 200, False),
]

THE_REST = [
    Row("B035", "bytes after the last",
        get(fields=b"Connection: close\r\n") + b"GARBAGE\0" + get(), 200),
    Row("B036", "11 at once", get() * 11, 200, False, more=(200,) * 10),
    Row("B037", "expectation", sized(b"{}", fields=b"Expect: tea\r\n"), 417),
    Row("B039", "TLS to the plain port",
        bytes.fromhex("16030100c8010000c40303") + b"\x42" * 40, 400),
    *all_of("B040", 200, "h2c", [
        get(fields=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")], closes=False),
    Row("B041", "compressed body",
        sized(b"\x1f\x8b\x08", fields=b"Content-Encoding: gzip\r\n"), 415),
    *all_of("B042", 200, "cookies", [
        get(fields=b"Cookie: a=" + b"b" * 8000 + b"\r\n"),
        get(fields=b"Cookie: " + b"; ".join([b"a=b"] * 100) + b"\r\n"),
        get(fields=b"Cookie: ;;=;a;=b; $Path=/;\"\r\n")], closes=False),
    *all_of("B043", 200, "forged sender", [
        get(fields=b"X-Forwarded-For: 10.0.0.1, evil\r\n"),
        get(fields=b"Forwarded: for=\"[::1]\r\n")], closes=False),
    *all_of("B043", 400, "PROXY", [
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + get(),
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + b"\1" * 12 + get()]),
]

MEDIA = [
    of_media(b"", 415),
    *[of_media(b"Content-Type: " + media + b"\r\n", status)
      for status, all_media in {
          415: [b"text/plain", b"application/json; charset=latin1",
                b"application/x-www-form-urlencoded", b"multipart/form-data",
                b"application/jsonp", b"", b"application/json, text/plain"],
          200: [b"application/json", b"Application/JSON",
                b"application/json; charset=utf-8",
                b"application/json;charset=UTF-8"]}.items()
      for media in all_media],
]

ROWS = [*REQUEST_LINES, *FIELDS, *FRAMING, *THE_REST, *MEDIA]

# Asked by tests of their own: B037 100-continue, B038 slow, B044 many.
OWN_TESTS = ["B037", "B038", "B044"]
