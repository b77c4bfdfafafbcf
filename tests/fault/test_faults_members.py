"""Who is removed sees nothing more, whatever is broken meanwhile."""

import asyncio
import time

import pytest

from .nemesis import doors


async def member_cmd(show, conv, type_, person):
    """Adds or removes, as often as it takes; answers the event's seq."""
    owner, begun = show.owners[conv], time.monotonic()
    while True:
        await owner.live.wait()
        try:
            answer = await owner.cmd(type_, conv=conv, user=person.user)
        except (ConnectionError, asyncio.TimeoutError):
            await asyncio.sleep(0.1)
            continue
        if answer["type"] == "ok":
            if type_ == "group.add":
                show.joins.setdefault((conv, person.user), []).append(begun)
            return answer["seq"]
        await owner.pause(answer)


def victims_of(show, conv, count):
    """Members who are not its owner."""
    others = [p for p in show.members(conv) if p is not show.owners[conv]]
    return others[:count]


async def change_often(show, seconds):
    """Removes and adds members of every group that is large enough, one at a
    time; answers how many changes there were."""
    end, changes = time.monotonic() + seconds, 0

    async def churn(conv):
        nonlocal changes
        while time.monotonic() < end:
            for person in victims_of(show, conv, 2):
                seq = await member_cmd(show, conv, "group.remove", person)
                removed = time.monotonic()
                await asyncio.sleep(show.rand.uniform(0, 0.2))
                late = [s for s, (_, when) in person.seen[conv].items()
                        if when > removed and s > seq]
                assert not late, f"{late} after the removal at {seq}"
                await member_cmd(show, conv, "group.add", person)
                changes += 2

    await asyncio.gather(*[churn(c) for c, users in show.convs.items()
                           if len(users) in (5, 8, 16, 24)])
    return changes


@pytest.mark.ci
def test_f50_removed_while_a_gateway_hears_nothing(theatre):
    """No word of the removal reaches the gateway of the one removed. The next
    message must tell it that its list of members is old."""
    async def nemesis(show):
        wide = [c for c, users in show.convs.items() if len(users) > 16]
        tell, removed = show.stage.proxy.tell, 0
        for _ in range(2 * show.times):
            for conv in wide:
                person = show.rand.choice(victims_of(show, conv, 10))
                await person.live.wait()
                door = "bus" + person.gateway[1:]
                tell(f"{door} pubsub_drop 1000")
                await member_cmd(show, conv, "group.remove", person)
                tell(f"{door} clear")
                await asyncio.sleep(0.3)  # of talk
                await member_cmd(show, conv, "group.add", person)
                removed += 1
        dropped = show.stage.count("pubsub_dropped", doors("bus"))
        return min(removed, dropped)

    theatre.play("F50 removed, his gateway deaf", nemesis)


def test_f50_removed_while_a_gateway_is_behind(theatre):
    """What is on its way to gateway 1 waits, and arrives after the removal.
    Owners who are on gateway 1 cannot finish a change meanwhile."""
    async def nemesis(show):
        show.stage.proxy.tell("bus1 down hold")
        churn = asyncio.create_task(change_often(show, 1.5))
        await asyncio.sleep(1.5)
        held = show.stage.proxy.stats("bus1")["held"]
        show.stage.proxy.tell("bus1 clear")
        return min(await churn, held)

    theatre.play("F50 removed, one gateway behind", nemesis)


def test_f51_members_change_under_load(theatre):
    async def nemesis(show):
        return await change_often(show, 3 * show.times)

    theatre.play("F51 remove, add, remove", nemesis)


@pytest.mark.long
def test_f51_members_change_while_gateways_die(theatre):
    async def nemesis(show):
        churn = asyncio.create_task(change_often(show, 3))
        for _ in range(3):
            for name in doors("bus"):
                show.stage.proxy.tell(f"{name} reset")
            await asyncio.sleep(0.8)
        return await churn

    theatre.play("F51 the same, buses cut", nemesis)


def test_f53_blocked_while_he_writes(theatre):
    """The block stands in the log, and no message of the blocked behind it."""
    async def nemesis(show):
        people, refused = show.constant(), 0
        for one, two in zip(people[0:12:2], people[1:12:2]):
            conv = (await one.cmd("direct.open", user=two.user))["conv"]
            show.convs[conv] = {one.user, two.user}
            show.owners[conv] = one
            for person in (one, two):
                person.convs.add(conv)
            talk = asyncio.create_task(show.talk(two, conv))
            await asyncio.sleep(show.rand.uniform(0.2, 0.6))
            await one.live.wait()
            answer = await one.cmd("block", user=two.user)
            assert answer["type"] == "ok", answer
            await talk  # ends when he is refused
            said = [s for s in two.sends if s.conv == conv]
            assert all(s.seq < answer["seq"] for s in said
                       if s.outcome == "ack"), conv
            refused += said[-1].outcome == "forbidden"
            await one.cmd("unblock", user=two.user)
        return refused

    theatre.play("F53 blocked while writing", nemesis)
