"""moimctl doctor: says ok where all is well, and names what is not."""

import json
import os
import re
import subprocess
from functools import partial

import pytest

from harness.authority import Authority
from harness.client import PASSWORD, Account
from harness.cluster import Cluster
from harness.paths import BIN, ROOT
from harness.process import environment
from harness.programs import Haproxy, Nginx
from harness.redis import Redis

PING_S = 0.8


@pytest.fixture(name="clinic", scope="module")
def cluster_with_an_account(pg_template, tmp_path_factory):
    """2 gateways behind HAProxy; pings every 0.8 s instead of 25 s. With
    doctor(url, ...): the findings of one run as {check: finding}."""
    logs = ROOT / "build/test-logs/clusters/doctor"
    home = tmp_path_factory.mktemp("doctor")
    authority = Authority(home / "ca")
    cert, key = authority.issue("gateway")
    with Cluster(pg_template, logs, gateways=2, gateway_conf={
            "gateway": {"trusted_proxies": "127.0.0.1", "tls_cert": cert,
                        "tls_key": key},
            "limits": {"ping": f"{int(PING_S * 1000)}ms",
                       "pong": "2s"}}) as cluster:
        cluster.account = Account(cluster.url(1), "patient")
        cluster.ca = authority.ca
        cluster.password = home / "password"
        cluster.password.write_text(PASSWORD + "\n")
        yield cluster


def doctor(*words, status=None, env=None):
    """{check: [findings]} of one run; `status` is how it must end."""
    run = subprocess.run(
        [BIN / "moimctl", "doctor", "--json", *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**environment(), **(env or {})})
    assert run.stdout, run.stderr
    answer = json.loads(run.stdout)
    failed = [c for c in answer["checks"] if c["status"] == "fail"]
    assert answer["ok"] == (not failed)
    assert run.returncode == (1 if failed else 0) or status, run
    assert status is None or run.returncode == status, run
    assert all(c["remedy"] for c in answer["checks"] if c["status"] != "ok")
    found = {}
    for check in answer["checks"]:
        found.setdefault(check["check"], []).append(check)
    return found


def outside(clinic, url, *words):
    return doctor(url, "--as", "patient", "--password-file", clinic.password,
                  *words)


def states(found):
    """{check: the worst state of its lines}"""
    return {name: max((f["status"] for f in lines),
                      key=("ok", "warn", "fail").index)
            for name, lines in found.items()}


ALL = ("reach", "ready", "login", "upgrade", "headers", "sticky", "address",
       "events", "idle", "idle-events")


def but(**different):
    """All is well, but for this."""
    return {**{name: "ok" for name in ALL},
            **{name.replace("_", "-"): state
               for name, state in different.items()}}


def in_front(clinic, kind, edit, name):
    """Another balancer before the same gateways; use with `with`."""
    return Front(kind(clinic.home / name, clinic.log(name), clinic.gateways,
                      edit=edit))


class Front:
    def __init__(self, process):
        self.process = process

    def __enter__(self):
        self.process.start()
        return self.process.url

    def __exit__(self, kind, error, trace):
        self.process.terminate()
        assert not self.process.findings()


def test_all_is_well(clinic):
    found = outside(clinic, clinic.url(), "--idle", "2s")
    assert states(found) == but(), found
    assert "cookie GWID" in found["sticky"][0]["text"]
    assert "heads of 14 KiB" in found["headers"][0]["text"]


def test_all_is_well_under_tls(clinic):
    found = outside(clinic, clinic.gateway(1).tls_url, "--idle", "2s", "--ca",
                    clinic.ca)
    assert states(found) == but(), found


def test_lines_for_people(clinic):
    run = subprocess.run(
        [BIN / "moimctl", "doctor", clinic.url()], capture_output=True,
        text=True, timeout=60, check=False, env=environment())
    assert run.returncode == 0, run
    lines = run.stdout.splitlines()
    assert lines[0].split()[:2] == ["ok", "reach"]
    assert any(line.split()[:2] == ["warn", "login"] for line in lines)
    assert any(line.strip().startswith("-> --as NAME") for line in lines)
    assert lines[-1].endswith("1 to think about, 0 wrong")


def without(*lines):
    def edit(text):
        for line in lines:
            assert line in text
            text = text.replace(line, "")
        return text
    return edit


def idle(seconds):
    ms = int(seconds * 1000)
    return lambda text: re.sub(r"(proxy_\w+_timeout) 75s;", rf"\1 {ms}ms;",
                               text)


def held_back(text):
    """As nginx's own defaults are, and not even when the gateway asks."""
    text = without("proxy_http_version 1.1;")(text)
    return text.replace("proxy_buffering off;",
                        "proxy_ignore_headers X-Accel-Buffering;")


def zipped(text):
    return text.replace("proxy_buffering off;", """
        gzip on; gzip_types text/event-stream; gzip_proxied any;
        gzip_min_length 1;""")


def small_heads(text):
    return text.replace("large_client_header_buffers 4 16k",
                        "client_header_buffer_size 1k;\n"
                        "large_client_header_buffers 1 3k")


def other_address(text):
    """Nobody trusts 127.0.0.9, so that is whom the gateways see."""
    return text.replace("location / {", "location / { proxy_bind 127.0.0.9;")


