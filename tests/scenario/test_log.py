"""The log carries everything that has to converge: what is edited, deleted
and reacted to is so for everybody, wherever and whenever they look."""

import asyncio
import secrets
import time

import pytest

from harness.client import Account, Client, Refused
from harness.fold import fold
from harness.http_client import EVENTS, LONG, PLAIN, HttpClient

HOW = {"ws": None, "sse": EVENTS, "long": LONG, "poll": PLAIN}
THUMB, HEART = "\U0001f44d", "❤️"


def name():
    return secrets.token_hex(8)


def people(cluster, prefix, count):
    """Accounts on all gateways, and a group of them."""
    accounts = [Account(cluster.url(1 + i % 3), f"{prefix}{i}")
                for i in range(count)]
    made = accounts[0].cmd("group.create", title=prefix,
                           members=[a.user for a in accounts[1:]])
    return accounts, made["conv"]


async def change(client, kind, conv, seq, **fields):
    return await client.cmd(f"message.{kind}", conv=conv, seq=seq,
                            msg=fields.pop("msg", None) or name(), **fields)


async def refused(call):
    with pytest.raises(Refused) as error:
        await call
    return error.value.code


async def page(client, conv):
    """The whole log as `history` has it, by seq."""
    answer = await client.cmd("history", conv=conv, limit=100)
    return {e["seq"]: e for e in answer["events"]}


async def many_changes(one, two, conv):
    """Messages 2 to 7 of the group, and all that can be done to them. Answers
    the seq of the last event."""
    for i in range(6):
        await one.send(conv, f"first {i}")
    await change(one, "edit", conv, 2, text="second 0")
    await change(two, "react", conv, 2, emoji=THUMB)
    await change(one, "edit", conv, 2, text="third 0")
    await change(one, "react", conv, 3, emoji=THUMB)
    await change(two, "react", conv, 3, emoji=HEART)
    await change(one, "react", conv, 3, emoji=HEART)
    await change(two, "unreact", conv, 3)
    await change(one, "edit", conv, 4, text="oops, a secret")
    await change(two, "react", conv, 4, emoji=THUMB)
    await change(one, "delete", conv, 4)
    await change(one, "delete", conv, 5)
    last = await two.send(conv, "the end")
    return last["seq"]


@pytest.mark.parametrize("how", HOW)
def test_everybody_sees_the_same(cluster, how):
    """Live on another gateway over any transport, on a device that was away
    meanwhile, and on one that has never been there."""
    accounts, conv = people(cluster, f"same{how}", 3)

    async def main():
        one = await Client(cluster.url(1), accounts[0]).open()
        two = await Client(cluster.url(2), accounts[1]).open()
        live = (Client(cluster.url(3), accounts[2]) if how == "ws" else
                HttpClient(cluster.url(3), accounts[2], HOW[how]))
        await live.open()
        away = await Client(cluster.url(2), accounts[2]).open()
        await one.send(conv, "first")
        await away.until(lambda: 2 in away.events.get(conv, {}))
        await away.close()
        last = await many_changes(one, two, conv)
        await away.open()
        await away.sync()
        await live.until(lambda: last in live.events.get(conv, {}))
        await one.until(lambda: last in one.events[conv])
        fresh = await page(one, conv)
        want = fold(fresh)
        assert want[3]["body"] == {"text": "first 0"}
        assert want[3]["reactions"] == {accounts[0].user: HEART}
        assert want[2]["body"] == {"text": "third 0"} and want[2]["edited"]
        assert want[2]["reactions"] == {accounts[1].user: THUMB}
        assert want[4]["deleted"] and want[4]["body"] == {}
        for client in (one, live, away):
            seen = {s: e for s, e in client.events[conv].items()}
            assert max(seen) == last
            assert {s: m for s, m in fold(seen).items()} == {
                s: m for s, m in want.items() if s in seen}
        assert "secret" not in str(away.events)
        for client in (one, two, live, away):
            await client.close()

    asyncio.run(main())


