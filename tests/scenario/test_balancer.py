"""HAProxy and nginx as deploy/ has them: who is sent where, what stays open
how long, and what a reload, a drain and a dead gateway do to it."""

import asyncio
import contextlib
import re
from functools import partial

import pytest

from harness.client import Account, Client
from harness.http_client import EVENTS, LONG, PLAIN, HttpClient
from harness.http_json import http_json
from harness.paths import ROOT
from harness.programs import Haproxy, Nginx
from harness.raw_ws import Wire, bearer, handshake
from harness.waiting import PATIENCE, wait_until

BALANCERS = pytest.mark.parametrize(
    "balancer", (Haproxy, Nginx), ids=("haproxy", "nginx"))


async def visit(cluster, token, cookie=None):
    """One session through the balancer: the gateway, and the cookie set."""
    wire = await Wire.open(cluster.balancer.address)
    lines = [bearer(token)] + ([b"Cookie: " + cookie] if cookie else [])
    await wire.send(handshake(*lines))
    reply = await wire.reply()
    assert reply.status == 101, reply
    ready = await wire.json()
    assert ready["type"] == "ready"
    await wire.abort()
    given = reply.headers.get("set-cookie")
    return ready["gateway"], given and given.split(";")[0].encode()


def test_cookie_keeps_a_client_on_its_gateway(make_cluster):
    cluster = make_cluster(gateways=3, presences=1)
    alice = Account(cluster.url(1), "stickyalice")

    async def main():
        home, cookie = await visit(cluster, alice.token)
        assert cookie == b"GWID=" + home.encode()
        for _ in range(6):
            assert await visit(cluster, alice.token, cookie) == (home, None)
        for wanted in ("g1", "g2", "g3"):
            there, _ = await visit(cluster, alice.token,
                                   b"GWID=" + wanted.encode())
            assert there == wanted
        there, fresh = await visit(cluster, alice.token, b"GWID=unknown")
        assert fresh == b"GWID=" + there.encode()
        return home, cookie

    home, cookie = asyncio.run(main())
    cluster.gateway(int(home[1:])).kill9()

    async def moves_on():
        there, fresh = await visit(cluster, alice.token, cookie)
        assert there != home
        assert fresh == b"GWID=" + there.encode()
        assert await visit(cluster, alice.token, fresh) == (there, None)

    asyncio.run(moves_on())
    cluster.gateway(int(home[1:])).start()

    async def is_back():
        there, _ = await visit(cluster, alice.token, cookie)
        return there == home

    wait_until(lambda: asyncio.run(is_back()), "back on its gateway")


@pytest.mark.parametrize("spread", (Nginx.COOKIE, "ip_hash;"),
                         ids=("cookie", "ip_hash"))
def test_nginx_keeps_a_client_on_its_gateway(make_cluster, spread):
    """By a cookie of its own, or by the client's address; and moves on while
    that gateway is dead."""
    cluster = make_cluster(gateways=3, presences=1,
                           balancer=partial(Nginx, spread=spread))
    alice = Account(cluster.url(1), "hashalice")

    async def six(cookie):
        return {(await visit(cluster, alice.token, cookie))[0]
                for _ in range(6)}

    async def main():
        home, cookie = await visit(cluster, alice.token)
        if spread == Nginx.COOKIE:
            assert re.fullmatch(b"GWID=[0-9A-Za-z+/=]+", cookie), cookie
            others = {(await visit(cluster, alice.token))[0]
                      for _ in range(30)}
            assert others == {"g1", "g2", "g3"}
        assert await six(cookie) == {home}
        cluster.gateway(int(home[1:])).kill9()
        elsewhere = await six(cookie)
        assert len(elsewhere) == 1 and elsewhere != {home}
        cluster.gateway(int(home[1:])).start()
        assert await six(cookie) == {home}

    asyncio.run(main())


