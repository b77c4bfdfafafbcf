"""The link to Redis, and Redis itself."""

import asyncio
import time

import pytest

from harness.client import Client

from .nemesis import doors, move, paused, start, talk_on, until, while_set
from .stage import GATEWAYS


# Some seconds; the clock stands still within a script.
LONG_SCRIPT = "local n = 0 for i = 1, 700000000 do n = n + i end return n"


def stored(show):
    """How many messages lie in history, over all conversations of Redis."""
    return int(show.stage.redis.cli(
        "eval", "local n = 0 for _, k in ipairs(redis.call('KEYS', '{c*}meta'))"
        " do n = n + redis.call('HGET', k, 'head') end return n", "0"))


@pytest.mark.long
def test_f21_a_reply_is_cut(theatre):
    """The command connection ends in the middle of a reply."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("history")
        before = show.stage.count("limited", names)
        for _ in range(4 * show.times):
            for name in names:
                most = show.rand.randint(100, 3000)
                proxy.tell(f"{name} down limit_bytes {most} reset")
            await asyncio.sleep(0.5)
        for name in names:
            proxy.tell(f"{name} clear")
        return show.stage.count("limited", names) - before

    theatre.play("F21 reply cut", nemesis)


@pytest.mark.parametrize("how", [
    "reset", pytest.param("stall", marks=pytest.mark.long)])
def test_f22_a_reply_is_lost(theatre, how):
    """Stored, and the gateway never hears of it: the repeat must be found."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("history")
        before = show.stage.count("reply_dropped", names)
        for _ in range(2 * show.times):
            for name in names:
                proxy.tell(f"{name} drop_reply EVALSHA 1 {how}")
            await asyncio.sleep(1.0 if how == "reset" else 2.5)
            for name in names:
                proxy.tell(f"{name} clear")
        return show.stage.count("reply_dropped", names) - before

    theatre.play(f"F22 append's reply lost, {how}", nemesis)


@pytest.mark.long
def test_f22_publish_reply_is_lost(theatre):
    """Published, and the gateway never hears of it."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("bus")
        before = show.stage.count("reply_dropped", names)
        for _ in range(3 * show.times):
            for name in names:
                proxy.tell(f"{name} drop_reply SPUBLISH 1 reset")
            await asyncio.sleep(0.6)
            for name in names:
                proxy.tell(f"{name} clear")
        return show.stage.count("reply_dropped", names) - before

    theatre.play("F22 publish's reply lost", nemesis)


def test_f22_publish_is_lost(theatre):
    """Stored, never published, and the gateway knows no more than that."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("bus")
        before = show.stage.count("command_dropped", names)
        for _ in range(3 * show.times):
            for name in names:
                proxy.tell(f"{name} drop_cmd SPUBLISH 1 reset")
            await asyncio.sleep(0.6)
            for name in names:
                proxy.tell(f"{name} clear")
        return show.stage.count("command_dropped", names) - before

    theatre.play("F22 publish lost", nemesis, unasked=True)


def test_f23_redis_answers_no_more(theatre):
    async def nemesis(show):
        return await while_set(show, doors("bus", 1) + doors("history", 1),
                               "down blackhole", 4, "swallowed")

    theatre.play("F23 black hole, one gateway", nemesis)


@pytest.mark.long
def test_f23_long_redis_stands_still(theatre):
    async def nemesis(show):
        return await paused(show.stage.redis, 20)

    theatre.play("F23_long redis paused 20 s", nemesis)


