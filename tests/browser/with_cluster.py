"""Runs a command beside a whole cluster whose gateways serve the page.

    with_cluster.py [--lane N] [--ops] COMMAND...

The command finds in its environment MOIM_TEST: {"balancer": URL, "gateways":
[URL, ...], "control": URL, "proxied": URL}. The last is the balancer behind the
fault proxy, which a POST to control/tell tells its body (the door is "people",
see tests/fault/README.md). A POST to control/VERB/PROCESS does something to a
process and answers when it is done: kill, start, restart, pause, resume with
gateway1, gateway2, redis, postgres, ...; gone, when somebody else has asked it
to end: waits until it has.

--lane: of several at a time, this one has ports and a log folder of its own
(build/test-logs/clusters/browserN).

--ops: a third gateway, which the balancer does not know, serves the operator's
page for all of them at the URL "ops" of MOIM_TEST."""

import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
LANE = sys.argv[2] if sys.argv[1] == "--lane" else "0"
os.environ["PYTEST_XDIST_WORKER"] = f"gw{LANE}"  # as harness/ports.py knows it

# pylint: disable=wrong-import-position
from fault.stage import FaultProxy
from harness.cluster import Cluster
from harness.paths import ROOT
from harness.postgres import make_template

LOGS = ROOT / f"build/test-logs/clusters/browser{LANE}"
VERBS = {"kill": "kill9", "start": "start", "restart": "restart",
         "pause": "pause", "resume": "resume"}


def gone(process):
    """By SIGTERM's way or by SIGKILL's, as the page's buttons do it."""
    process.ends({0, -signal.SIGKILL})


def add_ops(cluster):
    """The gateway that operators look through; its URL."""
    others = [*cluster.gateways, *cluster.presences]
    cluster.add_gateway({"gateway": {
        "ops_control": "yes", "ops_root": ROOT / "web/dist-ops",
        "peers": " ".join(f"{other.name[0]}{other.name[-1]}={other.internal}"
                          for other in others)}})
    return f"http://{cluster.gateways[-1].internal}/"


def control_server(cluster, proxy):
    """An HTTP server on a port of its own that does what it is asked to."""
    processes = {process.name: process for process in cluster.processes()}

    class Control(http.server.BaseHTTPRequestHandler):
        """One request, one deed."""

        def do_POST(self):  # pylint: disable=invalid-name
            if self.path == "/tell":
                length = int(self.headers["Content-Length"])
                proxy.tell(self.rfile.read(length).decode())
                verb, name = None, None
            else:
                verb, name = self.path.strip("/").split("/")
            if verb == "gone":
                gone(processes[name])
            elif verb:
                getattr(processes[name], VERBS[verb])()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(command):
    ops = command[0] == "--ops"
    home = pathlib.Path(tempfile.mkdtemp(prefix="moim-", dir="/tmp"))
    home.chmod(0o711)
    LOGS.parent.mkdir(parents=True, exist_ok=True)
    try:
        template = make_template(home / "pg", LOGS.parent / f"template{LANE}.log")
        conf = {"gateway": {"web_root": ROOT / "web/dist"}}
        if ops:
            conf["gateway"]["ops_control"] = "yes"
        with Cluster(template, LOGS, gateways=2, gateway_conf=conf) as cluster:
            page = add_ops(cluster) if ops else None
            address = cluster.url().removeprefix("http://")
            proxy = FaultProxy(home, LOGS.parent / f"browser{LANE}-proxy.log",
                               {"people": (address, False)}, 1)
            proxy.start()
            server = control_server(cluster, proxy)
            facts = {
                "proxied": "http://" + proxy.address("people"),
                "balancer": cluster.url(),
                "gateways": [cluster.url(n) for n in (1, 2)],
                "ops": page,
                "control": f"http://127.0.0.1:{server.server_port}",
            }
            try:
                return subprocess.run(
                    command[1:] if ops else command, check=False,
                    env={**os.environ,
                         "MOIM_TEST": json.dumps(facts)}).returncode
            finally:
                proxy.terminate()
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    sys.exit(main(sys.argv[3 if sys.argv[1] == "--lane" else 1:]))
