"""Sessions: how they begin, what they are allowed, how they end."""

import asyncio
import itertools
import re
import secrets
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from bad_moments import bad_tokens
from harness import raw_ws
from harness.client import Account, Client, Refused
from harness.http_json import http_json
from harness.paths import BIN, ROOT
from harness.raw_ws import PING, PONG, Wire, bearer, frame, handshake, text
from harness.waiting import PATIENCE, wait_until


@pytest.fixture(name="people", scope="module")
def two_people(cluster):
    """Alice and Bob, their conversation, and Carol who has no part in it."""
    alice, bob, carol = [Account(cluster.url(1), f"sessions{name}")
                         for name in ("alice", "bob", "carol")]
    conv = alice.cmd("direct.open", user=bob.user)["conv"]
    return alice, bob, carol, conv


def metric(gateway, name):
    """One value of /metrics, on the internal port."""
    page = http_json("GET", f"http://{gateway.internal}/metrics").raw.decode()
    return int(re.search(rf"^moim_gateway_{name} (\d+)$", page, re.M)[1])


def memory_mb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) // 1024


# ---- who it is ----

def test_three_ways_to_say_who(cluster, people):
    alice = people[0]
    offered = b"Sec-WebSocket-Protocol: moim.v1, moim.token."

    async def ready(lines, first=None):
        wire = await Wire.open(cluster.gateway(1).address)
        reply = await wire.upgrade(*lines)
        assert alice.token not in str(reply.headers)
        if first:
            await wire.send(text(first))
        said = await wire.json()
        assert (said["type"], said["user"]) == ("ready", alice.user)
        assert said["gateway"] == "g1" and said["ping_ms"] == 25000
        await wire.send(text({"type": "me", "id": "q"}))
        assert (await wire.answer("q"))["user"] == alice.user
        await wire.abort()

    async def main():
        await ready([bearer(alice.token)])
        await ready([offered + alice.token.encode()])
        await ready([], {"type": "auth", "id": "a", "token": alice.token})

    asyncio.run(main())


def test_before_auth_little_is_allowed(cluster, people):
    """`ping` and the two ways in; everything else is unauthorized."""

    async def main():
        wire = await Wire.open(cluster.gateway(1).address)
        await wire.upgrade()
        for type_, want in [("ping", "ok"), ("me", "unauthorized"),
                            ("send", "unauthorized"),
                            ("presence.watch", "unauthorized")]:
            await wire.send(text({"type": type_, "id": type_}))
            answer = await wire.json()
            assert answer["id"] == type_
            assert answer.get("code", answer["type"]) == want
        await wire.abort()

    asyncio.run(main())
    assert people


def test_bad_tokens_get_the_same_401(cluster, people):
    gate = cluster.gateway(1)
    gate.cluster, gate.alice = cluster, people[0]
    replies = [http_json("GET", gate.url + path, token=token)
               for token in bad_tokens(gate).values()
               for path in ("/v1/me", "/v1/conversations", "/v1/nothing")]
    assert {reply.status for reply in replies} == {401}
    assert len({reply.raw for reply in replies}) == 1
    assert {r.headers["WWW-Authenticate"] for r in replies} == {"Bearer"}
    before = metric(gate, "auth_failures_total")
    assert before >= len(replies)


# ---- deadlines ----

def test_silence_ends_sessions(cluster, people):
    """No token in time: 4502. No pong: 4004. Who answers stays."""
    quick = cluster.add_gateway(
        {"limits": {"ping": "300ms", "pong": "1s", "auth": "300ms"}})
    token = people[0].token

    async def stranger():
        wire = await Wire.open(quick.address)
        await wire.upgrade()
        began = time.monotonic()
        assert (await wire.until_close())[0] == 4502
        assert 0.25 < time.monotonic() - began < 9  # of the 10 by default
        assert await wire.ended()
        await wire.abort()

    async def mute():
        wire = await raw_ws.session(quick.address, token)
        began = time.monotonic()
        assert await wire.frame() == (PING, b"")
        assert (await wire.until_close())[0] == 4004
        assert 1 < time.monotonic() - began < 24  # of the 25 by default
        assert await wire.ended()
        await wire.abort()

    async def polite():
        wire = await raw_ws.session(quick.address, token)
        for _ in range(3):
            assert await wire.frame() == (PING, b"")
            await wire.send(frame(PONG))
        await wire.send(text({"type": "ping", "id": "q"}))
        assert (await wire.answer("q"))["type"] == "ok"
        await wire.abort()

    async def main():
        await asyncio.gather(stranger(), mute(), polite())

    asyncio.run(main())
    quick.terminate()


