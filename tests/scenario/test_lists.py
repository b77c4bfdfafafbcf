"""What users have in lists: told live to every device on every gateway, made
good afterwards to who was away, and the same for both sides whatever races."""

import asyncio

from harness.client import Account, Client, Refused
from harness.http_json import http_json


def people(cluster, *names):
    return [Account(cluster.url(1 + i % 3), name)
            for i, name in enumerate(names)]


def lists(account, since=0):
    return account.rest("GET", f"/v1/lists?since={since}").json


def entry(account, kind):
    """The only entry of this kind."""
    found = [e for e in lists(account)["entries"] if e["list"] == kind]
    assert len(found) <= 1
    return found[0] if found else None


def pushed(client, **fields):
    """Whether the client was pushed such a change."""
    return any(f["type"] == "list" and
               all(f.get(k) == v for k, v in fields.items())
               for f in client.others)


def folded(client):
    """The entries that a device has after all pushes, oldest change first."""
    entries = {}
    for text in client.others:
        if text["type"] != "list":
            continue
        one = {k: v for k, v in text.items() if k != "type"}
        key = one["list"], one.get("conv", one.get("user"))
        if entries.get(key, {"version": 0})["version"] <= one["version"]:
            entries[key] = one
    return sorted(entries.values(), key=lambda e: e["version"])


def another_device(account, url):
    reply = http_json("POST", url + "/v1/login", {
        "name": account.name, "password": "correct horse battery staple"})

    class Device:
        token = reply.json["token"]
        user = reply.json["user"]

    return Device()


def test_every_device_hears(cluster):
    """A change reaches all devices of its user on all gateways, and those of
    the other side: what they were told is what `lists` says."""
    alice, bob = people(cluster, "hearalice", "hearbob")

    async def main():
        devices = [await Client(g.url, another_device(alice, g.url)).open()
                   for g in cluster.gateways]
        other = await Client(cluster.url(2), bob).open()
        await devices[0].cmd("friend.ask", user=bob.user)
        await other.cmd("friend.accept", user=alice.user)
        await devices[1].cmd("friend.remark", user=bob.user, remark="보비")
        await devices[2].cmd("settings.set", seen="nobody", notify="none")
        conv = (await devices[0].cmd("direct.open", user=bob.user))["conv"]
        await devices[1].cmd("conv.set", conv=conv, pinned=True)
        want = lists(alice)["entries"]  # of three publishers, in any order
        for client in devices:
            await client.until(lambda c=client: folded(c) == want)
            assert pushed(client, list="settings", seen="nobody")
            assert pushed(client, conv=conv, pinned=True)
        await other.until(lambda: pushed(other, conv=conv))
        assert not pushed(other, remark="보비")
        assert not pushed(other, list="settings")
        for client in (*devices, other):
            await client.close()

    asyncio.run(main())


def test_who_was_away_gets_the_rest(cluster):
    """From any version on, in pages, everything that has changed since."""
    alice, bob, carol = people(cluster, "restalice", "restbob", "restcarol")
    alice.cmd("friend.ask", user=bob.user)
    seen = lists(alice)["version"]
    alice.cmd("friend.drop", user=bob.user)
    alice.cmd("group.create", title="rest", members=[carol.user])
    carol.cmd("friend.ask", user=alice.user)
    rest = lists(alice, seen)
    assert [(e["list"], e.get("state")) for e in rest["entries"]] == [
        ("friends", "none"), ("conversations", None), ("friends", "asks_me")]
    pages, at = [], seen
    while True:
        page = alice.rest("GET", f"/v1/lists?since={at}&limit=1").json
        pages += page["entries"]
        at = page["version"]
        if not page["more"]:
            break
    assert pages == rest["entries"]
    assert lists(alice, rest["version"])["entries"] == []
    assert lists(alice, 10 ** 6)["reset"]


ASKED = (("one", "ask"),)
FRIENDS = (*ASKED, ("two", "accept"))
# What was done before, what both do at once, and what it may be then to `one`.
RACES = {
    "both ask": ((), ("ask", "ask"), {"friend"}),
    "accepted while taken back": (ASKED, ("drop", "accept"), {"none"}),
    "declined while asked again": (ASKED, ("ask", "drop"), {"none", "asked"}),
    "accepted while asked again": (ASKED, ("ask", "accept"), {"friend"}),
    "taken back while declined": (ASKED, ("drop", "drop"), {"none"}),
    "ended while accepted again": (FRIENDS, ("drop", "accept"), {"none"}),
    "ended while asked": (FRIENDS, ("drop", "ask"), {"none", "asks_me"}),
    "ended by both": (FRIENDS, ("drop", "drop"), {"none"}),
}
MIRRORED = {"friend": "friend", "none": "none", "asked": "asks_me",
            "asks_me": "asked"}


