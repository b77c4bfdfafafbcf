"""The bad-input catalogue, B103 to B135: commands that are well written and
make no sense, or try to be somebody else's. Each runs over a WebSocket, over
POST /v1/cmd, and there in a session that is polled: the answers are the same.
What is bytes is in test_bad_input.py."""

import asyncio
import itertools
import json
import socket
import time
from typing import Any, NamedTuple

import pytest
from harness import raw_ws
from harness.client import PASSWORD, Account
from harness.cluster import Cluster
from harness.http_json import http_json
from harness.paths import ROOT
from harness.raw_ws import text as ws_text

NOBODY = "0000000000001"
numbers = itertools.count()

# What the catalogue asks of parts that Moim does not have, and why.
NOT_YET = {
    "B107": "clients wait for an ack instead of counting what they send",
    "B131": "no cookie logs anybody in, so there is nothing to forge",
}
# Rows with a test of their own, in this file or in another.
ELSEWHERE = {
    "B108": "tests/scenario/test_members.py",
    "B112": "tests/scenario/test_retention.py",
    "B113": "tests/scenario/test_transports.py",
    "B114": "tests/scenario/test_transports.py",
    "B115": "tests/scenario/test_transports.py",
    "B125": "tests/unit/test_jwt.c",
}


class Row(NamedTuple):
    """`want`: an error's word, or the fields that the answer has."""

    id: str
    name: str
    type: str
    fields: dict
    want: Any


def fresh():
    return f"m{next(numbers):015}"


def send(id_, name, want, **fields):
    return Row(id_, name, "send", {"conv": "<conv>", "msg": fresh,
                                   "text": "hi", **fields}, want)


IDS = ["{}", "a b", "a\r\nb", "{c1}:log", "x" * 300, "0000000000i01",
       "000000000000O", "000000000000*", "*", "?", "[a]", "000000000000A", "",
       "-1", "00000000000000", "000000000000а"]

INJECTIONS = ["\n*3\n$3\nSET\n$1\na\n$1\nb\n", "'; DROP TABLE users; --",
              "%s%n%x", "\\xff'", "{p0}user:1", "<script>alert(1)</script>",
              "a\u2028b", "\" } , \"x\": 1", "level=error msg=forged"]

