"""One session over four transports: a WebSocket, a stream of events, long and
plain polls, with the same promises."""

import asyncio
import itertools
import json
import re
import socket

import pytest

from harness.client import Account, Client, Refused
from harness.http_client import (EVENTS, LONG, PLAIN, HttpClient, events,
                                 http_open)
from harness.http_json import http_json
from harness.waiting import PATIENCE, wait_until

OF = {"ws": None, "sse": EVENTS, "long": LONG, "poll": PLAIN}
ACCEPT = "Accept: text/event-stream"


def receiver(url, account, how):
    return (Client(url, account) if how == "ws"
            else HttpClient(url, account, OF[how]))


def pair(cluster, name):
    """Alice, Bob and their conversation. Both have been told that it is in
    their lists, wherever they may come next: nothing more is on its way."""
    alice = Account(cluster.url(1), name + "alice")
    bob = Account(cluster.url(2), name + "bob")

    async def begun():
        clients = [await Client(gateway.url, account).open()
                   for gateway in cluster.gateways for account in (alice, bob)]
        conv = (await clients[0].cmd("direct.open", user=bob.user))["conv"]
        for client in clients:
            await client.until(lambda c=client: any(
                other.get("conv") == conv for other in c.others))
            await client.close()
        return conv

    return alice, bob, asyncio.run(begun())


def poll(account, query="", url=None, seconds=PATIENCE):
    return http_json("GET", (url or account.url) + "/v1/poll?" + query,
                     token=account.token, seconds=seconds)


def begin(account, url=None):
    """A new session: its name and its first answer."""
    answer = poll(account, "timeout=0", url).json
    assert answer["type"] == "texts" and answer["ack"] == 1
    ready = answer["texts"][0]
    assert ready["type"] == "ready" and ready["session"] == answer["session"]
    assert "resumed" not in ready
    return answer["session"], answer


@pytest.mark.parametrize("how", OF)
def test_a_conversation(cluster, how):
    """Bob hears everything, once and in order, and answers."""
    alice, bob, conv = pair(cluster, f"same{how}")

    async def chat():
        one = await Client(cluster.url(1), alice).open()
        two = await receiver(cluster.url(2), bob, how).open()
        for i in range(20):
            sender = one if i % 2 == 0 else two
            assert (await sender.send(conv, f"안녕 {i}"))["seq"] == i + 1
        want = [f"안녕 {i}" for i in range(20)]
        for client in (one, two):
            await client.until(lambda c=client: len(c.texts(conv)) == 20)
            assert client.texts(conv) == want
            assert [e["seq"] for e in client.order] == list(range(1, 21))
            assert client.repeats == 0
        if how != "ws":
            assert two.numbers == list(range(1, len(two.numbers) + 1))
            assert two.rebuilt == 0
        await one.close()
        await two.close()

    asyncio.run(chat())


@pytest.mark.parametrize("how", ("sse", "long", "poll"))
def test_presence_over_http(cluster, how):
    """A session without a socket is online, and is told who comes."""
    alice, bob = (Account(cluster.url(n), f"seen{how}{n}") for n in (1, 2))

    async def watch():
        one = await receiver(cluster.url(1), alice, how).open()
        first = await one.cmd("presence.watch", users=[bob.user])
        assert first["users"][0]["state"] != "online"
        two = await receiver(cluster.url(2), bob, how).open()
        await one.until(lambda: any(
            o["type"] == "presence" and o["users"][0]["state"] == "online"
            for o in one.others))
        await one.close()
        await two.close()

    asyncio.run(watch())


MODES = [EVENTS, LONG, PLAIN]


@pytest.mark.parametrize("before, after",
                         itertools.permutations(MODES, 2))
