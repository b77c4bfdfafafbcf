"""Who is online, while those who know it die: it may be old for a while, and
is true again in the end (I12)."""

import asyncio

from .nemesis import aside, paused, start, talk_on, until
from .shim import Shim


async def states(asker, people):
    """user -> state, asked as often as it takes."""
    while True:
        await asker.live.wait()
        answer = await asker.cmd("presence.query",
                                 users=[p.user for p in people])
        if answer["type"] == "presence":
            return {u["user"]: u["state"] for u in answer["users"]}
        await asker.pause(answer)


async def is_true(show, asker, people, seconds=60):
    """Until everybody who is here is online."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while set((await states(asker, people)).values()) != {"online"}:
        assert loop.time() < end, await states(asker, people)
        await asyncio.sleep(0.2)
    show.heal()


def test_f55_the_presence_service_stands_still(theatre):
    """Messages go on; afterwards nobody who is here is offline for long."""
    async def nemesis(show):
        people = show.constant()[:20]
        await is_true(show, people[0], people)
        seen = await paused(show.stage.presence(1), 12)
        await is_true(show, people[0], people)
        return seen

    theatre.play("F55 presence paused 12 s", nemesis)


def test_f55_the_presence_service_is_killed(theatre):
    async def nemesis(show):
        people = show.constant()[:20]
        await is_true(show, people[0], people)
        show.stage.presence(1).kill9()
        await asyncio.sleep(1)
        await start(show.stage.presence(1))
        await is_true(show, people[0], people)
        return 1

    theatre.play("F55 presence killed", nemesis)


def test_f56_one_of_two_gateways_dies(theatre):
    """Whoever is also on another gateway was online all the time."""
    async def nemesis(show):
        async with aside(show, 1) as (gateway, people):
            twice = show.constant()[5]
            other = type(twice)(twice.account, show.stage.side_url, show.rand)
            await other.come()
            asker, told = show.constant()[6], []
            take = asker._take  # pylint: disable=protected-access
            asker._take = lambda frame: (told.append(frame), take(frame))
            await is_true(show, asker, [twice])
            await asker.cmd("presence.watch", users=[twice.user])
            assert other.gateway == people[0].gateway
            gateway.kill9()
            await until(lambda: len(other.closes) > 0, "closed")
            await other.leave()
            people[0].url = show.people[-1].url
            await asyncio.sleep(10)  # a lease of the dead one, and a grace
            shown = [u["state"] for f in told if f["type"] == "presence"
                     for u in f["users"] if u["user"] == twice.user]
            assert set(shown) <= {"online"}, shown
            assert (await states(asker, [twice]))[twice.user] == "online"
            return 1

    theatre.play("F56 one of two gateways dies", nemesis)


async def set_clock(show, n, fault):
    """Gateway `n`, killed, begins with another time of day."""
    gateway = show.stage.gateway(n)
    shim = Shim(gateway, gateway.log.parent / f"clock{n}")
    shim.folder.mkdir(exist_ok=True)
    shim.put_in()
    shim.begin(fault)
    gateway.kill9()
    await start(gateway)
    return shim


def test_f57_clocks_differ(theatre):
    """By 20 minutes between two gateways; then one jumps back by an hour, and
    starts again in what is its own past."""
    async def nemesis(show):
        people = show.constant()[:20]
        await is_true(show, people[0], people)
        ahead = await set_clock(show, 2, "ahead")
        behind = await set_clock(show, 3, "behind")
        await is_true(show, people[0], people)
        await talk_on(show, 100)
        seen = behind.end("behind")
        behind.begin("back")
        await talk_on(show, 100)
        await is_true(show, people[0], people)
        show.stage.gateway(3).kill9()
        await start(show.stage.gateway(3))
        await talk_on(show, 100)
        await is_true(show, people[0], people)
        counts = [seen, behind.end("back"), ahead.end("ahead")]
        for n, shim in ((2, ahead), (3, behind)):
            shim.take_out()
            show.stage.gateway(n).kill9()
            await start(show.stage.gateway(n))
        await is_true(show, people[0], people)
        assert all(counts), counts
        return sum(counts)

    theatre.play("F57 clocks differ", nemesis)
