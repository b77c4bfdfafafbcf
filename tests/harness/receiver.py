"""The team's server that webhooks are posted to: it checks the signature of
each and keeps what it took."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .waiting import PATIENCE, wait_until

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def signature(name, when, body):
    text = f"{name}.{when}.".encode() + body
    mac = hmac.new(KEY, text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


class Receiver:
    """Listens inside `with`. `taken` holds (id, event), in the order in which
    they were answered with 200; `answer` says with what an event is answered:
    a status, by a function of (id, event). `query` is part of its URL."""

    def __init__(self, query="from=moim"):
        self.path = f"/hook?{query}"
        self.taken = []
        self.wrong = []
        self.refused = 0
        self.answer = lambda name, event: 200
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}{self.path}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        assert not self.wrong, self.wrong

    def handler(self):
        """The class that http.server wants, tied to this receiver."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(self.path, self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):  # pylint: disable=arguments-differ
                pass

        return Handler

    def take(self, path, headers, body):
        """Judges one post; answers the status."""
        name, when = headers["webhook-id"], headers["webhook-timestamp"]
        event = json.loads(body)
        with self.lock:
            if (headers["webhook-signature"] != signature(name, when, body)
                    or abs(int(when) - time.time()) > 60
                    or path != self.path):
                self.wrong.append((path, dict(headers), body))
            status = self.answer(name, event)
            if status == 200:
                self.taken.append((name, event))
            else:
                self.refused += 1
        return status

    def of(self, type_):
        """The data of each event of a type, the first time it was taken."""
        with self.lock:
            firsts = {}
            for name, event in self.taken:
                if event["type"] == type_:
                    firsts.setdefault(name, event["data"])
        return list(firsts.values())

    def wait(self, type_, count, seconds=PATIENCE):
        """The same, once there are so many."""
        return wait_until(
            lambda: self.of(type_) if len(self.of(type_)) >= count else None,
            f"{count} events {type_}", seconds)