ROWS = [
    send("B103", "empty", "bad_value", text=""),
    send("B103", "white space", "bad_value", text=" \n\t "),
    send("B103", "zero width", "bad_value", text="\u200b\u200d\ufeff"),
    send("B103", "4001 characters", "bad_value", text="x" * 4001),
    send("B103", "over 16 KiB", "too_large", text="한" * 5462),
    send("B103", "4000 characters", {"type": "ack"}, text="x" * 4000),
    send("B104", "nobody's", "not_found", conv=NOBODY),
    send("B104", "others'", "not_found", conv="<foreign>"),
    send("B106", "empty", "bad_value", msg=""),
    send("B106", "15 characters", "bad_value", msg="x" * 15),
    send("B106", "65 characters", "bad_value", msg="x" * 65),
    send("B106", "bad letters", "bad_value", msg="x" * 15 + "."),
    send("B106", "not ASCII", "bad_value", msg="é" * 16),
    send("B106", "a number", "bad_value", msg=1234567890123456),
    *[Row("B108", f"{conv} {type_}", type_, {"conv": conv, **more},
          "not_found")
      for conv in ("<foreign>", NOBODY)
      for type_, more in (("history", {}), ("read", {"seq": 1}),
                          ("typing", {}))],
    *[Row("B109", f"limit {n}", "history", {"conv": "<conv>", "limit": n},
          "bad_value") for n in (0, -1, 0.5, "5", 2 ** 53)],
    *[Row("B109", f"limit {n}", "history", {"conv": "<conv>", "limit": n},
          {"type": "history"}) for n in (101, 10 ** 9)],
    Row("B109", "both ends", "history",
        {"conv": "<conv>", "before": 5, "after": 1}, "bad_value"),
    Row("B109", "before the future", "history",
        {"conv": "<conv>", "before": 10 ** 9}, {"type": "history"}),
    Row("B109", "after the future", "history",
        {"conv": "<conv>", "after": 10 ** 9}, {"events": []}),
    Row("B110", "nobody's", "sync", {"convs": [{"conv": NOBODY, "seq": 0}]},
        {"convs": [{"conv": NOBODY, "state": "not_found"}]}),
    Row("B110", "beyond the end", "sync",
        {"convs": [{"conv": "<quiet>", "seq": 10 ** 9}]},
        {"convs": [{"conv": "<quiet>", "state": "resync", "head": 1,
                    "gap": {"from": 2, "to": 10 ** 9, "reason": "lost"}}]}),
    Row("B111", "of another message", "sync",
        {"convs": [{"conv": "<quiet>", "seq": 1, "ts": 1}]},
        {"convs": [{"conv": "<quiet>", "state": "resync", "head": 1,
                    "gap": {"from": 1, "to": 1, "reason": "rewritten"}}]}),
    Row("B111", "a ts that is a text", "sync",
        {"convs": [{"conv": "<quiet>", "seq": 1, "ts": "1"}]}, "bad_value"),
    Row("B110", "no seq", "sync", {"convs": [{"conv": "<conv>"}]},
        "bad_value"),
    Row("B110", "the same twice", "sync",
        {"convs": [{"conv": "<quiet>", "seq": 1}] * 2}, {"type": "synced"}),
    Row("B110", "101 of them", "sync",
        {"convs": [{"conv": "<quiet>", "seq": 1}] * 101}, "too_many"),
    Row("B110", "none", "sync", {"convs": []}, "bad_value"),
    *[Row("B117", repr(id_)[:20], type_, {**more, field: id_}, "bad_value")
      for id_ in IDS
      for type_, field, more in (("history", "conv", {}),
                                 ("friend.ask", "user", {}))],
    *[send("B118", repr(bad)[:20], {"type": "ack"}, text=bad)
      for bad in INJECTIONS],
    send("B118", "carriage return", "bad_value",
         text="\r\n*3\r\n$3\r\nSET\r\n"),
    *[Row("B119", repr(bad)[:20], "user.search", {"prefix": bad},
          "bad_value") for bad in ("'; DROP", "%", "_", "\\", "zz%'")],
    Row("B119", "65 bytes", "user.search", {"prefix": "x" * 65}, "too_large"),
    Row("B119", "empty", "user.search", {"prefix": ""}, "bad_value"),
    *[Row("B120", repr(name)[:20], "signup",
          {"name": name, "password": PASSWORD}, want)
      for name, want in (
          ("", "bad_value"), ("x" * 33, "bad_value"), ("x" * 65, "too_large"),
          ("a\u202eb", "bad_value"), ("a\u200bb", "bad_value"),
          ("a.", "bad_value"), (" a", "bad_value"), ("a ", "bad_value"),
          ("a..b", "bad_value"), ("admin", "bad_value"), ("System", "bad_value"),
          ("me\u0430nalice", "bad_value"),  # a Cyrillic letter
          ("ＭＥＡＮＡＬＩＣＥ", "taken"), ("MeanAlice", "taken"))],
    *[Row("B121", name, "signup", {"name": "newcomer", "password": bad}, want)
      for name, bad, want in (
          ("7", "x" * 7, "weak_password"), ("14", "x" * 14, "weak_password"),
          ("129 characters", "x" * 129, "too_large"),
          ("1025 bytes", "x" * 1025, "too_large"),
          ("NUL", "correct horse\0battery", "bad_value"))],
    *[Row("B121", f"{bad} of {name}", "signup",
          {"name": name, "password": bad}, "weak_password")
      for name, bad in (
          ("the.newest.comer", "The.Newest.Comer"),
          ("newcomer", "passwordpassword"), ("newcomer", "123456789012345"),
          ("newcomer", "Mean old password"))],
    Row("B124", "a name that exists", "signup",
        {"name": "meanbob", "password": PASSWORD}, "taken"),
    Row("B126", "oneself", "friend.ask", {"user": "<alice>"}, "bad_value"),
    Row("B126", "nobody", "friend.ask", {"user": NOBODY}, "not_found"),
    Row("B126", "twice", "friend.ask", {"user": "<bob>"}, {"state": "asked"}),
    Row("B126", "a stranger away", "friend.drop", {"user": "<carol>"},
        {"state": "none"}),
    Row("B126", "accept what nobody asked", "friend.accept",
        {"user": "<carol>"}, "not_found"),
    Row("B126", "accept one's own question", "friend.accept",
        {"user": "<bob>"}, "not_found"),
    Row("B127", "forward", "read", {"conv": "<quiet>", "seq": 1}, {"seq": 1}),
    Row("B127", "backwards", "read", {"conv": "<quiet>", "seq": 0},
        {"seq": 1}),
    Row("B127", "beyond the end", "read", {"conv": "<quiet>", "seq": 10 ** 9},
        {"seq": 1}),
    Row("B127", "below zero", "read", {"conv": "<quiet>", "seq": -1},
        "bad_value"),
    Row("B128", "unknown key", "settings.set", {"colour": "red"}, "bad_value"),
    Row("B128", "wrong type", "settings.set", {"seen": True}, "bad_value"),
    Row("B128", "unknown key of a conversation", "conv.set",
        {"conv": "<conv>", "pinned": True, "colour": 1}, "bad_value"),
    Row("B128", "a blob", "profile.set", {"avatar": "x" * 513}, "too_large"),
    Row("B132", "501 users", "presence.query",
        {"users": [NOBODY] * 501}, "too_many"),
    Row("B132", "none", "presence.query", {"users": []}, "bad_value"),
    Row("B132", "who blocks me", "presence.query", {"users": ["<carol>"]},
        {"users": [{"user": "<carol>", "state": "unknown"}]}),
    send("B134", "fields of the server", {"seq": int, "ts": int}, seq=99999,
         ts=1, created_at=1, sender="<bob>", **{"from": "<bob>"}),
]
WATCHES = [
    Row("B116", "501 users", "presence.watch", {"users": [NOBODY] * 501},
        "too_many"),
    Row("B116", "the same twice", "presence.watch",
        {"users": ["<bob>", "<bob>"]}, {"type": "presence"}),
    Row("B116", "again", "presence.watch", {"users": ["<bob>"]},
        {"type": "presence"}),
    *[Row("B116", id_, "presence.watch", {"users": [id_]}, "bad_value")
      for id_ in ("*", "?", "[a-z]", "000000000000*")],
]


