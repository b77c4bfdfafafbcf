"""A person who changes the transport again and again: a WebSocket, a stream of
events, long and plain polls. Over HTTP it goes on with its session wherever it
can, and also writes down every number that is not the next one."""

import asyncio
import json
import time

from harness.http_client import EVENTS, LONG, PLAIN, events, http_open

from .person import ANSWER_SECONDS, CONNECT_SECONDS, Person

SOCKET = "ws"
WAYS = (SOCKET, EVENTS, LONG, PLAIN)
STAY = (0.2, 1.2)   # seconds over one transport
PAUSE = 0.05        # between plain polls


class Wanderer(Person):
    """`sticky`: keeps the cookie of the balancer."""

    choice = WAYS

    def __init__(self, account, url, rand, sticky):
        super().__init__(account, url, rand)
        self.base = url
        self.sticky = sticky
        self.cookie = None
        self.session = None  # its name
        self.ack = 0         # the last number we have of it
        self.broken = []     # what a session's numbers must not do
        self.ways = {way: 0 for way in WAYS}
        self.resumed = 0     # attached to the session we had
        self.rebuilt = 0     # got another one instead
        self._way = SOCKET
        self._reply = None
        self._greeting = None

    async def _session(self):
        """A while over one transport, drawn anew each time."""
        self._way = self.rand.choice(self.choice)
        self.ways[self._way] += 1
        stay = self.rand.uniform(*STAY)
        try:
            await asyncio.wait_for(
                super()._session() if self._way == SOCKET else self._visit(),
                stay)
        except asyncio.TimeoutError:
            pass

    def drop(self):
        super().drop()
        if self._reply:
            self._reply.close()

    # Over HTTP.

    async def _visit(self):
        watching = asyncio.create_task(self._watch())
        if self.session:
            self._alive()
        try:
            while self._want:
                if self._way == EVENTS:
                    await self._listen()
                else:
                    await self._poll()
                    await asyncio.sleep(PAUSE if self._way == PLAIN else 0)
        finally:
            tasks = [t for t in (watching, self._greeting) if t]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._greeting = None
            if self.live.is_set():
                self.live.clear()
                self.spans[-1][1] = time.monotonic()

    def _alive(self):
        self.spans.append([time.monotonic(), None])
        self.live.set()

    async def _ask(self, method, target, *headers, body=b""):
        """The head of the answer. Connecting and that take so long at most."""
        cookie = [f"Cookie: {self.cookie}"] if self.cookie else []
        reply = await http_open(
            self.base, method, target,
            [f"Authorization: Bearer {self.account.token}", *cookie, *headers],
            body)
        if self.sticky and "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].split(";")[0]
        return reply

    def _query(self, **more):
        known = {"session": self.session} if self.session else {}
        return "&".join(f"{k}={v}" for k, v in {**known, **more}.items())

    async def _poll(self):
        ack = {"ack": self.ack} if self.session else {}
        reply = await self._ask("GET", "/v1/poll?" + self._query(
            timeout=self._way, **ack))
        try:
            if reply.status != 200:
                raise ConnectionError(str(reply.status))
            answer = json.loads(await reply.body())
        finally:
            reply.close()
        if answer.get("superseded"):
            return
        first = answer["ack"] - len(answer["texts"]) + 1
        for number, text in enumerate(answer["texts"], first):
            self._heard(answer["session"], number, text)

    async def _listen(self):
        last = [f"Last-Event-ID: {self.ack}"] if self.session else []
        reply = await asyncio.wait_for(self._ask(
            "GET", "/v1/events?" + self._query(), "Accept: text/event-stream",
            *last), CONNECT_SECONDS)
        self._reply = reply
        try:
            if reply.status != 200:
                raise ConnectionError(str(reply.status))
            name = self.session
            async for number, text in events(reply):
                if number is None:
                    return  # superseded
                name = text.get("session", name)
                self._heard(name, number, text)
        finally:
            self._reply = None
            reply.close()

    def _heard(self, session, number, text):
        """One text of a session: each comes once, and in order."""
        new = session != self.session
        if text["type"] == "ready":
            self._begin(session, text, new)
        elif new:
            self.broken.append(f"{session} began with {text['type']}")
        if number != self.ack + 1:
            self.broken.append(f"{self.account.name} {session}: {number} came "
                               f"after {self.ack}")
        self.ack = number
        if text["type"] == "closed":
            self.closes.append(text["code"])
            self.session = None
            raise ConnectionError("closed")
        self._take(text)

    def _begin(self, session, ready, new):
        if not new:
            self.broken.append(f"{session} was ready twice")
        if self.session and ready.get("resumed") is not False:
            self.broken.append(f"{session} did not say that it is another one")
        self.rebuilt += self.session is not None
        self.session = session
        self.ack = 0
        self.gateway = ready["gateway"]
        if self._greeting:
            self._greeting.cancel()
        if self.live.is_set():
            self.live.clear()
            self.spans[-1][1] = time.monotonic()
        self._greeting = asyncio.create_task(self._greet())

    async def cmd(self, type_, **fields):
        """Over whatever there is now."""
        if self._way == SOCKET:
            return await super().cmd(type_, **fields)
        begun = time.monotonic()
        body = json.dumps({"type": type_, "id": f"h{next(self._ids)}",
                           **fields}, ensure_ascii=False).encode()
        try:
            answer = await asyncio.wait_for(self._cmd(body), ANSWER_SECONDS)
        except asyncio.TimeoutError:
            self.hung.append((type_, begun, time.monotonic()))
            raise
        for event in answer.get("events", ()):
            self.see(event)
        return answer

    async def _cmd(self, body):
        reply = await self._ask("POST", "/v1/cmd", body=body)
        try:
            text = await reply.body()
        finally:
            reply.close()
        if "json" not in reply.headers.get("content-type", ""):
            raise ConnectionError(f"{reply.status} of the balancer")
        return json.loads(text)


