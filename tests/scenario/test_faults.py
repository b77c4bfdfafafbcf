"""What breaks, and what people notice of it."""

import asyncio
import time

import pytest

from harness.client import PASSWORD, Account, Client, Refused
from harness.http_json import http_json
from harness.talker import Talker, all_see_everything
from harness.waiting import PATIENCE


def test_a_gateway_is_killed_under_traffic(make_cluster):
    """kill -9: its clients come back through the balancer, resume, and every
    acked message is seen exactly once by everyone."""
    cluster = make_cluster(gateways=3, presences=1)

    async def chat():
        people = [Account(cluster.url(), f"kill{i}") for i in range(6)]
        clients = [await Client(cluster.url(), p).open() for p in people]
        made = await clients[0].cmd("group.create", title="kill",
                                    members=[p.user for p in people[1:]])
        conv = made["conv"]
        talkers = [Talker(c, conv, f"t{i}") for i, c in enumerate(clients)]
        for number in (1, 2):
            await talkers[0].until_acked(30)
            before = {c.ready["gateway"] for c in clients}
            cluster.gateway(number).kill9()
            for talker in talkers:
                await talker.until_acked(10)
            after = {c.ready["gateway"] for c in clients}
            assert f"g{number}" in before and f"g{number}" not in after
            cluster.gateway(number).launch()
            cluster.gateway(number).wait_ready()
        for talker in talkers:
            await talker.finish()
        acked = {k: v for t in talkers for k, v in t.acked.items()}
        await all_see_everything(clients, conv, acked)
        await asyncio.gather(*[c.close() for c in clients])

    asyncio.run(chat())


def test_postgres_is_stopped(make_cluster):
    """Established chats go on, and so does who comes back at once; logins are
    told when to come back; then all is well by itself."""
    cluster = make_cluster(gateways=2, presences=1)

    async def chat():
        alice = Account(cluster.url(1), "alice")
        bob = Account(cluster.url(2), "bobby")
        conv = alice.cmd("direct.open", user=bob.user)["conv"]
        one = await Client(cluster.url(1), alice).open()
        two = await Client(cluster.url(2), bob).open()
        await one.send(conv, "hello")
        await two.send(conv, "hi")
        cluster.postgres.stop()
        for i in range(10):
            await one.send(conv, f"still {i}")
            await two.send(conv, f"here {i}")
        await two.until(lambda: len(two.texts(conv)) == 22)
        await two.close()
        await two.open()  # who he is and what he is in is still known
        await one.send(conv, "welcome back")
        await two.until(lambda: "welcome back" in two.texts(conv))
        reply = http_json("POST", cluster.url(1) + "/v1/login",
                          {"name": "alice", "password": PASSWORD})
        assert reply.status == 503
        assert reply.json["code"] == "unavailable"
        assert int(reply.headers["Retry-After"]) >= 1
        assert http_json("GET", cluster.url(1) + "/readyz").status == 200
        cluster.postgres.start()
        deadline = time.monotonic() + PATIENCE
        while True:
            reply = http_json("POST", cluster.url(1) + "/v1/login",
                              {"name": "alice", "password": PASSWORD})
            if reply.status == 200 or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        assert reply.status == 200
        await one.send(conv, "all is well")
        await two.until(lambda: "all is well" in two.texts(conv))
        await one.close()
        await two.close()

    asyncio.run(chat())


def test_redis_is_restarted(make_cluster):
    """Sends are refused as unavailable, then work; nothing acked is lost, and
    nobody had to reconnect."""
    cluster = make_cluster(gateways=2, presences=1)

    async def chat():
        alice = Account(cluster.url(1), "alice")
        bob = Account(cluster.url(2), "bobby")
        conv = alice.cmd("direct.open", user=bob.user)["conv"]
        one = await Client(cluster.url(1), alice).open()
        two = await Client(cluster.url(2), bob).open()
        talkers = [Talker(one, conv, "a"), Talker(two, conv, "b")]
        await talkers[0].until_acked(20)
        cluster.redis.kill9()
        with pytest.raises(Refused) as refused:
            for _ in range(100):
                await one.send(conv, "anybody there?")
        assert refused.value.code == "unavailable"
        assert refused.value.answer["retry_after_ms"] > 0
        cluster.redis.start()
        for talker in talkers:
            await talker.until_acked(20)
        for talker in talkers:
            await talker.finish()
        assert one.closed is None and two.closed is None
        acked = {k: v for t in talkers for k, v in t.acked.items()}
        head = max(acked.values())
        # Without asking: the bus repairs what was published while it was away.
        await two.until(lambda: max(two.events[conv]) >= head)
        await all_see_everything([one, two], conv, acked)
        await one.close()
        await two.close()

    asyncio.run(chat())
