"""The balancer's cookie: it keeps a client where it was, and gives way."""

import asyncio

from harness.client import Account
from harness.http_json import http_json
from harness.raw_ws import Wire, bearer, handshake
from harness.waiting import wait_until


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


def test_a_draining_gateway_gets_nobody_new(make_cluster):
    """Its cookie leads elsewhere as soon as the balancer has noticed, and
    the sessions it still has go on meanwhile."""
    cluster = make_cluster(
        gateways=2, presences=1,
        gateway_conf={"gateway": {"drain_wait": "3s", "drain_spread": "0s"}})
    alice = Account(cluster.url(1), "drainalice")

    async def main():
        wire = await Wire.open(cluster.balancer.address)
        await wire.send(handshake(bearer(alice.token), b"Cookie: GWID=g1"))
        assert (await wire.reply()).status == 101
        assert (await wire.json())["gateway"] == "g1"
        process = cluster.gateway(1).child
        process.terminate()
        await asyncio.sleep(1.6)  # two checks, half a second apart
        there, fresh = await visit(cluster, alice.token, b"GWID=g1")
        assert (there, fresh) == ("g2", b"GWID=g2")
        reply = http_json("GET", cluster.url() + "/v1/me", token=alice.token,
                          headers={"Cookie": "GWID=g1"})
        assert reply.status == 200
        assert (await wire.json())["type"] == "bye"
        assert (await wire.until_close())[0] == 1012
        await wire.abort()
        assert await asyncio.to_thread(process.wait, 15) == 0
        cluster.gateway(1).child = None

    asyncio.run(main())