def test_what_is_deleted_is_gone_from_the_store(cluster):
    """Neither the body, nor an edit, nor a version is left in any key of the
    conversation."""
    accounts, conv = people(cluster, "gone", 2)

    def kept():
        read = {"list": ("lrange", "0", "-1"), "hash": ("hgetall",)}
        keys = cluster.redis.cli("keys", f"{{c{conv}}}*").split()
        words = [read[cluster.redis.cli("type", key)] for key in keys]
        return "".join(cluster.redis.cli(w[0], key, *w[1:])
                       for key, w in zip(keys, words))

    async def main():
        one = await Client(cluster.url(1), accounts[0]).open()
        two = await Client(cluster.url(2), accounts[1]).open()
        ack = await one.send(conv, "needle one")
        for word in ("two", "three", "four"):
            await change(one, "edit", conv, ack["seq"], text=f"needle {word}")
        versions = await two.cmd("message.versions", conv=conv,
                                 seq=ack["seq"])
        assert [v["body"]["text"] for v in versions["versions"]] == [
            "needle one", "needle two", "needle three"]
        # The message, its last edit and the three versions.
        assert kept().count("needle") == 5
        await change(one, "delete", conv, ack["seq"])
        assert "needle" not in kept()
        assert (await two.cmd("message.versions", conv=conv,
                              seq=ack["seq"]))["versions"] == []
        # Sent again by one who has not heard the ack, it does not come back.
        again = await one.send(conv, "needle one", ack["msg"])
        assert again["seq"] == ack["seq"]
        late = await Client(cluster.url(2), accounts[1]).open()
        await late.sync([conv])
        assert "needle" not in str(late.events)
        for client in (one, two, late):
            await client.close()

    asyncio.run(main())


def test_who_may(cluster):
    """Authors edit; authors and those above them delete; members react."""
    accounts, conv = people(cluster, "may", 3)
    stranger = Account(cluster.url(2), "maystranger")

    async def main():
        owner = await Client(cluster.url(1), accounts[0]).open()
        author = await Client(cluster.url(2), accounts[1]).open()
        other = await Client(cluster.url(3), accounts[2]).open()
        alien = await Client(cluster.url(2), stranger).open()
        seq = (await author.send(conv, "mine"))["seq"]
        for client, kind, fields, code in (
                (other, "edit", {"text": "x"}, "forbidden"),
                (owner, "edit", {"text": "x"}, "forbidden"),
                (other, "delete", {}, "forbidden"),
                (alien, "edit", {"text": "x"}, "not_found"),
                (alien, "delete", {}, "not_found"),
                (alien, "react", {"emoji": THUMB}, "not_found"),
                (other, "react", {"emoji": "ok"}, "bad_value"),
                (author, "edit", {"text": " "}, "bad_value")):
            assert await refused(
                change(client, kind, conv, seq, **fields)) == code
        assert await refused(change(author, "edit", conv, 1,
                                    text="x")) == "not_found"
        assert await refused(change(author, "edit", conv, seq + 1,
                                    text="x")) == "not_found"
        await change(owner, "delete", conv, seq)
        assert await refused(change(author, "edit", conv, seq,
                                    text="x")) == "not_found"
        shown = await page(author, conv)
        assert shown[seq]["deleted"]["by"] == accounts[0].user
        assert max(shown) == seq + 1
        for client in (owner, author, other, alien):
            await client.close()

    asyncio.run(main())