def test_f24_redis_refuses(theatre):
    """Every reconnect costs little: at most one a second and connection."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("bus", 2) + doors("history", 2)
        for name in names:
            proxy.tell(f"{name} accept_then_close")
            proxy.tell(f"{name} reset")
        await asyncio.sleep(4)
        tries = show.stage.count("closed_at_once", names)
        for name in names:
            proxy.tell(f"{name} clear")
        show.heal()
        assert tries <= 3 * 5, f"{tries} connects of three in 4 s"
        return tries

    theatre.play("F24 connects fail, one gateway", nemesis)


def test_f25_messages_of_the_bus_are_dropped(theatre):
    """20 % of them, silently, inside a live connection. The heartbeat of the
    bus finds out, and nobody has to ask."""
    async def nemesis(show):
        return await while_set(show, doors("bus"), "pubsub_drop 200",
                               2 * show.times, "pubsub_dropped")

    theatre.play("F25 pub/sub drops 20 %", nemesis)


@pytest.mark.ci
def test_f25_the_last_message_is_dropped(theatre):
    """All of them, and nothing newer ever comes."""
    async def nemesis(show):
        names = doors("bus")
        for name in names:
            show.stage.proxy.tell(f"{name} pubsub_drop 1000")
        await asyncio.sleep(0.5)
        show.talking = False
        await asyncio.gather(*show.tasks)
        await asyncio.sleep(0.3)
        for name in names:
            show.stage.proxy.tell(f"{name} clear")
        return show.stage.count("pubsub_dropped", names)

    theatre.play("F25 the last message dropped", nemesis, unasked=True)


@pytest.mark.long
def test_f26_messages_of_the_bus_come_twice(theatre):
    async def nemesis(show):
        return await while_set(show, doors("bus"), "pubsub_dup 300",
                               2 * show.times, "pubsub_doubled")

    theatre.play("F26 pub/sub doubles 30 %", nemesis)


def test_f26_messages_of_the_bus_come_in_disorder(theatre):
    async def nemesis(show):
        return await while_set(show, doors("bus"), "pubsub_reorder 8",
                               2 * show.times, "pubsub_reordered")

    theatre.play("F26 pub/sub reorders, window 8", nemesis)


def test_f27_a_slow_subscriber_is_cut(theatre):
    """Redis ends the subscription of a gateway that does not read. Only noise
    makes that happen soon: a flood on the gateways' own topics."""
    async def nemesis(show):
        redis = show.stage.redis
        usual = redis.cli("config", "get", "client-output-buffer-limit")
        redis.cli("config", "set", "client-output-buffer-limit",
                  "pubsub 4mb 2mb 1")
        topics = redis.cli("pubsub", "shardchannels", "*gw:*").split()
        show.stage.proxy.tell("bus1 down hold")
        for _ in range(8):
            redis.cli("eval", "for i = 1, 4 do for _, t in ipairs(KEYS) do "
                      "redis.call('SPUBLISH', t, string.rep('x', 200000)) "
                      "end end", str(len(topics)), *topics)
            await asyncio.sleep(0.05)
        show.stage.proxy.tell("bus1 clear")
        show.heal()
        redis.cli("config", "set", "client-output-buffer-limit",
                  usual.splitlines()[-1])
        return redis.log_text().count("overcoming of output buffer limits")

    theatre.play("F27 subscriber cut for slowness", nemesis)


@pytest.mark.parametrize("seconds", [
    3, pytest.param(30, marks=pytest.mark.long)])
