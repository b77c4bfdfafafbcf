"""What a store may do: fail to write, run full, come back with less than it
had, hold what nobody wrote. The shim (shim.py) makes calls fail."""

import asyncio
import shutil

from harness.client import Account
from harness.waiting import wait_until

from .nemesis import doors, start, talk_on, while_set
from .shim import Shim


def test_f37_the_disk_fails(theatre):
    """fsync says EIO. With `always` Redis ends rather than lie."""
    async def nemesis(show):
        redis = show.stage.redis
        shim = Shim(redis, redis.home)
        shim.put_in()
        redis.terminate()
        await start(redis)
        await talk_on(show, 50)
        shim.begin("fsync")
        status = await asyncio.to_thread(redis.child.wait, 20)
        redis.child = None  # as expected
        assert status == 1
        times = shim.end("fsync")
        shim.take_out()
        await start(redis)
        show.heal()
        await talk_on(show, 50)
        return times

    theatre.play("F37 fsync says EIO, AOF always", nemesis)


def test_f42_redis_is_full(theatre):
    """Appends are refused with OOM; reading goes on."""
    async def nemesis(show):
        redis = show.stage.redis
        redis.cli("config", "set", "maxmemory", "1mb")
        await asyncio.sleep(1.5)
        refused = "errorstat_OOM" in redis.cli("info", "errorstats")
        redis.cli("config", "set", "maxmemory", "0")
        show.heal()
        await talk_on(show, 50)
        return int(refused)

    theatre.play("F42 redis out of memory", nemesis)


def test_f43_redis_is_loading(theatre):
    async def nemesis(show):
        return await while_set(show, doors("history"),
                               "inject EVALSHA 1000000 -LOADING a large file",
                               1.5, "error_injected")

    theatre.play("F43 redis says LOADING", nemesis)


def pair(stage, prefix):
    """Two people and their conversation."""
    url = stage.url()
    one, two = Account(url, f"{prefix}one"), Account(url, f"{prefix}two")
    conv = one.cmd("direct.open", user=two.user)["conv"]
    return one, two, conv


def say(account, conv, first, count):
    """Seqs and times of so many messages; patient with a store that is not
    back yet."""
    acks = {}

    def said(n):
        answer = account.rest("POST", "/v1/cmd", {
            "type": "send", "id": "t", "conv": conv, "text": str(n),
            "msg": f"a-message-number-{n:05d}"}).json
        if answer["type"] == "ack":
            acks[answer["seq"]] = answer["ts"]
        return answer["type"] == "ack"

    for n in range(first, first + count):
        wait_until(lambda n=n: said(n), "acked", 10)
    return acks


def sync(account, conv, seq, ts):
    """The state of that cursor, once the store answers."""
    return wait_until(lambda: account.rest("POST", "/v1/sync", {"convs": [
        {"conv": conv, "seq": seq, "ts": ts}]}).json.get("convs"),
        "synced", 10)[0]


def test_f34_an_older_copy_is_restored(theatre):
    """Whoever has more than the store now has is told so, and whoever has
    something else at the same place too."""
    stage = theatre.open()
    redis = stage.redis
    copy = redis.home.parent / "older"
    one, two, conv = pair(stage, "restored")
    times = say(one, conv, 0, 10)
    redis.stop()
    shutil.copytree(redis.home, copy, ignore=shutil.ignore_patterns("*.sock"))
    redis.start()
    times.update(say(one, conv, 10, 10))
    redis.stop()
    shutil.rmtree(redis.home / "appendonlydir")
    shutil.copytree(copy / "appendonlydir", redis.home / "appendonlydir")
    shutil.chown(redis.home / "appendonlydir", redis.home.owner())
    for file in (redis.home / "appendonlydir").iterdir():
        shutil.chown(file, redis.home.owner())
    redis.start()
    assert sync(two, conv, 10, times[10])["state"] == "complete"
    lost = sync(two, conv, 20, times[20])
    assert (lost["state"], lost["gap"]) == (
        "resync", {"from": 11, "to": 20, "reason": "lost"})
    say(one, conv, 100, 15)
    other = sync(two, conv, 20, times[20])
    assert other["state"] == "resync"
    assert other["gap"]["reason"] == "rewritten" and other["head"] == 25
    assert sync(two, conv, 10, times[10])["state"] == "complete"


def test_f72_the_store_holds_poison(theatre):
    """One place of the history holds bytes that nobody here wrote: a reader
    is told that it is gone, and everything around it is as it was."""
    stage = theatre.open()
    one, two, conv = pair(stage, "poisoned")
    say(one, conv, 0, 5)
    key = stage.redis.cli("keys", "{c*}log:0").splitlines()
    keys = [k for k in key if stage.redis.cli("llen", k) == "5"
            and "a-message-number-00003" in stage.redis.cli("lindex", k, "3")]
    assert len(keys) == 1
    for poison in (r'\xff\xfe{"', '', '[' * 10000, '{"ts":1'):
        stage.redis.cli("eval", "return redis.call('LSET', KEYS[1], 2, "
                        "ARGV[1])", "1", keys[0], poison)
        page = two.rest("GET", f"/v1/conversations/{conv}/history?limit=50")
        kinds = {e["seq"]: e["kind"] for e in page.json["events"]}
        assert kinds == {1: "message", 2: "message", 3: "gone", 4: "message",
                         5: "message"}
        assert sync(two, conv, 0, 0)["state"] == "complete"
    assert say(one, conv, 5, 1).keys() == {6}
