"""Rows of the catalogue that are more than bytes: they depend on the moment,
on who asks, or on many connections."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import struct
import time

import bad_http
from harness.raw_ws import (
    PING, PONG, TEXT, Wire, bearer, frame, handshake, session, text)


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(key_id, secret, issued, expires, user=1):
    """A token as a gateway signs it, with times in seconds from now."""
    now = int(time.time())
    claims = struct.pack("!QQQQ", user, 2, (now + issued) * 1000,
                         (now + expires) * 1000)
    signed = f"v1.{key_id}.{unpadded(claims)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{unpadded(mac)}"


def key_of(gate):
    """Id and secret of the key that this cluster's gateways sign with."""
    line = (gate.cluster.home / "conf/token.keys").read_text()
    key_id, secret = line.split()
    return key_id, bytes.fromhex(secret)


def bad_tokens(gate):
    key_id, secret = key_of(gate)
    good = gate.alice.token
    return {
        "expired": forge(key_id, secret, -7200, -3600),
        "of another key": forge(key_id, secrets.token_bytes(32), -60, 3600),
        "of an unknown key": forge("k9", secret, -60, 3600),
        "changed": good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        "cut": good[:-1],
        "longer": good + "A",
        "of another kind": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "nonsense": "x",
        "too long": "v1." + "a" * 4000,
    }


async def b053_bad_tokens(gate):
    """The same 401 for all of them, by header and by subprotocol."""
    bodies = set()
    for name, token in bad_tokens(gate).items():
        offered = b"Sec-WebSocket-Protocol: moim.v1, moim.token."
        for line in (bearer(token), offered + token.encode()):
            wire = await Wire.open(gate.address)
            await wire.send(handshake(line))
            reply = await wire.reply()
            assert reply.status == 401, (name, line, reply)
            assert reply.headers["www-authenticate"] == "Bearer"
            bodies.add(reply.body)
            await wire.abort()
    assert len(bodies) == 1
    wire = await Wire.open(gate.address)
    await wire.send(bad_http.get(b"/v1/me", b"Authorization: Basic eDp5\r\n"))
    reply = await wire.reply()
    assert reply.status == 401 and {reply.body} == bodies
    await wire.abort()


async def b055_ticket_opens_no_door(gate):
    """A ticket in the URL is not known: the socket stays a stranger's."""
    wire = await Wire.open(gate.address)
    await wire.send(handshake(path="/v1/ws?ticket=once"))
    assert (await wire.reply()).status == 101
    await wire.send(text({"type": "me", "id": "q"}))
    assert (await wire.json())["code"] == "unauthorized"
    await wire.abort()


async def b059_bytes_before_the_answer(gate):
    """They may be meant for a socket that is not there: nothing is read."""
    for extra in (text({"type": "ping", "id": "q"}), bad_http.get()):
        wire = await Wire.open(gate.address)
        await wire.send(handshake() + extra)
        reply = await wire.reply()
        assert reply.status == 400, reply
        assert await wire.ended()


async def b037_continue(gate):
    """100, then the answer; none when the body comes uninvited."""
    wire = await Wire.open(gate.address)
    request = bad_http.sized(bad_http.PING, fields=b"Expect: 100-continue\r\n")
    head = request[:-len(bad_http.PING)]
    await wire.send(head)
    assert (await wire.reply()).status == 100
    await wire.send(bad_http.PING)
    assert (await wire.reply()).status == 200
    await wire.send(request)
    assert (await wire.reply()).status == 200
    await wire.abort()


async def b044_many_requests(gate):
    """The thousandth says that it is the last."""
    wire = await Wire.open(gate.address)
    for n in range(1, 1001):
        if n % 100 == 1:
            await wire.send(bad_http.get() * 100)
        reply = await wire.reply()
        assert reply.status == 200
        assert (reply.headers.get("connection") == "close") == (n == 1000), n
    assert await wire.ended()


async def b086_pongs(gate):
    """One for each ping, with its payload, in order."""
    wire = await session(gate.address, gate.alice.token)
    bodies = [b"%d" % i for i in range(19)] + [b"x" * 125]
    await wire.send(b"".join(frame(PING, body) for body in bodies))
    for body in bodies:
        assert await wire.frame() == (PONG, body)
    await wire.abort()


async def b088_leaving_in_the_middle(gate):
    """Half a head, half a frame, half a message: nothing of it is run."""
    command = json.dumps({"type": "send", "id": "q", "conv": gate.conv,
                          "msg": secrets.token_hex(8), "text": "half"})
    whole = text(command.encode())
    for data in (whole[:1], whole[:5], whole[:-1],
                 frame(TEXT, command.encode(), fin=False)):
        for rude in (True, False):
            wire = await session(gate.address, gate.alice.token)
            await wire.send(data)
            if rude:
                await wire.abort()
            else:
                wire.writer.write_eof()
                assert await wire.ended()
    page = gate.alice.cmd("history", conv=gate.conv, limit=100)
    assert all(e["body"]["text"] != "half" for e in page["events"])


async def b089_deflate_is_declined(gate):
    """No answer to the offer; a compressed message breaks the protocol."""
    wire = await Wire.open(gate.address)
    reply = await wire.upgrade(
        bearer(gate.alice.token),
        b"Sec-WebSocket-Extensions: permessage-deflate")
    assert "sec-websocket-extensions" not in reply.headers
    assert (await wire.json())["type"] == "ready"
    await wire.send(frame(TEXT, b"\xaa\x56\x4a\x01\x00", rsv=4))
    assert (await wire.until_close())[0] == 1002
    assert await wire.ended()


