"""Every scenario of the benchmark in small, so that none of them rots: it
runs, loses nothing, and its JSON has the keys that we promise."""

import argparse
import asyncio
import importlib
import json
import signal
import subprocess
from xml.etree import ElementTree

import pytest

from harness.cluster import Cluster
from harness.paths import BIN, ROOT
from harness.process import environment

MEMBERS = 20
COMMON = {"scenario", "sessions", "seconds", "load_before"}
TALK = COMMON | {"messages", "delivered", "lost", "duplicated", "latency_ms",
                 "cpu_us_per_message"}
PROCESSES = {"gateway", "redis", "presence", "client"}
PERCENTILES = {"p50", "p99", "p999", "max"}


@pytest.fixture(name="cluster", scope="module")
def small_cluster(pg_template):
    """2 gateways that let one client do what no person does. Who is in the wide
    groups is written before anybody comes: no gateway is told of it."""
    logs = ROOT / "build/test-logs/clusters/bench"
    with Cluster(pg_template, logs, gateways=2, balancer=False,
                 gateway_conf={"limits": {"pending": 1000}},
                 presence_conf={"presence": {"grace": "1s"}}) as cluster:
        cluster.postgres.sql(bench("sql", "million", "--sessions", 2 * MEMBERS,
                                   "--members", MEMBERS))
        yield cluster


def bench(*words):
    """What moim-bench prints to stdout; it has to succeed."""
    run = subprocess.run([BIN / "moim-bench", *map(str, words)], check=False,
                         capture_output=True, text=True, timeout=120,
                         env=environment())
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def targets(cluster):
    """The options that say where the cluster is."""
    yield from ["--key-file", cluster.home / "conf/token.keys",
                "--redis", f"{cluster.redis.address},{cluster.redis.pid}"]
    for presence in cluster.presences:
        yield from ["--presence", f"{presence.internal},{presence.pid}"]
    for gateway in cluster.gateways:
        yield from ["--gateway", f"{gateway.address},{gateway.pid}",
                    "--internal", f"{gateway.internal},{gateway.pid}"]


def measure(cluster, tmp_path, scenario, *words):
    """The result of one scenario, as its JSON."""
    path = tmp_path / f"{scenario}.json"
    cluster.postgres.sql(bench("sql", scenario, *words))
    bench(scenario, *words, "--warm", 1, "--json", path, *targets(cluster))
    result = json.loads(path.read_text())
    assert result["scenario"] == scenario
    assert result["sessions"] > 0
    assert ElementTree.parse(path.with_suffix(".svg")).getroot().tag.endswith(
        "}svg")
    return result


def check_talk(result, messages):
    """At least so many messages, and all is well with them."""
    assert result["messages"] >= messages
    assert result["lost"] == result["duplicated"] == result["died"] == 0
    assert result["latency_ms"].keys() == PERCENTILES
    assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["max"]
    assert result["cpu_us_per_message"].keys() == PROCESSES


def test_direct(cluster, tmp_path):
    result = measure(cluster, tmp_path, "direct", "--sessions", 20,
                     "--rate", 50, "--seconds", 1)
    assert result.keys() > TALK | {"floor", "ratio"}
    check_talk(result, 50)
    assert result["delivered"] == result["messages"]


def test_group(cluster, tmp_path):
    result = measure(cluster, tmp_path, "group", "--members", MEMBERS,
                     "--senders", 3, "--rate", 30, "--seconds", 1)
    assert result.keys() > TALK | {"floor", "ratio"}
    check_talk(result, 30)
    assert result["delivered"] == MEMBERS * result["messages"]
    assert result["ratio"].keys() == {"one", "five"}


def test_scale(cluster, tmp_path):
    result = measure(cluster, tmp_path, "scale", "--sessions", 20,
                     "--rate", 50, "--seconds", 1)
    assert result.keys() > TALK | {"ratio"}
    check_talk(result, 100)
    assert result["gateway_us"].keys() == result["redis_us"].keys() == {
        "1", "2"}
    assert result["ratio"]["last_to_two"] == 1


def test_mixed(cluster, tmp_path):
    """Messages to pairs and to groups, and everything else is answered."""
    result = measure(cluster, tmp_path, "mixed", "--sessions", MEMBERS,
                     "--members", MEMBERS, "--rate", 100, "--seconds", 1)
    assert result.keys() > TALK | {"answered", "answer_ms"}
    check_talk(result, 80)
    assert result["delivered"] > result["messages"]
    assert result["answered"] >= 100
    assert result["refused"] == result["unanswered"] == 0


