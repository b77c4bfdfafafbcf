"""The authorization matrix: every command of the gateway's table, by everybody
who can stand in some relation to what it is about, over every way in. A
command that is new in the table and not in this file fails it. Keys of servers
have a matrix of their own, in tests/unit/test_caller.c."""

import asyncio
import json
import re
import secrets
import urllib.parse

from harness import raw_ws
from harness.client import Account, PASSWORD
from harness.cluster import PUSH_KEY
from harness.http_json import http_json
from harness.json_schema import mistakes
from harness.paths import ROOT
from harness.raw_ws import Wire
from harness.raw_ws import text as ws_text

SPEC = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"

# To the group: its owner, an admin, a member, who has said something in it,
# who was a member then, who never was; to
# Pat: all but the last one nobody special, the last one he blocks.
ROLES = ("owner", "admin", "member", "ex", "stranger", "blocked")
NOBODY = "anonymous"

MEMBERS = {"ex": "not_found", "stranger": "not_found", "blocked": "not_found"}
READERS = {"stranger": "not_found", "blocked": "not_found"}
ADMINS = {**MEMBERS, "member": "forbidden"}
AUTHOR = {**MEMBERS, "owner": "forbidden", "admin": "forbidden"}
OWNER = {**ADMINS, "admin": "forbidden"}
NOT_BLOCKED = {"blocked": "forbidden"}
ALL_REFUSED = {role: "not_found" for role in ROLES}

