"""Who is online, told to those who watch, whoever dies."""

import asyncio
import itertools

from harness.client import Account, Client
from harness.waiting import PATIENCE, wait_until

QUICK = {"presence": {"grace": "1s", "lease": "5s"}}


def states(client, user):
    """The states of `user` that this client was shown since he was seen
    online; telling the same again changes nothing."""
    told = [known["state"] for frame in client.others
            if frame["type"] == "presence"
            for known in frame["users"] if known["user"] == user]
    shown = [state for state, _ in itertools.groupby(["online", *told])]
    return shown[1:]


async def state_becomes(client, user, want):
    """Asks until the answer is `want`."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        answer = await client.cmd("presence.query", users=[user])
        known = answer["users"][0]
        if known["state"] == want:
            return known
        assert asyncio.get_running_loop().time() < deadline, known
        await asyncio.sleep(0.1)


def test_offline_and_back(make_cluster):
    """Watched across gateways: offline with a last-seen time, and online
    again; a short absence is not told."""
    cluster = make_cluster(gateways=2, presences=2, presence_conf=QUICK,
                           settled=True)

    async def watch():
        alice = await Client(cluster.url(1),
                             Account(cluster.url(1), "alice")).open()
        person = Account(cluster.url(2), "bobby")
        bob = await Client(cluster.url(2), person).open()
        await state_becomes(alice, person.user, "online")
        await alice.cmd("presence.watch", users=[person.user])
        await bob.close()
        await alice.until(
            lambda: states(alice, person.user) == ["offline"])
        known = await state_becomes(alice, person.user, "offline")
        assert known["since"] > 0
        bob = await Client(cluster.url(1), person).open()
        await alice.until(
            lambda: states(alice, person.user) == ["offline", "online"])
        await bob.close()
        bob = await Client(cluster.url(2), person).open()
        await asyncio.sleep(2)  # twice the grace: nothing may come
        assert states(alice, person.user) == ["offline", "online"]
        wait_until(lambda: alice.account.rest(
            "GET", f"/v1/presence?users={person.user}").json["users"][0][
                "state"] == "online", "online over REST")
        await alice.cmd("presence.unwatch", users=[person.user])
        await bob.close()
        await state_becomes(alice, person.user, "offline")
        assert states(alice, person.user) == ["offline", "online"]
        await alice.close()

    asyncio.run(watch())


def test_a_presence_service_dies(make_cluster):
    """Either one can be killed: nobody who is here is called offline, and
    changes are told again within 5 s."""
    cluster = make_cluster(gateways=2, presences=2, presence_conf=QUICK,
                           settled=True)

    async def watch():
        people = [Account(cluster.url(1 + i % 2), f"person{i}")
                  for i in range(10)]
        clients = [await Client(p.url, p).open() for p in people]
        watcher, others = clients[0], people[1:]
        for person in others:
            await state_becomes(watcher, person.user, "online")
        await watcher.cmd("presence.watch", users=[p.user for p in others])
        for number in (1, 2):
            cluster.presence(number).kill9()
            for person in others:
                # The takeover takes 5 s.
                await state_becomes(watcher, person.user, "online")
            assert all("offline" not in states(watcher, p.user)
                       for p in others)
            cluster.presence(number).launch()
            cluster.presence(number).wait_ready()
        await clients[1].close()
        await watcher.until(
            lambda: states(watcher, people[1].user)[-1:] == ["offline"])
        assert all("offline" not in states(watcher, p.user)
                   for p in people[2:])
        for client in clients:
            await client.close()

    asyncio.run(watch())


def test_a_gateway_dies(make_cluster):
    """Its users go offline when its lease ends, but for those who came back
    elsewhere."""
    cluster = make_cluster(gateways=3, presences=2, presence_conf=QUICK,
                           settled=True)

    async def watch():
        alice = await Client(cluster.url(1),
                             Account(cluster.url(1), "alice")).open()
        stays = Account(cluster.url(2), "stays")
        goes = Account(cluster.url(2), "goes")
        one = await Client(cluster.url(2), stays).open()
        two = await Client(cluster.url(2), goes).open()
        for person in (stays, goes):
            await state_becomes(alice, person.user, "online")
        await alice.cmd("presence.watch", users=[stays.user, goes.user])
        cluster.gateway(2).kill9()
        await one.until(lambda: one.closed)
        one = await Client(cluster.url(3), stays).open()
        await alice.until(lambda: states(alice, goes.user) == ["offline"])
        await state_becomes(alice, stays.user, "online")
        assert "offline" not in states(alice, stays.user)
        await asyncio.gather(alice.close(), one.close(), two.close())

    asyncio.run(watch())
