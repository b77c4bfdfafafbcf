"""The bad-input catalogue against a running gateway: every row gets exactly
its status or close code, whole and cut at every byte, behind a good request
and before one, and the gateway is well afterwards."""

import asyncio
import json
import time

import bad_frames
import bad_handshake
import bad_http
import bad_json
import bad_moments
import bad_slow
import pytest
from harness import raw_ws
from harness.client import Account, Client
from harness.cluster import Cluster
from harness.paths import ROOT
from harness.raw_ws import CLOSE, TEXT, Wire, bearer, text

AT_ONCE = 48
HEALTHY = bad_http.get()
FAMILIES = {"http": bad_http, "handshake": bad_handshake,
            "frames": bad_frames, "json": bad_json}

# What the catalogue asks of parts that Moim does not have, and why.
NOT_YET = {
    "B055": "there are no one-time tickets; one in the URL opens no door",
    "B089": "there is no permessage-deflate; an offer of it is declined",
}
# Rows of the tables of which a part is missing for the same reason.
PARTS_NOT_YET = {
    "B039": "TLS ends at the balancer: there is no port to speak HTTP to",
    "B042": "there is no session cookie that could come twice",
    "B052": "there is no cookie that could authenticate without an Origin",
}


@pytest.fixture(name="gate", scope="module")
def gate_of_this_file(pg_template):
    """One gateway with a list of hosts and origins, two people and their
    conversation; the rows that wait are started now and asked at the end."""
    conf = {"gateway": {"hosts": "chat.example 127.0.0.1",
                        "origins": "https://good.example"},
            "limits": {"sessions_per_user": 10000,
                       "unauthenticated_per_address": 1000}}
    with Cluster(pg_template, ROOT / "build/test-logs/clusters/bad_input",
                 gateways=1, presences=0, balancer=False,
                 gateway_conf=conf) as cluster:
        gateway = cluster.gateway(1)
        gateway.cluster = cluster
        gateway.alice = Account(gateway.url, "alice")
        gateway.bob = Account(gateway.url, "bob")
        gateway.conv = gateway.alice.cmd("direct.open",
                                         user=gateway.bob.user)["conv"]
        with bad_slow.Slow(gateway.address, gateway.alice.token) as slow:
            gateway.slow = slow
            yield gateway


# ---- running rows ----

def every_byte(data):
    """Where to cut: everywhere; a long text where its grammar is."""
    if len(data) <= 400:
        return range(1, len(data))
    ends = [1, 2, 3, 7, len(data) // 2, *range(len(data) - 8, len(data))]
    marks = [i for i in range(len(data)) if data[i] in b"\r\n;\""][:40]
    return sorted({cut for mark in marks for cut in (mark, mark + 1)}
                  | set(ends) - {0, len(data)})


async def run_all(jobs):
    """Runs (name, coroutine) pairs, some at once; answers what went wrong."""
    room = asyncio.Semaphore(AT_ONCE)
    wrong = []

    async def one(name, job):
        async with room:
            try:
                await asyncio.wait_for(job, 30)
            except Exception as error:  # pylint: disable=broad-except
                wrong.append(f"{name}: {type(error).__name__} {error}")

    await asyncio.gather(*[one(name, job) for name, job in jobs])
    return sorted(wrong)


async def stay_well(gate):
    """A request and a message, a second for each."""
    wire = await Wire.open(gate.address)
    await wire.send(HEALTHY)
    assert (await asyncio.wait_for(wire.reply(), 1)).status == 200
    await wire.abort()
    alice = await Client(gate.url, gate.alice).open()
    bob = await Client(gate.url, gate.bob).open()
    began = time.monotonic()
    ack = await alice.send(gate.conv, "still there?")
    await bob.until(lambda: ack["seq"] in bob.events.get(gate.conv, {}))
    assert time.monotonic() - began < 1
    await alice.close()
    await bob.close()


def run(gate, jobs):
    async def main():
        wrong = await run_all(jobs)
        await stay_well(gate)
        return wrong

    wrong = asyncio.run(main())
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)


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


async def request_row(gate, row, cuts=(), before=False, after=False):
    """One row on a connection of its own. `before`, `after`: with a good
    request there."""
    wire = await Wire.open(gate.address)
    data = (HEALTHY if before else b"") + row.data + (HEALTHY if after else b"")
    await wire.send_cut(data, cuts)
    for status in [*([200] if before else []), *row.more]:
        assert (await wire.reply()).status == status
    check_reply(await wire.reply(row.method), row)
    if row.closes and row.status != 101:
        assert await wire.ended(), "does not close"
    elif row.status != 101:
        await wire.send(HEALTHY)
        assert (await wire.reply()).status == 200, "does not go on"
    await wire.abort()