def test_switching(cluster, before, after):
    """The session goes on over something else while messages come in:
    nothing is lost, nothing is given twice."""
    alice, bob, conv = pair(cluster, f"sw{before}{after}")

    async def chat():
        one = await Client(cluster.url(1), alice).open()
        two = await HttpClient(cluster.url(2), bob, before).open()
        name = two.session

        sent = 0
        enough = False

        async def talk():
            nonlocal sent
            while not enough:
                await one.send(conv, str(sent))
                sent += 1

        talking = asyncio.create_task(talk())
        for mode in (after, before, after):
            have = len(two.order)
            await two.until(lambda n=have: len(two.order) > n + 5)
            await two.switch(mode)
        enough = True
        await talking
        await two.until(lambda: len(two.order) >= sent)
        assert [e["seq"] for e in two.order] == list(range(1, sent + 1))
        assert (two.session, two.rebuilt, two.repeats) == (name, 0, 0)
        await one.close()
        await two.close()

    asyncio.run(chat())


@pytest.mark.parametrize("mode", MODES)
def test_to_a_websocket_and_back(cluster, mode):
    """Over the cursors: the other transport's session syncs what it lacks."""
    alice, bob, conv = pair(cluster, f"wsback{mode}")

    async def chat():
        one = await Client(cluster.url(1), alice).open()
        two = await HttpClient(cluster.url(2), bob, mode).open()
        three = Client(cluster.url(2), bob)
        three.events, three.order = two.events, two.order
        for i in range(10):
            await one.send(conv, str(i))
        await two.until(lambda: len(two.order) >= 5)
        await two.close()
        await three.open()
        await three.sync([conv])
        for i in range(10, 20):
            await one.send(conv, str(i))
        await three.until(lambda: len(two.order) == 20)
        await three.close()
        await one.send(conv, "20")
        await two.switch(mode)
        await two.until(lambda: len(two.order) == 21)
        assert two.texts(conv) == [str(i) for i in range(21)]
        assert two.rebuilt == 0
        await one.close()
        await two.close()

    asyncio.run(chat())


def test_a_lost_answer_comes_again(cluster):
    alice, bob, conv = pair(cluster, "lost")
    name, first = begin(bob, cluster.url(2))
    here = cluster.url(2)
    assert poll(bob, f"session={name}&ack=0&timeout=0", here).json == first
    alice.cmd("send", conv=conv, msg="m" * 16, text="one")
    got = poll(bob, f"session={name}&ack=1", here).json
    assert got["ack"] == 2 and got["texts"][0]["body"] == {"text": "one"}
    again = poll(bob, f"session={name}&ack=1", here).json
    assert again == got
    done = poll(bob, f"session={name}&ack=2&timeout=0", here).json
    assert done == {"type": "texts", "session": name, "ack": 2, "texts": []}
    # What was acknowledged is not there any more: no silent hole.
    fresh = poll(bob, f"session={name}&ack=1&timeout=0", here).json
    assert fresh["session"] != name
    assert fresh["texts"][0]["resumed"] is False


def test_two_polls_at_once(cluster):
    """The older is answered empty; the newer waits, and hears."""
    alice, bob, conv = pair(cluster, "twice")

    async def main():
        name, _ = await asyncio.to_thread(begin, bob)
        head = [f"Authorization: Bearer {bob.token}"]
        ack, texts = 1, [None]
        while texts:  # his list may still tell of the conversation
            answer = (await asyncio.to_thread(
                poll, bob, f"session={name}&ack={ack}&timeout=1")).json
            ack, texts = answer["ack"], answer["texts"]
        target = f"/v1/poll?session={name}&ack={ack}"
        older = asyncio.create_task(
            http_open(bob.url, "GET", target, head))
        await asyncio.sleep(0.3)
        assert not older.done()
        newer = asyncio.create_task(
            http_open(bob.url, "GET", target, head))
        reply = await asyncio.wait_for(older, PATIENCE)
        assert json.loads(await reply.body()) == {
            "type": "texts", "session": name, "ack": ack, "superseded": True,
            "texts": []}
        reply.close()
        await asyncio.to_thread(alice.cmd, "send", conv=conv, msg="n" * 16,
                                text="two")
        reply = await asyncio.wait_for(newer, PATIENCE)
        assert json.loads(await reply.body())["texts"][0]["seq"] == 1
        reply.close()

    asyncio.run(main())