class Pair:
    """Two people on two gateways, and what was pushed to them."""

    def __init__(self, cluster, number):
        self.names = [f"{side}race{number}" for side in ("one", "two")]
        self.accounts = people(cluster, *self.names)
        self.clients = {}

    async def open(self):
        for side, account in zip(("one", "two"), self.accounts):
            self.clients[side] = await Client(account.url, account).open()
        return self

    async def close(self):
        for client in self.clients.values():
            await client.close()

    async def do(self, side, verb):
        other = self.accounts[side == "one"].user
        try:
            await self.clients[side].cmd("friend." + verb, user=other)
        except Refused as refused:
            assert (verb, refused.code) == ("accept", "not_found")

    async def play(self, before, verbs, ends):
        """Both sides have the same end, and are told of it."""
        for side, verb in before:
            await self.do(side, verb)
        await asyncio.gather(*map(self.do, ("one", "two"), verbs))
        one, two = [(entry(a, "friends") or {"state": "none"})["state"]
                    for a in self.accounts]
        assert one in ends and two == MIRRORED[one], (one, two)
        for account, client in zip(self.accounts, self.clients.values()):
            want = lists(account)["entries"]
            await client.until(lambda c=client, w=want: w == [
                e for e in folded(c) if e["state"] != "none"])
        return one


def rows_of(cluster, pair):
    """How many rows PostgreSQL has of the two."""
    return int(cluster.postgres.sql(
        "SELECT count(*) FROM friends f JOIN users u ON u.id = f.low "
        f"WHERE u.name IN ('{pair.names[0]}', '{pair.names[1]}')"))


def test_friends_at_once(cluster):
    """Whoever comes first, both sides agree, the store too, and accepting
    never asks."""

    async def main(pair):
        await pair.open()
        for name, race in list(RACES.items()) * 3:
            end = await pair.play(*race)
            assert rows_of(cluster, pair) == (end != "none"), name
            await pair.do("one", "drop")
        await pair.close()

    async def everybody():
        await asyncio.gather(*[main(Pair(cluster, n)) for n in range(3)])

    asyncio.run(everybody())


def test_asked_and_blocked_at_once(cluster):
    """A block leaves no question behind, however close it was."""
    alice, bob = people(cluster, "askalice", "askbob")

    async def main():
        one = await Client(cluster.url(1), alice).open()
        two = await Client(cluster.url(2), bob).open()
        for _ in range(10):
            await asyncio.gather(one.cmd("friend.ask", user=bob.user),
                                 two.cmd("block", user=alice.user),
                                 return_exceptions=True)
            assert entry(alice, "friends") is None
            assert entry(bob, "friends") is None
            assert entry(bob, "blocks")["blocked"]
            await two.cmd("unblock", user=alice.user)
        await one.close()
        await two.close()

    asyncio.run(main())


def test_many_changes_at_once_have_versions_of_their_own(cluster):
    """Changes of one user's lists on three gateways at the same moment."""
    names = [f"many{i}" for i in range(6)]
    alice, *others = people(cluster, "manyalice", *names)

    async def main():
        clients = [await Client(cluster.url(1 + i % 3), who).open()
                   for i, who in enumerate(others)]
        await asyncio.gather(*[c.cmd("friend.ask", user=alice.user)
                               for c in clients])
        await asyncio.gather(*[c.cmd("direct.open", user=alice.user)
                               for c in clients])
        for client in clients:
            await client.close()

    asyncio.run(main())
    got = lists(alice)
    assert got["version"] == 12
    assert [e["version"] for e in got["entries"]] == list(range(1, 13))


def test_who_may_write(cluster):
    """Nobody begins with who does not want it; friends do when they may."""
    alice, bob, carol = people(cluster, "mayalice", "maybob", "maycarol")
    bob.cmd("friend.ask", user=alice.user)
    alice.cmd("friend.accept", user=bob.user)
    alice.cmd("settings.set", reach="friends")

    async def main():
        two = await Client(cluster.url(3), carol).open()
        for type_, fields in (
                ("direct.open", {"user": alice.user}),
                ("group.create", {"title": "x", "members": [alice.user]})):
            try:
                await two.cmd(type_, **fields)
                raise AssertionError(type_)
            except Refused as refused:
                assert refused.code == "forbidden"
        await two.close()

    asyncio.run(main())
    assert bob.cmd("direct.open", user=alice.user)["conv"]
