"""One HTTP request with JSON in and out."""

import json
import urllib.error
import urllib.request

from .waiting import PATIENCE


class Answer:
    """What came back: status, headers (case does not matter) and JSON."""

    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = headers
        self.raw = raw

    @property
    def json(self):
        return json.loads(self.raw)

    def __repr__(self):
        return f"<{self.status} {self.raw[:200]!r}>"


# pylint: disable-next=too-many-arguments
def http_json(method, url, body=None, token=None, headers=None,
              seconds=PATIENCE, tls=None):
    """Sends the request; every status is an answer, not an exception. OSError
    when the server cannot be reached or leaves without an answer."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=seconds,
                                    context=tls) as reply:
            return Answer(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


def is_ready(url):
    """Whether `url`/readyz answers 200 now."""
    try:
        return http_json("GET", url + "/readyz", seconds=2).status == 200
    except OSError:
        return False