def test_the_same_change_again(cluster):
    """Changes have names, as messages do."""
    accounts, conv = people(cluster, "again", 2)

    async def main():
        one = await Client(cluster.url(1), accounts[0]).open()
        two = await Client(cluster.url(2), accounts[0]).open()
        seq = (await one.send(conv, "first"))["seq"]
        edit = await change(one, "edit", conv, seq, text="second", msg=name())
        await change(one, "edit", conv, seq, text="third")
        again = await change(two, "edit", conv, seq, text="second",
                             msg=edit["msg"])
        assert (again["seq"], again["ts"]) == (edit["seq"], edit["ts"])
        assert await refused(change(two, "delete", conv, seq,
                                    msg=edit["msg"])) == "idempotency_conflict"
        assert (await page(one, conv))[seq]["body"]["text"] == "third"
        await one.close()
        await two.close()

    asyncio.run(main())


def test_all_at_once(cluster):
    """Everybody reacts to one message at the same moment: all are counted."""
    accounts, conv = people(cluster, "crowd", 12)

    async def main():
        clients = [await Client(cluster.url(1 + i % 3), a).open()
                   for i, a in enumerate(accounts)]
        seq = (await clients[0].send(conv, "vote"))["seq"]
        await asyncio.gather(*[
            surely(change, c, "react", conv, seq, emoji=THUMB)
            for c in clients])
        shown = (await page(clients[1], conv))[seq]
        assert len(shown["reactions"]) == 1
        assert set(shown["reactions"][0]["users"]) == {
            a.user for a in accounts}
        await asyncio.gather(*[c.close() for c in clients])

    asyncio.run(main())


def test_replies_and_mentions(cluster):
    """They go with the message, to everybody and through an edit; what is
    answered has to be there, in the same conversation."""
    accounts, conv = people(cluster, "reply", 2)
    _, elsewhere = people(cluster, "replyelse", 2)
    named = [accounts[1].user, "0000000000001"]

    async def main():
        one = await Client(cluster.url(1), accounts[0]).open()
        two = await Client(cluster.url(2), accounts[1]).open()
        await one.send(conv, "question")
        for seq in (0, 3, 99):
            assert await refused(two.cmd(
                "send", conv=conv, msg=name(), text="x",
                reply_to=seq)) == "bad_value"
        assert await refused(two.cmd("send", conv=elsewhere, msg=name(),
                                     text="x", reply_to=1)) == "not_found"
        assert await refused(one.cmd(
            "send", conv=conv, msg=name(), text="x",
            mentions=[accounts[0].user] * 21)) == "too_many"
        ack = await two.cmd("send", conv=conv, msg=name(), text="answer",
                            reply_to=2, mentions=named)
        await one.until(lambda: ack["seq"] in one.events[conv])
        assert one.events[conv][ack["seq"]]["body"] == {
            "text": "answer", "reply_to": 2, "mentions": named}
        await change(two, "edit", conv, ack["seq"], text="no answer")
        shown = await page(one, conv)
        assert shown[ack["seq"]]["body"] == {"text": "no answer",
                                             "reply_to": 2}
        await one.until(lambda: ack["seq"] + 1 in one.events[conv])
        assert fold(one.events[conv]) == fold(shown)
        again = await refused(two.cmd("send", conv=conv, msg=ack["msg"],
                                      text="answer", mentions=named))
        assert again == "idempotency_conflict"
        await one.close()
        await two.close()

    asyncio.run(main())


# ---- for oneself ----

def pushed(client, kind, conv):
    return [o for o in client.others if o["type"] == kind and
            o.get("conv") == conv]


