"""Two and more people chat across gateways."""

import asyncio

from harness.client import Account, Client


async def pair(cluster, one, two, prefix):
    """Two users on two gateways and their conversation."""
    alice = Account(cluster.url(one), f"{prefix}alice")
    bob = Account(cluster.url(two), f"{prefix}bob")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]
    return (await Client(cluster.url(one), alice).open(),
            await Client(cluster.url(two), bob).open(), conv)


def test_direct_across_gateways(cluster):
    """Alice on gateway 1 and Bob on gateway 2: both ways, in order."""

    async def chat():
        alice, bob, conv = await pair(cluster, 1, 2, "direct")
        for i in range(50):
            sender = alice if i % 2 == 0 else bob
            ack = await sender.send(conv, f"안녕 {i}")
            assert ack["seq"] == i + 1
        want = [f"안녕 {i}" for i in range(50)]
        for client in (alice, bob):
            await client.until(lambda c=client: len(c.texts(conv)) == 50)
            assert client.texts(conv) == want
            assert [e["seq"] for e in client.order] == list(range(1, 51))
            assert client.repeats == 0
        await alice.close()
        await bob.close()

    asyncio.run(chat())


def test_group_of_fifty_over_three_gateways(cluster):
    """A wide group: every member sees each message once."""

    async def chat():
        people = [Account(cluster.url(1 + i % 3), f"crowd{i}")
                  for i in range(50)]
        clients = [await Client(cluster.url(1 + i % 3), p).open()
                   for i, p in enumerate(people)]
        made = await clients[0].cmd(
            "group.create", title="모임",
            members=[p.user for p in people[1:]])
        conv = made["conv"]
        await asyncio.gather(*[
            client.send(conv, f"from {i}") for i, client in enumerate(clients)])
        want = sorted(f"from {i}" for i in range(50))
        for client in clients:
            await client.until(lambda c=client: len(c.texts(conv)) == 50)
            assert sorted(client.texts(conv)) == want
        assert len({tuple(c.texts(conv)) for c in clients}) == 1
        await asyncio.gather(*[c.close() for c in clients])

    asyncio.run(chat())


def test_history_pages(cluster):
    """A page from the end, one before it, one after a seq, and the edges."""

    async def chat():
        alice, bob, conv = await pair(cluster, 1, 3, "pages")
        for i in range(1, 131):
            await alice.send_surely(conv, f"m{i}")
        page = await bob.cmd("history", conv=conv, limit=50)
        assert [e["seq"] for e in page["events"]] == list(range(81, 131))
        assert page["head"] == 130 and page["from"] == 1
        page = await bob.cmd("history", conv=conv, before=81, limit=100)
        assert [e["seq"] for e in page["events"]] == list(range(1, 81))
        page = await bob.cmd("history", conv=conv, after=125)
        assert [e["body"]["text"] for e in page["events"]] == [
            f"m{i}" for i in range(126, 131)]
        page = await bob.cmd("history", conv=conv, after=130)
        assert page["events"] == []
        page = await bob.cmd("history", conv=conv, before=1)
        assert page["events"] == []
        reply = bob.account.rest(
            "GET", f"/v1/conversations/{conv}/history?before=3&limit=2")
        assert reply.status == 200
        assert [e["seq"] for e in reply.json["events"]] == [1, 2]
        await alice.close()
        await bob.close()

    asyncio.run(chat())


def test_retry_gives_the_same_seq(cluster):
    """The same name and text anywhere is the same message; another text is
    refused."""

    async def chat():
        alice, bob, conv = await pair(cluster, 1, 2, "retry")
        first = await alice.send(conv, "once", "a-name-of-16-chars")
        elsewhere = await Client(cluster.url(3), alice.account).open()
        again = await elsewhere.send(conv, "once", "a-name-of-16-chars")
        assert (first["seq"], first["ts"]) == (again["seq"], again["ts"])
        reply = alice.account.rest(
            "POST", f"/v1/conversations/{conv}/messages",
            {"msg": "a-name-of-16-chars", "text": "twice"})
        assert reply.status == 409
        assert reply.json["code"] == "idempotency_conflict"
        await bob.send(conv, "end")
        await bob.until(lambda: "end" in bob.texts(conv))
        assert bob.texts(conv) == ["once", "end"]
        for client in (alice, bob, elsewhere):
            await client.close()

    asyncio.run(chat())
