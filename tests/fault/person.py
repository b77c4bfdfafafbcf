"""A user who keeps a session open, does what docs/protocol.md asks of a
client, and writes down everything: each frame that showed an event, each send
with its outcome, each close. The checker judges from that alone."""

import asyncio
import itertools
import json
import time

import websockets

ANSWER_SECONDS = 10  # a command without an answer for so long hangs (I11)
CONNECT_SECONDS = 4
HOLE_SECONDS = 1.0  # that a hole may stay before the client asks
WATCH_SECONDS = 0.25
BACKOFF = (0.05, 0.4)
FAILURES = (ConnectionError, OSError, asyncio.TimeoutError, EOFError,
            websockets.WebSocketException)


class Send:
    """One message: `outcome` is None (nobody knows), "ack" or an error word."""

    def __init__(self, conv, name, text):
        self.conv = conv
        self.name = name
        self.text = text
        self.begun = time.monotonic()
        self.ended = None
        self.outcome = None
        self.seq = None
        self.tries = 0

    def end(self, outcome, seq=None):
        self.outcome = outcome
        self.seq = seq
        self.ended = time.monotonic()


def mark_of(event):
    """What an event says, to compare two sights of it."""
    return (event["kind"], event.get("from"), event.get("msg"),
            json.dumps(event.get("body"), sort_keys=True, ensure_ascii=False))