def test_f28_redis_is_away(theatre, seconds):
    """For all gateways: sessions stay, sends are refused, then work."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("bus") + doors("history")
        before = show.stage.count("reset", names)
        for name in names:
            proxy.tell(f"{name} refuse")
        cut = show.stage.count("reset", names) - before
        await asyncio.sleep(seconds)
        for name in names:
            proxy.tell(f"{name} clear")
        show.heal()
        return cut

    theatre.play(f"F28 link to redis down {seconds} s", nemesis)


@pytest.mark.long
def test_f30_subscribing_takes_its_time(theatre):
    """Nothing falls between the page and the subscription. At the gateway he
    was at, who comes back is subscribed still: each goes to the next."""
    async def nemesis(show):
        proxy, names = show.stage.proxy, doors("bus")
        before = show.stage.count("command_delayed", names)
        for name in names:
            proxy.tell(f"{name} delay_cmd SSUBSCRIBE 100000 400")
        for _ in range(2 * show.times):
            for person in show.rand.sample(show.people, 10):
                number = int(person.gateway.removeprefix("g"))
                url = show.stage.url(1 + number % GATEWAYS)
                move([person], url.replace("http://", "ws://") + "/v1/ws")
            await asyncio.sleep(1.2)
        for name in names:
            proxy.tell(f"{name} clear")
        return show.stage.count("command_delayed", names) - before

    theatre.play("F30 subscribing takes 400 ms", nemesis)


def test_f31_writes_fail_and_publishing_works(theatre):
    """Nothing may be heard that was not stored."""
    async def nemesis(show):
        names = doors("history")
        before = stored(show)
        for name in names:
            show.stage.proxy.tell(
                f"{name} inject EVALSHA 1000000 -MISCONF no disk")
        await asyncio.sleep(0.3)
        low = stored(show)
        await asyncio.sleep(1.7)
        high = stored(show)
        for name in names:
            show.stage.proxy.tell(f"{name} clear")
        show.heal()
        assert low == high and before <= low, "stored in spite of the fault"
        return show.stage.count("error_injected", names)

    theatre.play("F31 appends refused with MISCONF", nemesis)


def test_f32_redis_is_killed(theatre):
    async def nemesis(show):
        rounds = 2 * show.times
        for _ in range(rounds):
            show.stage.redis.kill9()
            await asyncio.sleep(show.rand.uniform(0, 0.4))
            await start(show.stage.redis)
            show.heal()
            await talk_on(show, 20)
        return rounds

    theatre.play("F32 redis killed, AOF always", nemesis)


def test_f44_redis_is_busy(theatre):
    """A script that does not end: first Redis is silent, then it says BUSY.
    Deadlines hold, and nothing is doubled afterwards."""
    async def nemesis(show):
        redis, begun = show.stage.redis, time.monotonic()
        redis.cli("config", "set", "busy-reply-threshold", "1500")
        await asyncio.to_thread(redis.cli, "eval", LONG_SCRIPT, "0")
        redis.cli("config", "set", "busy-reply-threshold", "5000")
        return int(time.monotonic() - begun > 2.1)

    theatre.play("F44 redis blocked 4 s", nemesis)


def subscribes(redis):
    """How many commands that was so far."""
    for line in redis.cli("info", "commandstats").splitlines():
        if line.startswith("cmdstat_ssubscribe:calls="):
            return int(line.split("=")[1].split(",")[0])
    return 0


def test_f29_all_subscribe_again(theatre):
    """The links of gateways with many topics are cut: all are named again, in
    one command for each of the 64 partitions and not for each topic."""
    stage = theatre.open()
    redis, accounts = stage.redis, theatre.cast.members
    users = [a.user for a in accounts]

    def stays(topic):
        """It is not of one who has just left, and lingers for a minute."""
        kind, _, id_ = topic.partition("}")[2].partition(":")
        return kind not in ("user", "conv") or id_ in users

    def heard():
        return redis.cli("pubsub", "shardnumsub", *topics).split()[1::2]

    async def watch():
        clients = [Client(stage.url(1 + n % GATEWAYS), a)
                   for n, a in enumerate(accounts)]
        await asyncio.gather(*[c.open() for c in clients])
        await asyncio.gather(*[c.cmd("presence.watch", users=users)
                               for c in clients])
        topics.extend(filter(stays, redis.cli("pubsub",
                                              "shardchannels").split()))
        full, before = heard(), subscribes(redis)
        cut = sum(int(stage.proxy.tell(f"{name} reset"))
                  for name in doors("bus"))
        assert cut >= GATEWAYS
        await until(lambda: subscribes(redis) > before and heard() == full,
                    "all are heard again")
        commands = subscribes(redis) - before
        assert len(topics) > 2 * len(users)
        assert commands <= 64 * GATEWAYS, f"{commands} for {len(topics)}"
        await asyncio.gather(*[c.close() for c in clients])

    topics = []
    asyncio.run(watch())


def test_f45_redis_asks_for_a_password(theatre):
    """Nobody was told: gateways say so, do not storm it, and go on when it
    is taken back."""
    async def nemesis(show):
        redis, gateway = show.stage.redis, show.stage.gateway(1)
        before = show.stage.count("opened", doors("history", 1))
        redis.cli("config", "set", "requirepass", "not-to-be-logged")
        for name in doors("bus") + doors("history"):
            show.stage.proxy.tell(f"{name} reset")
        await asyncio.sleep(3)
        tries = show.stage.count("opened", doors("history", 1)) - before
        redis.cli("-a", "not-to-be-logged", "--no-auth-warning", "config",
                  "set", "requirepass", "")
        show.heal()
        await talk_on(show, 50)
        assert "NOAUTH" in gateway.log_text(), "the log does not say why"
        assert "not-to-be-logged" not in gateway.log_text()
        assert 0 < tries <= 8, f"{tries} connects in 3 s"
        return tries

    theatre.play("F45 redis wants a password", nemesis)
