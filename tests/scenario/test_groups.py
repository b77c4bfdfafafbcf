"""Groups: roles, title, muted members, invites, and the largest one."""

import asyncio
import json
import subprocess
import time

import pytest

from harness.client import Account, Client, Refused
from harness.paths import BIN

FULL = 100_000
SENDS = 100
PAGE = 500
PEOPLE = 1 << 40  # ids of the users that only the database knows


async def group_of(cluster, prefix, count):
    """`count` clients on all gateways in one group; answers them and it."""
    people = [Account(cluster.url(1 + i % 3), f"{prefix}{i}")
              for i in range(count)]
    clients = [await Client(cluster.url(1 + i % 3), p).open()
               for i, p in enumerate(people)]
    made = await clients[0].cmd("group.create", title=prefix,
                                members=[p.user for p in people[1:]])
    return clients, made["conv"]


async def close_all(clients):
    await asyncio.gather(*[c.close() for c in clients])


def bodies(client, conv, kind):
    """The bodies of all events of a kind, in the order of seq."""
    seen = client.events.get(conv, {})
    return [seen[seq]["body"] for seq in sorted(seen)
            if seen[seq]["kind"] == kind]


@pytest.mark.parametrize("count", [4, 18], ids=["narrow", "wide"])
def test_changes_are_heard_and_found(cluster, count):
    """A change of role and title reaches who is there, on every gateway, and
    who was not finds it in the log."""

    async def chat():
        clients, conv = await group_of(cluster, f"set{count}x", count)
        owner, heir, away = clients[0], clients[1], clients[2]
        user = heir.account.user
        await away.sync([conv])
        await away.close()
        await owner.cmd("group.role", conv=conv, user=user, role="admin")
        await heir.cmd("group.title", conv=conv, title="renamed")
        await owner.cmd("group.role", conv=conv, user=user, role="owner")
        with pytest.raises(Refused) as refused:
            await owner.cmd("group.role", conv=conv, user=user, role="member")
        assert refused.value.code == "forbidden"
        left = await heir.cmd("group.leave", conv=conv)
        await away.open()
        await away.sync([conv])
        for client in (away, *clients[3:]):
            await client.until(lambda c=client: left["seq"] in c.events[conv])
            assert bodies(client, conv, "group.title") == [
                {"title": "renamed"}]
            assert bodies(client, conv, "member.role") == [
                {"user": user, "role": "admin"},
                {"user": user, "role": "owner"}]
            assert bodies(client, conv, "member.left") == [
                {"user": user, "owner": owner.account.user}]
        listed = await owner.cmd("conversations")
        assert [(c["title"], c["role"]) for c in listed["conversations"]
                if c["conv"] == conv] == [("renamed", "owner")]
        await close_all(clients)

    asyncio.run(chat())


@pytest.mark.parametrize("count", [4, 18], ids=["narrow", "wide"])
def test_a_muted_member_is_silent_at_once(cluster, count):
    """Once "muted" returned nothing of his stands later, though he writes
    without a pause through another gateway; he still reads; and when the time
    has come he writes again."""

    async def chat():
        clients, conv = await group_of(cluster, f"mute{count}x", count)
        owner, loud = clients[0], clients[1]
        last = 0

        async def shout():
            nonlocal last
            while True:
                last = (await loud.send(conv, "hey"))["seq"]

        shouting = asyncio.create_task(shout())
        await owner.until(lambda: len(owner.texts(conv)) > 20)
        until = int((time.time() + 3600) * 1000)
        mute = {"conv": conv, "user": loud.account.user}
        muted = await owner.cmd("group.mute", until=until, **mute)
        with pytest.raises(Refused) as refused:
            await shouting
        assert refused.value.code == "forbidden"
        assert last < muted["seq"]
        await owner.send(conv, "quiet at last")
        await loud.until(lambda: "quiet at last" in loud.texts(conv))
        listed = await owner.cmd("group.members", conv=conv)
        assert {m["user"]: m["muted"] for m in listed["members"]
                if "muted" in m} == {loud.account.user: until}
        until = int((time.time() + 1) * 1000)
        await owner.cmd("group.mute", until=until, **mute)
        await asyncio.sleep(max(0, until / 1000 - time.time() + 0.05))
        await loud.send(conv, "sorry")
        await owner.until(lambda: "sorry" in owner.texts(conv))
        await close_all(clients)

    asyncio.run(chat())