@pytest.fixture(name="gate", scope="module")
def gate_of_this_file(pg_template):
    listed = ROOT / "build/test-logs/clusters/passwords.txt"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("letmein\nmean old password\n", encoding="ascii")
    conf = {"limits": {"sessions_per_user": 1000},
            "auth": {"password_list": listed},
            "gateway": {"origins": "https://good.example"}}
    with Cluster(pg_template, ROOT / "build/test-logs/clusters/bad_meaning",
                 gateways=1, presences=1, balancer=False,
                 gateway_conf=conf) as cluster:
        gate = cluster.gateway(1)
        gate.cluster = cluster
        people = {name: Account(gate.url, "mean" + name)
                  for name in ("alice", "bob", "carol")}
        alice, bob, carol = people.values()
        gate.people = people
        gate.known = {
            **{name: one.user for name, one in people.items()},
            "conv": alice.cmd("direct.open", user=bob.user)["conv"],
            "quiet": alice.cmd("group.create", title="quiet",
                               members=[])["conv"],
            "foreign": bob.cmd("direct.open", user=carol.user)["conv"]}
        carol.cmd("block", user=alice.user)
        yield gate


def filled(gate, value):
    """Placeholders become ids, functions their value."""
    if callable(value):
        return value() if value is fresh else value
    if isinstance(value, str) and value[:1] == "<" and value[-1:] == ">":
        return gate.known.get(value[1:-1], value)
    if isinstance(value, dict):
        return {k: filled(gate, v) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(gate, v) for v in value]
    return value


def fits(want, got):
    """Whether `got` has what `want` says; a type stands for any of it."""
    if isinstance(want, type):
        return isinstance(got, want)
    if isinstance(want, dict):
        return isinstance(got, dict) and all(
            k in got and fits(v, got[k]) for k, v in want.items())
    if isinstance(want, list):
        return len(want) == len(got) and all(map(fits, want, got))
    return want == got


