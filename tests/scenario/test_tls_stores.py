"""Redis and PostgreSQL over TLS: a whole chat, and everybody who must not be
believed: another authority, another name, a server without TLS."""

import asyncio
import json
import subprocess

import pytest

from harness.authority import Authority
from harness.client import Account, Client
from harness.cluster import Cluster
from harness.http_json import http_json
from harness.paths import BIN, ROOT
from harness.process import environment
from harness.programs import Gateway, Presence, merged
from harness.waiting import wait_until


@pytest.fixture(name="safe", scope="module")
def safe_of_this_file(pg_template):
    with Cluster(pg_template, ROOT / "build/test-logs/clusters/tls-stores",
                 balancer=False, secure=True, settled=False) as cluster:
        cluster.other = Authority(cluster.home / "other", "Another CA")
        yield cluster


def test_chat(safe):
    """With PostgreSQL's own word that every connection is under TLS."""
    alice = Account(safe.url(1), "alice")
    bob = Account(safe.url(2), "bob")
    conv = alice.cmd("direct.open", user=bob.user)["conv"]

    async def chat():
        one = await Client(safe.url(1), alice).open()
        two = await Client(safe.url(2), bob).open()
        for i in range(10):
            await one.send(conv, f"{i} " + "x" * 3000)
        await two.until(lambda: len(two.texts(conv)) == 10)
        await one.close()
        await two.close()

    asyncio.run(chat())
    rows = safe.postgres.sql(
        "SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity"
        " USING (pid) WHERE application_name LIKE 'moim-%' GROUP BY ssl")
    assert rows.startswith("t|") and "\n" not in rows


def test_redis_comes_back(safe):
    """A new connection goes on, with a whole handshake or a ticket."""
    safe.redis.restart()
    for gateway in safe.gateways:
        wait_until(lambda g=gateway: http_json("GET", g.url + "/readyz").raw
                   .count(b"not connected") == 0, "connected again")


def complaint(process, words):
    """Runs it until it has said them."""
    process.launch()
    try:
        wait_until(lambda: words in process.log_text() or not process.alive,
                   words)
        assert words in process.log_text()
    finally:
        process.kill9()


REDIS = {
    "another authority": ({"tls_ca": "OTHER"}, "self-signed certificate"),
    "the system's": ({"tls_ca": ""}, "self-signed certificate"),
    "another name": ({"tls_name": "redis.example"}, "hostname mismatch"),
    "no such file": ({"tls_ca": "/nowhere"}, "msg=tls_ca_unusable"),
}


@pytest.mark.parametrize("row", REDIS)
def test_redis_not_believed(safe, row):
    conf, words = REDIS[row]
    conf = {key: safe.other.ca if value == "OTHER" else value
            for key, value in conf.items()}
    more = {"redis": conf}
    folder = safe.home / "conf"
    gateway = Gateway(9, folder, safe.log("refused-" + row),
                      merged(more, safe.gateway_conf(folder)))
    complaint(gateway, words)
    presence = Presence(9, folder, safe.log("refused-presence-" + row),
                        merged(more, safe.shared_conf()))
    complaint(presence, words)


def test_redis_certificate_name(safe):
    """The name in the certificate may be another than the address."""
    folder = safe.home / "conf"
    gateway = Gateway(8, folder, safe.log("named"), merged(
        {"redis": {"tls_name": "localhost"}}, safe.gateway_conf(folder)))
    gateway.start()
    gateway.terminate()
    assert not gateway.findings()


def doctor(safe, *words):
    """What moimctl doctor says of the history: {state: texts}."""
    run = subprocess.run(
        [BIN / "moimctl", "doctor", "--host", "--json", "--redis",
         safe.redis.address, *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False,
        env=environment())
    found = {}
    for check in json.loads(run.stdout)["checks"]:
        if check["check"] == "history":
            found.setdefault(check["status"], []).append(check["text"])
    return found


def test_the_doctor_speaks_tls(safe):
    """And believes whom a gateway would believe."""
    assert list(doctor(safe, "--ca", safe.authority.ca)) == ["ok"]
    named = ("--ca", safe.authority.ca, "--tls-name")
    assert list(doctor(safe, *named, "localhost")) == ["ok"]
    for words, why in (((*named, "redis.example"), "hostname mismatch"),
                       (("--ca", safe.other.ca), "self-signed certificate"),
                       (("--ca", "/nowhere"), "cannot be read")):
        found = doctor(safe, *words)
        assert list(found) == ["fail"] and why in found["fail"][0], found


POSTGRES = {
    "another authority": ("localhost", True, "certificate verify failed"),
    "another name": ("moim.example", False, "does not match host name"),
}


@pytest.mark.parametrize("row", POSTGRES)
def test_postgres_not_believed(safe, row):
    host, other, words = POSTGRES[row]
    conninfo = safe.postgres.tls_conninfo(
        host, safe.other.ca if other else None)
    folder = safe.home / "conf"
    gateway = Gateway(9, folder, safe.log("pg-" + row), merged(
        {"postgres": {"conninfo": conninfo}}, safe.gateway_conf(folder)))
    complaint(gateway, words)


def test_no_tls_there(safe):
    """A port that speaks something else is no Redis: nothing is sent."""
    folder = safe.home / "conf"
    gateway = Gateway(9, folder, safe.log("plain"), merged(
        {"redis": {"bus": f"rediss://{safe.gateway(1).address}"}},
        safe.gateway_conf(folder)))
    complaint(gateway, "wrong version number")
