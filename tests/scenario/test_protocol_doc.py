"""docs/protocol.md against the sources and a running cluster: its tables list
what the C tables list, and its examples happen, to the last field."""

import asyncio
import http.client
import json
import re
import urllib.parse

import websockets

from harness.paths import ROOT
from harness.waiting import PATIENCE

DOC = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
WORD = re.compile(r"<([a-z][a-z0-9.]*)>")
HEADER = re.compile(r"([A-Z][A-Za-z-]+): (.*)")
METHODS = ("GET", "POST", "PUT", "DELETE")
HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "websocket",
             "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
ASK_AGAIN = 20


# ---- the tables ----

def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


def rows(heading, columns):
    """The first `columns` cells of every table row below `## heading`."""
    section = DOC.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = []
    for line in section.splitlines():
        if line.startswith("| `") or re.match(r"\| \d", line):
            cells = [cell.strip().strip("`") for cell in line.split("|")[1:]]
            found.append(tuple(cells[:columns]))
    return found


def test_commands():
    who = {"0": "user", "COMMAND_ANYBODY": "anybody",
           "COMMAND_SOCKET": "socket", "COMMAND_OPERATOR": "operator",
           "COMMAND_KEY": "key", "COMMAND_ALONE": "user",
           "COMMAND_BOT": "user", "COMMAND_ONCE": "user"}
    documented = [row for row in rows("Commands", 2)
                  if row[1] in who.values()]
    assert documented == [(name, who[flags.split()[0]])
                          for name, flags, _ in command_table()]


def command_table():
    """(command, flags, scope) of each row."""
    return re.findall(r'\{"([a-z._]+)", ([\w |]+),\s+(\w+),\s+cmd_\w+\}',
                      source("gateway/command.c"))


def test_scopes():
    """docs/server-api.md lists every command that a key may run, by scope."""
    words = dict(re.findall(r'X\((\w+), "([a-z:]+)",',
                            source("proto/wire/api_key.h")))
    acts_as = {"COMMAND_BOT": "a bot", "COMMAND_ALONE": "nobody, or a user"}
    want = []
    for name, flags, scope in command_table():
        found = [acts_as[f] for f in flags.split(" | ") if f in acts_as]
        if scope != "0":
            word = words.get(scope.removeprefix("SCOPE_"), "any")
            want.append((name, word, found[0] if found else "a user"))
    section = source("docs/server-api.md").split("## Scopes")[1]
    table = [tuple(cell.strip().strip("`") for cell in line.split("|")[1:4])
             for line in section.split("\n## ")[0].splitlines()
             if line.startswith("| `")]
    assert sorted(table) == sorted(want)


def test_routes():
    found = re.findall(
        r'\{HTTP_(\w+),[^"{}]*"(/[^"]*)",\s*"([^"]*)",\s*"([a-z._]+)"',
        source("gateway/route.c"))
    want = [(f"{method} {path}", command,
             query.replace("$", "").replace("*", "").split())
            for method, path, query, command in found]
    assert [(route, command, re.findall(r"\w+", fields))
            for route, command, fields in rows("REST", 3)] == want


def test_errors():
    table = re.findall(r'X\(\w+, "(\w+)", (\d+),', source("gateway/errors.h"))
    assert rows("Errors", 2) == table


def test_close_codes():
    ours = re.findall(r"CLOSE_(\w+) = (\d+),", source("gateway/session.h"))
    standard = re.findall(r"WS_CODE_(\w+) = (\d+),", source("proto/wire/ws.h"))
    senders = "".join(source(f"{folder}/{name}.c") for folder, name in (
        ("gateway", "server"), ("gateway", "session"),
        ("gateway", "transport_ws"),
        ("proto/wire", "ws"), ("proto/wire", "ws_msg")))
    sent = [code for name, code in standard
            if f"WS_CODE_{name}" in senders and name != "NONE"]
    documented = rows("Close codes", 2)
    assert [(name, code) for code, name in documented
            if int(code) >= 4000] == ours
    assert [code for code, _ in documented if int(code) < 4000] == sent


