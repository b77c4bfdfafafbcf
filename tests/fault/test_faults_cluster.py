"""A Redis Cluster: primaries that go, slots that move. Acks wait for replicas
(tier t2), or a failover could take what was acked."""

import asyncio
import time

from .nemesis import start, talk_on


async def back_in_step(show, node):
    """One that was dead follows again, and is missed no more."""
    await start(node)
    await asyncio.to_thread(show.stage.redis.wait_in_step)
    show.heal()
    await talk_on(show, 50)


def test_f46_a_primary_is_killed(cluster_theatre):
    """kill -9: its replica is elected."""
    async def nemesis(show):
        redis = show.stage.redis
        dead = show.rand.choice(redis.primaries())
        await asyncio.to_thread(redis.kill, dead)
        await back_in_step(show, dead)
        return 1

    cluster_theatre.play("F46 primary killed, t2", nemesis)


def test_f47_a_primary_stands_still(cluster_theatre):
    """It wakes up when another has its place, and believes for a moment that
    it still is a primary. What it then stores is lost, and was not acked."""
    async def nemesis(show):
        redis = show.stage.redis
        still = show.rand.choice(redis.primaries())
        replica = redis.replicas(still)[0]
        still.pause()
        await asyncio.to_thread(redis.wait_takes_over, replica)
        still.resume()
        await asyncio.to_thread(redis.wait_follows, still, replica)
        await asyncio.to_thread(redis.wait_in_step)
        show.heal()
        await talk_on(show, 50)
        return 1

    cluster_theatre.play("F47 primary stands still, t2", nemesis)


def waiting(show, seconds):
    """How many messages have had no answer for so long."""
    since = time.monotonic() - seconds
    return sum(s.outcome is None and s.begun < since
               for p in show.people for s in p.sends)


async def outlived(show, primary, replica):
    """The replica stands still, and the primary stores on: nothing of that is
    acked, or shown to those who come back meanwhile. Then it is gone, and the
    replica, which has nothing of it, takes over. Answers how many messages
    had waited."""
    redis = show.stage.redis
    replica.pause()
    before = int(primary.info("master_repl_offset"))
    await asyncio.sleep(0.7)
    for person in show.constant()[::3]:
        person.drop()
    await asyncio.sleep(0.8)
    waited = waiting(show, 0.5)
    assert int(primary.info("master_repl_offset")) > before and waited > 0
    await asyncio.to_thread(primary.kill9)
    replica.resume()
    replica.do("cluster", "failover", "takeover")
    await asyncio.to_thread(redis.wait_takes_over, replica)
    await asyncio.to_thread(redis.wait_known, replica)
    return waited


def test_f48_a_frozen_replica_takes_over(cluster_theatre):
    """What only the dead primary had was not acked, and nobody has seen it:
    at its places stand other messages now, and no client has two of one."""
    async def nemesis(show):
        redis = show.stage.redis
        primary = show.rand.choice(redis.primaries())
        waited = await outlived(show, primary,
                               redis.replicas(primary)[0])
        await back_in_step(show, primary)
        return waited

    cluster_theatre.play("F48 frozen replica takes over, t2", nemesis)


def test_f49_slots_move(cluster_theatre):
    """As an operator moves them, back and forth."""
    async def nemesis(show):
        redis = show.stage.redis
        one, two, _ = redis.primaries()
        for source, to in ((one, two), (two, one)) * show.times:
            await asyncio.to_thread(redis.reshard, source, to, 500)
        show.heal()
        await talk_on(show, 50)
        return 1000 * show.times

    cluster_theatre.play("F49 slots move", nemesis)


def test_f49_a_failover_in_good_order(cluster_theatre):
    async def nemesis(show):
        redis = show.stage.redis
        for primary in redis.primaries():
            await asyncio.to_thread(redis.failover, primary)
            await talk_on(show, 20)
        show.heal()
        await talk_on(show, 50)
        return 3

    cluster_theatre.play("F49 failover in good order", nemesis)
