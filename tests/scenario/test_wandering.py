"""People who change their transport at random, and the gateway with it, while
gateways are killed: the checker of tests/fault finds nothing lost, doubled or
out of order. MOIM_FAULT_SEED repeats a run's chances."""

import asyncio
import os
import random
import time
from functools import partial

import pytest

from fault.check import check
from fault.person import mark_of
from fault.wanderer import WAYS, Wanderer
from harness.client import Account
from harness.programs import Nginx
from harness.waiting import PATIENCE

PEOPLE = 8
SIZES = (2, 2, 3, 5, 8)
TALK_HZ = 6
SECONDS = 4.0
QUIET = 3.0  # that nothing new comes: it was all
QUIET_MOST = 30


class Crowd:
    def __init__(self, cluster, seed, sticky):
        self.cluster = cluster
        self.rand = random.Random(seed)
        accounts = [Account(cluster.url(1), f"wander{i}")
                    for i in range(PEOPLE)]
        self.people = [
            Wanderer(a, cluster.url(), random.Random(f"{seed} {a.name}"),
                     sticky) for a in accounts]
        self.convs = {}
        self.owners = {}
        self.talking = True

    async def open(self):
        await asyncio.gather(*[p.come() for p in self.people])
        for size in SIZES:
            members = self.rand.sample(self.people, size)
            conv = await asyncio.to_thread(
                members[0].account.cmd, "group.create", title="wander",
                members=[p.user for p in members[1:]])
            conv = conv["conv"]
            self.convs[conv] = {p.user for p in members}
            self.owners[conv] = members[0].account
            for person in members:
                person.convs.add(conv)

    async def talk(self, person, conv):
        count = 0
        while self.talking:
            due = time.monotonic() + self.rand.uniform(0.5, 1.5) / TALK_HZ
            count += 1
            name = f"{person.account.name}-{conv}-{count:06}"
            await person.send(conv, name, f"{name} 안녕")
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def kill(self):
        """One gateway after the other, at random."""
        kills = 0
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or kills < 2:
            gateway = self.rand.choice(self.cluster.gateways)
            await asyncio.sleep(self.rand.uniform(0.3, 0.8))
            gateway.kill9()
            kills += 1
            await asyncio.sleep(self.rand.uniform(0.2, 0.6))
            gateway.launch()
            await asyncio.to_thread(gateway.wait_ready)
        return kills

    async def fall_silent(self, tasks):
        self.talking = False
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
        end = time.monotonic() + QUIET_MOST
        before, since = None, time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < QUIET:
            now = sum(len(s) for p in self.people for s in p.seen.values())
            if now != before:
                before, since = now, time.monotonic()
            await asyncio.sleep(0.1)

    def history(self, conv):
        """{seq: event}: all of it, as its owner reads it."""
        found = {}
        while True:
            page = self.owners[conv].cmd("history", conv=conv, limit=100,
                                         after=max(found, default=0))
            found.update({e["seq"]: e for e in page["events"]})
            if max(found, default=0) >= page["head"]:
                return found

    async def play(self):
        await self.open()
        tasks = [asyncio.create_task(self.talk(p, conv))
                 for p in self.people for conv in sorted(p.convs)]
        kills = await self.kill()
        healed = time.monotonic()
        await self.fall_silent(tasks)
        histories = {conv: await asyncio.to_thread(self.history, conv)
                     for conv in self.convs}
        await asyncio.gather(*[p.leave() for p in self.people])
        return kills, check(self.people, [], self.convs, {}, histories,
                            healed, mark_of)


@pytest.mark.parametrize("balancer, sticky", (
    ("roundrobin", False), ("leastconn", True),
    (partial(Nginx, spread=""), False),
), ids=("round robin", "cookie", "nginx round robin"))
def test_nothing_is_lost_on_the_way(make_cluster, balancer, sticky):
    seed = os.environ.get("MOIM_FAULT_SEED") or random.getrandbits(32)
    print(f"MOIM_FAULT_SEED={seed}")
    crowd = Crowd(make_cluster(gateways=3, presences=1, balancer=balancer),
                  seed, sticky)
    kills, verdict = asyncio.run(crowd.play())
    people = crowd.people
    print(f"{kills} kills, {verdict.acked} acked, closes {verdict.closes}, "
          f"asked {verdict.asked}, told {verdict.told}, rebuilt "
          f"{sum(p.rebuilt for p in people)}, " +
          ", ".join(f"{way} {sum(p.ways[way] for p in people)}"
                    for way in WAYS))
    broken = [line for p in people for line in p.broken]
    assert not broken, broken[:10]
    assert verdict.clean, "\n".join(verdict.notes)
    assert kills >= 2 and verdict.acked > 50
    assert all(sum(p.ways[way] for p in people) >= 5 for way in WAYS)