def test_deleting_for_oneself(cluster):
    """Gone on all of one's devices, also on one that was away; there for
    everybody else."""
    accounts, conv = people(cluster, "hide", 2)

    async def main():
        one = await Client(cluster.url(1), accounts[0]).open()
        two = await Client(cluster.url(2), accounts[0]).open()
        other = await Client(cluster.url(3), accounts[1]).open()
        seqs = [(await other.send(conv, f"m{i}"))["seq"] for i in range(4)]
        await one.cmd("message.hide", conv=conv, seq=seqs[1])
        await one.cmd("message.hide", conv=conv, seq=seqs[3])
        await two.until(lambda: len(pushed(two, "hidden", conv)) == 2)
        assert pushed(two, "hidden", conv)[1]["seqs"] == [seqs[3]]
        shown = await page(two, conv)
        assert [shown[s]["kind"] for s in seqs] == [
            "message", "gone", "message", "gone"]
        shown = await page(other, conv)
        assert all(shown[s]["kind"] == "message" for s in seqs)
        await other.cmd("ping")
        assert pushed(other, "hidden", conv) == []
        listed = (await two.cmd("conversations"))["conversations"]
        assert [c["hidden"] for c in listed if c["conv"] == conv] == [2]
        synced = await two.cmd("sync", convs=[{"conv": conv,
                                               "seq": seqs[3]}])
        assert synced["convs"][0]["hidden"] == 2
        news = await two.cmd("message.hidden", conv=conv, after=1)
        assert news["seqs"] == [seqs[3]]
        assert await refused(one.cmd("message.hide", conv=conv,
                                     seq=seqs[3] + 1)) == "not_found"
        assert await refused(other.cmd(
            "message.hide", conv="0000000000001", seq=1)) == "not_found"
        for client in (one, two, other):
            await client.close()

    asyncio.run(main())


def listed(account, conv):
    found = account.cmd("conversations")["conversations"]
    return next(c for c in found if c["conv"] == conv)


def test_cursors(cluster):
    """Read marks are one for all devices; what is unread are the others'
    messages; senders learn how far everybody is."""
    accounts, conv = people(cluster, "cursor", 3)

    async def main():
        one = await Client(cluster.url(1), accounts[0]).open()
        two = await Client(cluster.url(2), accounts[1]).open()
        tablet = await Client(cluster.url(3), accounts[1]).open()
        for i in range(4):
            await (one if i % 2 else two).send(conv, f"m{i}")
        await change(one, "react", conv, 2, emoji=THUMB)
        mine = listed(accounts[1], conv)
        assert (mine["head"], mine["read"], mine["unread"]) == (6, 0, 2)
        assert (await two.cmd("read", conv=conv, seq=3))["seq"] == 3
        await tablet.until(lambda: pushed(tablet, "read", conv))
        assert pushed(tablet, "read", conv)[0]["seq"] == 3
        assert (await tablet.cmd("read", conv=conv, seq=2))["seq"] == 3
        assert listed(accounts[1], conv)["unread"] == 1
        assert (await tablet.cmd("read", conv=conv, seq=99))["seq"] == 6
        assert listed(accounts[1], conv)["unread"] == 0
        await one.until(lambda: any(
            {"user": accounts[1].user, "read": 6, "delivered": 6} in o["users"]
            for o in pushed(one, "receipts", conv)))
        began = time.monotonic()
        for seq in range(1, 7):
            await one.cmd("delivered", conv=conv, seq=seq)
        took = time.monotonic() - began
        await two.until(lambda: any(
            {"user": accounts[0].user, "read": 0, "delivered": 6} in o["users"]
            for o in pushed(two, "receipts", conv)))
        # Six steps are told as two: the first, and what came to be in a second.
        assert 2 <= len([o for o in pushed(two, "receipts", conv)
                         if o["users"][0]["user"] == accounts[0].user]
                        ) <= 2 + took
        asked = await two.cmd("receipts", conv=conv, seq=6)
        assert sorted(asked["users"], key=lambda u: u["read"]) == [
            {"user": accounts[0].user, "read": 0, "delivered": 6},
            {"user": accounts[1].user, "read": 6, "delivered": 6}]
        for client in (one, two, tablet):
            await client.close()

    asyncio.run(main())


async def surely(call, *args, **fields):
    """Repeats what may succeed later."""
    fields["msg"] = name()
    while True:
        try:
            return await call(*args, **fields)
        except Refused as error:
            if "retry_after_ms" not in error.answer:
                raise
            await asyncio.sleep(error.answer["retry_after_ms"] / 1000)