def request_jobs(gate, rows):
    for row in rows:
        name = f"{row.id} {row.name}"
        yield name, request_row(gate, row)
        yield name + ", cut", request_row(gate, row, every_byte(row.data))
        yield name + ", behind", request_row(gate, row, before=True)
        if row.closes and row.status != 101:
            yield name + ", in front", request_row(gate, row, after=True)


def test_requests(gate):
    run(gate, request_jobs(gate, bad_http.ROWS))


def test_handshakes(gate):
    run(gate, request_jobs(gate, bad_handshake.ROWS))
    assert "canary.in.url" not in gate.log_text()


# ---- C3: frames ----

async def frame_row(gate, row, cuts=(), before=False):
    wire = await raw_ws.session(gate.address, gate.alice.token)
    if before:
        await wire.send(text({"type": "ping", "id": "before"}) + row.data)
    else:
        await wire.send_cut(row.data, cuts)
    if row.code == bad_frames.ALIVE:
        await wire.send(text({"type": "ping", "id": "after"}))
        said = []
        while not said or said[-1].get("id") != "after":
            op, payload = await wire.frame()
            assert op != CLOSE, payload
            said += [json.loads(payload)] if op == TEXT else []
    else:
        code, _, said = await wire.until_close()
        assert code == row.code, code
        assert await wire.ended(), "does not close"
    assert not before or said[0]["id"] == "before"
    await wire.abort()


def frame_jobs(gate):
    for row in bad_frames.ROWS:
        name = f"{row.id} {row.name}"
        yield name, frame_row(gate, row)
        yield name + ", cut", frame_row(gate, row, every_byte(row.data))
        yield name + ", behind", frame_row(gate, row, before=True)


def test_frames(gate):
    run(gate, frame_jobs(gate))


# ---- C4: JSON ----

def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


async def message_row(gate, row, cuts=None):
    wire = await raw_ws.session(gate.address, gate.alice.token)
    data = text(row.text)
    await wire.send_cut(data, every_byte(data) if cuts else ())
    if row.want in ("bad_json", "bad_envelope"):
        code, reason, _ = await wire.until_close()
        assert code == (4500 if is_utf8(row.text) else 1007), code
        # A newline begins another command, here and not in a body.
        assert code == 1007 or reason == row.want or b"\n" in row.text, reason
        assert await wire.ended(), "does not close"
    else:
        answer = await wire.json()
        assert answer.get("code", "ok") == row.want, answer
        assert answer["id"][0] == "q", answer
    await wire.abort()


async def body_row(gate, row, cuts=None):
    wire = await Wire.open(gate.address)
    data = bad_http.sized(row.text,
                          fields=bearer(gate.alice.token) + b"\r\n")
    await wire.send_cut(data, every_byte(data) if cuts else ())
    reply = await wire.reply()
    assert reply.status == bad_json.STATUS.get(row.want, 400), reply
    assert reply.json.get("code", "ok") == row.want, reply
    await wire.send(HEALTHY)
    assert (await wire.reply()).status == 200
    await wire.abort()


def json_jobs(gate):
    for row in bad_json.ROWS:
        name = f"{row.id} {row.name}"
        yield name, message_row(gate, row)
        yield name + ", cut", message_row(gate, row, True)
        yield name + ", body", body_row(gate, row)
        yield name + ", body cut", body_row(gate, row, True)


def test_json(gate):
    run(gate, json_jobs(gate))


async def media_row(gate, media, status):
    body = bad_http.PING
    line = b"" if media is None else f"Content-Type: {media}\r\n".encode()
    wire = await Wire.open(gate.address)
    await wire.send(bad_http.sized(body, line))
    assert (await wire.reply()).status == status
    await wire.send(HEALTHY)
    assert (await wire.reply()).status == 200
    await wire.abort()


def test_media_types(gate):
    run(gate, [(f"B101 {media}", media_row(gate, media, status))
               for media, status in bad_json.MEDIA])


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
    asked = bad_moments.IDS | bad_slow.IDS | {"B101"}  # test_media_types
    assert asked == own | set(NOT_YET)