class Person:
    """`url` is where to connect. Starts with come(), ends with leave()."""

    def __init__(self, account, url, rand):
        self.account = account
        self.user = account.user
        self.url = url.replace("http://", "ws://") + "/v1/ws"
        self.rand = rand
        self.convs = set()
        self.seen = {}      # conv -> {seq: (mark, first time)}
        self.strange = []   # a (conv, seq) with two marks
        self.sends = []
        self.closes = []    # codes
        self.gateway = None  # name of the last one
        self.spans = []     # [from, to]: the session was live and synced
        self.hung = []      # commands without an answer
        self.resyncs = []   # (conv, the seq we had, the head): gone back
        self.told = 0       # `resync` pushes
        self.asked = 0      # syncs because of a hole
        self.repeats = 0
        self.done = {}      # conv -> everything up to here was given
        self.live = asyncio.Event()
        self._ids = itertools.count(1)
        self._waiting = {}
        self._holes = {}
        self._socket = None
        self._keeper = None
        self._want = False

    # The session.

    async def come(self):
        """Connects, and stays connected until leave()."""
        self._want = True
        self._keeper = asyncio.create_task(self._keep())
        await self.live.wait()

    async def leave(self):
        """Goes offline on purpose."""
        self._want = False
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        self._keeper = None

    def give_up(self):
        """The show is over, in whatever way."""
        self._want = False
        self.drop()

    async def again(self):
        """Drops the connection as a phone does, and comes back."""
        await self.leave()
        await self.come()

    async def _keep(self):
        while self._want:
            try:
                await self._session()
            except FAILURES:
                pass
            await asyncio.sleep(self.rand.uniform(*BACKOFF))

    async def _session(self):
        """From connecting to the end of one socket."""
        socket = await asyncio.wait_for(websockets.connect(
            self.url, subprotocols=["moim.v1"], ping_interval=None,
            max_size=None, close_timeout=0.5, compression=None,
            extra_headers={"Authorization": f"Bearer {self.account.token}"}),
            CONNECT_SECONDS)
        try:
            await asyncio.wait_for(self._ready(socket), CONNECT_SECONDS)
            self._socket = socket
            reading = asyncio.create_task(self._read(socket))
            greeting = asyncio.create_task(self._greet())
            watching = asyncio.create_task(self._watch())
            try:
                await reading
            finally:
                for task in (reading, greeting, watching):
                    task.cancel()
                await asyncio.gather(reading, greeting, watching,
                                     return_exceptions=True)
        finally:
            self._lost(socket)

    async def _ready(self, socket):
        """Reads up to `ready`; events may come before it."""
        while True:
            frame = json.loads(await socket.recv())
            if frame["type"] == "ready":
                self.gateway = frame["gateway"]
                return
            self._take(frame)

    def _lost(self, socket):
        self.closes.append(socket.close_code or 1006)
        socket.transport.abort()
        if self.live.is_set():
            self.live.clear()
            self.spans[-1][1] = time.monotonic()
        self._socket = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("lost"))
        self._waiting.clear()

    async def _greet(self):
        """The duty after every `ready`."""
        try:
            await self.sync(self.convs)
        except FAILURES:
            self.drop()
            return
        self.spans.append([time.monotonic(), None])
        self.live.set()

    def drop(self):
        """Gives the connection up."""
        if self._socket:
            self._socket.transport.abort()

    async def _read(self, socket):
        async for text in socket:
            self._take(json.loads(text))

    # What comes.

    def _take(self, frame):
        kind = frame["type"]
        if kind == "event":
            self.see(frame)
        elif frame.get("id") in self._waiting:
            future = self._waiting.pop(frame["id"])
            if not future.done():
                future.set_result(frame)
        elif kind == "resync":
            self.told += 1
            asyncio.create_task(self._sync_again())

    async def _sync_again(self):
        try:
            await self.sync(self.convs)
        except FAILURES:
            self.drop()

    def see(self, event):
        """Any sight of an event, also in a page."""
        known = self.seen.setdefault(event["conv"], {})
        mark = mark_of(event)
        before = known.get(event["seq"])
        if before is None:
            known[event["seq"]] = (mark, time.monotonic())
        elif before[0] == mark or mark[0] == "gone":
            self.repeats += 1  # gone: he may not read it, or not any more
        else:
            self.strange.append((event["conv"], event["seq"], before[0], mark))

    def have(self, conv):
        """The last seq before the first hole."""
        known = self.seen.get(conv, {})
        at = self.done.get(conv, 0)
        while at + 1 in known:
            at += 1
        self.done[conv] = at
        return at

    async def _watch(self):
        """The duty to see holes."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            late = []
            for conv in self.convs:
                at = self.have(conv)
                if max(self.seen.get(conv, {}), default=0) <= at:
                    self._holes.pop(conv, None)
                elif self._holes.get(conv, (None, 0))[0] != at:
                    self._holes[conv] = (at, now)
                elif now - self._holes[conv][1] > HOLE_SECONDS:
                    late.append(conv)
            if late and self.live.is_set():
                self.asked += 1
                try:
                    await self.sync(late)
                except FAILURES:
                    pass

    # What goes.

    async def cmd(self, type_, **fields):
        """The answer, also when it is an error. TimeoutError after
        ANSWER_SECONDS, and the connection is given up."""
        socket = self._socket
        if socket is None:
            raise ConnectionError("offline")
        id_ = f"r{next(self._ids)}"
        future = asyncio.get_running_loop().create_future()
        self._waiting[id_] = future
        begun = time.monotonic()
        try:
            await socket.send(json.dumps(
                {"type": type_, "id": id_, **fields}, ensure_ascii=False))
            return await asyncio.wait_for(future, ANSWER_SECONDS)
        except asyncio.TimeoutError:
            self.hung.append((type_, begun, time.monotonic()))
            self.drop()
            raise
        finally:
            self._waiting.pop(id_, None)

    async def sync(self, convs):
        """Asks until every conversation is complete."""
        want = set(convs)
        while want:
            asked = {c: self.have(c) for c in sorted(want)[:200]}
            answer = await self.cmd("sync", convs=[
                {"conv": c, "seq": seq} for c, seq in asked.items()])
            if answer["type"] == "error":
                await self.pause(answer)
                continue
            waits = False
            for one in answer["convs"]:
                waits |= one["state"] == "unavailable"
                if self._synced(one, asked[one["conv"]]):
                    want.discard(one["conv"])
            if waits:
                await asyncio.sleep(0.2)

    def _synced(self, one, had):
        """True: nothing more to ask about this one, of which we had so much.
        What begins later is for us from there; but what was heard live after
        the page is not its beginning."""
        conv, state = one["conv"], one["state"]
        if state == "complete":
            self.done[conv] = max(self.have(conv), one["head"])
        elif state == "more":
            after = [s for s in self.seen.get(conv, {}) if s > had]
            if self.have(conv) == had and after:
                self.done[conv] = min(after)
        elif state == "resync":
            self.resyncs.append((conv, self.have(conv), one["head"]))
            self.seen[conv] = {}
            self.done[conv] = 0
            return False
        return state in ("complete", "not_found")

    async def pause(self, answer):
        """Waits as the error says; ConnectionError when it is for good."""
        if "retry_after_ms" not in answer:
            raise ConnectionError(answer["code"])
        await asyncio.sleep(min(answer["retry_after_ms"] / 1000, 0.5))

    async def send(self, conv, name, text):
        """Sends until it is acked or refused for good."""
        one = Send(conv, name, text)
        self.sends.append(one)
        while True:
            await self.live.wait()
            one.tries += 1
            try:
                answer = await self.cmd("send", conv=conv, msg=name, text=text)
                if answer["type"] == "ack":
                    one.end("ack", answer["seq"])
                    return one
                if "retry_after_ms" not in answer:
                    one.end(answer["code"])
                    return one
                await self.pause(answer)
            except FAILURES:
                await asyncio.sleep(self.rand.uniform(*BACKOFF))