def test_a_poll_ends_a_stream(cluster):
    """And is told why, without a number."""
    alice = Account(cluster.url(1), "endsastream")

    async def main():
        reply = await http_open(alice.url, "GET", "/v1/events", [
            f"Authorization: Bearer {alice.token}", ACCEPT])
        heard = events(reply)
        number, ready = await heard.__anext__()
        assert number == 1
        await asyncio.to_thread(
            poll, alice, f"session={ready['session']}&ack=1&timeout=0")
        assert [e async for e in heard] == [(None, {"type": "superseded"})]
        reply.close()

    asyncio.run(main())


@pytest.mark.parametrize("query, field", (
    ("timeout=-1", "timeout"),
    ("timeout=soon", "timeout"),
    ("timeout=1&timeout=2", "timeout"),
    ("ack=-1", "ack"),
    ("ack=1.5", "ack"),
    ("session=1234", "session"),
    ("session=" + "G" * 32, "session"),
    ("session=" + "A" * 32, "session"),
))
def test_bad_polls(cluster, query, field):
    reply = poll(Account(cluster.url(1), "bad" + query.encode()[:14].hex()),
                 query)
    assert (reply.status, reply.json["code"], reply.json["field"]) == (
        400, "bad_value", field)


def test_poll_cursors_and_holds(cluster):
    """B114, and cursors of nothing."""
    alice = Account(cluster.url(1), "cursors")
    eve = Account(cluster.url(1), "cursoreve")
    name, _ = begin(alice)
    reply = poll(alice, f"session={name}&ack=99&timeout=0")
    assert (reply.status, reply.json["field"]) == (400, "ack")
    for who, query in ((eve, f"session={name}&ack=1"),
                       (alice, "session=" + "0" * 32),
                       (alice, "ack=7")):
        answer = poll(who, query + "&timeout=3600").json  # a new one: at once
        assert answer["session"] != name
        assert answer["texts"][0]["resumed"] is False
    assert poll(alice, "token=" + alice.token).json["code"] == "token_in_url"
    assert http_json("GET", alice.url + "/v1/poll").status == 401
    assert http_json("POST", alice.url + "/v1/poll", {},
                     alice.token).headers["Allow"] == "GET"
    # Still there for its owner.
    assert poll(alice, f"session={name}&ack=1&timeout=0").json["texts"] == []


def test_events_requests(cluster):
    """B113 and B115."""
    alice = Account(cluster.url(1), "eventheads")

    async def ask(*lines, query="", token=True):
        reply = await http_open(
            alice.url, "GET", "/v1/events" + query,
            [*([f"Authorization: Bearer {alice.token}"] if token else []),
             *lines])
        if reply.status == 200:
            _, found = await events(reply).__anext__()
        else:
            found = json.loads(await reply.body())
        reply.close()
        return reply, found

    async def main():
        for accept in ([], ["Accept: application/json"], ["Accept: */*"]):
            reply, found = await ask(*accept)
            assert (reply.status, found["code"]) == (406, "not_acceptable")
        reply, found = await ask(ACCEPT, token=False)
        assert reply.status == 401
        for bad in ("x", "-1", "1 2", "9" * 30, ""):
            reply, found = await ask(ACCEPT, "Last-Event-ID: " + bad)
            assert (reply.status, found["field"]) == (400, "Last-Event-ID")
        reply, _ = await ask(ACCEPT, "Last-Event-ID: " + "7" * 10240)
        assert reply.status == 431
        reply, found = await ask(ACCEPT, "Last-Event-ID: 7", "Range: bytes=5-")
        assert found["type"] == "ready" and found["resumed"] is False
        assert reply.headers["content-type"] == "text/event-stream"
        assert reply.headers["x-accel-buffering"] == "no"
        assert reply.headers["cache-control"] == "no-store"
        _, found = await ask("Accept: text/html, Text/Event-Stream;q=0.5")
        assert found["type"] == "ready" and "resumed" not in found
        # Ahead of its own session.
        reply, _ = await ask(ACCEPT, "Last-Event-ID: 2",
                             query="?session=" + found["session"])
        assert reply.status == 400

    asyncio.run(main())