class Ways:
    """The same command over each of them, as Alice."""

    def __init__(self, gate):
        self.gate = gate
        self.alice = gate.people["alice"]
        self.session = None
        self.wire = None

    async def open(self):
        self.wire = await raw_ws.session(self.gate.address, self.alice.token)
        answer = await asyncio.to_thread(
            self.alice.rest, "GET", "/v1/poll?timeout=0")
        self.session = answer.json["session"]
        return self

    async def over_socket(self, command):
        await self.wire.send(ws_text(command))
        while True:
            answer = await self.wire.json()
            if answer.get("id") == command["id"]:
                return answer

    async def over_http(self, command, query=""):
        reply = await asyncio.to_thread(self.alice.rest, "POST",
                                        "/v1/cmd" + query, command)
        return reply.json

    async def all(self, row, socket_only=False):
        ways = {"ws": self.over_socket, "session": lambda c: self.over_http(
            c, f"?session={self.session}")}
        if not socket_only:
            ways["http"] = self.over_http
        for way, run in ways.items():
            command = filled(self.gate, {**row.fields, "type": row.type})
            command["id"] = f"q{next(numbers)}"
            yield way, command, await run(command)


def test_rows(gate):
    """B103 to B134, each over every way."""
    async def main():
        wrong = []
        ways = await Ways(gate).open()
        for row in [*ROWS, *WATCHES]:
            want = {"code": row.want} if isinstance(row.want, str) else row.want
            want = filled(gate, want)
            async for way, _, answer in ways.all(row, row in WATCHES):
                if not fits(want, answer) or \
                        "code" in answer and "code" not in want:
                    wrong.append(f"{row.id} {row.name}, {way}: {answer}")
        await ways.wire.abort()
        return wrong

    wrong = asyncio.run(main())
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)


def test_what_was_said_is_kept_as_it_is(gate):
    """B118, B134, B135: texts come back byte for byte, from the sender they
    are from, at the place the server gave; and are not in the log."""
    alice, conv = gate.people["alice"], gate.known["conv"]
    said = []
    for bad in [*INJECTIONS, "\u202ertl\u202c", "한글 😀"]:
        ack = alice.cmd("send", conv=conv, msg=fresh(), text=bad, seq=5,
                        **{"from": gate.known["bob"]})
        said.append((ack["seq"], bad))
    page = gate.people["bob"].cmd("history", conv=conv, limit=100)
    found = {e["seq"]: e for e in page["events"]}
    for seq, bad in said:
        assert found[seq]["body"] == {"text": bad}
        assert found[seq]["from"] == alice.user
    assert "DROP TABLE" not in gate.log_text()
    assert "msg=forged" not in gate.log_text()


def test_one_name_for_two_messages(gate):
    """B105, B106: over different ways, it is the same message; a name is the
    user's and the conversation's own."""
    alice, bob = gate.people["alice"], gate.people["bob"]
    conv, quiet = gate.known["conv"], gate.known["quiet"]

    async def main():
        ways = await Ways(gate).open()
        row = send("B105", "same", None, msg=fresh(), text="once")
        seqs = {way: a["seq"] async for way, _, a in ways.all(row)}
        assert len(set(seqs.values())) == 1, seqs
        other = row._replace(fields={**row.fields, "text": "other"})
        async for way, _, answer in ways.all(other):
            assert answer["code"] == "idempotency_conflict", (way, answer)
        elsewhere = row._replace(fields={**row.fields, "conv": quiet})
        async for way, _, answer in ways.all(elsewhere):
            assert answer["type"] == "ack", (way, answer)
        his = bob.cmd("send", conv=conv, msg=row.fields["msg"], text="mine")
        assert his["seq"] not in seqs.values()
        await ways.wire.abort()

    asyncio.run(main())
    assert alice.cmd("history", conv=conv)["type"] == "history"


def test_logins_that_fail_look_alike(gate):
    """B122: a wrong name, a wrong password, and who may not log in at all."""
    gone = Account(gate.url, "meangone")
    gate.cluster.postgres.sql("SELECT user_close(id) FROM users "
                              "WHERE name_key = 'meangone'")
    answers = [http_json("POST", gate.url + "/v1/login",
                         {"name": name, "password": password})
               for name, password in (
                   ("meanalice", "is it this one then?"),
                   ("nobodyatall", "is it this one then?"),
                   (gone.name, PASSWORD))]
    one, two, three = [(a.status, a.raw,
                        sorted(k for k, _ in a.headers.items()))
                       for a in answers]
    assert one == two == three and one[0] == 401


