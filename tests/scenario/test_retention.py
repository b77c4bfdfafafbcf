"""Events that are too old: nobody sees them, everybody is told, and the store
forgets them."""

import asyncio
import time

from harness.client import Account, Client
from harness.waiting import PATIENCE

KEEP = 4.0  # all that is done with what is kept has to fit in


def keys_of(cluster, conv):
    return cluster.redis.cli("keys", f"*{conv}*log:*").split()


def test_what_is_too_old_is_gone(make_cluster):
    """With four seconds for everything: what is older is no part of history and
    sync (B112), which say so; it is not unread; and the log goes by itself."""
    cluster = make_cluster(gateways=2, presences=1, balancer=False,
                           gateway_conf={"history": {"keep": f"{KEEP:g}s"}})

    async def chat():
        one, two = [await Client(cluster.url(n), Account(
            cluster.url(n), f"keep{n}")).open() for n in (1, 2)]
        conv = (await one.cmd("group.create", title="brief",
                              members=[two.account.user]))["conv"]
        await one.send(conv, "old")
        old = await one.send(conv, "older than the rest")
        await two.until(lambda: old["seq"] in two.events[conv])
        await two.close()
        missed = await one.send(conv, "missed")
        await asyncio.sleep(KEEP + 0.1)
        kept = await one.send(conv, "kept")

        await two.open()
        await two.sync([conv])
        assert two.gaps == {conv: missed["seq"]}
        assert two.complete_to(conv) == kept["seq"]
        listed = (await two.cmd("conversations"))["conversations"][0]
        assert listed["unread"] == 1 and listed["head"] == kept["seq"]
        page = await two.cmd("history", conv=conv)
        assert page["gap"] == {"from": 1, "to": missed["seq"],
                               "reason": "retention"}
        assert [e["body"]["text"] for e in page["events"]] == ["kept"]
        log = cluster.redis.cli("lrange", keys_of(cluster, conv)[0], "0", "-1")
        assert "kept" in log and "missed" not in log

        end = time.monotonic() + PATIENCE
        while keys_of(cluster, conv):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        listed = (await two.cmd("conversations"))["conversations"][0]
        assert listed["unread"] == 0
        again = await one.send(conv, "and on it goes")
        assert again["seq"] == kept["seq"] + 1
        await two.until(lambda: again["seq"] in two.events[conv])
        page = await two.cmd("history", conv=conv)
        assert page["gap"]["to"] == kept["seq"]
        assert [e["body"]["text"] for e in page["events"]] == [
            "and on it goes"]
        await one.close()
        await two.close()

    asyncio.run(chat())
