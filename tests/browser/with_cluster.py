"""Runs a command beside a whole cluster whose gateways serve the page.

    with_cluster.py COMMAND...

The command finds in its environment MOIM_TEST: {"balancer": URL, "gateways":
[URL, ...], "control": URL}. A POST to control/VERB/PROCESS does something to a
process and answers when it is done: kill, start, restart, pause, resume with
gateway1, gateway2, redis, postgres, ..."""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from harness.cluster import Cluster
from harness.paths import ROOT
from harness.postgres import make_template

LOGS = ROOT / "build/test-logs/clusters/browser"
VERBS = {"kill": "kill9", "start": "start", "restart": "restart",
         "pause": "pause", "resume": "resume"}


def control_server(cluster):
    """An HTTP server on a port of its own that does what it is asked to."""
    processes = {process.name: process for process in cluster.processes()}

    class Control(http.server.BaseHTTPRequestHandler):
        """One request, one deed."""

        def do_POST(self):  # pylint: disable=invalid-name
            verb, name = self.path.strip("/").split("/")
            getattr(processes[name], VERBS[verb])()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(command):
    home = pathlib.Path(tempfile.mkdtemp(prefix="moim-", dir="/tmp"))
    home.chmod(0o711)
    LOGS.parent.mkdir(parents=True, exist_ok=True)
    try:
        template = make_template(home / "pg", LOGS.parent / "template.log")
        conf = {"gateway": {"web_root": ROOT / "web/dist"}}
        with Cluster(template, LOGS, gateways=2, gateway_conf=conf) as cluster:
            server = control_server(cluster)
            facts = {
                "balancer": cluster.url(),
                "gateways": [cluster.url(n) for n in (1, 2)],
                "control": f"http://127.0.0.1:{server.server_port}",
            }
            return subprocess.run(
                command, check=False,
                env={**os.environ, "MOIM_TEST": json.dumps(facts)}).returncode
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