def test_guessing_is_slowed_down(gate):
    """B123: the eleventh guess, and then the right password too."""
    Account(gate.url, "meandave")
    url = gate.url + "/v1/login"
    for _ in range(10):
        http_json("POST", url, {"name": "meandave", "password": "x" * 15})
    for password in ("x" * 15, PASSWORD):
        reply = http_json("POST", url, {"name": "meandave",
                                        "password": password})
        assert reply.status == 429
        assert int(reply.headers["Retry-After"]) >= 1


def test_inner_doors_are_not_public(gate):
    """B129."""
    for path in ("/metrics", "/admin", "/debug", "/v1/admin", "/v1/metrics"):
        for token in (None, gate.people["alice"].token):
            reply = http_json("GET", gate.url + path, token=token)
            assert reply.status == 404, path


def test_foreign_pages(gate):
    """B130: refused, nothing reflected, no wildcard."""
    alice = gate.people["alice"]
    for origin, status in (("https://evil.example", 403), ("null", 403),
                           ("https://good.example", 200)):
        reply = http_json("GET", gate.url + "/v1/me", token=alice.token,
                          headers={"Origin": origin})
        assert reply.status == status, origin
        allowed = reply.headers.get("Access-Control-Allow-Origin")
        assert allowed in ((None,) if status == 403 else (None, origin))
        assert "Access-Control-Allow-Credentials" not in reply.headers or \
            allowed != "*"
    reply = http_json("OPTIONS", gate.url + "/v1/cmd", headers={
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST"})
    assert reply.status in (403, 405)
    assert not [k for k, _ in reply.headers.items()
                if k.lower().startswith("access-control-")]


def test_typing_all_the_time(gate):
    """B133: no error, and Bob is not told a hundred times."""
    async def main():
        bob = await raw_ws.session(gate.address, gate.people["bob"].token)
        ways = await Ways(gate).open()
        row = Row("B133", "flood", "typing", {"conv": "<conv>"}, None)
        began = time.monotonic()
        for _ in range(34):
            async for way, _, answer in ways.all(row):
                assert answer["type"] == "ok", (way, answer)
        await bob.send(ws_text({"type": "ping", "id": "end"}))
        told = 0
        while (heard := await bob.json()).get("id") != "end":
            told += heard["type"] == "typing"
        # Once in three seconds.
        assert 1 <= told <= 2 + (time.monotonic() - began) / 3, told
        await bob.abort()
        await ways.wire.abort()

    asyncio.run(main())


def test_a_poll_that_was_asked_twice_at_once(gate):
    """B114 byte for byte: both in one segment, on two connections; the older
    gets an empty answer, the newer waits; and each may be repeated."""
    alice = gate.people["alice"]
    begun = alice.rest("GET", "/v1/poll?timeout=0").json
    request = (f"GET /v1/poll?session={begun['session']}&ack=1&timeout=3 "
               f"HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
               f"Authorization: Bearer {alice.token}\r\n\r\n").encode()
    host, port = gate.address.rsplit(":", 1)
    wires = []
    for _ in range(3):
        wire = socket.create_connection((host, int(port)), 60)
        wire.sendall(request)
        wires.append(wire)
    answers = []
    for wire in wires:
        data = b""
        while more := wire.recv(65536):
            data += more
        wire.close()
        answers.append(json.loads(data.split(b"\r\n\r\n", 1)[1]))
    assert sum(a.get("superseded", False) for a in answers) == 2
    assert all(a["texts"] == [] and a["ack"] == 1 for a in answers)


def test_every_id_has_its_place():
    """No silent gaps."""
    here = {row.id for row in [*ROWS, *WATCHES]}
    here |= {f"B{n}" for n in (105, 122, 123, 129, 130, 133, 135)}
    for id_, file in ELSEWHERE.items():
        assert id_ in here or id_ in (ROOT / file).read_text(), id_
    places = here | set(NOT_YET) | set(ELSEWHERE)
    assert sorted(places) == [f"B{n}" for n in range(103, 136)]
    assert not here & set(NOT_YET)
