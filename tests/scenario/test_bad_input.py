"""The bad-input catalogue against a running gateway: every row gets exactly
its status or close code, whole and cut at every byte, behind a good request
and before one, and the gateway is well afterwards."""

import asyncio
import copy
import functools
import json
from typing import NamedTuple

import bad_frames
import bad_handshake
import bad_http
import bad_json
import bad_moments
import bad_slow
import pytest
from harness import raw_ws
from harness.authority import Authority
from harness.client import Account, Client
from harness.cluster import Cluster
from harness.cutter import Cutter, Job
from harness.paths import ROOT
from harness.raw_ws import (CLOSE, TEXT, TlsAddress, Wire, bearer, handshake,
                            text)
from harness.waiting import PATIENCE

AT_ONCE = 48
AFTER = {"type": "ping", "id": "after"}
AFTER_END = b'"id":"after"}'
HEALTHY = bad_http.sized(json.dumps(AFTER).encode())
FAMILIES = {"http": bad_http, "handshake": bad_handshake,
            "frames": bad_frames, "json": bad_json}

# What the catalogue asks of parts that Moim does not have, and why.
NOT_YET = {
    "B055": "there are no one-time tickets; one in the URL opens no door",
}
# Rows of the tables of which a part is missing for the same reason.
PARTS_NOT_YET = {
    "B042": "there is no session cookie that could come twice",
    "B052": "there is no cookie that could authenticate without an Origin",
}


@pytest.fixture(name="gate", scope="module")
def gate_of_this_file(pg_template, tmp_path_factory):
    """One gateway with a list of hosts and origins, two people and their
    conversation; the rows that wait are started now and asked at the end."""
    authority = Authority(tmp_path_factory.mktemp("tls") / "ca")
    cert, key = authority.issue("gateway")
    conf = {"gateway": {"hosts": "chat.example 127.0.0.1",
                        "origins": "https://good.example",
                        "tls_cert": cert, "tls_key": key},
            "limits": {"sessions_per_user": 10000,
                       "unauthenticated_per_address": 10000,
                       "connects_per_s": 1000000, "connects_burst": 1000000,
                       "commands_per_s": 1000000, "commands_burst": 1000000,
                       "user_per_s": 1000000, "user_burst": 1000000}}
    with Cluster(pg_template, ROOT / "build/test-logs/clusters/bad_input",
                 gateways=1, presences=0, balancer=False,
                 gateway_conf=conf) as cluster:
        gateway = cluster.gateway(1)
        gateway.cluster = cluster
        gateway.secure = TlsAddress(gateway.tls_address)
        gateway.secure.context = authority.context()
        gateway.alice = Account(gateway.url, "alice")
        gateway.bob = Account(gateway.url, "bob")
        gateway.conv = gateway.alice.cmd("direct.open",
                                         user=gateway.bob.user)["conv"]
        with bad_slow.Slow(gateway.address, gateway.alice.token) as slow:
            gateway.slow = slow
            yield gateway


# ---- running rows ----

async def run_all(jobs):
    """Runs (name, coroutine) pairs, some at once; answers what went wrong."""
    room = asyncio.Semaphore(AT_ONCE)
    wrong = []

    async def one(name, job):
        async with room:
            try:
                await asyncio.wait_for(job, PATIENCE)
            except Exception as error:  # pylint: disable=broad-except
                wrong.append(f"{name}: {type(error).__name__} {error}")

    await asyncio.gather(*[one(name, job) for name, job in jobs])
    return sorted(wrong)


async def stay_well(gate):
    """A request and a message, both served."""
    wire = await Wire.open(gate.address)
    await wire.send(bad_http.get())
    assert (await wire.reply()).status == 200
    await wire.abort()
    alice = await Client(gate.url, gate.alice).open()
    bob = await Client(gate.url, gate.bob).open()
    ack = await alice.send(gate.conv, "still there?")
    await bob.until(lambda: ack["seq"] in bob.events.get(gate.conv, {}))
    await alice.close()
    await bob.close()


def run(gate, jobs):
    async def main():
        wrong = await run_all(jobs)
        await stay_well(gate)
        return wrong

    wrong = asyncio.run(main())
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)


# ---- rows cut at every byte ----

LONG = 1500  # bytes; a longer row is cut at many places at once, so far apart
APART = 256
SHORT = 400  # bytes; a row up to here is also sent byte by byte


class Cut(NamedTuple):
    """Bytes with the same answer wherever they are cut, from `first` on;
    `check` looks at it, the rest is a Job's. `quick`: it is about how often,
    and must not take long."""

    name: str
    data: bytes
    check: object
    tail: bytes = b""
    until: bytes = None
    first: int = 1
    quick: bool = False

    async def look_at(self, answer):
        await self.check(Wire.heard(answer))

    def places(self):
        """Each byte alone; then all of them. Two reads for each byte of a
        long one would be gigabytes: there each byte is the end of a read that
        begins not far before it."""
        every = range(self.first, len(self.data))
        if len(self.data) > LONG:
            return [every[at::APART] for at in range(APART)]
        return [(at,) for at in every] + (
            [every] if len(every) <= SHORT and not self.quick else [])

    def jobs(self):
        return [Job(self, self.data, tuple(cuts), self.tail, self.until)
                for cuts in self.places()]


