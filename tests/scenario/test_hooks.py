"""Webhooks: every acked event is told, in order, though the receiver and the
worker fail; who went is never told after who came back; and who did not get a
message is notified of it once."""

import asyncio
import re
import secrets
import subprocess

from harness.client import Account, Client
from harness.http_json import http_json
from harness.paths import ROOT
from harness.programs import Hooks
from harness.receiver import SECRET, Receiver
from harness.waiting import wait_until

PRESENCE = {"presence": {"grace": "1s", "lease": "5s"}}


def hooks_of(cluster, receiver, number=1, **more):
    return Hooks(cluster.home / "conf", cluster.log(f"hooks{number}"), {
        "hooks": {"url": receiver.url, "secret": SECRET, "notify_after": "1s",
                  "events": "message member presence friend device "
                            "notification", **more},
        "redis": {"hooks": cluster.redis.address,
                  "history": cluster.redis.address},
        "postgres": {"conninfo": cluster.postgres.conninfo()}})


def say(account, conv, count, first=0):
    for i in range(first, first + count):
        account.cmd("send", conv=conv, text=f"n{i}", msg=secrets.token_hex(8))


def texts(receiver, conv):
    return [event["body"]["text"] for event in receiver.of("message")
            if event["conv"] == conv]


def numbers(count):
    return [f"n{i}" for i in range(count)]


def in_order(receiver, conv):
    seqs = [event["data"]["seq"] for _, event in receiver.taken
            if event["data"].get("conv") == conv and "seq" in event["data"]]
    firsts = list(dict.fromkeys(seqs))
    assert firsts == sorted(firsts), seqs
    return firsts


def notices(receiver, conv):
    return [event for event in receiver.of("notification")
            if event["conv"] == conv]


def judge_notices(receiver, alice, bob, convs):
    """Bob had none of the 50 messages of each: he is notified of each once."""
    for conv in convs:
        found = wait_until(
            lambda c=conv: [n for n in notices(receiver, c) if n["last"] == 51]
            and notices(receiver, c), "all are notified of", 60)
        assert {(n["user"], n["from"]) for n in found} == {
            (bob.user, alice.user)}
        assert sum(n["count"] for n in found) == 50
        firsts = [2] + [n["last"] + 1 for n in found[:-1]]
        assert [n["first"] for n in found] == firsts


def judge_recall(receiver, worker, alice, bob, convs):
    """A notification that waits is not posted once a device of his has got
    what it is about."""
    one, two = convs
    refused = receiver.refused
    receiver.answer = lambda name, event: (
        500 if event["type"] == "notification" else 200)
    say(alice, one, 1, 50)
    wait_until(lambda: receiver.refused > refused, "it is decided", 60)
    bob.cmd("delivered", conv=one, seq=52)
    wait_until(lambda: "\nmoim_hooks_recalled_total 1\n" in metrics(worker),
               "it is recalled", 60)
    receiver.answer = lambda name, event: 200
    say(alice, two, 1, 50)
    wait_until(lambda: notices(receiver, two)[-1]["last"] == 52, "the last", 60)
    assert notices(receiver, one)[-1]["last"] == 51


def metrics(worker):
    return http_json("GET", f"http://{worker.internal}/metrics").raw.decode()


def judge_metrics(worker):
    """They are well formed, and those that rules speak of are there."""
    text = metrics(worker)
    done = subprocess.run(["promtool", "check", "metrics"], input=text,
                          text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = (ROOT / "deploy/prometheus/rules.yml").read_text(encoding="utf-8")
    for name in re.findall(r"moim_hooks_\w+", rules):
        assert f"# TYPE {name} " in text, name
    assert "\nmoim_hooks_works 8\n" in text


async def tell(cluster, receiver, start):
    """All of it; `start` makes a worker that runs."""
    alice, bob = (Account(cluster.url(1), name) for name in ("alice", "bobby"))
    worker = start()
    # Bob is on a gateway that dies; what comes of it is seen below.
    client = await Client(cluster.url(2), bob).open()
    came, = receiver.wait("presence.online", 1)
    assert came["user"] == bob.user
    cluster.gateway(2).kill9()
    await client.close()
    one, two = (alice.cmd("group.create", title=title,
                          members=[bob.user])["conv"]
                for title in ("one", "two"))
    wait_until(lambda: "1" in cluster.postgres.sql(
        "SELECT count(*) FROM hook_wish"), "the worker has asked", 60)
    carol = Account(cluster.url(1), "carol")
    carol.cmd("device.revoke", device=carol.device)
    alice.cmd("friend.ask", user=bob.user)
    bob.cmd("friend.accept", user=alice.user)
    bob.cmd("friend.drop", user=alice.user)
    made = receiver.wait("group.created", 2)
    assert {event["conv"] for event in made} == {one, two}

    # One conversation is refused: it waits, the other goes on; and the worker
    # dies in the midst of that.
    receiver.answer = lambda name, event: (
        500 if event["data"].get("conv") == one else 200)
    say(alice, one, 50)
    say(alice, two, 50)
    wait_until(lambda: len(texts(receiver, two)) >= 5 and receiver.refused > 0,
               "the other", 60)
    worker.kill9()
    assert not texts(receiver, one)
    receiver.answer = lambda name, event: 200
    worker.start()
    for conv in (one, two):
        wait_until(lambda c=conv: len(texts(receiver, c)) == 50, "all", 60)
        assert texts(receiver, conv) == numbers(50)
        assert in_order(receiver, conv) == list(range(1, 52))

    judge_notices(receiver, alice, bob, (one, two))
    judge_recall(receiver, worker, alice, bob, (one, two))
    judge_metrics(worker)
    a, b = alice.user, bob.user
    asked, = receiver.wait("friend.asked", 1)
    accepted, = receiver.wait("friend.accepted", 1)
    dropped, = receiver.wait("friend.dropped", 1)
    assert (asked, accepted) == ({"user": a, "other": b},
                                 {"user": b, "other": a})
    assert dropped == {"user": min(a, b), "other": max(a, b)}
    kinds = [event["type"] for _, event in receiver.taken]
    assert kinds.index("friend.asked") < kinds.index("friend.accepted")
    assert kinds.index("friend.accepted") < kinds.index("friend.dropped")
    device = {"user": carol.user, "device": carol.device}
    assert receiver.wait("device.added", 1) == [device]
    assert receiver.wait("device.revoked", 1) == [device]
    gone, = receiver.wait("presence.offline", 1)
    assert (gone["user"], gone["epoch"]) == (bob.user, came["epoch"])
    client = await Client(cluster.url(1), bob).open()
    again = receiver.wait("presence.online", 2)[1]
    assert again["epoch"] > came["epoch"]
    await client.close()


def test_all_is_told(make_cluster):
    cluster = make_cluster(gateways=2, presences=1, balancer=False, hooks=True,
                           settled=True, presence_conf=PRESENCE)
    workers = []

    def start():
        workers.append(hooks_of(cluster, receiver))
        workers[-1].start()
        return workers[-1]

    with Receiver() as receiver:
        try:
            asyncio.run(tell(cluster, receiver, start))
        finally:
            for worker in workers:
                worker.terminate()
    findings = [found for worker in workers for found in worker.findings()]
    assert not findings, findings