@pytest.mark.parametrize("name, edit, want", (
    ("shipped", lambda text: text, but()),
    ("noupgrade", without("proxy_set_header Upgrade $http_upgrade;"),
     but(upgrade="fail", idle="fail")),
    ("buffers", held_back,
     {**but(upgrade="fail", events="fail", idle="fail"),
      "idle-events": None}),
    ("gzip", zipped, {**but(events="fail"), "idle-events": None}),
    ("hasty", idle(0.5), but(idle="fail", idle_events="fail")),
    ("small", small_heads, but(headers="fail")),
    ("address", other_address, but(address="warn")),
))
def test_nginx(clinic, name, edit, want):
    with in_front(clinic, Nginx, edit, name) as url:
        found = outside(clinic, url, "--idle", "2s")
    got = states(found)
    assert got == {k: v for k, v in want.items() if v}, found


def test_the_idle_timeout_is_measured(clinic):
    """2 s, and pings that come too late for it."""
    slow = clinic.add_gateway({"limits": {"ping": "30s"}})
    front = Front(Nginx(clinic.home / "measured", clinic.log("measured"),
                        [slow], edit=idle(2)))
    with front as url:
        found = outside(clinic, url, "--idle", "10s")
    assert states(found) == but(idle="fail", idle_events="fail"), found
    text = found["idle"][0]["text"]
    after = float(text.split("after ")[1].split(" s")[0])
    assert 1.8 < after < 9, text
    found = outside(clinic, slow.url, "--idle", "1s")
    assert states(found) == but(idle="warn"), found


def test_no_stickiness(clinic):
    with in_front(clinic, partial(Haproxy, balance="roundrobin"), None,
                  "robin") as url:
        found = outside(clinic, url, "--idle", "0s")
    want = but(sticky="warn")
    del want["idle"], want["idle-events"]
    assert states(found) == want, found


def test_nobody_there(clinic):
    found = doctor("http://127.0.0.1:1", status=69)
    assert states(found) == {"reach": "fail"}
    found = doctor(clinic.url(), "--as", "nobody", "--password-file",
                   clinic.password, "--idle", "0s")
    assert states(found)["login"] == "fail"


# ---- on a host ----

HOST = ("descriptors", "somaxconn", "syn-backlog", "overcommit", "ports")


def test_a_host(clinic):
    found = doctor("--host", "--redis", clinic.redis.address, "--conninfo",
                   clinic.postgres.conninfo())
    assert set(found) == {*HOST, "history", "directory"}
    got = states(found)
    assert got["history"] == "ok", found["history"]
    # A test's PostgreSQL does not wait for the disk, and is found out.
    wrong = [f["text"] for f in found["directory"] if f["status"] != "ok"]
    assert wrong == ["fsync is off"]
    texts = [line["text"] for line in found["history"] + found["directory"]]
    for part in ("version 7.", "appendfsync is always",
                 "maxmemory-policy is noeviction", "timeout is 0",
                 "client-output-buffer-limit is",
                 "synchronous_commit is on",
                 "server_version_num is 15"):
        assert any(part in text for text in texts), texts
    limited = subprocess.run(
        ["prlimit", "--nofile=1024:1024", BIN / "moimctl", "doctor", "--host"],
        capture_output=True, text=True, timeout=60, check=False,
        env=environment())
    assert limited.returncode == 1
    assert "fail  descriptors" in limited.stdout, limited.stdout


def test_a_redis_with_wrong_settings(clinic):
    """And one for the bus alone, where less matters."""
    redis = Redis(clinic.home / "wrong", clinic.log("wrong"))
    redis.start()
    try:
        for setting in (("maxmemory-policy", "allkeys-lru"),
                        ("appendfsync", "everysec"), ("timeout", "300"),
                        ("client-output-buffer-limit",
                         "pubsub 33554432 8388608 60")):
            assert redis.cli("config", "set", *setting) == "OK"
        found = doctor("--host", "--redis", clinic.redis.address, "--bus",
                       redis.address)
        assert states(found)["history"] == "ok"
        wrong = {f["text"].split(" is ")[0]: f["status"]
                 for f in found["bus"] if f["status"] != "ok"}
        assert wrong == {"maxmemory-policy": "fail", "timeout": "warn",
                         "client-output-buffer-limit": "warn"}
        found = doctor("--host", "--redis", redis.address)
        wrong = {f["text"].split(" is ")[0] for f in found["history"]
                 if f["status"] == "fail"}
        assert wrong == {"maxmemory-policy", "appendfsync"}
    finally:
        redis.terminate()
    assert not redis.findings()
    for words in (("--redis", redis.address), ("--redis", "127.0.0.1:1"),
                  ("--conninfo", "host=/nowhere")):
        found = doctor("--host", *words, status=1)
        assert "fail" in (states(found)["history"], states(found)["directory"])


def test_a_redis_with_a_password(clinic, tmp_path):
    redis = Redis(clinic.home / "locked", clinic.log("locked"))
    conf = clinic.home / "locked/redis.conf"
    conf.write_text(conf.read_text() + "requirepass sesame\n")
    redis.ready = lambda: os.path.exists(redis.socket)
    redis.start()
    try:
        assert states(doctor("--host", "--redis",
                             redis.address))["history"] == "fail"
        (tmp_path / "p").write_text("sesame\n")
        found = doctor("--host", "--redis", redis.address, "--password-file",
                       tmp_path / "p")
        assert states(found)["history"] == "ok", found
    finally:
        redis.terminate()