@BALANCERS
def test_a_draining_gateway_gets_nobody_new(make_cluster, balancer):
    """New ones go elsewhere as soon as the balancer has noticed, which nginx
    does by each 503; and the sessions it still has go on meanwhile."""
    cluster = make_cluster(
        gateways=2, presences=1, balancer=balancer,
        gateway_conf={"gateway": {"drain_wait": "6s", "drain_spread": "0s"}})
    alice = Account(cluster.url(1), "drainalice")

    async def main():
        wire = await Wire.open(cluster.balancer.address)
        await wire.send(handshake(bearer(alice.token)))
        reply = await wire.reply()
        cookie = reply.headers["set-cookie"].split(";")[0].encode()
        home = (await wire.json())["gateway"]
        process = cluster.gateway(int(home[1:])).child
        process.terminate()
        there = home
        while there == home:  # for two checks, half a second apart
            with contextlib.suppress(AssertionError):  # its 503, until then
                there, _ = await visit(cluster, alice.token, cookie)
        reply = http_json("GET", cluster.url() + "/v1/me", token=alice.token,
                          headers={"Cookie": cookie.decode()})
        assert reply.status == 200
        assert (await wire.json())["type"] == "bye"
        assert (await wire.until_close())[0] == 1012
        await wire.abort()
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0
        cluster.gateway(int(home[1:])).child = None

    asyncio.run(main())


def test_alb_figures():
    """The one that is not tested at least fits the gateways' defaults."""
    alb = (ROOT / "deploy/aws/alb.yaml").read_text()
    example = (ROOT / "deploy/moim-gateway.conf.example").read_text()

    def attribute(name):
        return int(re.search(rf"{name}, Value: '(\d+)'", alb).group(1))

    def setting(name):
        return int(re.search(rf"^#{name} = (\d+)s$", example,
                             re.M).group(1))

    assert attribute("idle_timeout.timeout_seconds") > \
        setting("ping") + setting("pong")
    assert attribute("deregistration_delay.timeout_seconds") >= \
        15 + setting("drain_spread") + 10


IDLE_S = 4.0  # instead of 60 s; pings come every 2.8 s at least


def idle_out(text, seconds):
    """The balancer's configuration with an idle timeout of so long."""
    ms = f"{int(seconds * 1000)}ms"
    text, n = re.subn(r"(timeout (?:tunnel|client|server)) \w+$", r"\1 " + ms,
                      text, flags=re.M)
    text, m = re.subn(r"(proxy_(?:read|send)_timeout) \w+;", rf"\1 {ms};", text)
    assert n + m in (2, 3)
    return text


async def silent(url, account, seconds):
    """Opens a WebSocket and a stream, says nothing and waits: which of them
    are still open."""
    one = await Client(url, account).open()
    two = await HttpClient(url, account, EVENTS).open()
    await asyncio.sleep(seconds)
    alive = {"ws": one.closed is None, "sse": two.listened == 1}
    await one.close()
    await two.close()
    return alive


@BALANCERS
def test_pings_keep_idle_connections_open(make_cluster, balancer):
    """Silence for longer than the balancer's idle timeout; and a timeout
    below the pings cuts, so the timeouts do work."""
    cluster = make_cluster(
        gateways=2, presences=1,
        balancer=partial(balancer, edit=partial(idle_out, seconds=IDLE_S)),
        gateway_conf={"limits": {"ping": "800ms", "pong": "2s"}})
    alice = Account(cluster.url(1), "idlealice")
    assert asyncio.run(silent(cluster.url(), alice, 1.5 * IDLE_S)) == {
        "ws": True, "sse": True}
    hasty = balancer(cluster.home / "hasty", cluster.log("hasty"),
                     cluster.gateways, edit=partial(idle_out, seconds=0.2))
    hasty.start()
    try:
        assert asyncio.run(silent(hasty.url, alice, IDLE_S / 2)) == {
            "ws": False, "sse": False}
    finally:
        hasty.terminate()
    assert not hasty.findings()


