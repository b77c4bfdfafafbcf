"""The people side: devices and who is logged out, passwords, blocks, search."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.client import Account, Client, PASSWORD, Refused
from harness.http_json import http_json
from harness.raw_ws import Wire, text
from harness.waiting import PATIENCE, wait_until

REVOKED = 4503
# Seconds. PostgreSQL is asked every 5 s what was revoked: who is out sooner was
# told by the bus. Tests of speed are elsewhere; this machine may be busy.
QUICK = 4.0


class Device:
    """One more login of an account; has what Client wants of an Account."""

    def __init__(self, url, name, label="", password=PASSWORD):
        reply = http_json("POST", url + "/v1/login",
                          {"name": name, "password": password,
                           "device": label})
        assert reply.status == 200, reply
        self.url = url
        self.user, self.device = reply.json["user"], reply.json["device"]
        self.token = reply.json["token"]

    rest = Account.rest
    cmd = Account.cmd


def status(url, token, path="/v1/me"):
    return http_json("GET", url + path, token=token).status


async def auth_close(gateway, token):
    """The close code of a session whose first message is this token."""
    wire = await Wire.open(gateway.address)
    await wire.upgrade()
    await wire.send(text({"type": "auth", "id": "a", "token": token}))
    code = (await wire.until_close())[0]
    await wire.abort()
    return code


def check_refused_everywhere(cluster, token, seconds):
    """On every gateway, over every way in."""
    for gateway in cluster.gateways:
        wait_until(lambda g=gateway: status(g.url, token) == 401,
                   f"{gateway.name} refuses the token", seconds)
        code = asyncio.run(auth_close(gateway, token))
        assert code == 4501
        with pytest.raises(Exception, match="401"):
            asyncio.run(open_with_subprotocol(gateway, token))


async def open_with_subprotocol(gateway, token):
    wire = await Wire.open(gateway.address)
    reply = await wire.upgrade(
        b"Sec-WebSocket-Protocol: moim.v1, moim.token." + token.encode())
    await wire.abort()
    raise AssertionError(str(reply.status))


async def closed_within(client, seconds):
    began = time.monotonic()
    await client.until(lambda: client.closed, seconds)
    assert client.closed == REVOKED
    return time.monotonic() - began


# ---- devices ----

def test_devices_have_names(cluster):
    alice = Account(cluster.url(1), "devalice")
    phone = Device(cluster.url(2), "devalice", "phone")
    listed = {d["device"]: d for d in alice.cmd("devices")["devices"]}
    assert set(listed) == {alice.device, phone.device}
    assert listed[phone.device]["label"] == "phone"
    assert listed[alice.device]["current"]
    assert not listed[phone.device]["current"]
    now = time.time() * 1000
    assert all(abs(now - d[key]) < 60000 for d in listed.values()
               for key in ("created", "used"))
    alice.cmd("device.rename", device=phone.device, label="old 폰")
    again = phone.rest("GET", "/v1/devices").json["devices"]
    assert [d["label"] for d in again if d["current"]] == ["old 폰"]
    reply = phone.rest("POST", f"/v1/devices/{phone.device}", {"label": "x"})
    assert reply.status == 200
    for label in ("", "x" * 65):
        reply = phone.rest("POST", f"/v1/devices/{phone.device}",
                           {"label": label})
        assert reply.json["code"] in ("bad_value", "too_large"), reply


def test_devices_of_others_are_not_there(cluster):
    alice = Account(cluster.url(1), "devanna")
    bob = Account(cluster.url(2), "devben")
    for path, method, body in ((f"/v1/devices/{alice.device}", "DELETE", None),
                               (f"/v1/devices/{alice.device}", "POST",
                                {"label": "mine"}),
                               ("/v1/devices/0000000000000", "DELETE", None)):
        reply = bob.rest(method, path, body)
        assert reply.json["code"] in ("not_found", "bad_value"), reply
    assert status(cluster.url(1), alice.token) == 200


def test_a_revoked_device_is_out_everywhere(cluster):
    """Its sockets close on every gateway within a second, its token is
    refused in every way; the other device stays."""
    alice = Account(cluster.url(1), "revalice")
    phone = Device(cluster.url(2), "revalice", "phone")

    async def main():
        lost = [await Client(g.url, phone).open() for g in cluster.gateways]
        kept = [await Client(g.url, alice).open() for g in cluster.gateways]
        answer = await kept[0].cmd("device.revoke", device=phone.device)
        assert answer["revoked"] == 1
        took = await asyncio.gather(*[closed_within(c, QUICK) for c in lost])
        print(f"closed after {max(took) * 1000:.0f} ms at most")
        again = await kept[1].cmd("device.revoke", device=phone.device)
        assert again["revoked"] == 1
        for client in kept:
            await client.cmd("ping")
            await client.close()

    asyncio.run(main())
    check_refused_everywhere(cluster, phone.token, 0.1)
    assert [d["device"] for d in alice.cmd("devices")["devices"]] == [
        alice.device]
    gateway = cluster.gateway(3)
    gateway.restart()
    check_refused_everywhere(cluster, phone.token, 0.1)
    assert status(gateway.url, alice.token) == 200


def test_a_waiting_poll_is_told(cluster):
    """Without a WebSocket too: the poll that waits hears of it, the next one
    is refused."""
    alice = Account(cluster.url(1), "pollalice")
    phone = Device(cluster.url(2), "pollalice")
    session = phone.rest("GET", "/v1/poll").json["session"]
    with ThreadPoolExecutor() as pool:
        began = time.monotonic()
        waiting = pool.submit(phone.rest, "GET",
                              f"/v1/poll?session={session}&ack=1")
        alice.cmd("device.revoke", device=phone.device)
        reply = waiting.result()
    assert time.monotonic() - began < 15  # it would have waited for 25
    if reply.status == 200:  # else it came later than the news
        assert [t["code"] for t in reply.json["texts"]
                if t["type"] == "closed"] == [REVOKED]
    assert phone.rest("GET", f"/v1/poll?session={session}&ack=1").status == 401


def test_logging_out_answers_first(cluster):
    alice = Account(cluster.url(1), "outalice")

    async def main():
        client = await Client(cluster.url(1), alice).open()
        answer = await client.cmd("device.revoke", device=alice.device)
        assert answer["type"] == "ok"
        await closed_within(client, QUICK)

    asyncio.run(main())
    assert status(cluster.url(1), alice.token) == 401
    wait_until(lambda: status(cluster.url(2), alice.token) == 401, "out")
    assert Device(cluster.url(2), "outalice").token


def test_all_others_at_once(cluster):
    alice = Account(cluster.url(1), "allalice")
    others = [Device(cluster.url(1 + i % 3), "allalice") for i in range(5)]

    async def main():
        mine = await Client(cluster.url(1), alice).open()
        lost = [await Client(cluster.url(1 + i % 3), d).open()
                for i, d in enumerate(others)]
        assert (await mine.cmd("device.revoke_all"))["revoked"] == 5
        await asyncio.gather(*[closed_within(c, QUICK) for c in lost])
        assert (await mine.cmd("device.revoke_all"))["revoked"] == 0
        await mine.close()

    asyncio.run(main())
    wait_until(lambda: {status(cluster.url(2), d.token)
                        for d in others} == {401}, "all are out")
    assert alice.rest("DELETE", "/v1/devices").json["revoked"] == 0


def test_a_token_is_refreshed_on_the_open_socket(cluster):
    alice = Account(cluster.url(1), "freshalice")

    async def main():
        client = await Client(cluster.url(1), alice).open()
        await asyncio.sleep(0.01)
        answer = await client.cmd("token.refresh")
        assert answer["expires"] > client.ready["expires"]
        await client.close()
        return answer["token"]

    token = asyncio.run(main())
    assert token != alice.token
    me = http_json("GET", cluster.url(2) + "/v1/me", token=token).json
    assert me["device"] == alice.device
    assert alice.rest("POST", "/v1/token").json["type"] == "token"
    Device(cluster.url(1), "freshalice").cmd("device.revoke",
                                             device=alice.device)
    assert status(cluster.url(1), token) == 401


# ---- when stores are down ----

def test_revoked_while_redis_is_down(make_cluster):
    """The bus tells nobody; PostgreSQL does, within 5 s."""
    cluster = make_cluster(gateways=2, presences=1)
    alice = Account(cluster.url(1), "alice")
    phone = Device(cluster.url(2), "alice")

    async def main():
        lost = await Client(cluster.url(2), phone).open()
        cluster.redis.stop()
        assert alice.cmd("device.revoke", device=phone.device)["revoked"] == 1
        took = await closed_within(lost, PATIENCE)
        print(f"without the bus closed after {took:.1f} s")

    asyncio.run(main())
    check_refused_everywhere(cluster, phone.token, 0.1)
    cluster.redis.start()
    wait_until(lambda: status(cluster.url(2), phone.token) == 401, "refused")


def test_revoked_while_postgres_is_down(make_cluster):
    """Nothing can be revoked then, and nothing is believed after a restart;
    what was revoked meanwhile by others closes within 5 s of its return."""
    cluster = make_cluster(gateways=2, presences=1)
    alice = Account(cluster.url(1), "alice")
    phone = Device(cluster.url(1), "alice")
    gone = Device(cluster.url(1), "alice")
    alice.cmd("device.revoke", device=gone.device)
    wait_until(lambda: status(cluster.url(2), gone.token) == 401, "refused")

    async def main():
        client = await Client(cluster.url(2), phone).open()
        cluster.postgres.stop()
        reply = alice.rest("DELETE", f"/v1/devices/{phone.device}")
        assert reply.status == 503 and reply.json["retry_after_ms"]
        # What is known is known without PostgreSQL.
        assert status(cluster.url(2), gone.token) == 401
        await client.cmd("ping")
        gateway = cluster.gateway(1)
        gateway.terminate()
        gateway.launch()
        wait_until(lambda: answers(gateway), "gateway 1 answers")
        for token in (gone.token, alice.token):
            assert status(gateway.url, token) == 503
        assert await auth_close(gateway, gone.token) == 1013
        assert http_json("GET", gateway.url + "/readyz").status == 503
        cluster.postgres.start()
        # As another gateway, cut off from the bus, would do it.
        cluster.postgres.sql(
            "UPDATE devices SET revoked_at = now() WHERE id = (SELECT max(id) "
            "FROM devices WHERE revoked_at IS NULL)")
        await closed_within(client, PATIENCE)
        wait_until(lambda: status(gateway.url, alice.token) == 200, "back")
        assert status(gateway.url, gone.token) == 401

    asyncio.run(main())
    check_refused_everywhere(cluster, phone.token, PATIENCE)


def answers(gateway):
    try:
        return http_json("GET", gateway.url + "/healthz").status == 200
    except OSError:
        return False


# ---- passwords ----

def test_a_new_password_logs_the_others_out(cluster):
    alice = Account(cluster.url(1), "pwalice")
    phone = Device(cluster.url(2), "pwalice")
    new = "an entirely different one"

    def change(old, fresh):
        return alice.rest("POST", "/v1/password", {"old": old, "new": fresh})

    assert change("not the old password", new).json["code"] == "wrong_login"
    assert change(PASSWORD, "short").json["code"] == "weak_password"
    assert change(PASSWORD, "x" * 129).json["code"] == "too_large"
    assert status(cluster.url(2), phone.token) == 200

    async def main():
        mine = await Client(cluster.url(1), alice).open()
        lost = await Client(cluster.url(2), phone).open()
        answer = await mine.cmd("password.change", old=PASSWORD, new=new)
        assert answer["revoked"] == 1
        await closed_within(lost, QUICK)
        await mine.cmd("ping")
        await mine.close()

    asyncio.run(main())
    login = {"name": "pwalice", "password": PASSWORD}
    reply = http_json("POST", cluster.url(2) + "/v1/login", login)
    assert reply.json["code"] == "wrong_login"
    assert Device(cluster.url(2), "pwalice", password=new).user == alice.user


def test_guessing_the_old_password_is_throttled(cluster):
    """As logins are, and together with them."""
    alice = Account(cluster.url(1), "pwguess")
    replies = [alice.rest("POST", "/v1/password",
                          {"old": f"guess number {i}", "new": PASSWORD + "!"})
               for i in range(11)]
    assert [r.json["code"] for r in replies] == ["wrong_login"] * 10 + [
        "rate_limited"]
    reply = http_json("POST", cluster.url(1) + "/v1/login",
                      {"name": "pwguess", "password": PASSWORD})
    assert reply.status == 429 and reply.headers["Retry-After"]


# ---- blocks ----

async def pair(cluster, name):
    """Two clients on two gateways, and their direct conversation."""
    a, b = [Account(cluster.url(1 + i), f"{name}{i}") for i in range(2)]
    clients = [await Client(cluster.url(1 + i), p).open()
               for i, p in enumerate((a, b))]
    conv = (await clients[0].cmd("direct.open", user=b.user))["conv"]
    return a, b, *clients, conv


async def refused(call):
    with pytest.raises(Refused) as error:
        await call
    return error.value.code


def test_a_block_closes_what_they_have(cluster):

    async def main():
        a, b, alice, bob, conv = await pair(cluster, "blk")
        await bob.cmd("friend.ask", user=a.user)
        await alice.cmd("friend.ask", user=b.user)
        await bob.send(conv, "before")
        group = (await alice.cmd("group.create", title="g",
                                 members=[b.user]))["conv"]
        answer = await alice.cmd("block", user=b.user)
        assert answer["conv"] == conv and answer["seq"] == 2
        # Asked again it is the same block.
        assert (await alice.cmd("block", user=b.user))["seq"] == 2
        for one, other in ((alice, b), (bob, a)):
            await one.until(lambda c=one: 2 in c.events.get(conv, {}))
            assert one.events[conv][2]["kind"] == "direct.closed"
            assert await refused(one.send(conv, "now?")) == "forbidden"
            assert await refused(one.cmd("typing", conv=conv)) == "forbidden"
            assert await refused(
                one.cmd("friend.ask", user=other.user)) == "forbidden"
            assert (await one.cmd("friends"))["friends"] == []
            page = await one.cmd("history", conv=conv)
            assert page["head"] == 2
            assert (await one.cmd("direct.open", user=other.user))[
                "conv"] == conv
            await one.send(group, "in the group")
        listed = (await alice.cmd("blocks"))["users"]
        assert [u["user"] for u in listed] == [b.user]
        assert (await bob.cmd("blocks"))["users"] == []
        # Bob's unblocking is not Alice's.
        await bob.cmd("unblock", user=a.user)
        assert await refused(bob.send(conv, "now?")) == "forbidden"
        await alice.cmd("unblock", user=b.user)
        await alice.cmd("unblock", user=b.user)
        for one in (bob, alice):
            await one.send(conv, "again")
        assert (await alice.cmd("blocks"))["users"] == []
        await alice.close()
        await bob.close()

    asyncio.run(main())


def test_nobody_blocks_himself_or_nobody(cluster):
    alice = Account(cluster.url(1), "blkself")
    for user, code in ((alice.user, "bad_value"),
                       ("0000000000001", "not_found"), ("x", "bad_value")):
        reply = alice.rest("POST", "/v1/blocks", {"user": user})
        assert reply.json["code"] == code


def test_strangers_who_block_never_meet(cluster):
    """No conversation is made for them, by neither."""
    alice, bob = [Account(cluster.url(1 + i), f"blkstr{i}") for i in range(2)]
    answer = alice.rest("POST", "/v1/blocks", {"user": bob.user}).json
    assert answer == {"type": "ok"}
    for one, other in ((alice, bob), (bob, alice)):
        reply = one.rest("POST", "/v1/direct", {"user": other.user})
        assert reply.json["code"] == "forbidden"
    assert alice.rest("DELETE", f"/v1/blocks/{bob.user}").status == 200
    assert bob.rest("POST", "/v1/direct", {"user": alice.user}).status == 200


def test_nothing_comes_behind_a_block(cluster):
    """Block while sending, over two gateways, many times: nothing of the
    blocked one has a later seq than the block's event; what was acked is
    there; after unblocking everything goes on."""

    async def main():
        a, b, alice, bob, conv = await pair(cluster, "blkrace")
        bob3 = await Client(cluster.url(3), b).open()
        acked, sent_after = [], 0

        async def talk(client, stop):
            nonlocal sent_after
            while not stop.is_set():
                try:
                    acked.append((await client.send(conv, "hi"))["seq"])
                except Refused as error:
                    assert error.code == "forbidden"
                    sent_after += 1

        spans = []
        for i in range(15):
            stop = asyncio.Event()
            talks = [asyncio.create_task(talk(c, stop))
                     for c in (bob, bob, bob3, bob3)]
            count = len(acked)
            await bob.until(lambda n=count: len(acked) > n + 2 + i)
            seq = (await alice.cmd("block", user=b.user))["seq"]
            refusals = sent_after
            await bob.until(lambda n=refusals: sent_after > n + 8)
            stop.set()
            await asyncio.gather(*talks)
            head = (await alice.cmd("history", conv=conv))["head"]
            assert head == seq, "something came behind the block"
            spans.append(seq)
            await alice.cmd("unblock", user=b.user)
            acked.append((await bob.send(conv, "back"))["seq"])
        await alice.until(lambda: set(acked) <= set(alice.events[conv]))
        closed = [s for s, e in alice.events[conv].items()
                  if e["kind"] == "direct.closed"]
        assert sorted(closed) == spans
        assert sorted(acked + closed) == sorted(alice.events[conv])
        print(f"{len(acked)} sent, {sent_after} refused")
        for client in (alice, bob, bob3):
            await client.close()
        assert a

    asyncio.run(main())


def test_a_block_hides_presence_both_ways(cluster):
    """Asked or watched, on whichever gateway; a third one sees both."""

    async def main():
        a, b, alice, bob, _ = await pair(cluster, "blkpres")
        carol = await Client(cluster.url(3),
                             Account(cluster.url(3), "blkpres3")).open()

        async def state(client, user, type_="presence.query"):
            answer = await client.cmd(type_, users=[user])
            assert ("since" not in answer["users"][0] or
                    answer["users"][0]["state"] != "unknown")
            return answer["users"][0]["state"]

        async def becomes(client, user, want, type_="presence.query"):
            # One that is busy cannot tell for once.
            deadline = time.monotonic() + PATIENCE
            while await state(client, user, type_) != want:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)

        both = ((alice, b), (bob, a))
        for one, other in both:
            await becomes(one, other.user, "online")
            await becomes(one, other.user, "online", "presence.watch")
            one.others.clear()
        await alice.cmd("block", user=b.user)
        for one, other in both:
            await one.until(lambda c=one, u=other.user: {
                "type": "presence",
                "users": [{"user": u, "state": "unknown"}]} in c.others)
            one.others.clear()
            for type_ in ("presence.query", "presence.watch"):
                assert await state(one, other.user, type_) == "unknown"
        for user in (a.user, b.user):
            await becomes(carol, user, "online", "presence.watch")
        await bob.close()
        await carol.until(lambda: any(
            f["users"][0]["state"] == "offline" for f in carol.others
            if f["type"] == "presence"))
        await alice.cmd("ping")
        assert [f for f in alice.others if f["type"] != "list"] == []
        await alice.cmd("unblock", user=b.user)
        await becomes(alice, b.user, "offline", "presence.watch")
        await alice.close()
        await carol.close()

    asyncio.run(main())


# ---- search ----

def found(account, prefix):
    reply = account.rest("POST", "/v1/cmd", {"type": "user.search", "id": "s",
                                             "prefix": prefix})
    return [u["name"] for u in reply.json["users"]] if (
        reply.status == 200) else reply.json["code"]


def test_search_by_prefix(cluster):
    alice = Account(cluster.url(1), "Findme")
    for i in range(22):
        Account(cluster.url(1), f"findmany_{i:02}")
    Account(cluster.url(1), "findmoim.찾기")
    assert found(alice, "findmany_") == [f"findmany_{i:02}" for i in range(20)]
    assert found(alice, "FINDMANY_1") == [f"findmany_{i}"
                                          for i in range(10, 20)]
    assert found(alice, "findme") == ["Findme"]
    assert found(alice, "findmoim.") == ["findmoim.찾기"]
    assert found(alice, "findmoim.찾") == ["findmoim.찾기"]
    assert found(alice, "find_any") == []
    for bad in ("", "find%", "%", "\\", "'; DROP", "a b", ".", "x" * 33):
        assert found(alice, bad) == "bad_value", bad
    assert found(alice, "x" * 65) == "too_large"
    reply = alice.rest("GET", "/v1/users/search?prefix=findme")
    assert [u["user"] for u in reply.json["users"]] == [alice.user]
    reply = alice.rest("GET", "/v1/users/search?prefix=%25")
    assert reply.json["code"] == "bad_value"
