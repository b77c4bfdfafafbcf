"""Rows of the catalogue that wait for a deadline, the longest half a minute:
they run beside the other tests."""

import asyncio
import struct
import threading
import time

import bad_http
from harness.raw_ws import (
    CLOSE, PING, PONG, TEXT, Wire, bearer, frame, session, text)


# So long after its time something may come when the machine is busy, and still
# it came because of that time.
LATE = 25


def within(began, least, most):
    took = time.monotonic() - began
    assert least <= took <= most, f"after {took:.1f} s"


async def trickle(wire, data, pause):
    """A byte now and then, until the peer says something."""
    for byte in data:
        await wire.send(bytes([byte]))
        try:
            return await asyncio.wait_for(
                asyncio.shield(wire.waiting), pause)
        except asyncio.TimeoutError:
            pass
    return await wire.waiting


async def times_out(address, start, rest, pause, least, most):
    """Sends `start`, then `rest` slowly: 408, closed."""
    wire = await Wire.open(address)
    wire.seconds = LATE
    began = time.monotonic()
    wire.waiting = asyncio.ensure_future(wire.reply())
    await wire.send(start)
    reply = await trickle(wire, rest, pause)
    within(began, least, most)
    assert reply.status == 408, reply
    assert reply.headers["connection"] == "close"
    assert await wire.ended()


async def b038_slow_head(address, _):
    await times_out(address, b"GET / HTTP/1.1\r\nA: ", b"x" * 40, 1, 9.5, LATE)


async def b038_slow_blank_lines(address, _):
    await times_out(address, b"\r", b"", 1, 9.5, LATE)


async def b038_head_stops(address, _):
    await times_out(address, bad_http.get()[:-2], b"", 1, 9.5, LATE)


async def b038_body_stops(address, _):
    await times_out(address, bad_http.post(b"Content-Length: 9\r\n", b"{"),
                    b"", 1, 9.5, LATE)


async def b038_slow_body(address, _):
    await times_out(address,
                    bad_http.post(b"Content-Length: 60000\r\n", b"x" * 10500),
                    b"x" * 100, 0.2, 9.5, LATE)


async def b038_body_fast_enough(address, token):
    """More than 1 KiB/s for longer than the grace: served."""
    body = b'{"type":"ping","id":"q","x":"%s"}' % (b"x" * 30000)
    data = bad_http.sized(body, fields=bearer(token) + b"\r\n")
    wire = await Wire.open(address)
    for at in range(0, len(data), 2200):
        await wire.send(data[at:at + 2200])
        await asyncio.sleep(1)
    assert (await wire.reply()).status == 200
    await wire.abort()


async def b038_silence(address, _):
    """A connection that never asks anything is closed, not answered."""
    wire = await Wire.open(address)
    began = time.monotonic()
    assert await wire.ended(LATE)
    within(began, 9.5, LATE)


async def b062_no_auth_message(address, _):
    wire = await Wire.open(address)
    await wire.upgrade()
    began = time.monotonic()
    wire.seconds = LATE
    op, payload = await wire.frame()
    within(began, 9.5, LATE)
    assert op == CLOSE and payload[:2] == struct.pack("!H", 4502)
    assert await wire.ended()


async def open_too_long(address, token, data):
    """Begins a message and leaves it so: 1008 after 30 s, also when pings
    are answered meanwhile."""
    wire = await session(address, token)
    wire.seconds = 30 + LATE
    began = time.monotonic()
    await wire.send(data)
    op = None
    while op != CLOSE:
        op, payload = await wire.frame()
        if op == PING and len(data) > 8:
            await wire.send(frame(PONG, payload))
    within(began, 29, 30 + LATE)
    assert payload[:2] == struct.pack("!H", 1008), payload
    assert await wire.ended()
    await wire.abort()


async def b075_fragment(address, token):
    await open_too_long(address, token, frame(TEXT, b"begun", fin=False))


async def b075_half_a_head(address, token):
    await open_too_long(address, token, text(b"x" * 10)[:4])


async def b084_close_is_not_answered(address, token):
    """Our side ends at once, all of it five seconds later."""
    wire = await session(address, token)
    await wire.send(frame(TEXT, b"", key=None))
    assert (await wire.until_close())[0] == 1002
    assert await wire.ended()
    began = time.monotonic()
    while not wire.writer.transport.is_closing():
        wire.writer.write(b"x")
        await asyncio.sleep(0.1)
        assert time.monotonic() - began < LATE
    within(began, 4, LATE)


SLOW = [b038_slow_head, b038_slow_blank_lines, b038_head_stops,
        b038_body_stops, b038_slow_body, b038_body_fast_enough, b038_silence,
        b062_no_auth_message, b075_fragment, b075_half_a_head,
        b084_close_is_not_answered]

# Which rows these are: their names say it.
IDS = {slow.__name__[:4].upper() for slow in SLOW}


class Slow:
    """Runs all of SLOW at once on a thread, beside the other tests."""

    def __init__(self, address, token):
        self.address = address
        self.token = token
        self.found = []
        self.thread = threading.Thread(target=self.main, daemon=True)

    def main(self):
        asyncio.run(self.run())

    async def run(self):
        await asyncio.gather(*[self.one(slow) for slow in SLOW])

    async def one(self, slow):
        try:
            await asyncio.wait_for(slow(self.address, self.token), 90)
        except Exception as error:  # pylint: disable=broad-except
            self.found.append(
                f"{slow.__name__}: {type(error).__name__} {error}")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()

    def wrong(self):
        """Waits for all of them; answers what went wrong."""
        self.thread.join()
        return sorted(self.found)