@BALANCERS
def test_a_reload_keeps_what_is_open(make_cluster, balancer):
    """Sessions over all transports hear everything, across two reloads; who
    comes after them gets in."""
    cluster = make_cluster(gateways=2, presences=1, balancer=balancer)
    alice = Account(cluster.url(1), "loadalice")
    bob = Account(cluster.url(2), "loadbob")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]
    url = cluster.url()

    async def main():
        ws = await Client(url, bob).open()
        sse = await HttpClient(url, bob, EVENTS).open()
        poll = await HttpClient(url, bob, LONG).open()
        sender = await Client(cluster.url(1), alice).open()
        for i in range(40):
            await sender.send(conv, str(i))
            if i in (10, 20):
                await asyncio.to_thread(cluster.balancer.reload)
            await asyncio.sleep(0.03)
        new = await Client(url, bob).open()
        await sender.send(conv, "40")
        await new.until(lambda: new.texts(conv) == ["40"])
        for client in (ws, sse, poll):
            await client.until(lambda c=client: len(c.order) == 41)
            assert client.repeats == 0
        assert ws.closed is None and sse.listened == 1
        assert sse.rebuilt == poll.rebuilt == 0
        await asyncio.gather(*[c.close() for c in (ws, sse, poll, new, sender)])

    asyncio.run(main())


def ignore_wish(text):
    """nginx passes on what comes in chunks, even when it buffers; in the
    HTTP/1.0 that is its default there are none."""
    text = text.replace("proxy_http_version 1.1;", "")
    return text.replace("proxy_buffering off;", "proxy_buffering on;\n"
                        "proxy_ignore_headers X-Accel-Buffering;")


@pytest.mark.parametrize("edit, heard", (
    (None, True),
    (lambda text: text.replace("proxy_buffering off;", ""), True),
    (ignore_wish, False),
), ids=("as shipped", "buffering", "buffering whatever we wish"))
def test_nginx_passes_events_on(make_cluster, edit, heard):
    """An event arrives while the stream is open: nginx does as it is told by
    its configuration, or by the gateway's header."""
    cluster = make_cluster(gateways=1, presences=1,
                           balancer=partial(Nginx, edit=edit))
    alice = Account(cluster.url(1), "ssealice")
    bob = Account(cluster.url(1), "ssebob")

    async def main():
        client = HttpClient(cluster.url(), alice, EVENTS)
        if not heard:
            with pytest.raises(TimeoutError):
                await client.open(2)
        else:
            await client.open()
            conv = alice.cmd("direct.open", user=bob.user)["conv"]
            for i in range(3):
                alice.cmd("send", conv=conv, msg=f"{i:016}", text=str(i))
                await client.until(
                    lambda n=i: str(n) in client.texts(conv))
        await client.close()

    asyncio.run(main())


@pytest.mark.parametrize("mode", (EVENTS, LONG, PLAIN))
def test_nginx_round_robin(make_cluster, mode):
    """No cookie, each request on another gateway, one of which is killed: the
    session is built anew wherever it lands, and lacks nothing."""
    cluster = make_cluster(gateways=2, presences=1,
                           balancer=partial(Nginx, spread=""))
    alice = Account(cluster.url(1), "robinalice")
    bob = Account(cluster.url(1), "robinbob")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]

    async def main():
        two = await HttpClient(cluster.url(), bob, mode).open()
        two.events[conv] = {}  # it knows of the conversation
        one = await Client(cluster.url(2), alice).open()
        for i in range(30):
            await one.send(conv, str(i))
            await asyncio.sleep(0.02)
            if i == 15:
                await asyncio.to_thread(cluster.gateway(1).kill9)
        await two.until(lambda: two.complete_to(conv) == 30)
        print(f"{mode}: rebuilt {two.rebuilt} times")
        assert two.texts(conv) == [str(i) for i in range(30)]
        await one.close()
        await two.close()

    asyncio.run(main())