def cut(row, data, check, after, **more):
    """A row that closes (`after` is None), or goes on with `after`."""
    if after is not None:
        more = {"tail": after, "until": AFTER_END, **more}
    return Cut(f"{row.id} {row.name}", data,
               functools.partial(check, row=row), **more)


def joining(gate):
    """The request that makes a connection a session, and the end of what is
    said until it is one."""
    return handshake(bearer(gate.alice.token)), b"}"


def run_cut(gate, cuts, **how):
    """Each of `cuts` at all its places. Where the answer is the same, byte for
    byte, it is looked at once."""
    answers = {}
    jobs = [job for row in cuts for job in row.jobs()]
    with Cutter(gate.address, (HEALTHY, AFTER_END), **how) as cutter:
        for job, answer in cutter.run(jobs):
            answers.setdefault((id(job.row), answer), []).append(job)
    run(gate, [
        (f"{group[0].row.name}, cut at {group[0].cuts[:9]}, like"
         f" {len(group) - 1} others", group[0].row.look_at(answer))
        for (_, answer), group in answers.items()])


# ---- C1, C2: requests ----

def check_reply(reply, row):
    assert reply.status == row.status, reply
    for name, value in row.headers.items():
        assert reply.headers.get(name) == value, reply
    assert "set-cookie" not in reply.headers
    if row.status == 101:
        assert reply.headers["sec-websocket-accept"] == raw_ws.accept_of()
        assert "sec-websocket-extensions" not in reply.headers
    elif row.status >= 400:
        closing = reply.headers.get("connection", "").lower() == "close"
        assert closing == row.closes, reply
        assert row.method == "HEAD" or reply.json["type"] == "error", reply


def goes_on(row):
    return not row.closes and row.status != 101


async def request_answer(wire, row):
    """All of it but whether it goes on."""
    for status in row.more:
        assert (await wire.reply()).status == status
    check_reply(await wire.reply(row.method), row)
    if row.closes and row.status != 101:
        assert await wire.ended(), "does not close"


async def request_answers(wire, row):
    await request_answer(wire, row)
    if goes_on(row):
        await wire.send(HEALTHY)
        assert (await wire.reply()).status == 200, "does not go on"


async def request_row(gate, row, before=False, after=False):
    """One row on a connection of its own. `before`, `after`: with a good
    request there."""
    wire = await Wire.open(gate.address)
    await wire.send((HEALTHY if before else b"") + row.data
                    + (HEALTHY if after else b""))
    if before:
        assert (await wire.reply()).status == 200
    await request_answers(wire, row)
    await wire.abort()


def request_jobs(gate, rows):
    for row in rows:
        name = f"{row.id} {row.name}"
        yield name, request_row(gate, row)
        yield name + ", behind", request_row(gate, row, before=True)
        if row.closes and row.status != 101:
            yield name + ", in front", request_row(gate, row, after=True)


def test_requests(gate):
    run(gate, request_jobs(gate, bad_http.ROWS))


def test_requests_cut(gate):
    run_cut(gate, [
        cut(row, row.data, request_answers, HEALTHY if goes_on(row) else None)
        for row in bad_http.ROWS])


def test_handshakes(gate):
    run(gate, request_jobs(gate, bad_handshake.ROWS))
    assert "canary.in.url" not in gate.log_text()


def test_handshakes_cut(gate):
    """Nothing may stand behind them in the same read: see B059."""

    def end_of(row):
        if row.status == 101 or row.method == "HEAD":
            return b"\r\n\r\n"
        return b'"}' if goes_on(row) else None

    run_cut(gate, [cut(row, row.data, request_answer, None, until=end_of(row))
                   for row in bad_handshake.ROWS])


# ---- C3: frames ----

async def frame_answer(wire, row):
    """Answers the messages that it said."""
    if row.code != bad_frames.ALIVE:
        code, _, said = await wire.until_close()
        assert code == row.code, code
        assert await wire.ended(), "does not close"
        return said
    await wire.send(text(AFTER))
    said = []
    while not said or said[-1].get("id") != "after":
        op, payload = await wire.frame()
        assert op != CLOSE, payload
        said += [json.loads(payload)] if op == TEXT else []
    return said


async def frame_row(gate, row, before=False):
    wire = await raw_ws.session(gate.address, gate.alice.token)
    first = text({"type": "ping", "id": "before"}) if before else b""
    await wire.send(first + row.data)
    said = await frame_answer(wire, row)
    assert not before or said[0]["id"] == "before"
    await wire.abort()


def frame_jobs(gate):
    for row in bad_frames.ROWS:
        name = f"{row.id} {row.name}"
        yield name, frame_row(gate, row)
        yield name + ", behind", frame_row(gate, row, before=True)


def test_frames(gate):
    run(gate, frame_jobs(gate))