# ---- the examples ----

class Step:
    """One line of an example, with the lines that go on with it."""

    def __init__(self, number, line):
        self.number = number
        self.actor, self.arrow, self.text = line.split(" ", 2)
        self.headers = {}
        assert self.arrow in ("->", "<-"), f"line {number}: {line}"

    def add(self, line):
        header = HEADER.fullmatch(line)
        if header:
            self.headers[header[1]] = header[2]
        else:
            # Behind a whole one another text of the same message begins.
            text = self.text.endswith("}") and line.startswith('{"type"')
            self.text += ("\n" if text else " ") + line

    @property
    def sends(self):
        return self.arrow == "->"

    @property
    def method(self):
        word = self.text.split(" ", 1)[0]
        return word if self.sends and word in (*METHODS, "open") else None

    @property
    def status(self):
        found = re.match(r"(\d{3})\b", self.text)
        return int(found[1]) if found and not self.sends else None


def steps():
    """All examples of the page, as one list."""
    found, inside = [], False
    for number, line in enumerate(DOC.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```example"
        elif inside and line.startswith("  "):
            found[-1].add(line.strip())
        elif inside:
            found.append(Step(number, line))
    return found


def message(text):
    """The JSON of a message: a list when there are several texts in it."""
    lines = [json.loads(line) for line in text.split("\n")]
    return lines if len(lines) > 1 else lines[0]


class Names:
    """What <name> stands for, as far as it has been seen."""

    def __init__(self):
        self.known = {}

    def fill(self, text):
        return WORD.sub(lambda m: str(self.known[m[1]]), text)

    def read(self, text):
        """The JSON of a template; <name> without quotes is a number."""
        return message(re.sub(r"(?<=[:,\[])<([a-z][a-z0-9.]*)>",
                              r'"<#\1>"', text))

    def fits(self, want, got):
        """Whether `got` is what the template says; learns new names then."""
        learned = {}
        if not self._fits(want, got, learned):
            return False
        self.known.update(learned)
        return True

    def _fits(self, want, got, learned):
        if isinstance(want, dict):
            return (isinstance(got, dict) and want.keys() == got.keys() and
                    all(self._fits(want[k], got[k], learned) for k in want))
        if isinstance(want, list):
            return (isinstance(got, list) and len(want) == len(got) and
                    all(self._fits(w, g, learned) for w, g in zip(want, got)))
        name = re.fullmatch(r"<(#?)([a-z][a-z0-9.]*)>", str(want))
        if not name:
            return type(want) is type(got) and want == got
        if type(got) is not (int if name[1] else str):
            return False
        if name[2] in ("number", "text"):
            return True
        known = {**learned, **self.known}
        learned.setdefault(name[2], got)
        return known.get(name[2], got) == got


def unsure(want, frame):
    """Somebody's presence was asked for, and for the moment nobody can tell:
    so it may be on a busy machine, and then one asks again."""
    return (want["type"] == frame["type"] == "presence" and "id" in want and
            want["id"] == frame.get("id") and
            all(user["state"] == "unknown" for user in frame["users"]))


class Actor:
    """Somebody in the story: a socket and what came over it."""

    def __init__(self, name, url):
        self.name = name
        self.url = url
        self.socket = None
        self.inbox = []
        self.said = None    # what was sent last
        self.answer = None  # of the last request: status, headers, body
        self.reader = None
        self.news = asyncio.Event()

    async def read(self):
        try:
            async for text in self.socket:
                self.inbox.append(message(text))
                self.news.set()
        except websockets.ConnectionClosed:
            pass
        self.news.set()

    async def request(self, method, target, headers, body):
        host = urllib.parse.urlsplit(self.url).netloc

        def ask():
            link = http.client.HTTPConnection(host, timeout=PATIENCE)
            link.request(method, target, body.encode() or None, headers)
            reply = link.getresponse()
            self.answer = (reply.status, reply.headers, reply.read().decode())
            link.close()

        await asyncio.get_running_loop().run_in_executor(None, ask)

    async def open(self, target, headers):
        offered = headers.pop("Sec-WebSocket-Protocol", None)
        self.socket = await websockets.connect(
            self.url.replace("http", "ws", 1) + target, ping_interval=None,
            subprotocols=offered.split(", ") if offered else None,
            extra_headers=headers)
        self.answer = (101, self.socket.response_headers, "")
        self.reader = asyncio.create_task(self.read())

    async def wait(self, look):
        """Until look() is true; answers what it is."""
        async def looking():
            while not (found := look()):
                self.news.clear()
                await self.news.wait()
            return found

        return await asyncio.wait_for(looking(), PATIENCE)


class Story:
    """Plays the steps in order."""

    def __init__(self, cluster):
        self.urls = {"alice": cluster.url(1), "laptop": cluster.url(1),
                     "bob": cluster.url(2)}
        self.else_url = cluster.url()
        self.actors = {}
        self.names = Names()

    def actor(self, name):
        if name not in self.actors:
            self.actors[name] = Actor(name, self.urls.get(name, self.else_url))
        return self.actors[name]

    async def play(self, all_steps):
        for step, after in zip(all_steps, [*all_steps[1:], None]):
            actor = self.actor(step.actor)
            try:
                if step.sends:
                    await self.say(actor, step, after)
                elif step.status:
                    self.check_answer(actor, step)
                else:
                    await self.hear(actor, step)
            except (asyncio.TimeoutError, AssertionError, KeyError) as error:
                raise AssertionError(
                    f"docs/protocol.md:{step.number}: {step.text}\n"
                    f"{error!r}\nstill unheard: {actor.inbox}") from error
        await self.end()

    async def say(self, actor, step, after):
        if not step.method:
            actor.said = self.names.fill(step.text)
            await actor.socket.send(actor.said)
            return
        words = self.names.fill(step.text).split(" ", 2)
        headers = {name: self.names.fill(value)
                   for name, value in step.headers.items()}
        body = words[2] if len(words) > 2 else ""
        if step.method == "open" and after.status == 101:
            await actor.open(words[1], headers)
        elif step.method == "open":
            await actor.request("GET", words[1], {**HANDSHAKE, **headers}, "")
        else:
            token = self.names.known.get(actor.name + ".token")
            if token:
                headers["Authorization"] = "Bearer " + token
            if body:
                headers["Content-Type"] = "application/json"
            await actor.request(step.method, words[1], headers, body)

    def check_answer(self, actor, step):
        status, headers, body = actor.answer
        assert status == step.status, body
        for name, value in step.headers.items():
            assert headers[name] == value
        text = step.text[3:].strip()
        assert not text or self.names.fits(self.names.read(text),
                                           json.loads(body)), body

    async def hear(self, actor, step):
        closed = re.fullmatch(r"close (\d+)", step.text)
        if closed:
            await asyncio.wait_for(actor.socket.wait_closed(), PATIENCE)
            assert actor.socket.close_code == int(closed[1]), (
                f"closed with {actor.socket.close_code}")
            return
        want = self.names.read(step.text)

        def look():
            for i, frame in enumerate(actor.inbox):
                fits = self.names.fits(want, frame)
                if fits or unsure(want, frame):
                    del actor.inbox[i]
                    return "heard" if fits else "unsure"
            return None

        for _ in range(ASK_AGAIN):
            if await actor.wait(look) == "heard":
                return
            await asyncio.sleep(0.1)
            await actor.socket.send(actor.said)
        raise AssertionError("nobody can tell")

    async def end(self):
        """Everything that was heard is in the story."""
        last = {"type": "ok", "id": "the-end"}
        for actor in self.actors.values():
            if actor.socket and not actor.socket.closed:
                await actor.socket.send('{"type":"ping","id":"the-end"}')
                await actor.wait(lambda a=actor: last in a.inbox)
                actor.inbox.remove(last)
                await actor.socket.close()
            assert not actor.inbox, f"{actor.name} also heard {actor.inbox}"


def test_examples(cluster):
    """The story of the page."""
    asyncio.run(Story(cluster).play(steps()))