def test_a_late_pong_is_a_pong(cluster, people):
    """An answer counts when pings come more often than answers may take."""
    quick = cluster.add_gateway({"limits": {"ping": "200ms", "pong": "2s"}})

    async def main():
        wire = await raw_ws.session(quick.address, people[0].token)
        for _ in range(2):
            assert await wire.frame() == (PING, b"")
            await wire.send(frame(PONG))
        await wire.abort()

    asyncio.run(main())
    quick.terminate()


# ---- too much ----

BIG = "x" * 3900


async def one_who_never_reads(address, token):
    """A session whose window is as small as the kernel allows."""
    loop = asyncio.get_running_loop()
    host, port = address.rsplit(":", 1)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await loop.sock_connect(sock, (host, int(port)))
    await loop.sock_sendall(sock, handshake(bearer(token)))
    await loop.sock_recv(sock, 1000)
    return sock


async def read_all(sock):
    """What is left to read, up to the end."""
    loop = asyncio.get_running_loop()
    got = b""
    try:
        while True:
            piece = await asyncio.wait_for(
                loop.sock_recv(sock, 65536), PATIENCE)
            if not piece:
                return got
            got += piece
    except ConnectionError:
        return got


def test_slow_consumer_is_closed(cluster, people, monkeypatch):
    """Others get everything meanwhile, and memory stays bounded."""
    # The sanitizer keeps what was freed; not now, when memory is counted.
    monkeypatch.setenv("ASAN_OPTIONS", "quarantine_size_mb=4")
    alice, bob, _, conv = people
    gate = cluster.add_gateway({"limits": {"queue": "64KiB"}})

    async def main():
        sender = await Client(gate.url, alice).open()
        reader = await Client(gate.url, bob).open()
        sock = await one_who_never_reads(gate.address, bob.token)
        memory, sent = memory_mb(gate), []
        while metric(gate, "slow_closes_total") == 0:
            assert len(sent) < 4000, "is never closed"
            acks = await asyncio.gather(*[
                sender.send(conv, f"{len(sent) + i} {BIG}") for i in range(20)])
            sent += [ack["seq"] for ack in acks]
        await reader.until(
            lambda: set(sent) <= set(reader.events.get(conv, {})))
        assert reader.closed is None and reader.repeats == 0
        assert memory_mb(gate) - memory < 64
        tail = await read_all(sock)
        assert b"\x0f\xa0slow consumer" in tail[-60:], tail[-60:]
        sock.close()
        await reader.close()
        await sender.close()

    asyncio.run(main())
    gate.terminate()


def test_sends_have_a_rate(cluster, people):
    """Over it `rate_limited`; after the wait it says, all is well."""
    alice, _, _, conv = people
    gate = cluster.add_gateway({"limits": {"sends_per_s": 2, "sends_burst": 3}})

    async def main():
        client = await Client(gate.url, alice).open()
        with pytest.raises(Refused) as refused:
            for i in range(100):  # the first three, at least, are not
                await client.send(conv, f"quick {i}")
        await client.until(lambda: "quick 2" in client.texts(conv))
        assert refused.value.code == "rate_limited"
        wait = refused.value.answer["retry_after_ms"]
        assert 0 < wait <= 500
        assert (await client.cmd("ping"))["type"] == "ok"
        await asyncio.sleep(wait / 1000)
        await client.send(conv, "in time")
        await client.close()

    asyncio.run(main())
    gate.terminate()


def logins(url, count):
    """Wrong ones, all at the same time."""
    def one(name):
        return http_json("POST", url + "/v1/login", {
            "name": name, "password": "is it this one then?"})

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, [f"n{secrets.token_hex(8)}"
                                   for _ in range(count)]))


