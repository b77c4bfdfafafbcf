"""HTTP and WebSocket byte by byte, for tests that say what no well-behaved
client would say. Nothing here is checked on the way out."""

import asyncio
import base64
import hashlib
import json
import struct

from .waiting import PATIENCE

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x12\x34\x56\x78"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def masked(payload, key=MASK):
    return bytes(b ^ key[i % 4] for i, b in enumerate(payload))


def frame(op, payload=b"", fin=True, rsv=0, key=MASK, form=None, length=None):
    """One client frame. form 0, 2 or 8: bytes of the extended length, else
    the shortest; length: what the head declares, whatever the payload has;
    key None: not masked."""
    n = len(payload) if length is None else length
    if form is None:
        form = 0 if n < 126 else 2 if n < 65536 else 8
    short = n if form == 0 else 126 if form == 2 else 127
    mask_bit = 0 if key is None else 0x80
    head = bytes([(0x80 if fin else 0) | rsv << 4 | op, mask_bit | short])
    head += b"" if form == 0 else struct.pack("!H" if form == 2 else "!Q", n)
    return head + (payload if key is None else key + masked(payload, key))


def text(payload):
    """A text message of bytes, or of an object as JSON."""
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return frame(TEXT, payload)


def close(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


def handshake(*lines, host="127.0.0.1", path="/v1/ws"):
    """A good upgrade request; `lines` are more header lines, as bytes."""
    return b"\r\n".join([
        b"GET " + path.encode() + b" HTTP/1.1", b"Host: " + host.encode(),
        b"Connection: Upgrade", b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + KEY, *lines,
        b"", b""])


def accept_of(key=KEY):
    """What a server must answer to `key` (RFC 6455, 4.2.2)."""
    guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1(key + guid).digest()).decode()


def bearer(token):
    return b"Authorization: Bearer " + token.encode()


class Reply:
    """The head and body of one HTTP answer; `headers` in lower case."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


class TlsAddress(str):
    """One where TLS is spoken; `context` is an ssl.SSLContext for it."""

    context = None


class Wire:
    """One TCP connection. Every wait ends: asyncio.TimeoutError. Reading past
    the end is EOFError; a peer that has gone is no error when sending."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.seconds = PATIENCE  # that reading may wait

    @classmethod
    async def open(cls, address):
        """`address` may be a TlsAddress."""
        host, port = address.rsplit(":", 1)
        return cls(*await asyncio.wait_for(asyncio.open_connection(
            host, int(port), ssl=getattr(address, "context", None)), PATIENCE))

    @classmethod
    def heard(cls, said):
        """A connection that is over: the peer has said all that, and does not
        hear any more."""
        wire = cls(asyncio.StreamReader(), None)
        wire.reader.feed_data(said)
        wire.reader.feed_eof()
        return wire

    async def send(self, data):
        if self.writer is None:
            return
        try:
            self.writer.write(data)
            await asyncio.wait_for(self.writer.drain(), PATIENCE)
        except ConnectionError:
            pass

    async def read(self, n):
        try:
            return await asyncio.wait_for(self.reader.readexactly(n),
                                          self.seconds)
        except (asyncio.IncompleteReadError, ConnectionError) as end:
            raise EOFError("the peer has closed") from end

    async def reply(self, method="GET"):
        """One HTTP answer; `method` is what was asked."""
        try:
            head = await asyncio.wait_for(
                self.reader.readuntil(b"\r\n\r\n"), self.seconds)
        except (asyncio.IncompleteReadError, ConnectionError) as end:
            raise EOFError("the peer has closed") from end
        first, *lines = head[:-4].decode().split("\r\n")
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        status = int(first.split(" ")[1])
        n = int(headers.get("content-length", 0))
        bodiless = method == "HEAD" or status < 200
        return Reply(status, headers,
                     b"" if bodiless else await self.read(n))

    async def frame(self):
        """(op, payload) of one server frame, which must be whole and bare."""
        first, second = await self.read(2)
        assert first & 0xF0 == 0x80, "fragmented, or a reserved bit"
        assert second < 0x80, "a server does not mask"
        n = second
        if second == 126:
            n, = struct.unpack("!H", await self.read(2))
        elif second == 127:
            n, = struct.unpack("!Q", await self.read(8))
        return first & 0x0F, await self.read(n)

    async def json(self):
        """The next text message; pings in between are answered."""
        op, payload = await self.frame()
        while op == PING:
            await self.send(frame(PONG, payload))
            op, payload = await self.frame()
        assert op == TEXT, (op, payload)
        return json.loads(payload)

    async def answer(self, id_):
        """The answer to the command of this id, whatever is pushed before."""
        while (said := await self.json()).get("id") != id_:
            pass
        return said

    async def until_close(self):
        """Reads up to the close frame: its code and reason, and the text
        messages before it."""
        before = []
        while True:
            op, payload = await self.frame()
            if op == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                return code, payload[2:].decode(), before
            if op == TEXT:
                before.append(json.loads(payload))

    async def ended(self, seconds=PATIENCE):
        """Whether the peer ends the connection in time, saying nothing."""
        try:
            return await asyncio.wait_for(self.reader.read(1), seconds) == b""
        except asyncio.TimeoutError:
            return False
        except ConnectionError:
            return True

    async def upgrade(self, *lines):
        """Opens a WebSocket, which must succeed."""
        await self.send(handshake(*lines))
        reply = await self.reply()
        assert reply.status == 101, reply
        return reply

    async def abort(self):
        """Leaves without a word."""
        self.writer.transport.abort()
        await asyncio.sleep(0)  # this is when it happens


async def session(address, token):
    """An authenticated WebSocket that has said `ready`."""
    wire = await Wire.open(address)
    await wire.upgrade(bearer(token))
    assert (await wire.json())["type"] == "ready"
    return wire
