"""The harness itself: its data services are real, nothing is left behind, and
it notices what must not be overlooked."""

import pathlib
import subprocess
import sys

import pytest
from harness.cluster import Cluster
from harness.http_json import http_json
from harness.paths import ROOT
from harness.process import Process
from harness.waiting import wait_until


def pids_of(cluster):
    return [process.pid for process in cluster.processes()]


def test_data_survive_a_restart_and_nothing_stays(pg_template, tmp_path):
    with Cluster(pg_template, tmp_path / "logs", gateways=0, presences=0,
                 balancer=False) as cluster:
        cluster.postgres.sql("CREATE TABLE kept (n int)")
        cluster.postgres.sql("INSERT INTO kept VALUES (7)")
        assert cluster.redis.cli("set", "kept", "7") == "OK"
        cluster.redis.kill9()
        cluster.postgres.stop()
        cluster.redis.start()
        cluster.postgres.start()
        assert cluster.redis.cli("get", "kept") == "7"
        assert cluster.postgres.sql("SELECT n FROM kept") == "7"
        pids, home = pids_of(cluster), cluster.home
    assert not home.exists()
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids)


def test_recommended_settings_are_in_force(pg_template, tmp_path):
    with Cluster(pg_template, tmp_path / "logs", gateways=0, presences=0,
                 balancer=False) as cluster:
        wanted = {"appendfsync": "always", "maxmemory-policy": "noeviction",
                  "no-appendfsync-on-rewrite": "no", "port": "0"}
        for name, value in wanted.items():
            answer = cluster.redis.cli("config", "get", name)
            assert answer.split("\n")[1] == value
        assert cluster.postgres.sql("SHOW listen_addresses") == ""
        assert cluster.postgres.sql("SHOW synchronous_commit") == "on"


def test_balancer_sticks_and_a_killed_gateway_comes_back(make_cluster):
    cluster = make_cluster(gateways=2, presences=1)
    first = http_json("GET", cluster.url() + "/readyz")
    assert first.status == 200
    assert first.headers["Set-Cookie"].startswith("GWID=g")
    cluster.gateway(1).kill9()
    wait_until(lambda: http_json("GET", cluster.url() + "/readyz").status
               == 200, "the other gateway")
    cluster.gateway(1).start()
    assert http_json("GET", cluster.url(1) + "/healthz").status == 200


PRINTS_A_REPORT = "print('x.c:1:2: runtime error: signed integer overflow')"


@pytest.mark.parametrize("code, said", [
    ("import sys; sys.exit(3)", "status 3"),
    (PRINTS_A_REPORT + "; import time; time.sleep(60)", "runtime error:"),
])
def test_bad_ends_are_findings(tmp_path, code, said):
    process = Process("victim", [sys.executable, "-uc", code],
                      tmp_path / "log")
    process.launch()
    wait_until(lambda: process.findings(), "a finding")
    process.kill9()
    assert said in process.findings()[0]


DIES_AFTER_STARTING = """
import os, pathlib, sys
from harness.process import Process
one = Process("orphan", ["sleep", "60"], pathlib.Path(sys.argv[1]),
              service=sys.argv[2] == "service")
one.launch()
name = pathlib.Path(f"/proc/{one.pid}/comm")
while name.read_text().strip() != "sleep":
    pass
print(one.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("user", ["ours", "service"])
def test_nothing_outlives_a_killed_run(tmp_path, user):
    done = subprocess.run(
        [sys.executable, "-c", DIES_AFTER_STARTING, tmp_path / "log", user],
        cwd=ROOT / "tests", capture_output=True, text=True, timeout=60,
        check=False)
    assert done.returncode == -9, done.stderr
    orphan = pathlib.Path(f"/proc/{done.stdout.strip()}/cmdline")
    wait_until(lambda: not orphan.exists() or orphan.read_bytes() == b"",
               "the end of the orphan, perhaps not buried yet")


def test_a_death_while_starting_says_why(tmp_path):
    process = Process("victim", [sys.executable, "-c", "1/0"],
                      tmp_path / "log")
    process.ready = lambda: False
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        process.start()