def test_a_stream_comes_back(cluster):
    """Cut in the middle, it goes on behind Last-Event-ID."""
    alice, bob, conv = pair(cluster, "again")

    async def main():
        two = await HttpClient(cluster.url(2), bob, EVENTS).open()
        for i in range(5):
            await asyncio.to_thread(alice.cmd, "send", conv=conv,
                                    msg=f"{i:016}", text=str(i))
        await two.until(lambda: len(two.order) == 5)
        await two.close()
        two.ack -= 2  # as if the last two had not come through
        del two.events[conv][4], two.events[conv][5], two.order[3:]
        await asyncio.to_thread(alice.cmd, "send", conv=conv, msg="m" * 16,
                                text="5")
        await two.switch(EVENTS)
        await two.until(lambda: len(two.order) == 6)
        assert [e["seq"] for e in two.order] == [1, 2, 3, 4, 5, 6]
        assert (two.rebuilt, two.repeats) == (0, 0)
        await two.close()

    asyncio.run(main())


def test_commands_in_a_session(cluster):
    alice = Account(cluster.url(1), "incmd")
    name, _ = begin(alice)
    watch = {"type": "presence.watch", "id": "w", "users": [alice.user]}
    for query, status in (("", 400), ("?session=" + "0" * 32, 400),
                          ("?session=" + name, 200)):
        assert alice.rest("POST", "/v1/cmd" + query, watch).status == status
    with pytest.raises(Refused):
        async def refused():
            client = HttpClient(alice.url, alice)
            await client.cmd("presence.watch", users=[alice.user])
        asyncio.run(refused())


# ---- clusters of their own ----

def test_a_detached_session_ends(make_cluster):
    """Its user goes offline; asked for again it is a new one; many that were
    left behind do not lock anybody out; a drain asks it away."""
    cluster = make_cluster(
        gateways=1, presences=1, balancer=False,
        gateway_conf={"limits": {"detached": "1s", "ping": "200ms",
                                 "sessions_per_user": 3}})
    alice = Account(cluster.url(1), "leaving")
    bob = Account(cluster.url(1), "looking")

    def state():
        return bob.rest("GET", "/v1/presence?users=" +
                        alice.user).json["users"][0]["state"]

    name, _ = begin(alice)
    wait_until(lambda: state() == "online", "online")
    wait_until(lambda: state() == "offline", "offline")
    fresh = poll(alice, f"session={name}&ack=1").json
    assert fresh["session"] != name
    assert fresh["texts"][0]["resumed"] is False
    wait_until(lambda: state() == "offline", "offline again")

    async def leave():
        """Without a text, only its heartbeats notice that nobody is there."""
        reply = await http_open(alice.url, "GET", "/v1/events", [
            f"Authorization: Bearer {alice.token}", ACCEPT])
        chunks = [await reply.chunks().__anext__() for _ in range(4)]
        assert chunks.count(b":\n\n") == 3  # one at once, two that beat
        reply.close()

    asyncio.run(leave())
    wait_until(lambda: state() == "offline", "offline without its stream")
    for _ in range(10):
        last, _ = begin(alice)
    assert poll(alice, f"session={last}&ack=1&timeout=0").json["texts"] == []

    async def climb():
        """What polls have left behind does not keep a WebSocket out."""
        sockets = [await Client(alice.url, alice).open() for _ in range(3)]
        with pytest.raises(ConnectionError):
            await Client(alice.url, alice).open()
        for client in sockets:
            await client.close()

    asyncio.run(climb())

    async def many():
        clients = [await HttpClient(alice.url, alice, EVENTS).open()
                   for _ in range(3)]
        four = HttpClient(alice.url, alice, EVENTS)
        with pytest.raises(ConnectionError):
            await four.open()
        assert four.closed == 4505
        await asyncio.sleep(1.5)  # heartbeats: a stream outlives `detached`
        assert not any(c.closed for c in clients)
        cluster.gateway(1).child.terminate()
        for client in clients:
            await client.until(lambda c=client: c.closed)
            assert client.closed == 1012
            assert client.others[-2]["type"] == "bye"
            await client.close()
        code = await asyncio.to_thread(
            cluster.gateway(1).child.wait, PATIENCE)
        assert code == 0
        cluster.gateway(1).child = None

    asyncio.run(many())


