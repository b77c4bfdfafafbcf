"""What a real Prometheus makes of /metrics, of the rules and the dashboard."""

import json
import re
import subprocess

import pytest

from harness.http_json import http_json
from harness.paths import ROOT
from harness.ports import free_port
from harness.process import Process
from harness.waiting import wait_until

DEPLOY = ROOT / "deploy"


def page(program):
    answer = http_json("GET", f"http://{program.internal}/metrics")
    assert answer.status == 200
    return answer.raw


def names(text):
    return set(re.findall(rb"^# TYPE (\w+)", text, re.M))


@pytest.mark.parametrize("which", ["gateway", "presence"])
def test_promtool_finds_nothing(cluster, which):
    text = page(getattr(cluster, which)(1))
    done = subprocess.run(["promtool", "check", "metrics"], input=text,
                          capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_rules_are_rules():
    for what, file in (("rules", "prometheus/rules.yml"),
                       ("config", "prometheus/prometheus.yml")):
        done = subprocess.run(["promtool", "check", what, DEPLOY / file],
                              capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()


def asked_for():
    """Every metric that the rules and the dashboard speak of."""
    text = "".join((DEPLOY / file).read_text(encoding="utf-8")
                   for file in ("prometheus/rules.yml", "grafana/moim.json"))
    found = re.findall(r"\bmoim_(?:gateway|presence)_[a-z_]+", text)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def test_nobody_asks_for_what_is_not_there(cluster):
    there = names(page(cluster.gateway(1))) | names(page(cluster.presence(1)))
    missing = asked_for() - {name.decode() for name in there}
    assert asked_for() and not missing


def test_dashboard_is_whole():
    board = json.loads((DEPLOY / "grafana/moim.json").read_text("utf-8"))
    panels = [p for p in board["panels"] if p["type"] != "row"]
    assert {v["name"] for v in board["templating"]["list"]} == {
        "datasource", "job", "instance"}
    assert len({p["id"] for p in board["panels"]}) == len(board["panels"])
    assert all(p["title"] and p["targets"][0]["expr"] for p in panels)


class Prometheus(Process):
    """Debian's Prometheus with our rules, scraping `targets` every second."""

    def __init__(self, home, log, targets):
        self.port = free_port()
        conf = home / "prometheus.yml"
        conf.write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(DEPLOY / "prometheus/rules.yml")],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [at]}]}
                for job, at in targets.items()]}))
        super().__init__("prometheus", [
            "prometheus", f"--config.file={conf}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}"], log)

    def ready(self):
        try:
            return self.get("/-/ready").status == 200
        except OSError:
            return False

    def query(self, expr):
        answer = http_json(
            "GET", f"http://127.0.0.1:{self.port}/api/v1/query?query={expr}")
        return answer.json["data"]["result"]

    def get(self, path):
        return http_json("GET", f"http://127.0.0.1:{self.port}{path}")


def test_a_real_prometheus(cluster, tmp_path):
    targets = {"moim-gateway": cluster.gateway(1).internal,
               "moim-presence": cluster.presence(1).internal}
    server = Prometheus(tmp_path, tmp_path / "prometheus.log", targets)
    server.start()
    try:
        wait_until(lambda: len(server.query("up==1")) == 2,
                   "both targets are up")
        assert server.query("moim_gateway_connections")[0]["value"][1] == "0"
        groups = wait_until(
            lambda: [g for g in server.get("/api/v1/rules").json["data"]
                     ["groups"] if all(r["health"] == "ok"
                                       for r in g["rules"])],
            "every rule was evaluated")
        assert len(groups[0]["rules"]) == 14
        # Eight partitions and one presence service: nothing fires.
        assert [a for a in server.get("/api/v1/alerts").json["data"]["alerts"]
                if a["state"] == "firing"] == []
    finally:
        server.terminate()
