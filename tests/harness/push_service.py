"""A push service, and the browsers that are told by it: it believes nobody
(RFC 8030, 8291, 8292) and keeps what it took."""

import http.server
import json
import secrets
import ssl
import threading
import time

from . import webcrypto
from .webcrypto import b64, unb64


class Browser:
    """One subscription."""

    def __init__(self, service):
        self.private = secrets.randbelow(webcrypto.N - 1) + 1
        self.auth = secrets.token_bytes(16)
        self.path = "/push/" + secrets.token_urlsafe(16)
        self.url = service.url + self.path
        self.answer = lambda push: (201, {})  # status and headers
        self.got = []     # texts, as they came
        self.topics = []  # of each
        self.refused = 0
        service.browsers[self.path] = self

    @property
    def fields(self):
        """Of push.subscribe."""
        point = webcrypto.multiply(self.private, webcrypto.G)
        return {"endpoint": self.url, "auth": b64(self.auth),
                "p256dh": b64(webcrypto.point_bytes(point))}


class PushService:
    """Listens inside `with`, with a certificate of `authority`. `key` is the
    public one that pushes have to be signed with."""

    def __init__(self, authority, key):
        self.key = key
        self.browsers = {}
        self.wrong = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        cert, private = authority.issue("push")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, private)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True,
            do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05})

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        assert not self.wrong, self.wrong

    def handler(self):
        """The class that http.server wants, tied to this service."""
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = service.take(self.path, self.headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):  # pylint: disable=arguments-differ
                pass

        return Handler

    def take(self, path, headers, body):
        """Judges one post; answers the status and headers."""
        try:
            browser = self.browsers[path]
            self.judge(headers, body)
            text = json.loads(webcrypto.opened(browser.private, browser.auth,
                                               body))
        except Exception as error:  # pylint: disable=broad-except
            with self.lock:
                self.wrong.append((path, dict(headers), body, repr(error)))
            return 400, {}
        with self.lock:
            answer = browser.answer(text)
            if answer[0] == 201:
                browser.got.append(text)
                browser.topics.append(headers["Topic"])
            else:
                browser.refused += 1
            return answer

    def judge(self, headers, body):
        """What any push service may insist on."""
        assert len(body) <= 4096
        assert headers["Content-Encoding"] == "aes128gcm"
        assert 0 < int(headers["TTL"]) <= 86400
        assert headers["Urgency"] in ("very-low", "low", "normal", "high")
        assert len(unb64(headers["Topic"])) == 24
        scheme, _, words = headers["Authorization"].partition(" ")
        fields = dict(word.strip().split("=", 1) for word in words.split(","))
        assert scheme == "vapid" and fields["k"] == self.key
        signed, _, signature = fields["t"].rpartition(".")
        head, claims = (json.loads(unb64(x)) for x in signed.split("."))
        assert head["alg"] == "ES256"
        assert claims["aud"] == self.url
        assert time.time() < claims["exp"] <= time.time() + 86400
        assert claims["sub"].startswith(("mailto:", "https://"))
        assert webcrypto.verified(webcrypto.point_of(unb64(self.key)),
                                  signed.encode(), unb64(signature))