# Command, fields, and what the roles get that do not get "ok". Some build on
# what those before them have done.
MATRIX = (
    ("ping", {}, {NOBODY: "ok"}),
    ("signup", {"name": "x", "password": "short"},
     dict.fromkeys((*ROLES, NOBODY), "weak_password")),
    ("login", {"name": "<name>", "password": PASSWORD},
     dict.fromkeys((*ROLES, NOBODY), "wrong_login")),
    ("login.token", {"token": "x"},
     dict.fromkeys((*ROLES, NOBODY), "forbidden")),
    ("me", {}, {}),
    ("profile.set", {"avatar": "a.png"}, {}),
    ("settings", {}, {}),
    ("settings.set", {"notify": "all"}, {}),
    ("lists", {"since": 0}, {}),
    ("devices", {}, {}),
    ("device.rename", {"device": "<device>", "label": "mine"}, {}),
    ("device.rename", {"device": "<pat.device>", "label": "his"}, ALL_REFUSED),
    ("device.revoke", {"device": "<pat.device>"}, ALL_REFUSED),
    ("device.revoke_all", {}, {}),
    ("push.key", {}, {}),
    ("push.subscribe", {"endpoint": "<endpoint>",
                        "p256dh": PUSH_KEY[1], "auth": "A" * 22}, {}),
    ("push.unsubscribe", {}, {}),
    ("token.refresh", {}, {}),
    ("password.change", {"old": "wrong", "new": "another long password"},
     dict.fromkeys(ROLES, "wrong_login")),
    ("password.reset", {"new": "another long password"},
     dict.fromkeys(ROLES, "forbidden")),  # keys do
    ("account.export", {}, {}),
    ("account.erase", {}, dict.fromkeys(ROLES, "forbidden")),  # operators do
    ("broadcast", {"users": ["<pat>"], "msg": "<fresh>", "text": "hi"},
     dict.fromkeys(ROLES, "forbidden")),  # keys do
    ("send", {"conv": "<group>", "msg": "<fresh>", "text": "hi"}, MEMBERS),
    ("message.react", {"conv": "<group>", "seq": 2, "msg": "<fresh>",
                       "emoji": "👍"}, MEMBERS),
    ("message.unreact", {"conv": "<group>", "seq": 2, "msg": "<fresh>"},
     MEMBERS),
    ("message.edit", {"conv": "<group>", "seq": 2, "msg": "<fresh>",
                      "text": "edited"}, AUTHOR),
    ("message.versions", {"conv": "<group>", "seq": 2}, READERS),
    ("message.hide", {"conv": "<group>", "seq": 1}, READERS),
    ("message.hidden", {"conv": "<group>"}, {}),  # one's own, of any number
    ("delivered", {"conv": "<group>", "seq": 2}, MEMBERS),
    ("receipts", {"conv": "<group>", "seq": 2}, MEMBERS),
    ("message.delete", {"conv": "<group>", "seq": 2, "msg": "<fresh>"},
     MEMBERS),
    ("history", {"conv": "<group>"}, READERS),
    ("sync", {"convs": [{"conv": "<group>", "seq": 0}]}, {}),
    ("read", {"conv": "<group>", "seq": 1}, MEMBERS),
    ("typing", {"conv": "<group>"}, MEMBERS),
    ("conversations", {}, {}),
    ("conv.set", {"conv": "<group>", "pinned": True}, MEMBERS),
    ("direct.open", {"user": "<pat>"}, NOT_BLOCKED),
    ("group.create", {"title": "t", "members": []}, {}),
    ("group.create", {"title": "t", "members": ["<pat>"]}, NOT_BLOCKED),
    ("group.add", {"conv": "<group>", "user": "<nina>"}, ADMINS),
    ("group.add", {"conv": "<others>", "user": "<nina>"}, ALL_REFUSED),
    ("group.title", {"conv": "<group>", "title": "t"}, ADMINS),
    ("group.mute", {"conv": "<group>", "user": "<member>"}, ADMINS),
    ("group.unmute", {"conv": "<group>", "user": "<member>"}, ADMINS),
    ("group.mute", {"conv": "<group>", "user": "<owner>"},
     {**ADMINS, "owner": "forbidden", "admin": "forbidden"}),
    ("group.role", {"conv": "<group>", "user": "<member>", "role": "admin"},
     OWNER),
    ("group.retention", {"conv": "<group>", "keep_ms": 86400000}, OWNER),
    ("group.members", {"conv": "<group>"}, MEMBERS),
    ("presence.watch", {"conv": "<group>"}, MEMBERS),
    ("group.invite", {"conv": "<group>"}, ADMINS),
    ("group.invites", {"conv": "<group>"}, ADMINS),
    ("group.uninvite", {"conv": "<group>", "invite": "<invite>"}, ADMINS),
    ("group.remove", {"conv": "<group>", "user": "<owner>"}, OWNER),
    ("group.remove", {"conv": "<group>", "user": "<nina>"}, ADMINS),
    ("group.leave", {"conv": "<group>"}, READERS),
    ("group.join", {"code": "<code>"}, {"ex": "forbidden"}),  # was removed
    ("group.join", {"code": "none"}, ALL_REFUSED),
    ("user.create", {"name": "x"}, dict.fromkeys(ROLES, "forbidden")),
    ("user.find", {"name": "matrixpat"}, {}),
    ("user.names", {"users": ["<pat>"]}, {}),
    ("user.search", {"prefix": "matrixpat"}, {}),
    ("friends", {}, {}),
    ("friend.ask", {"user": "<pat>"}, NOT_BLOCKED),
    ("friend.accept", {"user": "<pat>"}, ALL_REFUSED),
    ("friends.import", {"users": ["<pat>"]},
     dict.fromkeys(ROLES, "forbidden")),
    ("friend.remark", {"user": "<pat>", "remark": "P"},
     {"blocked": "not_found"}),
    ("friend.drop", {"user": "<pat>"}, {}),
    ("blocks", {}, {}),
    ("block", {"user": "<nina>"}, {}),
    ("unblock", {"user": "<nina>"}, {}),
    ("presence.query", {"users": ["<pat>"]}, {}),
    ("presence.watch", {"users": ["<pat>"]}, {}),
    ("presence.set", {"state": "active"}, {}),
    ("presence.unwatch", {"users": ["<pat>"]}, {}),
)


def commands():
    """{type: flags} of the gateway's table."""
    source = (ROOT / "gateway/command.c").read_text()
    return dict(re.findall(r'\{"([a-z._]+)", ([\w |]+),\s+\w+,\s+cmd_\w+\}', source))