def test_slow_readers(make_cluster):
    """Who does not read is let go, over a stream and between polls."""
    cluster = make_cluster(gateways=1, presences=1, balancer=False,
                           gateway_conf={"limits": {"queue": "64KiB"}})
    alice = Account(cluster.url(1), "talker")
    bob = Account(cluster.url(1), "sleeper")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]
    host, port = cluster.gateway(1).address.rsplit(":", 1)
    sleeper = socket.socket()
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.connect((host, int(port)))
    sleeper.sendall(f"GET /v1/events HTTP/1.1\r\nHost: a\r\n{ACCEPT}\r\n"
                    f"Authorization: Bearer {bob.token}\r\n\r\n".encode())
    name, _ = begin(bob)

    def let_go():
        metrics = http_json("GET", "http://" + cluster.gateway(1).internal +
                            "/metrics").raw.decode()
        return int(re.search(r"^moim_gateway_slow_closes_total (\d+)$",
                             metrics, re.M)[1])

    async def talk():
        """As much as it takes: how much the kernel keeps is its own affair."""
        one = await Client(alice.url, alice).open()
        for _ in range(100):
            if let_go() == 2:
                break
            for _ in range(150):
                await one.send(conv, "x" * 4000)
        await one.close()

    asyncio.run(talk())
    fresh = poll(bob, f"session={name}&ack=1").json
    assert fresh["texts"][0]["resumed"] is False

    def drained():
        try:
            while sleeper.recv(1 << 16):
                pass
            return True
        except OSError:
            return True

    sleeper.settimeout(PATIENCE)
    assert drained()
    sleeper.close()
    assert let_go() == 2


@pytest.mark.parametrize("balancer", ("leastconn", "roundrobin"))
@pytest.mark.parametrize("mode", MODES)
def test_any_gateway(make_cluster, mode, balancer):
    """Through the balancer, with its cookie and without; the gateway that has
    the session is killed: the client goes on wherever it lands, and lacks
    nothing."""
    cluster = make_cluster(gateways=2, presences=1, balancer=balancer)
    alice = Account(cluster.url(1), "anyalice")
    bob = Account(cluster.url(1), "anybob")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]

    async def main():
        two = await HttpClient(cluster.url(), bob, mode).open()
        two.events[conv] = {}  # it knows of the conversation
        home = int(two.ready["gateway"][1:])
        one = await Client(cluster.url(3 - home), alice).open()
        for i in range(30):
            await one.send(conv, str(i))
            await asyncio.sleep(0.02)
            if i == 15:
                before = two.rebuilt
                await asyncio.to_thread(cluster.gateway(home).kill9)
        await two.until(lambda: two.complete_to(conv) == 30)
        print(f"{mode} {balancer}: rebuilt {before} and {two.rebuilt} times")
        assert two.texts(conv) == [str(i) for i in range(30)]
        if balancer == "leastconn":
            assert before == 0 and two.rebuilt in (1, 2)
        await one.close()
        await two.close()

    asyncio.run(main())