async def b099_id_in_use(gate):
    """The second of two at once is refused; later the id may come again."""
    wire = await session(gate.address, gate.alice.token)
    ask = text({"type": "history", "id": "q", "conv": gate.conv})
    await wire.send(ask + ask)
    answers = [await wire.json(), await wire.json()]
    assert answers[0]["code"] == "duplicate_request_id"
    assert answers[1]["type"] == "history"
    await wire.send(ask)
    assert (await wire.json())["type"] == "history"
    await wire.abort()


async def status_of_upgrade(address, *lines):
    wire = await Wire.open(address)
    await wire.send(handshake(*lines))
    return wire, await wire.reply()


def refused(reply, status):
    assert reply.status == status, reply
    assert int(reply.headers["retry-after"]) >= 1


async def b060_too_many_connections(gate):
    """Over the rate 429, over the number 503, both with Retry-After."""
    narrow = gate.cluster.add_gateway(
        {"limits": {"sessions": 30, "connects_per_s": 1, "connects_burst": 3}})
    held = []
    try:
        for _ in range(3):
            wire, reply = await status_of_upgrade(narrow.address)
            assert reply.status == 101, reply
            held.append(wire)
        wire, reply = await status_of_upgrade(narrow.address)
        refused(reply, 429)
        held.append(wire)
        while len(held) < 30:
            held.append(await Wire.open(narrow.address))
        wire = await Wire.open(narrow.address)
        refused(await wire.reply(), 503)
        assert await wire.ended()
    finally:
        for wire in held:
            await wire.abort()
        await asyncio.to_thread(narrow.terminate)


async def b060_draining(gate):
    """Who comes to a gateway that drains is sent away with 503."""
    leaving = gate.cluster.add_gateway(
        {"gateway": {"drain_wait": "3s", "drain_spread": "0s"}})
    try:
        wire = await Wire.open(leaving.address)
        await wire.send(bad_http.get(host=b"Host: h\r\n"))
        assert (await wire.reply()).status == 200
        leaving.child.terminate()
        reply = None
        while reply is None or reply.status == 200:
            await wire.send(bad_http.get(b"/readyz", host=b"Host: h\r\n"))
            reply = await wire.reply()
        wire, reply = await status_of_upgrade(leaving.address)
        refused(reply, 503)
        assert reply.json["code"] == "unavailable"
    finally:
        await asyncio.to_thread(leaving.terminate)


async def b061_strangers_of_one_address(gate):
    """So many may keep silent; one that says who it is makes room."""
    few = gate.cluster.add_gateway(
        {"limits": {"unauthenticated_per_address": 3}})
    held = []
    try:
        for _ in range(3):
            wire, reply = await status_of_upgrade(few.address)
            assert reply.status == 101
            held.append(wire)
        _, reply = await status_of_upgrade(few.address)
        refused(reply, 429)
        known, reply = await status_of_upgrade(
            few.address, bearer(gate.alice.token))
        assert reply.status == 101
        held.append(known)
        await held[0].send(text({"type": "auth", "id": "a",
                                 "token": gate.alice.token}))
        assert (await held[0].json())["type"] == "ready"
        wire, reply = await status_of_upgrade(few.address)
        held.append(wire)
        assert reply.status == 101
        await held[1].abort()
        await until_status(few.address, 101)
    finally:
        for wire in held:
            await wire.abort()
        await asyncio.to_thread(few.terminate)


async def until_status(address, status):
    """Somebody has left; the gateway hears of it in a moment."""
    for _ in range(1000):
        wire, reply = await status_of_upgrade(address)
        await wire.abort()
        if reply.status == status:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(reply)


async def b061_sessions_of_one_user(gate):
    """The one too many is accepted and closed."""
    few = gate.cluster.add_gateway({"limits": {"sessions_per_user": 2}})
    try:
        held = [await session(few.address, gate.alice.token)
                for _ in range(2)]
        wire, reply = await status_of_upgrade(
            few.address, bearer(gate.alice.token))
        assert reply.status == 101
        assert (await wire.until_close())[0] == 4505
        assert await wire.ended()
        held.append(wire)
        held.append(await session(few.address, gate.bob.token))
        for wire in held:
            await wire.abort()
    finally:
        await asyncio.to_thread(few.terminate)


async def b062_auth_messages(gate):
    """Twice, without a token, with a long one, too large, with a bad one."""
    good = {"type": "auth", "id": "a", "token": gate.alice.token}
    rows = [
        (text(good) + text(good), 4500),
        (text({"type": "auth", "id": "a"}), 4500),
        (text({**good, "token": 5}), 4500),
        (text({**good, "token": "x" * 108}), 4500),
        (text({**good, "token": "x" * 65536}), 1009),
        (text({**good, "token": "nonsense"}), 4501),
        (text({**good, "token": bad_tokens(gate)["changed"]}), 4501),
        (text({**good, "token": bad_tokens(gate)["expired"]}), 4002),
    ]
    for data, code in rows:
        wire = await Wire.open(gate.address)
        await wire.upgrade()
        await wire.send(data)
        assert (await wire.until_close())[0] == code, data[:80]
        assert await wire.ended()


MOMENTS = [
    b037_continue, b044_many_requests, b053_bad_tokens,
    b055_ticket_opens_no_door, b059_bytes_before_the_answer,
    b060_too_many_connections, b060_draining, b061_strangers_of_one_address,
    b061_sessions_of_one_user, b062_auth_messages, b086_pongs,
    b088_leaving_in_the_middle, b089_deflate_is_declined, b099_id_in_use]

# Which rows these are: their names say it.
IDS = {moment.__name__[:4].upper() for moment in MOMENTS}
