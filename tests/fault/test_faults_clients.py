"""Clients that fall silent, read nothing, say too much, or never get to the
same gateway twice."""

import asyncio
import socket
import time

from harness import raw_ws
from harness.client import Client, Refused

from .nemesis import aside, talk_on, until
from .wanderer import SOCKET, WAYS, Wanderer

QUICK = {"limits": {"ping": "1s", "pong": "1s"}}


async def silent(show, *ways):
    """The link of four people loses what goes these ways, and nobody is told.
    The gateway finds out by its own pings, and closes; they come back."""
    async with aside(show, 4, QUICK) as (gateway, people):
        proxy = show.stage.proxy
        await talk_on(show, 30)
        before = [len(p.closes) for p in people]
        for way in ways:
            proxy.tell(f"side {way} blackhole")
        await until(lambda: show.stage.metric(gateway, "connections") == 0,
                    "the gateway has closed them")
        lost = proxy.stats("side")["swallowed"]
        proxy.tell("side clear")
        proxy.tell("side reset")
        show.heal()
        await until(lambda: all(len(p.closes) > n and p.live.is_set()
                                for p, n in zip(people, before)),
                    "they are back")
        await talk_on(show, 30)
        return lost


def test_f17_a_link_dies_silently(theatre):
    async def nemesis(show):
        return await silent(show, "up", "down")

    theatre.play("F17 link dies without a FIN", nemesis)


def test_f18_half_of_a_link_dies(theatre):
    """What clients say arrives, and what they should hear does not."""
    async def nemesis(show):
        return await silent(show, "down")

    theatre.play("F18 server to client lost", nemesis)


def test_f09_three_on_their_way(theatre):
    """Sent without waiting for acks, while the gateway dies; repeated in
    their order, they are stored in it, each once."""
    async def nemesis(show):
        person, rounds = show.people[0], 3 * show.times
        conv = await show.make_of(show.people[:2])
        for _ in range(rounds):
            names = [show.name() for _ in range(3)]
            sends = [asyncio.create_task(person.send(conv, n, n))
                     for n in names]
            await asyncio.sleep(show.rand.uniform(0, 0.01))
            gateway = show.stage.gateway(int(person.gateway[1:]))
            gateway.kill9()
            await asyncio.sleep(0.2)
            gateway.launch()
            done = await asyncio.gather(*sends)
            await asyncio.to_thread(gateway.wait_ready)
            seqs = [one.seq for one in done]
            assert None not in seqs and seqs == sorted(set(seqs)), done
        return rounds

    theatre.play("F09 killed with three in flight", nemesis)


async def deaf(account, address):
    """A session that is open and reads nothing any more; the kernel has
    little room for it."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setblocking(False)
    host, port = address.split(":")
    await asyncio.get_running_loop().sock_connect(s, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=s, limit=1024)
    wire = raw_ws.Wire(reader, writer)
    await wire.upgrade(raw_ws.bearer(account.token))
    assert (await wire.json())["type"] == "ready"
    writer.transport.pause_reading()
    return wire


def test_f61_drained_while_a_client_never_reads(theatre):
    """It does not hold up the end, and the others are told as usual."""
    async def nemesis(show):
        async with aside(show, 4) as (gateway, people):
            wires = [await deaf(p.account, show.stage.side) for p in people]
            conv = await show.make_of(people)
            for _ in range(40):
                one = await people[0].send(conv, show.name(), "x" * 3000)
                assert one.outcome == "ack", one.outcome
            before = sum(p.closes.count(1012) for p in people)
            for person in people:
                person.url = show.people[-1].url
            await asyncio.to_thread(gateway.terminate)
            told = sum(p.closes.count(1012) for p in people) - before
            for wire in wires:
                await wire.abort()
            return told

    theatre.play("F61 drained beside deaf clients", nemesis)


def test_f66_slow_readers(theatre):
    """Sessions that read nothing are closed when their queue is full; their
    memory is bounded, and everybody else hears everything."""
    async def nemesis(show):
        settings = {"limits": {"queue": "64KiB", "sessions_per_user": 40}}
        async with aside(show, 4, settings) as (gateway, people):
            wires = [await deaf(p.account, show.stage.side)
                     for p in people for _ in range(5)]
            conv = await show.make_of(people)
            open_before = show.stage.metric(gateway, "connections")
            end = time.monotonic() + 30
            while show.stage.metric(gateway, "connections") > len(people):
                assert time.monotonic() < end, "they were not closed"
                one = await people[0].send(conv, show.name(), "x" * 3000)
                assert one.outcome == "ack", one.outcome
            for wire in wires:
                await wire.abort()
            return open_before - len(people)

    theatre.play("F66 deaf clients are closed", nemesis)


def test_f68_a_flood_of_one(theatre):
    """One user says a thousand things a second: he is told to wait, and the
    others do not notice."""
    async def nemesis(show):
        limits = {"limits": {"sends_per_s": 10, "sends_burst": 30,
                             "commands_per_s": 50, "commands_burst": 200}}
        async with aside(show, 4, limits) as (gateway, people):
            conv = await show.make_of(people)
            flooder = await Client(gateway.url, people[0].account).open()
            told = 0

            async def one():
                nonlocal told
                try:
                    await flooder.send(conv, "me")
                except Refused as refused:
                    told += refused.code == "rate_limited"
                    assert refused.answer["retry_after_ms"] > 0

            for _ in range(10):
                flood = [asyncio.create_task(one()) for _ in range(30)]
                await talk_on(show, 5)
                await asyncio.gather(*flood)
            await flooder.close()
            for p in people:  # what the flooder said was said by nobody
                p.convs.discard(conv)
            del show.convs[conv], show.owners[conv]
            return told

    theatre.play("F68 one user floods", nemesis)


class Rover(Wanderer):
    """Over HTTP alone, and each request goes to the next gateway."""

    choice = tuple(way for way in WAYS if way != SOCKET)
    moves = 0

    @property
    def base(self):
        self.moves += 1
        return self.urls[self.moves % len(self.urls)]

    @base.setter
    def base(self, url):
        self.urls = [url]


def test_f64_never_the_same_gateway_twice(theatre):
    async def nemesis(show):
        urls = [g.url for g in show.stage.gateways]
        rovers = [Rover(p.account, urls[0], show.rand, False)
                  for p in show.people[:4]]
        for rover, person in zip(rovers, show.people):
            rover.urls = urls
            rover.convs |= person.convs
        await asyncio.gather(*[r.come() for r in rovers])
        conv = await show.make_of(rovers)
        for person in show.people[:4]:
            person.convs.add(conv)
        before = sum(r.moves for r in rovers)
        for n in range(20 * show.times):
            await rovers[n % 4].send(conv, show.name(), f"from afar {n}")
        show.people += rovers
        broken = [line for r in rovers for line in r.broken]
        assert not broken, broken
        return sum(r.moves for r in rovers) - before

    theatre.play("F64 each request elsewhere", nemesis)
