"""A thousand connections that are slow or silent, in a head, in a body, in the
handshake and behind it, at a gateway with its default limits: who means it is
let in as if they were not there. That each of them is let go after its time is
in bad_slow.py."""

import asyncio
import resource
import ssl
import time

import pytest
from harness.authority import Authority
from harness.client import Account
from harness.raw_ws import Wire, bearer, handshake

SLOW = 1000
HEALTHY = 300
AT_ONCE = 4
DRIP_S = 0.5
P99_S = 5.0  # the time of those who are slow is 10

HEAD = b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Slow: " + b"x" * 200
BODY = (b"POST /v1/login HTTP/1.1\r\nHost: h\r\n"
        b"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
HALF = handshake()[:-2]  # without the empty line


def hello():
    """How a TLS handshake begins."""
    out = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out,
                                                server_hostname="h")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


# Where each kind stops, what it then says a byte at a time, and to which port.
KINDS = {
    "silent": (b"", b"", "plain"),
    "in the head": (HEAD[:40], HEAD[40:], "plain"),
    "in the body": (BODY, b" " * 200, "plain"),
    "in the handshake": (HALF, b"X-Slow: " + b"y" * 200, "plain"),
    "behind the handshake": (handshake(), b"", "plain"),
    "silent, TLS": (b"", b"", "tls"),
    "in the TLS handshake": (hello()[:20], hello()[20:], "tls"),
    "behind half of it": (hello(), b"", "tls"),
}


@pytest.fixture(name="descriptors", autouse=True)
def enough_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Slow:
    """One slow connection, from an address that it shares with a few."""

    def __init__(self, number, gateway):
        self.number = number
        self.begin, self.drip, port = list(KINDS.values())[number % len(KINDS)]
        address = gateway.tls_address if port == "tls" else gateway.address
        self.host, port = address.rsplit(":", 1)
        self.port = int(port)
        self.at = 0
        self.writer = None

    async def open(self):
        source = f"127.0.{1 + self.number % 50}.1"
        _, self.writer = await asyncio.open_connection(
            self.host, self.port, local_addr=(source, 0))
        self.at = 0
        self.writer.write(self.begin)

    def say(self):
        if self.at < len(self.drip):
            self.writer.write(self.drip[self.at:self.at + 1])
            self.at += 1

    def open_still(self):
        return not self.writer.transport.is_closing()


async def keep_dripping(crowd):
    """Whose time was over comes again."""
    while True:
        await asyncio.sleep(DRIP_S)
        gone = [one for one in crowd if not one.open_still()]
        await asyncio.gather(*[one.open() for one in gone[:100]])
        for one in crowd:
            one.say()


async def enter(address, token, context=None):
    """Seconds from connecting to `ready`."""
    begun = time.monotonic()
    host, port = address.rsplit(":", 1)
    wire = Wire(*await asyncio.open_connection(host, int(port), ssl=context))
    await wire.upgrade(bearer(token))
    assert (await wire.json())["type"] == "ready"
    taken = time.monotonic() - begun
    await wire.abort()
    return taken


def figures(times):
    times = sorted(times)
    return {"p50": times[len(times) // 2],
            "p99": times[len(times) * 99 // 100], "max": times[-1]}


async def healthy(count, *how):
    """The times of so many, a few at once."""
    times = []

    async def some():
        while len(times) < count:
            times.append(await enter(*how))

    await asyncio.gather(*[some() for _ in range(AT_ONCE)])
    return times


def shown(name, found):
    return name + ": " + ", ".join(f"{k} {v * 1000:.1f} ms"
                                   for k, v in found.items())


def test_slow_ones_hold_nobody_up(make_cluster, tmp_path):
    authority = Authority(tmp_path / "ca")
    cert, key = authority.issue("gateway")
    cluster = make_cluster(gateways=1, presences=1, balancer=False,
                           gateway_conf={
                               "gateway": {"tls_cert": cert, "tls_key": key},
                               "limits": {"sessions_per_user": 1000}})
    gateway = cluster.gateway(1)
    alice = Account(gateway.url, "meansit")
    ways = {"plain": (gateway.address, alice.token),
            "TLS": (gateway.tls_address, alice.token, authority.context())}

    async def main():
        for name, way in ways.items():
            print(shown(f"{name}, alone", figures(await healthy(100, *way))))
        crowd = [Slow(n, gateway) for n in range(SLOW)]
        for some in range(0, SLOW, 100):
            await asyncio.gather(*[s.open() for s in crowd[some:some + 100]])
        dripping = asyncio.create_task(keep_dripping(crowd))
        for name, way in ways.items():
            found = figures(await healthy(HEALTHY, *way))
            alive = sum(s.open_still() for s in crowd)
            print(shown(f"{name}, beside {alive} of {SLOW} slow connections",
                        found))
            assert found["p99"] < P99_S, found
            assert alive > SLOW * 0.8, alive
        dripping.cancel()
        for one in crowd:
            one.writer.transport.abort()

    asyncio.run(main())
