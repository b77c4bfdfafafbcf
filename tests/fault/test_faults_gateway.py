"""Gateways that die, stand still, run out of descriptors, or leave in good
order."""

import asyncio
import os
import time

import pytest

from .nemesis import paused, start, talk_on
from .shim import Shim
from .stage import GATEWAYS, SPARE


def test_f01_a_gateway_is_killed(theatre):
    async def nemesis(show):
        rounds = 3 * show.times
        for _ in range(rounds):
            gateway = show.stage.gateway(show.rand.randint(1, 3))
            await asyncio.sleep(show.rand.uniform(0, 0.5))
            gateway.kill9()
            await asyncio.sleep(show.rand.uniform(0.2, 0.8))
            await start(gateway)
        return rounds

    theatre.play("F01 gateway killed", nemesis)


async def killed_after(show, door, line, counter):
    """Kills each gateway while a fault of the proxy keeps it from finishing
    what it is doing; answers how often that was so."""
    stage, applied = show.stage, 0
    for n in range(1, GATEWAYS + 1):
        name = f"{door}{n}"
        before = stage.proxy.stats(name)[counter]
        stage.proxy.tell(f"{name} {line}")
        await asyncio.sleep(0.3)
        applied += stage.proxy.stats(name)[counter] - before
        stage.gateway(n).kill9()
        stage.proxy.tell(f"{name} clear")
        await asyncio.sleep(0.2)
        await start(stage.gateway(n))
    return applied


def test_f02_killed_between_store_and_publish(theatre):
    """Stored, and its gateway dies before it knows: the repeat, on another
    gateway, must find it."""
    async def nemesis(show):
        return await killed_after(show, "history",
                                  "drop_reply EVALSHA 1 stall",
                                  "reply_dropped")

    theatre.play("F02 killed, append not answered", nemesis)


def test_f03_killed_before_publish(theatre):
    async def nemesis(show):
        return await killed_after(show, "bus", "drop_cmd XADD 1 stall",
                                  "command_dropped")

    theatre.play("F03 killed, not published", nemesis)


@pytest.mark.long
def test_f04_killed_before_ack(theatre):
    async def nemesis(show):
        return await killed_after(show, "bus", "drop_reply SPUBLISH 1 stall",
                                  "reply_dropped")

    theatre.play("F04 killed, publish not answered", nemesis)


def test_f05_a_gateway_stands_still(theatre):
    """5 s: its bus connection lives, its clients have gone elsewhere."""
    async def nemesis(show):
        return await paused(show.stage.gateway(2), 5)

    theatre.play("F05 gateway paused 5 s", nemesis)


@pytest.mark.long
def test_f05_long_a_gateway_stands_still(theatre):
    async def nemesis(show):
        return await paused(show.stage.gateway(2), 30)

    theatre.play("F05_long gateway paused 30 s", nemesis)


def test_f06_all_gateways_are_killed(theatre):
    async def nemesis(show):
        for gateway in show.stage.gateways:
            gateway.kill9()
        await asyncio.sleep(0.3)
        for gateway in show.stage.gateways:
            gateway.launch()
        for gateway in show.stage.gateways:
            await asyncio.to_thread(gateway.wait_ready)
        return len(show.stage.gateways)

    theatre.play("F06 all gateways killed", nemesis)


@pytest.mark.long
def test_f07_a_gateway_dies_again_and_again(theatre):
    async def nemesis(show):
        gateway = show.stage.gateway(1)
        for _ in range(20):
            gateway.kill9()
            await start(gateway)
            await asyncio.sleep(3 * show.rand.random())
        return 20

    theatre.play("F07 crash loop", nemesis)


def test_f20_connections_of_clients_are_reset(theatre):
    """5 % of all connections, ten times a second."""
    async def nemesis(show):
        proxy, count = show.stage.proxy, 0
        end = time.monotonic() + 2 * show.times
        while time.monotonic() < end:
            count += int(proxy.tell("people reset 50"))
            await asyncio.sleep(0.1)
        return count

    theatre.play("F20 client resets", nemesis)