def test_soak(cluster, tmp_path):
    result = measure(cluster, tmp_path, "soak", "--sessions", 20,
                     "--rate", 50, "--seconds", 2)
    assert result.keys() > TALK | {"growth_percent"}
    check_talk(result, 100)
    assert result["descriptors"]["first"] > 20


def test_presence(cluster, tmp_path):
    """200 who come and leave, each watching all the others, are told so in a
    tenth of as many events or less, and all of them know the truth. They are
    the last 200, who were not there a moment ago."""
    result = measure(cluster, tmp_path, "presence", "--sessions", 400,
                     "--members", 200, "--rate", 200)
    told = result["conversation"]
    assert told["members"] == told["watches"] == 200
    assert told["refused"] == told["died"] == told["wrong"] == 0
    assert 0 < told["events"] <= 200 * 200 / 10
    # Those who left first were told at least of all who came after them.
    assert told["users_told"] > 100 * 100


def test_crowd(cluster, tmp_path):
    """The service knows everybody whom gateways without clients report, and
    costs some CPU and memory."""
    result = measure(cluster, tmp_path, "crowd", "--sessions", 2000,
                     "--leases", 3, "--hold", 1)
    assert result.keys() > {"nobody", "a_quarter", "half", "million_users"}
    assert result["all"]["users"] == 2000
    assert result["all"]["bytes_per_user"] > 0
    assert 0 < result["nobody"]["redis_us_per_s"]


def test_history(cluster, tmp_path):
    result = measure(cluster, tmp_path, "history", "--sessions", 40,
                     "--messages", 60, "--rate", 50, "--seconds", 1)
    assert result.keys() > COMMON | {"latency_ms", "floor", "ratio"}
    assert result["pages"] >= 50
    assert result["refused"] == result["died"] == 0
    assert result["redis_bytes"].keys() == {"quiet_conversation", "message"}
    assert result["cpu_us_per_page"].keys() == {"gateway", "redis", "client"}


def test_connect(cluster, tmp_path):
    result = measure(cluster, tmp_path, "connect", "--sessions", 50,
                     "--rate", 50)
    assert result.keys() > COMMON | {"latency_ms", "floor", "ratio"}
    assert result["died"] == 0
    assert result["latency_ms"].keys() == PERCENTILES
    assert result["cpu_us_per_connect"].keys() == PROCESSES
    assert 0 <= result["pg_queries_per_session"] <= 2


def test_reconnect(cluster, tmp_path):
    """Nobody is lost in a storm, and no password is asked for."""
    result = measure(cluster, tmp_path, "reconnect", "--sessions", 250,
                     "--rate", 50, "--seconds", 1)
    assert result.keys() > TALK
    check_talk(result, 50)
    assert result["sessions"] == 50
    assert result["storm"]["seconds"] > 0
    assert result["storm"]["password_hashes"] == 0
    assert result["storm"]["pg_queries_per_session"] <= 2


def test_handover(cluster, tmp_path):
    """The gateway is replaced three times, and nobody notices. How long it
    takes here says nothing: the figure is that of ./run bench."""
    result = measure(cluster, tmp_path, "handover", "--sessions", 20,
                     "--rate", 50, "--seconds", 1)
    cluster.gateway(1).ends({0})
    cluster.gateway(1).start()
    assert result.keys() > {"pause_ms", "left_behind", "latency_ms"}
    assert result["messages"] >= 50
    assert result["lost"] == result["died"] == 0
    assert list(result["left_behind"].values()) == [0, 0, 0]


def test_million(cluster, tmp_path):
    """Few of them; but one gateway is killed, and all its people are back."""
    result = measure(cluster, tmp_path, "million", "--sessions", 2 * MEMBERS,
                     "--members", MEMBERS, "--rate", 100, "--seconds", 1)
    cluster.gateway(2).ends({-signal.SIGKILL})
    cluster.gateway(2).start()
    assert result.keys() > TALK | {"bytes_per_session"}
    check_talk(result, 100)
    assert result["delivered"] > result["messages"]
    assert result["ready"] == 40
    assert result["absent"] == result["gateway_killed"]["missing"] == 0
    assert result["gateway_killed"]["returned"] == 20


def test_login(cluster, monkeypatch, capsys):
    """The one that is in Python; without what it says of time."""
    monkeypatch.syspath_prepend(ROOT / "bench")
    login = importlib.import_module("login")
    monkeypatch.setattr(login, "PAIRS", 2)
    flooded, easy = [cluster.add_gateway(login.conf(n)) for n in (30, 100000)]
    few = argparse.Namespace(seconds=0.4, rate=100)
    assert asyncio.run(login.measure_floods(flooded, easy, few))
    login.measure_names(easy, 2)
    told = capsys.readouterr().out
    assert "\n| one address |" in told and ", 1 kind(s) of answer\n" in told