@pytest.mark.parametrize("auth, status", [
    ({"logins_per_address": 3}, 429), ({"hash_threads": 1, "hash_queue": 1},
                                       503)])
def test_a_login_refused_is_not_hashed(cluster, auth, status):
    """G25: beyond what an address may, and beyond what can be hashed, a flood
    of logins costs no hash."""
    gate = cluster.add_gateway({"auth": auth})
    seen = []

    def has_refused():
        seen.extend(logins(gate.url, 8))
        return status in {reply.status for reply in seen}

    wait_until(has_refused, f"{status} is answered")
    assert {reply.status for reply in seen} == {401, status}
    refused = [reply for reply in seen if reply.status == status]
    assert len({reply.json["code"] for reply in refused}) == 1
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in refused)
    assert metric(gate, "password_hashes_total") == len(seen) - len(refused)
    gate.terminate()


# ---- who may come ----

@pytest.mark.parametrize("origin, status", [
    (None, 101), ("http://{host}", 101), ("https://{host}", 101),
    ("http://evil.example", 403), ("null", 403), ("http://{host}.evil", 403),
    ("{host}", 403), ("http://", 403), ("http://{host}/", 403)])
def test_origin_without_a_list(cluster, people, origin, status):
    """Only the page of this very host; REST by the same rule."""
    address = cluster.gateway(1).address
    value = origin and origin.format(host=address)
    lines = [f"Origin: {value}".encode()] if origin else []

    async def main():
        wire = await Wire.open(address)
        await wire.send(handshake(*lines, host=address))
        assert (await wire.reply()).status == status
        await wire.abort()

    asyncio.run(main())
    reply = http_json("GET", cluster.url(1) + "/v1/me", token=people[0].token,
                      headers={"Origin": value} if origin else {})
    assert reply.status == (200 if status == 101 else 403)
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_any_host_without_a_list(cluster, people):
    reply = http_json("GET", cluster.url(1) + "/v1/me", token=people[0].token,
                      headers={"Host": "any.example"})
    assert reply.status == 200


# ---- REST routes ----

def routes():
    """(method, whether it has a body, path) as gateway/route.c has them."""
    source = (ROOT / "gateway/route.c").read_text()
    return [(m, body == "true", path) for m, body, path in re.findall(
        r'\{HTTP_(\w+), (true|false), "([^"]+)"', source)]


def filled(path, conv="0" * 13, user="0" * 13):
    return (path.replace(":conv", conv).replace(":user", user)
            .replace(":invite", "0" * 12 + "9"))


OPEN = {"/v1/signup", "/v1/login", "/v1/login/token"}


def test_the_routes_are_found():
    assert len(routes()) >= 18
    assert ("GET", False, "/v1/me") in routes()


def test_routes_want_a_token(cluster):
    for method, body, path in routes():
        reply = http_json(method, cluster.url(1) + filled(path),
                          {} if body else None)
        want = 400 if path in OPEN else 401
        assert reply.status == want, (method, path, reply)
        assert want == 400 or reply.json["code"] == "unauthorized"


def test_routes_say_which_methods_they_have(cluster, people):
    paths = {}
    for method, _, path in routes():
        paths.setdefault(path, []).append(method)
    paths["/v1/cmd"] = ["POST"]
    paths["/v1/ws"] = ["GET"]
    for path, methods in paths.items():
        for method in {"PUT", "PATCH", "OPTIONS", "DELETE"} - set(methods):
            reply = http_json(method, cluster.url(1) + filled(path),
                              token=people[0].token)
            assert reply.status == 405, (method, path, reply)
            assert reply.headers["Allow"] == ", ".join(methods)


FIELDS = {"messages": {"msg": "0123456789abcdef", "text": "x"},
          "read": {"seq": 1}, "settings": {"pinned": True},
          "title": {"title": "x"}, "retention": {"keep_ms": 30 * 86400000},
          "role": {"role": "admin"}, "mute": {}, "invites": {}}


def conv_routes(start):
    return [route for route in routes()
            if ":conv" in route[2] and route[2].startswith(start)]


