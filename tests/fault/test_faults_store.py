"""What a store may do: fail to write, run full, come back with less than it
had, hold what nobody wrote. The shim (shim.py) makes calls fail."""

import asyncio
import os
import shutil
import subprocess
import time

from harness.client import Account
from harness.http_json import http_json
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


async def full_disk(show, policy):
    """Writes to the disk fail with ENOSPC while the crowd talks. Gives the
    shim's count, and Redis' exit status, or None when it lives on."""
    redis = show.stage.redis
    shim = Shim(redis, redis.home)
    shim.put_in()
    redis.terminate()
    await start(redis)
    redis.cli("config", "set", "appendfsync", policy)
    await talk_on(show, 50)
    shim.begin("full")
    status = None
    try:
        status = await asyncio.to_thread(redis.child.wait, 4)
        redis.child = None  # as expected
    except subprocess.TimeoutExpired:
        pass
    errors = redis.cli("info", "errorstats") if status is None else ""
    times = shim.end("full")
    shim.take_out()
    if status is None:
        redis.terminate()
    await start(redis)
    show.heal()
    await talk_on(show, 50)
    return times, status, errors


def test_f35_the_disk_is_full(theatre):
    """With `always` Redis ends rather than lie."""
    async def nemesis(show):
        times, status, _ = await full_disk(show, "always")
        assert status == 1
        return times

    theatre.play("F35 disk full, AOF always", nemesis)


def test_f36_the_disk_is_full_and_redis_goes_on(theatre):
    """With `everysec` it refuses writes with MISCONF; nothing is published."""
    async def nemesis(show):
        times, status, errors = await full_disk(show, "everysec")
        assert status is None and "errorstat_MISCONF" in errors, errors
        return times

    theatre.play("F36 disk full, AOF everysec", nemesis)


def lost_tail(acks, two, conv):
    """What a sync says of the cursor at the last ack; the acked seqs that are
    not there any more."""
    last = max(acks)
    state = sync(two, conv, last, acks[last])
    return state, [seq for seq in acks if seq > state["head"]]


def test_f33_killed_with_a_slow_disk(theatre):
    """`everysec` may lose the last seconds, and then every cursor that points
    behind the end is told so. That is tier t0."""
    stage = theatre.open()
    redis = stage.redis
    shim = Shim(redis, redis.home)
    shim.put_in()
    redis.terminate()
    redis.start()
    one, two, conv = pair(stage, "slow")
    acks = say(one, conv, 0, 5)
    redis.cli("config", "set", "appendfsync", "everysec")
    shim.begin("slow")
    end = time.monotonic() + 3
    count = 5
    while time.monotonic() < end:
        acks.update(say(one, conv, count, 1))
        count += 1
    redis.kill9()
    times = shim.end("slow")
    shim.take_out()
    redis.start()
    state, gone = lost_tail(acks, two, conv)
    assert times > 0 and max(acks) > 10
    print(f"{len(gone)} of {len(acks)} lost")
    if gone:
        assert state["state"] == "resync"
        assert state["gap"] == {"from": min(gone), "to": max(acks),
                                "reason": "lost"}
    else:
        assert state["state"] == "complete"


def said_at(text, conv, n):
    """Where the log first names what `say` said as its n-th."""
    return text.index(f"a-message-number-{n:05d}".encode(),
                      text.index(f"{{c{conv}}}".encode()))


def newest_aof(redis):
    files = sorted((redis.home / "appendonlydir").glob("*.incr.aof"))
    return files[-1]


def test_f39_the_log_is_torn(theatre):
    """Cut within a command: Redis starts, and the lost tail is declared. With
    a wrong byte it does not start, and is repaired as operations.md says."""
    stage = theatre.open()
    redis = stage.redis
    one, two, conv = pair(stage, "torn")
    acks = say(one, conv, 0, 10)
    redis.stop()
    path = newest_aof(redis)
    os.truncate(path, said_at(path.read_bytes(), conv, 9))
    redis.start()
    state, gone = lost_tail(acks, two, conv)
    assert gone == [10], gone
    assert state["gap"] == {"from": 10, "to": 10, "reason": "lost"}
    acks = say(one, conv, 10, 10)
    redis.stop()
    text = bytearray(path.read_bytes())
    at = said_at(text, conv, 19)
    text[text.rindex(b"\r\n$", 0, at) + 2] ^= 0x40
    path.write_bytes(text)
    redis.launch()
    assert redis.child.wait(20) == 1
    redis.child = None  # as expected
    assert "redis-check-aof --fix" in redis.log_text()
    subprocess.run(["redis-check-aof", "--fix", path], input=b"y\n",
                   check=True, capture_output=True)
    redis.start()
    state, gone = lost_tail(acks, two, conv)
    assert gone and state["gap"]["reason"] == "lost", (state, gone)
    assert say(one, conv, 100, 1)


def test_f41_redis_may_forget(theatre):
    """An evicting store makes a gateway not ready, and says why."""
    stage = theatre.open()
    redis, gateway = stage.redis, stage.gateway(3)
    gateway.terminate()
    redis.cli("config", "set", "maxmemory-policy", "allkeys-lru")
    gateway.launch()

    def refused():
        try:
            answer = http_json("GET", gateway.url + "/readyz")
        except OSError:
            return False
        return answer.status == 503 and b"noeviction" in answer.raw

    wait_until(refused, "not ready, with the reason")
    redis.cli("config", "set", "maxmemory-policy", "noeviction")
    gateway.restart()
