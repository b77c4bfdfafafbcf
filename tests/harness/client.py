"""A chat client for tests, on python3-websockets: a second implementation of
the protocol, with the duties a client has: it names its messages, repeats
what was not acked, drops events it has, and syncs after a reconnect."""

import asyncio
import itertools
import json
import secrets

import websockets

from .http_json import http_json
from .waiting import PATIENCE

PASSWORD = "correct horse battery staple"


class Refused(Exception):
    """The server answered a command with an error."""

    def __init__(self, answer):
        super().__init__(f"{answer['code']}: {answer['message']}")
        self.code = answer["code"]
        self.answer = answer


class Account:
    """A user of the cluster, by sign-up over REST."""

    def __init__(self, url, name, password=PASSWORD):
        reply = http_json(
            "POST", url + "/v1/signup", {"name": name, "password": password})
        assert reply.status == 200, reply
        answer = reply.json
        self.url = url
        self.name = name
        self.user = answer["user"]
        self.device = answer["device"]
        self.token = answer["token"]

    def rest(self, method, path, body=None, url=None):
        """One REST call as this user."""
        return http_json(method, (url or self.url) + path, body, self.token)

    def cmd(self, type_, **fields):
        """Any command over POST /v1/cmd; answers the body, checks for 200."""
        reply = self.rest("POST", "/v1/cmd",
                          {"type": type_, "id": "t", **fields})
        assert reply.status == 200, reply
        return reply.json


class Client:
    """One session. `events[conv]` holds {seq: event}, each once; `repeats`
    counts what came again, `others` keeps what is no event. `tls` is the
    ssl.SSLContext for an https:// URL."""

    def __init__(self, url, account, tls=None):
        self.url = url.replace("http", "ws", 1) + "/v1/ws"
        self.account = account
        self.tls = tls
        self.events = {}
        self.order = []
        self.repeats = 0
        self.others = []
        self.ready = None
        self.closed = None
        self.resyncs = 0
        self.gaps = {}  # conv: the last seq that is not kept any more
        self.protocols = ["moim.v1"]  # before open()
        self._ids = itertools.count(1)
        self._waiting = {}
        self._news = asyncio.Event()
        self._socket = None
        self._reader = None

    async def open(self):
        """Connects and waits for `ready`."""
        self._socket = await websockets.connect(
            self.url, subprotocols=self.protocols, ping_interval=None,
            max_size=None, close_timeout=1, ssl=self.tls,
            extra_headers={"Authorization": f"Bearer {self.account.token}"})
        self.ready = None
        self.closed = None
        self._reader = asyncio.create_task(self._read())
        await self.until(lambda: self.ready or self.closed)
        if not self.ready:
            raise ConnectionError(f"closed with {self.closed}")
        return self

    async def close(self):
        if self._socket:
            await self._socket.close()
            await self._reader

    async def _read(self):
        try:
            async for message in self._socket:
                for text in message.split("\n"):
                    self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        self.closed = self._socket.close_code or 1006
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError(str(self.closed)))
        self._waiting.clear()
        self._wake()

    def _wake(self):
        self._news.set()

    def _take(self, frame):
        kind = frame["type"]
        if kind == "event":
            seen = self.events.setdefault(frame["conv"], {})
            if frame["seq"] in seen:
                self.repeats += 1
            else:
                seen[frame["seq"]] = frame
                self.order.append(frame)
        elif kind == "ready":
            self.ready = frame
        elif kind == "resync":
            self.resyncs += 1
        elif frame.get("id") in self._waiting:
            future = self._waiting.pop(frame["id"])
            if not future.done():
                future.set_result(frame)
        else:
            self.others.append(frame)
        self._wake()

    async def until(self, truth, seconds=PATIENCE):
        """Waits until truth() is true; it is asked after every frame."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not truth():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise TimeoutError(f"not so within {seconds} s")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), min(left, 0.25))
            except asyncio.TimeoutError:
                pass

    async def cmd(self, type_, seconds=20, **fields):
        """Runs one command; answers its reply or raises Refused."""
        id_ = f"r{next(self._ids)}"
        future = asyncio.get_running_loop().create_future()
        self._waiting[id_] = future
        try:
            await self._socket.send(json.dumps(
                {"type": type_, "id": id_, **fields}, ensure_ascii=False))
        except websockets.ConnectionClosed as error:
            self._waiting.pop(id_, None)
            raise ConnectionError(str(error)) from error
        answer = await asyncio.wait_for(future, seconds)
        if answer["type"] == "error":
            raise Refused(answer)
        return answer

    async def send(self, conv, text, name=None):
        """Sends once; answers the ack."""
        return await self.cmd("send", conv=conv, text=text,
                              msg=name or secrets.token_hex(8))

    async def send_surely(self, conv, text, name=None, seconds=PATIENCE):
        """Repeats the same message until it is acked, across reconnects."""
        name = name or secrets.token_hex(8)
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                return await self.send(conv, text, name)
            except (ConnectionError, asyncio.TimeoutError, OSError):
                await self.reopen(deadline)
            except Refused as refused:
                if "retry_after_ms" not in refused.answer:
                    raise
                await asyncio.sleep(refused.answer["retry_after_ms"] / 1000)
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"not acked within {seconds} s")

    async def reopen(self, deadline=None):
        """Connects again, as often as it takes, and syncs."""
        loop = asyncio.get_running_loop()
        deadline = deadline or loop.time() + PATIENCE
        while True:
            try:
                await self.open()
                await self.sync()
                return self
            except (ConnectionError, OSError, asyncio.TimeoutError, Refused,
                    websockets.InvalidStatusCode, websockets.InvalidMessage):
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def sync(self, convs=()):
        """Asks for what is missing until every conversation is complete."""
        want = set(self.events) | set(convs)
        while want:
            cursors = [{"conv": conv, "seq": self.complete_to(conv)}
                       for conv in sorted(want)[:100]]
            answer = await self.cmd("sync", convs=cursors)
            for one in answer["convs"]:
                if one.get("gap", {}).get("to"):
                    self.gaps[one["conv"]] = one["gap"]["to"]
                if one["state"] != "more":
                    want.discard(one["conv"])

    def complete_to(self, conv):
        """The last seq before the first hole."""
        seen = self.events.get(conv, {})
        first = min(seen, default=0)
        last = max(first, self.gaps.get(conv, 0))
        while last + 1 in seen:
            last += 1
        return last

    def texts(self, conv):
        """The message texts in the order of seq."""
        seen = self.events.get(conv, {})
        return [seen[seq]["body"]["text"] for seq in sorted(seen)
                if seen[seq]["kind"] == "message"]
