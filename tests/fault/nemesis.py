"""What several faults do to the stage."""

import asyncio

from harness.waiting import wait_until

from .stage import doors


async def start(process):
    """Starts it and waits until it is ready. The child belongs to the thread
    that makes it, so that is this one; waiting is done beside it."""
    process.launch()
    await asyncio.to_thread(process.wait_ready)


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


__all__ = ["doors", "paused", "start", "talk_on", "while_set"]
