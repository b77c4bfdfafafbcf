"""Who is in a group, and what the others see of it."""

import asyncio
import re

import pytest

from harness.client import Account, Client, Refused
from harness.http_json import http_json


async def group_of(cluster, prefix, count):
    """`count` clients on all gateways in one group; answers them and it."""
    people = [Account(cluster.url(1 + i % 3), f"{prefix}{i}")
              for i in range(count)]
    clients = [await Client(cluster.url(1 + i % 3), p).open()
               for i, p in enumerate(people)]
    made = await clients[0].cmd("group.create", title=prefix,
                                members=[p.user for p in people[1:]])
    return clients, made["conv"]


def lookups(gateway):
    """How often it has asked PostgreSQL which wide conversations users are
    in."""
    page = http_json("GET", f"http://{gateway.internal}/metrics").raw.decode()
    return int(re.search(r"^moim_gateway_pg_query_seconds_count"
                         r'{stmt="wide_convs_of",} (\d+)$', page, re.M)[1])


async def removed_while_away(cluster, owner, stays, goes, conv):
    """Two of one gateway are away for a moment, and one of them is removed
    meanwhile. Nobody looks up who comes back; each hears what is his."""
    before = lookups(cluster.gateway(2))
    await stays.close()
    await goes.close()
    await owner.cmd("group.remove", conv=conv, user=goes.account.user)
    await owner.send(conv, "while away")
    await stays.open()
    await goes.open()
    await stays.sync([conv])
    await goes.sync([conv])
    await owner.send(conv, "back again")
    await stays.until(lambda: "back again" in stays.texts(conv))
    await goes.cmd("ping")
    assert "while away" in stays.texts(conv)
    assert not {"while away", "back again"} & set(goes.texts(conv))
    assert lookups(cluster.gateway(2)) == before


async def close_all(clients):
    await asyncio.gather(*[c.close() for c in clients])


@pytest.mark.parametrize("count", [4, 20], ids=["narrow", "wide"])
def test_a_removed_member_sees_nothing_more(cluster, count):
    """After "removed" returned, nothing later reaches him; the others go on;
    what he may read ends there."""

    async def chat():
        clients, conv = await group_of(cluster, f"rm{count}x", count)
        owner, victim, other = clients[0], clients[1], clients[2]
        await other.send(conv, "before")
        await victim.until(lambda: "before" in victim.texts(conv))
        gone = await owner.cmd("group.remove", conv=conv,
                               user=victim.account.user)
        for i in range(20):
            await clients[2 + i % 2].send(conv, f"after {i}")
        for client in clients[2:]:
            await client.until(
                lambda c=client: len(c.texts(conv)) == 21)
        # The owner's ack of one more round trip on the victim's own socket
        # stands behind anything that was on its way to him.
        await victim.until(lambda: gone["seq"] in victim.events[conv])
        await victim.cmd("ping")
        assert victim.texts(conv) == ["before"]
        assert max(victim.events[conv]) == gone["seq"]
        with pytest.raises(Refused) as refused:
            await victim.send(conv, "may I?")
        assert refused.value.code == "not_found"
        page = await victim.cmd("history", conv=conv)
        assert page["head"] == gone["seq"]
        assert page["events"][-1]["kind"] == "member.removed"
        await victim.sync([conv])
        assert max(victim.events[conv]) == gone["seq"]
        if count > 16:
            await removed_while_away(cluster, owner, clients[4], clients[7],
                                     conv)
        await close_all(clients)

    asyncio.run(chat())


