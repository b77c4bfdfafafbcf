"""The history's Redis is not the one it was: empty, or another one."""

import asyncio
import shutil
import subprocess

from harness.client import Client
from harness.http_json import http_json
from harness.paths import BIN
from harness.process import environment
from harness.waiting import wait_until

from .nemesis import start
from .test_faults_store import pair, say, sync

PATIENCE = 30  # seconds


def not_ready(gateway):
    """Is it so, and does it say why?"""
    answer = http_json("GET", gateway.url + "/readyz")
    return answer.status == 503 and b"store_lost" in answer.raw


def codes(account, gateway, conv):
    """Of the errors, whatever the history is asked for."""
    sent = account.rest("POST", "/v1/cmd", {
        "type": "send", "id": "t", "conv": conv, "text": "into nothing",
        "msg": "a-message-for-nobody"}, gateway.url)
    page = account.rest("GET", f"/v1/conversations/{conv}/history",
                        url=gateway.url)
    synced = account.rest("POST", "/v1/sync", {"convs": [
        {"conv": conv, "seq": 0, "ts": 0}]}, gateway.url)
    return {answer.json.get("code") for answer in (sent, page, synced)}


def refused(account, gateway, conv):
    """Once it has found its Redis again, it never does what it is asked."""
    found = codes(account, gateway, conv)
    assert found <= {"store_lost", "unavailable"}, found
    return found == {"store_lost"}


def check_lost(stage, account, conv):
    """Nobody is ready, nothing is told, and nothing is written. Answers how
    many calls have met the wrong store."""
    for gateway in stage.gateways:
        wait_until(lambda g=gateway: refused(account, g, conv), "refused",
                   PATIENCE)
        wait_until(lambda g=gateway: not_ready(g), "not ready", PATIENCE)
        assert refused(account, gateway, conv)
    assert stage.redis.cli("keys", "{c*") == ""
    return sum(stage.metric(g, "history_lost_total") for g in stage.gateways)


def stores(stage, *words):
    """moimctl store: the words of each line."""
    run = subprocess.run(
        [BIN / "moimctl", "store", *words, "--conninfo",
         stage.postgres.conninfo()], capture_output=True, text=True,
        check=True, timeout=60, env=environment())
    return [line.split() for line in run.stdout.splitlines()]


def ids(stage, state):
    return [line[0] for line in stores(stage, "list")[1:] if line[1] == state]


async def lived_through(stage, account, what):
    """`what` happens to somebody's open session; then he is told to sync."""
    client = Client(stage.url(1), account)
    await client.open()
    told = client.resyncs
    await what
    await client.until(lambda: client.resyncs > told, PATIENCE)
    await client.close()


def test_f40_redis_is_emptied(theatre):
    """FLUSHALL, under living connections. The operator decides to go on with
    nothing, and then all are told."""
    stage = theatre.open()
    one, two, conv = pair(stage, "emptied")
    times = say(one, conv, 0, 5)

    def what():
        known = ids(stage, "known")
        stage.redis.cli("flushall")
        assert check_lost(stage, one, conv) > 0
        assert ids(stage, "known") == known
        found = ids(stage, "found")
        assert len(found) == 1, found
        stores(stage, "accept", found[0])
        stage.wait_all(PATIENCE)
        assert ids(stage, "known") == found
        assert ids(stage, "left") == known

    asyncio.run(lived_through(stage, two, asyncio.to_thread(what)))
    lost = sync(two, conv, 5, times[5])
    assert (lost["state"], lost["gap"]) == (
        "resync", {"from": 1, "to": 5, "reason": "lost"})
    assert say(one, conv, 100, 1).keys() == {1}


def test_f40_redis_comes_back_empty(theatre):
    """Its folder was not there. When it is, all goes on where it was."""
    stage = theatre.open()
    redis = stage.redis
    one, two, conv = pair(stage, "misplaced")
    times = say(one, conv, 0, 5)
    files, aside = redis.home / "appendonlydir", redis.home.parent / "aside"

    async def what():
        redis.stop()
        shutil.move(files, aside)
        await start(redis)
        assert await asyncio.to_thread(check_lost, stage, one, conv) > 0
        redis.stop()
        shutil.rmtree(files)
        shutil.move(aside, files)
        await start(redis)
        await asyncio.to_thread(stage.wait_all, PATIENCE)

    asyncio.run(lived_through(stage, two, what()))
    assert sync(two, conv, 5, times[5])["state"] == "complete"
    assert say(one, conv, 100, 1).keys() == {6}