def routes():
    """{command: (method, path, query fields, whether it has a body)}"""
    source = (ROOT / "gateway/route.c").read_text()
    found = re.findall(r'\{HTTP_(\w+), (\w+),\s*"([^"]*)",\s*"([^"]*)",\s*'
                       r'"([a-z._]+)"', source)
    return {command: (method, path, re.findall(r"\w+", query), body == "true")
            for method, body, path, query, command in found}


def number(text):
    value = 0
    for letter in text:
        value = value * 32 + LETTERS.index(letter)
    return value


class World:
    """The people, who are the same for all ways in."""

    def __init__(self, cluster):
        self.url = cluster.url(1)
        self.sql = cluster.postgres.sql
        self.gateway = cluster.gateway(2)
        self.people = {name: Account(self.url, "matrix" + name)
                       for name in (*ROLES, "pat", "nina")}
        self.people["pat"].cmd("block", user=self.people["blocked"].user)

    def group(self):
        """A group of its own for one role over one way."""
        of = self.people
        owner = of["owner"]
        conv = owner.cmd("group.create", title="g", members=[
            of[name].user for name in ("admin", "member", "ex")])["conv"]
        said = of["member"].cmd("send", conv=conv, text="2",
                                msg=secrets.token_urlsafe(16))
        assert said["seq"] == 2
        owner.cmd("group.remove", conv=conv, user=of["ex"].user)
        self.sql(f"UPDATE members SET role = 2 WHERE conv_id = {number(conv)} "
                 f"AND user_id = {number(of['admin'].user)}")
        return conv

    def known(self, role):
        others = self.people["pat"].cmd("group.create", title="o", members=[])
        known = {name: who.user for name, who in self.people.items()}
        group = self.group()
        spent, code = (self.people["owner"].cmd("group.invite", conv=group)
                       for _ in range(2))
        return {**known, "group": group, "others": others["conv"],
                "invite": spent["invite"], "code": code["code"],
                "device": self.people[role].device if role != NOBODY
                else self.people["member"].device,
                "pat.device": self.people["pat"].device,
                "endpoint": "https://push.example/" + role}


def filled(known, value):
    if value == "<fresh>":
        return secrets.token_urlsafe(16)
    if value == "<name>":
        return "n" + secrets.token_hex(8)  # tries are counted by name
    if isinstance(value, str) and value.startswith("<"):
        return known[value[1:-1]]
    if isinstance(value, dict):
        return {key: filled(known, one) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(known, one) for one in value]
    return value


def code_of(answer):
    return answer["code"] if answer["type"] == "error" else "ok"


# ---- the ways in ----

class Socket:
    socket = True

    def __init__(self, gateway, token):
        self.gateway, self.token, self.wire = gateway, token, None

    async def open(self):
        if self.token:
            self.wire = await raw_ws.session(self.gateway.address, self.token)
        else:
            self.wire = await Wire.open(self.gateway.address)
            await self.wire.upgrade()
        return self

    async def run(self, type_, fields):
        await self.wire.send(ws_text({"type": type_, "id": "m", **fields}))
        while True:
            answer = await self.wire.json()
            if answer.get("id") == "m":
                return answer

    async def close(self):
        await self.wire.abort()


class Command:
    """POST /v1/cmd."""

    socket = False
    query = ""

    def __init__(self, gateway, token):
        self.gateway, self.token = gateway, token

    async def open(self):
        return self

    async def run(self, type_, fields):
        return (await self.ask("POST", "/v1/cmd" + self.query, {
            "type": type_, "id": "m", **fields})).json

    async def ask(self, method, path, body=None):
        return await asyncio.to_thread(
            http_json, method, self.gateway.url + path, body, self.token)

    async def close(self):
        pass


class Polled(Command):
    """POST /v1/cmd in a session that is polled."""

    socket = True

    async def open(self):
        reply = await self.ask("GET", "/v1/poll?timeout=0")
        if not self.token:
            assert reply.status == 401
            return None
        self.query = f"?session={reply.json['session']}"
        return self


