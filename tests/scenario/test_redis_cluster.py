"""Bus, history and the webhooks' queue on a Redis Cluster whose primaries die
and whose slots move, with acks that wait for replicas (tier t2)."""

import asyncio
import contextlib

from harness.client import Account, Client, Refused
from harness.http_json import http_json
from harness.programs import Hooks
from harness.receiver import SECRET, Receiver
from harness.talker import Talker, all_see_everything
from harness.waiting import wait_until

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def queue_of(conv):
    """The key that storage/hook_keys.h gives a conversation."""
    number = 0
    for letter in conv:
        number = number * 32 + ALPHABET.index(letter)
    mixed = number * 0x9e3779b97f4a7c15 % 2**64
    return f"{{hooks{(mixed >> 32) % 8}}}queue"


class Workers:
    """Two of moim-hooks, which share the partitions of the queue."""

    def __init__(self, cluster, receiver):
        self.receiver = receiver
        self.all = [Hooks(cluster.home / "conf", cluster.log(f"hooks{n}"), {
            "hooks": {"url": receiver.url, "secret": SECRET,
                      "events": "message"},
            "redis": {"hooks": cluster.redis.address,
                      "history": cluster.redis.address}}) for n in (1, 2)]

    def __enter__(self):
        for worker in self.all:
            worker.launch()
        for worker in self.all:
            worker.wait_ready()
        for worker in self.all:
            self.wait_works(worker, 4)
        return self

    def __exit__(self, kind, error, trace):
        for worker in self.all:
            worker.terminate()
        findings = [f for worker in self.all for f in worker.findings()]
        assert not findings, findings

    @staticmethod
    def wait_works(worker, partitions):
        url = f"http://{worker.internal}/metrics"
        wait_until(lambda: f"\nmoim_hooks_works {partitions}\n".encode()
                   in http_json("GET", url).raw, "its partitions", 60)

    def told(self, conv):
        """The texts in the order in which they came first."""
        events = [e for e in self.receiver.of("message") if e["conv"] == conv]
        seqs = [event["seq"] for event in events]
        assert seqs == sorted(seqs)
        return [event["body"]["text"] for event in events]

    def wait_told(self, conv, acked):
        wait_until(lambda: set(acked) <= set(self.told(conv)), "all told", 60)


class Pair:
    """Two people on two gateways, who never stop talking."""

    def __init__(self, cluster):
        self.redis = cluster.redis
        self.accounts = [Account(cluster.url(n), f"person{n}")
                         for n in (1, 2)]
        self.conv = None
        self.clients = [Client(cluster.url(n), a)
                        for n, a in enumerate(self.accounts, 1)]
        self.talkers = []

    def make_conv(self):
        """One whose messages and whose webhooks are on the same primary."""
        one, two = self.accounts
        while True:
            conv = one.cmd("group.create", title="t",
                           members=[two.user])["conv"]
            if self.home(conv) is self.owner(queue_of(conv)):
                return conv

    async def open(self):
        for client in self.clients:
            await client.open()
        self.conv = await asyncio.to_thread(self.make_conv)
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

    def owner(self, key):
        return self.redis.owner(self.redis.slot_of(key))

    def home(self, conv=None):
        """The primary that has the conversation."""
        return self.owner(f"{{c{conv or self.conv}}}meta")

    def channels(self):
        """Of the two, wherever they are: (primary, channel)."""
        found = [(node, channel) for node in self.redis.primaries()
                 for channel in node.cli("pubsub", "shardchannels").split()]
        return [(node, channel) for node, channel in found
                if any(channel.endswith(f"user:{a.user}")
                       for a in self.accounts)]


def test_a_primary_dies_and_slots_move(make_cluster):
    """Every acked message stays in its place, whatever primary it was on;
    topics are heard again where their slots went; and the receiver of webhooks
    hears of all of them, in order."""
    cluster = make_cluster(
        gateways=2, balancer=False, redis_cluster={"replicas": 1}, hooks=True,
        gateway_conf={"redis": {"tier": "t2"}})
    redis = cluster.redis

    async def chat(workers):
        pair = Pair(cluster)
        await pair.open()

        workers.all[0].kill9()
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
        await asyncio.to_thread(redis.move_slot,
                                redis.slot_of(queue_of(pair.conv)), to)
        await pair.talk_on()

        where = await asyncio.to_thread(pair.channels)
        assert len(where) == 2
        for node, channel in where:
            away = next(n for n in redis.primaries() if n is not node)
            await asyncio.to_thread(redis.move_slot, redis.slot_of(channel),
                                    away)
        await pair.hear("where are you?")
        assert not set(where) & set(await asyncio.to_thread(pair.channels))
        acked = await pair.finish()
        assert len(acked) >= 120
        await asyncio.to_thread(workers.wait_told, pair.conv, acked)
        await asyncio.to_thread(workers.wait_works, workers.all[1], 8)

        await pair.say_without_replicas()
        for client in pair.clients:
            await client.close()

    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        workers = stack.enter_context(Workers(cluster, receiver))
        asyncio.run(chat(workers))
