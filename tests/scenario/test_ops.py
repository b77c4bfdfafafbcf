"""What an operator sees and does through one gateway's internal listener: the
others, their errors, a drain, a kill; and who is not let near it."""

import pytest

from harness.cluster import Cluster
from harness.http_json import http_json
from harness.paths import ROOT
from harness.waiting import wait_until

LOGS = ROOT / "build/test-logs/clusters/test_ops"
CONTROL = {"X-Moim-Ops": "1"}


@pytest.fixture(scope="module")
def spread(pg_template):
    """Two gateways, and a third that knows them and the presence service."""
    conf = {"gateway": {"ops_control": "yes"}}
    with Cluster(pg_template, LOGS, gateways=2, balancer=False,
                 gateway_conf=conf) as cluster:
        peers = [f"g{n}={cluster.gateway(n).internal}" for n in (1, 2)]
        peers.append(f"p1={cluster.presence(1).internal}")
        cluster.add_gateway({"gateway": {
            "ops_control": "yes", "ops_root": ROOT / "web/dist-ops",
            "peers": " ".join(peers)}})
        yield cluster


def ask(gateway, path, method="GET", **headers):
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    return http_json(method, f"http://{gateway.internal}{path}",
                     headers=headers)


def control(gateway, path):
    return http_json("POST", f"http://{gateway.internal}{path}",
                     headers=CONTROL)


def test_the_page_is_internal(spread):
    answer = ask(spread.gateway(3), "/")
    assert answer.status == 200 and b"<script" in answer.raw
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert http_json("GET", spread.url(3) + "/").status == 404
    assert http_json("GET", spread.url(3) + "/ops/state").status == 404
    assert ask(spread.gateway(1), "/").status == 404  # not asked for there


def test_everybody_is_seen_from_one(spread):
    state = ask(spread.gateway(3), "/ops/state").json
    assert state["name"] == "g3" and state["control"]
    assert state["peers"] == ["g1", "g2", "p1"]
    for name, metric in (("g1", b"moim_gateway_connections "),
                         ("g2", b"moim_gateway_ack_seconds_bucket"),
                         ("p1", b"moim_presence_online_users ")):
        seen = ask(spread.gateway(3), f"/ops/peers/{name}/metrics")
        assert seen.status == 200 and metric in seen.raw
        assert ask(spread.gateway(3),
                   f"/ops/peers/{name}/readyz").json["status"] == "ready"
        assert ask(spread.gateway(3),
                   f"/ops/peers/{name}/errors").json["errors"] == []


def test_strangers_are_refused(spread):
    gateway = spread.gateway(3)
    assert ask(gateway, "/ops/errors", Host="evil.example").status == 421
    assert ask(gateway, "/", Host="evil.example:80").status == 421
    assert ask(gateway, "/ops/errors",
               Origin="http://evil.example").status == 403
    for path in ("/ops/kill", "/ops/peers/g1/kill"):
        assert ask(gateway, path, method="POST").status == 403
        assert ask(gateway, path, method="POST", X_Moim_Ops="1",
                   Origin="http://evil.example").status == 403
        assert ask(gateway, path).status == 405


def test_drain_and_kill(spread):
    page, first, second = (spread.gateway(n) for n in (3, 1, 2))
    assert control(page, "/ops/peers/g1/drain").status == 202
    checks = ask(page, "/ops/peers/g1/readyz")
    assert checks.status == 503 and checks.json["checks"][0] == {
        "name": "drain", "ok": False, "detail": "draining"}
    errors = ask(page, "/ops/peers/g1/errors").json["errors"]
    assert (errors[0]["event"], errors[0]["level"]) == ("ops_drain", "warn")
    first.ends({0})
    wait_until(lambda: ask(page, "/ops/peers/g1/metrics").status == 502,
               "g1 is away")
    assert control(page, "/ops/peers/g2/kill").status == 202
    second.ends({-9})
    assert ask(page, "/ops/peers/g2/readyz").status == 502