class Streamed(Command):
    """POST /v1/cmd in a session whose stream is open."""

    socket = True
    stream = None

    async def open(self):
        self.stream = await Wire.open(self.gateway.address)
        token = raw_ws.bearer(self.token) + b"\r\n" if self.token else b""
        await self.stream.send(b"GET /v1/events HTTP/1.1\r\nHost: h\r\n"
                               b"Accept: text/event-stream\r\n" + token
                               + b"\r\n")
        said = await asyncio.wait_for(self.said(), 30)
        if not self.token:
            assert said.startswith(b"HTTP/1.1 401 ")
            await self.stream.abort()
            return None
        name = re.search(rb'"session":"(\w+)"', said)[1].decode()
        self.query = f"?session={name}"
        return self

    async def said(self):
        """Up to what is waited for."""
        said = b""
        while b'"session":"' not in said and b'"unauthorized"' not in said:
            more = await self.stream.reader.read(65536)
            assert more, said
            said += more
        return said

    async def close(self):
        await self.stream.abort()


class Rest(Command):
    known = routes()

    async def run(self, type_, fields):
        if type_ not in self.known:
            return None
        method, path, query, body = self.known[type_]
        rest = dict(fields)
        for name in re.findall(r":(\w+)", path):
            path = path.replace(":" + name, rest.pop(name))
        asked = {name: rest.pop(name) for name in query if name in rest}
        if asked:
            path += "?" + urllib.parse.urlencode({
                name: ",".join(value) if isinstance(value, list) else value
                for name, value in asked.items()})
        assert body or not rest, type_
        return (await self.ask(method, path, rest if body else None)).json


WAYS = {"socket": Socket, "command": Command, "session": Polled,
        "stream": Streamed, "rest": Rest}


def wanted(type_, refused, role, way):
    flags = commands()[type_]
    if role == NOBODY:
        return refused.get(NOBODY, "unauthorized")
    if flags == "COMMAND_SOCKET" and not way.socket:
        return "socket_only"
    return refused.get(role, "ok")


def check_answer(type_, role, answer):
    """What is not refused must not say more than this role may know."""
    if type_ == "presence.query" and role == "blocked":
        assert answer["users"][0]["state"] == "unknown"
    if type_ == "sync":
        state = answer["convs"][0]["state"]
        assert (state == "not_found") == (role in ("stranger", "blocked"))


def spec_mistakes(type_, answer):
    """Where the answer is not as docs/openapi.json says."""
    name = "error" if answer["type"] == "error" else f"answer.{type_}"
    return mistakes(SPEC["components"]["schemas"][name], answer, SPEC, type_)


async def play(world, role, name):
    """All commands, one after the other; what was wrong."""
    person = world.people.get(role)
    way = await WAYS[name](world.gateway, person and person.token).open()
    if way is None:
        return []
    known = await asyncio.to_thread(world.known, role)
    wrong = []
    for type_, fields, refused in MATRIX:
        if type_ == "group.remove" and fields["user"] == "<owner>" \
                and role == "owner":
            continue  # that is leaving
        answer = await way.run(type_, filled(known, fields))
        if answer is None:
            continue
        wrong += spec_mistakes(type_, answer)
        got, want = code_of(answer), wanted(type_, refused, role, way)
        if got != want:
            wrong.append(f"{role} over {name}: {type_} {json.dumps(fields)}: "
                         f"got {got}, want {want}")
        elif got == "ok":
            check_answer(type_, role, answer)
    await way.close()
    return wrong


def test_every_command_is_in_the_matrix():
    """And so is every route, which is one command's."""
    assert {row[0] for row in MATRIX} == set(commands())
    assert set(routes()) <= set(commands())
    table = (ROOT / "gateway/route.c").read_text()
    assert len(routes()) == len(re.findall(r"\{HTTP_\w+, ", table)) > 50


def test_matrix(cluster):
    world = World(cluster)

    async def main():
        return await asyncio.gather(
            *[in_turn(world, role) for role in (*ROLES, NOBODY)])

    wrong = [line for lines in asyncio.run(main()) for line in lines]
    assert not wrong, "\n".join(wrong)


async def in_turn(world, role):
    """The ways of one role one after the other: they are one user."""
    wrong = []
    for name in WAYS:
        wrong += await play(world, role, name)
    return wrong