def test_a_new_member_reads_from_his_joining_on(cluster):
    """Added later: the history begins with the joining, live follows."""

    async def chat():
        clients, conv = await group_of(cluster, "add", 3)
        late = await Client(cluster.url(2), Account(cluster.url(2),
                                                    "addlate")).open()
        await clients[1].send(conv, "secret")
        await clients[0].cmd("group.add", conv=conv, user=late.account.user)
        await clients[2].send(conv, "welcome")
        await late.until(lambda: late.texts(conv) == ["welcome"])
        page = await late.cmd("history", conv=conv)
        assert [e["kind"] for e in page["events"]] == ["member.added",
                                                       "message"]
        with pytest.raises(Refused) as refused:
            await late.cmd("group.remove", conv=conv,
                           user=clients[0].account.user)
        assert refused.value.code == "forbidden"
        await late.cmd("group.leave", conv=conv)
        await clients[2].send(conv, "bye")
        await clients[0].until(lambda: "bye" in clients[0].texts(conv))
        await late.cmd("ping")
        assert late.texts(conv) == ["welcome"]
        await close_all([*clients, late])

    asyncio.run(chat())


@pytest.mark.parametrize("count", [4, 20], ids=["narrow", "wide"])
def test_who_comes_back_has_missed_what_was_said(cluster, count):
    """Neither live, nor by sync, nor on a page, nor by what the sender repeats:
    what was said while he was out is not for him; what was before, and is
    after, is."""

    async def chat():
        clients, conv = await group_of(cluster, f"back{count}x", count)
        owner, member, other = clients[0], clients[1], clients[2]
        before = await other.send(conv, "before")
        await owner.cmd("group.remove", conv=conv, user=member.account.user)
        secret = await other.send(conv, "secret")
        back = await owner.cmd("group.add", conv=conv,
                               user=member.account.user)
        again = await other.send(conv, "secret", secret["msg"])
        assert again["seq"] == secret["seq"]
        after = await other.send(conv, "after")
        await member.until(lambda: after["seq"] in member.events[conv])
        fresh = await Client(cluster.url(3), member.account).open()
        await fresh.sync([conv])
        page = await member.cmd("history", conv=conv)
        shown = {e["seq"]: e for e in page["events"]}
        assert back["seq"] == secret["seq"] + 1
        assert shown[secret["seq"]]["kind"] == "gone"
        assert shown[before["seq"]]["body"]["text"] == "before"
        assert shown[after["seq"]]["body"]["text"] == "after"
        assert fresh.events[conv][secret["seq"]]["kind"] == "gone"
        assert fresh.texts(conv) == ["before", "after"]
        assert "secret" not in member.texts(conv)
        with pytest.raises(Refused) as refused:
            await member.cmd("message.react", conv=conv, seq=secret["seq"],
                             msg="0123456789abcdef", emoji="\U0001f44d")
        assert refused.value.code == "not_found"
        await close_all([*clients, fresh])

    asyncio.run(chat())


def test_growing_wide_loses_nothing(cluster):
    """From 16 members to 18 while people talk: everybody sees everything
    from his joining on."""

    async def chat():
        clients, conv = await group_of(cluster, "grow", 16)
        late = [await Client(cluster.url(1 + i), Account(
            cluster.url(1 + i), f"growlate{i}")).open() for i in range(2)]
        done = asyncio.Event()

        async def talk(client, name):
            count = 0
            while not done.is_set():
                await client.send(conv, f"{name} {count}")
                count += 1
            return count

        talks = [asyncio.create_task(talk(clients[i], f"t{i}"))
                 for i in range(3)]
        await clients[5].until(lambda: len(clients[5].texts(conv)) > 20)
        joined = []
        for client in late:
            answer = await clients[0].cmd("group.add", conv=conv,
                                          user=client.account.user)
            joined.append(answer["seq"])
            at = len(clients[5].texts(conv))
            await clients[5].until(
                lambda n=at: len(clients[5].texts(conv)) > n + 20)
        done.set()
        counts = await asyncio.gather(*talks)
        head = 1 + sum(counts) + 2
        for client, first in [*((c, 1) for c in clients), *zip(late, joined)]:
            # A joining that is not complete is caught up within a second.
            await client.until(
                lambda c=client, n=head + 1 - first: len(c.events[conv]) == n)
            assert sorted(client.events[conv]) == list(range(first, head + 1))
        await close_all([*clients, *late])

    asyncio.run(chat())
