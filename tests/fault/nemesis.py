"""What several faults do to the stage."""

import asyncio
from contextlib import asynccontextmanager

from harness.waiting import wait_until

from .stage import SPARE, doors


async def start(process):
    """Starts it and waits until it is ready. The child belongs to the thread
    that makes it, so that is this one; waiting is done beside it."""
    process.launch()
    await asyncio.to_thread(process.wait_ready)


@asynccontextmanager
async def aside(show, count, settings=None):
    """A fourth gateway with settings of its own, and `count` people on it,
    who come through the door "side"; afterwards it is gone and they are where
    the others are. Gives (gateway, people)."""
    stage = show.stage
    gateway = stage.make_gateway(SPARE, settings)
    await start(gateway)
    people = show.constant()[:count]
    usual = show.people[-1].url
    move(people, stage.side_url.replace("http", "ws") + "/v1/ws")
    await until(lambda: all(p.live.is_set() and p.gateway == f"g{SPARE}"
                            for p in people), "moved")
    try:
        yield gateway, people
    finally:
        move(people, usual)
        if gateway.child is not None:
            await asyncio.to_thread(gateway.terminate)
    assert not gateway.findings(), gateway.findings()


def move(people, url):
    """They lose their connections, and come back to another address."""
    for person in people:
        person.url = url
        person.drop()


async def until(holds, what, seconds=20):
    """Waits while the show goes on."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not holds():
        assert loop.time() < end, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.02)


async def talk_on(show, least, seconds=20):
    """Until `least` more messages were acked."""
    def acked():
        return sum(s.outcome == "ack" for p in show.people for s in p.sends)

    target, loop = acked() + least, asyncio.get_running_loop()
    end = loop.time() + seconds
    while acked() < target:
        assert loop.time() < end, f"not {least} messages in {seconds} s"
        await asyncio.sleep(0.02)


async def while_set(show, names, line, seconds, counter):
    """A fault of the proxy on these doors for a while; answers how often it
    was applied."""
    proxy = show.stage.proxy
    before = show.stage.count(counter, names)
    for name in names:
        proxy.tell(f"{name} {line}")
    await asyncio.sleep(seconds)
    for name in names:
        proxy.tell(f"{name} clear")
    show.heal()
    return show.stage.count(counter, names) - before


async def paused(process, seconds):
    """Stops its clock for a while; answers how often that was seen in /proc."""
    process.pause()
    seen = await asyncio.to_thread(
        wait_until, lambda: state_of(process.pid) == "T", "stopped", 5)
    await asyncio.sleep(seconds)
    process.resume()
    return int(seen)


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


__all__ = ["aside", "doors", "move", "paused", "start", "talk_on", "until",
           "while_set"]
