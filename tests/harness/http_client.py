"""The chat client of client.py for those who have only HTTP: the session is
heard over a stream of events or by polls, and goes from one to the other."""

import asyncio
import json
import urllib.parse

from .client import Client, Refused
from .waiting import PATIENCE

EVENTS = "events"  # GET /v1/events
LONG = 25          # GET /v1/poll: seconds to hold
PLAIN = 0
PAUSE = 0.05       # between plain polls


class Reply:
    """The head of an HTTP answer, and its body still to be read."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers = {}

    async def head(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        for line in lines[1:]:
            if line:
                name, value = line.split(":", 1)
                self.headers[name.lower()] = value.strip()
        return self

    async def body(self):
        if self.chunked:
            return b"".join([chunk async for chunk in self.chunks()])
        return await self.reader.readexactly(
            int(self.headers["content-length"]))

    @property
    def chunked(self):
        return self.headers.get("transfer-encoding") == "chunked"

    async def chunks(self):
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            chunk = await self.reader.readexactly(size + 2)
            if size == 0:
                return
            yield chunk[:-2]

    def close(self):
        self.writer.close()


async def http_open(url, method, target, headers=(), body=b"", tls=None):
    """Sends one request on a connection of its own; answers when the head of
    the reply is there."""
    host = urllib.parse.urlsplit(url).netloc
    name, port = host.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(name, int(port), ssl=tls,
                                                   limit=1 << 22)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    if method == "POST":
        lines += ["Content-Type: application/json",
                  f"Content-Length: {len(body)}"]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return await Reply(reader, writer).head()
    except BaseException:
        writer.close()
        raise


async def events(reply):
    """(id or None, text) of each event of a stream."""
    rest = b""
    async for chunk in reply.chunks():
        rest += chunk
        while b"\n\n" in rest:
            block, rest = rest.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1)
                          for line in block.decode().split("\n")
                          if not line.startswith(":"))
            if "data" in fields:
                yield (int(fields["id"]) if "id" in fields else None,
                       json.loads(fields["data"]))


class HttpClient(Client):
    """`mode` is EVENTS or how long a poll is held. `session` and `ack` are all
    that it has to know to go on; `rebuilt` counts the times it had to sync."""

    def __init__(self, url, account, mode=LONG, tls=None):
        super().__init__(url, account, tls)
        self.base = url
        self.mode = mode
        self.session = None
        self.ack = None
        self.rebuilt = 0
        self.listened = 0  # streams asked for
        self.fresh = True  # the last answer was of another session
        self.numbers = []
        self.cookie = None  # of a balancer
        self._syncing = None

    @property
    def _goes_on(self):
        """Not a plain poll, and not a session that had to be built anew:
        without its cookie a balancer may send each poll elsewhere."""
        return self.mode > 0 and not self.fresh

    @property
    def headers(self):
        cookie = [f"Cookie: {self.cookie}"] if self.cookie else []
        return [f"Authorization: Bearer {self.account.token}", *cookie]

    async def _ask(self, method, target, headers=(), body=b""):
        reply = await http_open(self.base, method, target,
                                [*self.headers, *headers], body, self.tls)
        if "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].split(";")[0]
        return reply

    def query(self, **more):
        known = {"session": self.session} if self.session else {}
        return urllib.parse.urlencode({**known, **more})

    async def open(self, seconds=PATIENCE):
        self.closed = None
        self._reader = asyncio.create_task(self._read())
        await self.until(lambda: self.ready or self.closed, seconds)
        if not self.ready:
            raise ConnectionError(f"closed with {self.closed}")
        return self

    async def close(self):
        """Stops listening; the session does not hear of it."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def switch(self, mode):
        """Goes on with the same session over something else."""
        await self.close()
        self.mode = mode
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        while not self.closed:
            try:
                if self.mode == EVENTS:
                    await self._listen()
                else:
                    await self.poll(self.mode)
                    await asyncio.sleep(0 if self._goes_on else PAUSE)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.1)

    async def poll(self, hold):
        """One poll, with what is known."""
        known = {} if self.ack is None else {"ack": self.ack}
        reply = await self._ask(
            "GET", "/v1/poll?" + self.query(timeout=hold, **known))
        try:
            if reply.status != 200:  # perhaps the balancer's own page
                await asyncio.sleep(0.1)
                return
            answer = json.loads(await reply.body())
        finally:
            reply.close()
        self.take(answer)

    def take(self, answer):
        """What a poll gives a client to do."""
        if answer.get("superseded"):
            return
        self.fresh = answer["session"] != self.session
        first = answer["ack"] - len(answer["texts"]) + 1
        for number, text in enumerate(answer["texts"], first):
            self.heard(number, text)
        self.session = answer["session"]
        self.ack = answer["ack"]

    async def _listen(self):
        self.listened += 1
        last = [] if self.ack is None else [f"Last-Event-ID: {self.ack}"]
        reply = await self._ask("GET", "/v1/events?" + self.query(),
                                ["Accept: text/event-stream", *last])
        try:
            if reply.status != 200:
                await asyncio.sleep(0.1)
                return
            async for number, text in events(reply):
                if number is not None:
                    self.heard(number, text)
                    self.ack = number
        finally:
            reply.close()

    async def _sync_surely(self):
        while True:
            try:
                await self.sync()
                return
            except (OSError, ValueError, Refused,
                    asyncio.IncompleteReadError, asyncio.TimeoutError):
                await asyncio.sleep(0.1)

    def heard(self, number, text):
        """One numbered text."""
        if text["type"] == "ready":
            self.session = text["session"]
            self.numbers = []
            if text.get("resumed") is False:
                self.rebuilt += 1
                self._syncing = asyncio.create_task(self._sync_surely())
        self.numbers.append(number)
        if text["type"] == "closed":
            self.closed = text["code"]
        self._take(text)

    async def cmd(self, type_, seconds=20, **fields):
        body = json.dumps({"type": type_, "id": f"h{next(self._ids)}", **fields})
        reply = await asyncio.wait_for(self._ask(
            "POST", "/v1/cmd?" + self.query(), (), body.encode()), seconds)
        try:
            if reply.status in (502, 504):
                raise ConnectionError(str(reply.status))
            answer = json.loads(await reply.body())
        finally:
            reply.close()
        if answer["type"] == "error":
            raise Refused(answer)
        for event in answer.get("events", ()):
            if event["type"] == "event":
                self._take(event)
        return answer