def test_an_invite_lets_in_as_many_as_it_says(cluster):
    """Six at once on three gateways by an invite for three: three get in, are
    told to all, and hear what comes then; the code is nowhere in the
    database."""

    async def chat():
        clients, conv = await group_of(cluster, "inv", 3)
        invite = await clients[0].cmd("group.invite", conv=conv, uses_max=3)
        code = invite["code"]
        assert len(code) == 32
        assert code not in cluster.postgres.sql("SELECT * FROM invites")
        comers = [await Client(cluster.url(1 + i % 3), Account(
            cluster.url(1 + i % 3), f"comer{i}")).open() for i in range(6)]

        async def join(client):
            try:
                return (await client.cmd("group.join", code=code))["seq"]
            except Refused as refused:
                return refused.code

        joined = await asyncio.gather(*[join(c) for c in comers])
        ins = [c for c, seq in zip(comers, joined) if seq != "not_found"]
        assert len(ins) == 3 and joined.count("not_found") == 3
        await clients[1].send(conv, "welcome")
        for client in ins:
            await client.until(lambda c=client: "welcome" in c.texts(conv))
        await clients[2].until(
            lambda: len(bodies(clients[2], conv, "member.added")) == 3)
        assert sorted(b["user"] for b in bodies(
            clients[2], conv, "member.added")) == sorted(
                c.account.user for c in ins)
        assert not (await clients[0].cmd("group.invites",
                                         conv=conv))["invites"]
        await close_all([*clients, *comers])

    asyncio.run(chat())


# ---- export and erase ----