def check_not_there(cluster, people, foreign, chosen):
    """The same answer for one that others have and one that nobody has."""
    bob, carol = people[1], people[2]
    assert chosen
    for method, body, path in chosen:
        fields = FIELDS.get(path.rsplit("/", 1)[1], {"user": bob.user})
        theirs, nobodys = [
            carol.rest(method, filled(path, conv, bob.user),
                       fields if body else None, url=cluster.url(2))
            for conv in (foreign, "0000000000009")]
        assert theirs.status == 404, (method, path, theirs)
        assert (theirs.status, theirs.raw) == (nobodys.status, nobodys.raw)


def test_foreign_conversations_are_not_there(cluster, people):
    check_not_there(cluster, people, people[3], conv_routes("/v1/conv"))


def test_foreign_groups_are_not_there(cluster, people):
    alice, bob = people[:2]
    group = alice.cmd("group.create", title="ours", members=[bob.user])["conv"]
    check_not_there(cluster, people, group, conv_routes("/v1/"))


def test_foreign_pairs_are_no_groups(cluster, people):
    check_not_there(cluster, people, people[3], conv_routes("/v1/groups"))


# ---- the end ----

def test_drain_loses_nothing(make_cluster):
    """SIGTERM: not ready at once, `bye` and 1012 for every session, exit 0;
    through the balancer everybody is back, with all that was acked."""
    cluster = make_cluster(
        gateways=2, presences=1,
        gateway_conf={"gateway": {"drain_wait": "3s",
                                  "drain_spread": "500ms"}})
    people = [Account(cluster.url(1), f"drain{i}") for i in range(6)]
    conv = people[0].cmd("group.create", title="drain",
                         members=[p.user for p in people[1:]])["conv"]

    async def main():
        clients = [await Client(cluster.url(), p).open() for p in people]
        leaving = int(clients[0].ready["gateway"][1:])
        acked = []

        gone = asyncio.Event()

        async def talk(client, n):
            """Until the gateway is gone, and once more."""
            for i in itertools.count():
                last = gone.is_set()
                text_ = f"{n} {i}"
                await client.send_surely(conv, text_, secrets.token_hex(8))
                acked.append(text_)
                if last:
                    break
                await asyncio.sleep(0.08)

        talks = [asyncio.create_task(talk(c, n))
                 for n, c in enumerate(clients)]
        await asyncio.sleep(0.3)
        gateway = cluster.gateway(leaving)
        there = [c for c in clients if c.ready["gateway"] == f"g{leaving}"]
        ends = [watch_end(c) for c in there]
        ended = asyncio.gather(*ends)
        process = gateway.child
        process.terminate()
        wait_until(lambda: status_of(gateway) == 503, "not ready")
        for bye, code in await ended:
            assert 0 < bye["retry_after_ms"] <= 3000
            assert code == 1012
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0
        gone.set()
        await asyncio.gather(*talks)
        for client in clients:
            await client.until(
                lambda c=client: len(c.texts(conv)) >= len(acked))
            assert sorted(client.texts(conv)) == sorted(acked)
            assert client.ready["gateway"] != f"g{leaving}"
        await asyncio.gather(*[c.close() for c in clients])
        gateway.child = None

    asyncio.run(main())


def status_of(gateway):
    return http_json("GET", gateway.url + "/readyz").status


async def watch_end(client):
    """The `bye` of this session and the code it is closed with."""
    await client.until(lambda: any(o["type"] == "bye" for o in client.others))
    await client.until(lambda: client.closed)
    return next(o for o in client.others if o["type"] == "bye"), client.closed


# ---- settings ----

def test_unknown_setting(tmp_path):
    """Status 78, with the file, the line and what was probably meant."""
    conf = tmp_path / "moim.conf"
    conf.write_text("[limits]\nqueue = 1MiB\nsesions_per_user = 3\n")
    done = subprocess.run([BIN / "moim-gateway", "--config", conf], text=True,
                          capture_output=True, check=False,
                          timeout=PATIENCE)
    said = done.stdout + done.stderr
    assert done.returncode == 78, said
    assert f"{conf}:3" in said and "sessions_per_user" in said