def test_frames_cut(gate):
    """Each on a session of its own: some are about how often."""
    run_cut(gate, [
        cut(row, row.data, frame_answer,
            text(AFTER) if row.code == bad_frames.ALIVE else None,
            quick=row.id in bad_frames.HOW_OFTEN)
        for row in bad_frames.ROWS], hello=joining(gate), again=False)


# ---- C4: JSON ----

def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def ends_session(row):
    return row.want in ("bad_json", "bad_envelope")


async def message_answer(wire, row):
    if ends_session(row):
        code, reason, _ = await wire.until_close()
        assert code == (4500 if is_utf8(row.text) else 1007), code
        # A newline begins another command, here and not in a body.
        assert code == 1007 or reason == row.want or b"\n" in row.text, reason
        assert await wire.ended(), "does not close"
    else:
        answer = await wire.json()
        assert answer.get("code", "ok") == row.want, answer
        assert answer["id"][0] == "q", answer


async def message_row(gate, row):
    wire = await raw_ws.session(gate.address, gate.alice.token)
    await wire.send(text(row.text))
    await message_answer(wire, row)
    await wire.abort()


def head_of(gate, row):
    """Of a request with the row's text as its body."""
    return bad_http.post(b"Content-Length: %d\r\n" % len(row.text)
                         + bearer(gate.alice.token) + b"\r\n")


async def body_answer(wire, row):
    reply = await wire.reply()
    assert reply.status == bad_json.STATUS.get(row.want, 400), reply
    assert reply.json.get("code", "ok") == row.want, reply
    await wire.send(HEALTHY)
    assert (await wire.reply()).status == 200


async def body_row(gate, row):
    wire = await Wire.open(gate.address)
    await wire.send(head_of(gate, row) + row.text)
    await body_answer(wire, row)
    await wire.abort()


def json_jobs(gate):
    for row in bad_json.ROWS:
        name = f"{row.id} {row.name}"
        yield name, message_row(gate, row)
        yield name + ", body", body_row(gate, row)


def test_json(gate):
    run(gate, json_jobs(gate))


def test_json_cut(gate):
    run_cut(gate, [
        cut(row, text(row.text), message_answer,
            None if ends_session(row) else text(AFTER))
        for row in bad_json.ROWS], hello=joining(gate))


def test_json_bodies_cut(gate):
    """The heads in front of them differ in the length alone: one is cut."""
    run_cut(gate, [
        cut(row, head_of(gate, row) + row.text, body_answer, HEALTHY,
            first=len(head_of(gate, row)) if n > 0 else 1)
        for n, row in enumerate(bad_json.ROWS)])


# ---- all of them over TLS ----

def test_over_tls(gate):
    """Whole and behind a good request: the bytes come out as they went in."""
    secure = copy.copy(gate)
    secure.address = gate.secure
    jobs = [*((f"{row.id} {row.name}", request_row(secure, row, before=before))
              for row in [*bad_http.ROWS, *bad_handshake.ROWS]
              for before in (False, True)),
            *((f"{row.id} {row.name}", frame_row(secure, row))
              for row in bad_frames.ROWS),
            *((f"{row.id} {row.name}", message_row(secure, row))
              for row in bad_json.ROWS)]
    run(gate, jobs)


def test_b039_http_to_the_tls_port(gate):
    """In the clear, or as HTTP/2 that nobody agreed to."""

    async def clear():
        wire = await Wire.open(gate.tls_address)
        await wire.send(HEALTHY)
        assert (await wire.reply()).status == 400
        assert await wire.ended()

    async def second():
        wire = await Wire.open(gate.secure)
        await wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9)
        assert (await wire.reply()).status >= 400
        assert await wire.ended()

    run(gate, [("clear", clear()), ("HTTP/2", second())])


# ---- rows that are no bytes alone, and rows that wait ----

@pytest.mark.parametrize("moment", bad_moments.MOMENTS,
                         ids=lambda m: m.__name__)
def test_moment(gate, moment):
    """B037, B044, B053, B055, B059 to B062, B086, B088, B089, B099."""

    async def main():
        await moment(gate)
        await stay_well(gate)

    asyncio.run(main())


def test_slow(gate):
    """B038, B062, B075, B084: they have been waiting since the start."""
    wrong = gate.slow.wrong()
    assert not wrong, "\n".join(wrong)


def test_every_id_has_its_place():
    """No silent gaps: each id is in one table, or said to be missing."""
    places = {}
    for family, module in FAMILIES.items():
        for id_ in {row.id for row in module.ROWS} | set(module.OWN_TESTS):
            places.setdefault(id_, set()).add(family)
    for id_ in NOT_YET:
        places.setdefault(id_, set()).add("not yet")
    assert sorted(places) == [f"B{n:03}" for n in range(1, 103)]
    twice = {id_: where for id_, where in places.items() if len(where) > 1}
    assert not twice
    assert set(PARTS_NOT_YET) <= set(places)
    own = {id_ for module in FAMILIES.values() for id_ in module.OWN_TESTS}
    asked = bad_moments.IDS | bad_slow.IDS
    assert asked == own | set(NOT_YET)
