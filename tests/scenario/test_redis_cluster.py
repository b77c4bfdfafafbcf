"""Bus and history on a Redis Cluster whose primaries die and whose slots
move, with acks that wait for replicas (tier t2)."""

import asyncio

from harness.client import Account, Client, Refused
from harness.talker import Talker, all_see_everything


class Pair:
    """Two people on two gateways, who never stop talking."""

    def __init__(self, cluster):
        self.redis = cluster.redis
        self.accounts = [Account(cluster.url(n), f"person{n}")
                         for n in (1, 2)]
        one, two = self.accounts
        self.conv = one.cmd("direct.open", user=two.user)["conv"]
        self.clients = [Client(cluster.url(n), a)
                        for n, a in enumerate(self.accounts, 1)]
        self.talkers = []

    async def open(self):
        for client in self.clients:
            await client.open()
        self.talkers = [Talker(c, self.conv, c.account.name)
                        for c in self.clients]
        await self.talk_on()

    async def talk_on(self):
        for talker in self.talkers:
            await talker.until_acked(20)

    async def hear(self, text):
        """Both hear it live: nobody syncs."""
        await self.clients[0].send_surely(self.conv, text)
        for client in self.clients:
            await client.until(
                lambda c=client: text in c.texts(self.conv), 30)

    async def say_without_replicas(self):
        """What no replica has is refused, and nobody hears it; said again it
        is acked when they are back, and stands there once."""
        one, two = self.clients
        replica = self.redis.replicas(self.home())[0]
        replica.pause()
        before = len(two.order)
        for _ in range(2):
            try:
                raise AssertionError(
                    await one.send(self.conv, "alone", "the-name-of-alone"))
            except Refused as refused:
                assert refused.code == "unavailable"
        assert len(two.order) == before
        replica.resume()
        await one.send_surely(self.conv, "alone", "the-name-of-alone")
        for client in self.clients:
            await client.until(
                lambda c=client: c.texts(self.conv)[-1] == "alone", 30)
            assert client.texts(self.conv).count("alone") == 1

    async def finish(self):
        for talker in self.talkers:
            await talker.finish()
        acked = {k: v for t in self.talkers for k, v in t.acked.items()}
        await all_see_everything(self.clients, self.conv, acked)
        return acked

    def home(self):
        """The primary that has the conversation."""
        return self.redis.owner(self.redis.slot_of(f"{{c{self.conv}}}meta"))

    def channels(self):
        """Of the two, wherever they are: (primary, channel)."""
        found = [(node, channel) for node in self.redis.primaries()
                 for channel in node.cli("pubsub", "shardchannels").split()]
        return [(node, channel) for node, channel in found
                if any(channel.endswith(f"user:{a.user}")
                       for a in self.accounts)]


def test_a_primary_dies_and_slots_move(make_cluster):
    """Every acked message stays in its place, whatever primary it was on;
    topics are heard again where their slots went."""
    cluster = make_cluster(
        gateways=2, balancer=False, redis_cluster={"replicas": 1},
        gateway_conf={"redis": {"tier": "t2"}})
    redis = cluster.redis

    async def chat():
        pair = Pair(cluster)
        await pair.open()

        dead = pair.home()
        await asyncio.to_thread(redis.kill, dead, redis.replicas(dead)[0])
        dead.launch()
        await asyncio.to_thread(redis.wait_in_step)
        await pair.talk_on()
        assert pair.home() is not dead

        slot = redis.slot_of(f"{{c{pair.conv}}}meta")
        to = next(n for n in redis.primaries() if n is not pair.home())
        await asyncio.to_thread(redis.open_slot, slot, to)
        await asyncio.to_thread(redis.move_keys, slot, to, 1)
        await asyncio.to_thread(redis.close_slot, slot, to)
        assert pair.home() is to
        await pair.talk_on()

        where = await asyncio.to_thread(pair.channels)
        assert len(where) == 2
        for node, channel in where:
            away = next(n for n in redis.primaries() if n is not node)
            await asyncio.to_thread(redis.move_slot, redis.slot_of(channel),
                                    away)
        await pair.hear("where are you?")
        assert not set(where) & set(await asyncio.to_thread(pair.channels))
        assert len(await pair.finish()) >= 120

        await pair.say_without_replicas()
        for client in pair.clients:
            await client.close()

    asyncio.run(chat())