def ctl(cluster, *words):
    """moimctl as an operator runs it: the answer's lines."""
    keys = cluster.home / "conf/token.keys"
    done = subprocess.run(
        [BIN / "moimctl", *words, "--key-file", keys, "--url", cluster.url(1)],
        text=True, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


def test_a_user_is_exported_and_erased(cluster):
    """The export has what he said and not what others did; after the erasure
    he is logged out and nowhere, his texts are in no answer and in no key of
    the store, and the others were told."""

    async def chat():
        clients, conv = await group_of(cluster, "gone", 3)
        victim, other, away = clients
        user = victim.account.user
        for i in range(130):
            await victim.send(conv, f"my secret {i}")
        said = await victim.send(conv, "a first try, my secret")
        await victim.cmd("message.edit", conv=conv, seq=said["seq"],
                         msg="edit" * 5, text="my secret edited")
        await other.send(conv, "what others say")
        await other.cmd("friend.ask", user=user)
        direct = (await other.cmd("direct.open", user=user))["conv"]
        await victim.send(direct, "my secret whispered")
        await away.sync([conv])
        await away.close()

        status, lines = ctl(cluster, "user", "export", "gone0")
        records = [json.loads(line) for line in lines]
        assert status == 0
        assert [r["record"] for r in records[:4]] == [
            "user", "device", "friend", "conversation"]
        events = [r["event"] for r in records if r["record"] == "event"]
        texts = [e["body"]["text"] for e in events if e["kind"] == "message"]
        assert "my secret 129" in texts and "my secret whispered" in texts
        assert len(texts) == 132 and all("secret" in t for t in texts)

        status, lines = ctl(cluster, "user", "erase", "gone0")
        assert status == 0
        assert dict(line.split() for line in lines) == {
            "user": user, "devices": "1", "groups": "1",
            "conversations": "2", "messages": "132", "friends": "1",
            "blocks": "0", "invites": "0"}
        await victim.until(lambda: victim.closed)
        assert victim.closed == 4503
        await other.until(lambda: bodies(other, conv, "member.erased"))
        assert bodies(other, conv, "member.left") == [
            {"user": user, "owner": other.account.user}]
        await away.open()
        await away.sync([conv])
        assert bodies(away, conv, "member.erased") == [{"user": user}]
        page = await away.cmd("history", conv=conv, limit=100)
        assert "secret" not in json.dumps(page)
        assert "what others say" in json.dumps(page)
        page = await other.cmd("history", conv=direct)
        assert page["events"][0]["deleted"]["by"] == user
        for key in cluster.redis.cli("keys", f"*{{c{conv}}}*").split():
            if "log:" in key:
                assert "secret" not in cluster.redis.cli("lrange", key, "0",
                                                         "-1")
            assert "edits:" not in key
        assert cluster.postgres.sql(
            "SELECT count(*) FROM users WHERE name = 'gone0'") == "0"
        assert ctl(cluster, "user", "erase", "gone0")[0] == 1
        await close_all([other, away])

    asyncio.run(chat())


# ---- the largest group ----

def fill(cluster, conv):
    """Makes users that only the database knows members until it is full."""
    cluster.postgres.sql(f"""
        SET statement_timeout = 0;
        INSERT INTO users (id, name, name_key)
        SELECT {PEOPLE} + i, 'extra' || i, 'extra' || i
          FROM generate_series(1, {FULL}) AS i;
        INSERT INTO members (conv_id, user_id, role, from_seq, bound)
        SELECT c.id, {PEOPLE} + i, 1, 1, true
          FROM conversations c, generate_series(1, {FULL} - c.member_count) i
         WHERE c.title = '{conv}';
        UPDATE conversations SET member_count = {FULL}, wide = true
         WHERE title = '{conv}';
        ANALYZE members""")


def calls(cluster):
    """How often Redis has run each command."""
    lines = cluster.redis.cli("info", "commandstats").splitlines()
    stats = {}
    for line in lines:
        if line.startswith("cmdstat_"):
            name, rest = line.strip().split(":")
            stats[name.removeprefix("cmdstat_")] = int(
                rest.split(",")[0].removeprefix("calls="))
    return stats


def test_the_largest_group(cluster):
    """100,000 members: one send costs Redis one append and one publish; the
    list of all of them comes in pages; one more does not get in."""

    async def chat():
        people = [Account(cluster.url(1 + i), f"big{i}") for i in range(3)]
        late = Account(cluster.url(2), "biglate")
        made = people[0].cmd("group.create", title="the largest",
                             members=[p.user for p in people[1:]])
        conv = made["conv"]
        fill(cluster, "the largest")
        # A change that is one, so that the gateways look again.
        people[0].cmd("group.title", conv=conv, title="the very largest")
        clients = [await Client(p.url, p).open() for p in people]
        owner = clients[0]
        await owner.send(conv, "first")
        for client in clients:
            await client.until(lambda c=client: c.texts(conv) == ["first"])

        before, start = calls(cluster), time.monotonic()
        for i in range(SENDS):
            await owner.send(conv, f"to all {i}")
        seconds, after = time.monotonic() - start, calls(cluster)
        cost = {name: after[name] - before.get(name, 0) for name in after}
        assert cost["evalsha"] == SENDS
        # Gateways and presence services append marks, too, and publish
        # heartbeats: a few a second each.
        assert SENDS <= cost["xadd"] <= SENDS + 10 * (1 + seconds)
        assert SENDS <= cost["spublish"] <= SENDS + 60 * (1 + seconds)
        for client in clients:
            await client.until(
                lambda c=client: len(c.texts(conv)) == SENDS + 1)
            assert not client.repeats

        with pytest.raises(Refused) as refused:
            await owner.cmd("group.add", conv=conv, user=late.user)
        assert refused.value.code == "too_many"
        await clients[2].cmd("group.leave", conv=conv)
        await owner.cmd("group.add", conv=conv, user=late.user)
        members, after = [], {}
        while True:
            page = await clients[1].cmd("group.members", conv=conv,
                                        limit=PAGE, **after)
            assert page["total"] == FULL
            members += page["members"]
            if "next" not in page:
                break
            after = {"after": page["next"]}
        users = [m["user"] for m in members]
        assert len(users) == FULL and users == sorted(set(users))
        assert {p.user for p in (*people[:2], late)} <= set(users)
        assert people[2].user not in users
        await close_all(clients)

    asyncio.run(chat())