@pytest.mark.long
def test_f19_a_slow_and_chopped_link(theatre):
    async def nemesis(show):
        proxy = show.stage.proxy
        for way in ("up", "down"):
            proxy.tell(f"people {way} latency 100 60")
            proxy.tell(f"people {way} slice 7")
        await asyncio.sleep(3 * show.times)
        proxy.tell("people clear")
        return show.stage.proxy.stats("people")["sliced"]

    theatre.play("F19 slow link, 7-byte slices", nemesis)


def test_f60_a_gateway_drains(theatre):
    async def nemesis(show):
        gateway = show.stage.gateway(3)
        await asyncio.to_thread(gateway.terminate)
        codes = [c for p in show.people for c in p.closes]
        await start(gateway)
        return codes.count(1012)

    theatre.play("F60 gateway drained", nemesis)


@pytest.mark.long
def test_f62_a_rolling_restart(theatre):
    async def nemesis(show):
        for gateway in show.stage.gateways:
            await asyncio.to_thread(gateway.terminate)
            await start(gateway)
        return sum(p.closes.count(1012) for p in show.people)

    theatre.play("F62 rolling restart", nemesis)


CROWD = 1000  # connections
DESCRIPTORS = 256


async def knock(address):
    """Connects and asks; 503, 0 for closed without a word, else the status,
    with the connection, which stays open."""
    try:
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(*address.split(":")), 5)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: moim\r\n\r\n")
        head = await asyncio.wait_for(reader.read(64), 5)
    except (OSError, asyncio.TimeoutError):
        return 0, None
    return int(head.split()[1]) if head else 0, writer


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_f10_descriptors_run_out(theatre):
    """1000 connections to a gateway that may have 256 descriptors: it turns
    them away, keeps its sessions, stays idle, and still finds Redis again."""
    async def nemesis(show):
        stage = show.stage
        gateway = stage.make_gateway(SPARE)
        gateway.command = ["prlimit", f"--nofile={DESCRIPTORS}",
                           *gateway.command]
        await start(gateway)
        people = [p for p in show.people if p not in show.absent][:4]
        usual = people[0].url
        for person in people:
            person.url = gateway.url.replace("http", "ws") + "/v1/ws"
            person.drop()
        await asyncio.sleep(1)
        closes = [len(p.closes) for p in people]
        answers = [await knock(gateway.address) for _ in range(CROWD)]
        refused = sum(status != 200 for status, _ in answers)
        assert refused >= CROWD - DESCRIPTORS
        for kind in ("bus", "history"):
            stage.proxy.tell(f"{kind}{SPARE} reset")
        before = cpu_seconds(gateway.pid)
        await asyncio.sleep(3)
        used = (cpu_seconds(gateway.pid) - before) / 3
        print(f"{refused} of {CROWD} refused; {used:.0%} of a core")
        assert used < 0.25, f"{used:.0%} of a core"
        for kind in ("bus", "history"):
            stats = stage.proxy.stats(f"{kind}{SPARE}")
            assert stats["reset"] > 0 and stats["opened"] > 1, stats
        for person in people:
            one = await person.send(min(person.convs), show.name(), "here")
            assert one.outcome == "ack", one.outcome
        await talk_on(show, 50)
        for _, writer in answers:
            if writer:
                writer.transport.abort()
        for person in people:
            person.url = usual
        await asyncio.to_thread(gateway.terminate)
        assert not gateway.findings(), gateway.findings()
        return refused

    theatre.play("F10 descriptors run out", nemesis)


def test_f10_no_descriptor_for_a_connection(theatre):
    """The kernel has none to give: whoever comes waits or goes elsewhere, who
    is there stays, and the process does not spin."""
    async def nemesis(show):
        gateway = show.stage.gateway(2)
        shim = Shim(gateway, gateway.log.parent)
        shim.put_in()
        gateway.kill9()
        await start(gateway)
        await talk_on(show, 30)
        shim.begin("accept")
        before = cpu_seconds(gateway.pid)
        for person in show.rand.sample(show.people, 12):
            person.drop()
        await asyncio.sleep(2)
        spent = cpu_seconds(gateway.pid) - before
        failed = shim.end("accept")
        shim.take_out()
        show.heal()
        gateway.kill9()
        await start(gateway)
        assert spent < 1.0, f"{spent} s of CPU in 2 s"
        return failed

    theatre.play("F10 accept says EMFILE", nemesis)
