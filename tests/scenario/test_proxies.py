"""Proxies in front: whose address the login throttle counts by, with a real
HAProxy that adds X-Forwarded-For or a PROXY header, and byte by byte. Clients
are told apart by their own addresses, 127.0.0.2 and up; the balancer is
127.0.0.1, and the only one who is trusted."""

import json
import socket
import struct
import time

import pytest
from harness.cluster import Cluster
from harness.http_json import is_ready
from harness.paths import ROOT
from harness.programs import Gateway, Haproxy, merged
from harness.raw_ws import handshake
from harness.waiting import PATIENCE

TRIES = 3  # that one address has
BALANCER = "127.0.0.1"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(name="gates", scope="module")
def gates_of_this_file(pg_template):
    """The cluster: gateway 1 reads no PROXY header, 2 may, 3 must; 4 trusts
    nobody."""
    conf = {"auth": {"logins_per_address": TRIES},
            "gateway": {"trusted_proxies": BALANCER}}
    logs = ROOT / "build/test-logs/clusters/proxies"
    with Cluster(pg_template, logs, gateways=1, balancer=False,
                 settled=False, gateway_conf=conf) as cluster:
        for mode in ("optional", "required"):
            add_gateway(cluster, {**conf, "gateway": {
                "trusted_proxies": BALANCER, "proxy_protocol": mode}})
        add_gateway(cluster, {"auth": conf["auth"]})
        yield cluster


def add_gateway(cluster, conf):
    """As Cluster.add_gateway; but whether it is ready its internal listener
    is asked, where nobody expects a PROXY header."""
    number = len(cluster.gateways) + 1
    folder = cluster.home / "conf"
    gateway = Gateway(number, folder, cluster.log(f"gateway{number}"),
                      merged(conf, cluster.gateway_conf(folder)))
    gateway.ready = lambda: is_ready("http://" + gateway.internal)
    cluster.gateways.append(gateway)
    gateway.start()


class Balanced:
    """HAProxy in front of one gateway of `cluster`; use with `with`."""

    def __init__(self, cluster, name, number, edit):
        self.haproxy = Haproxy(cluster.home / name, cluster.log(name),
                               [cluster.gateway(number)])
        conf = cluster.home / name / "haproxy.cfg"
        conf.write_text(edit(conf.read_text()))

    def __enter__(self):
        self.haproxy.start()
        return self.haproxy.address

    def __exit__(self, kind, error, trace):
        self.haproxy.terminate()
        assert not self.haproxy.findings()


def dial(address, source):
    """A connection from the address `source`."""
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), PATIENCE, (source, 0))


def ask(address, source, data):
    """The status that `data` is answered, and whether the server then ends
    the connection."""
    with dial(address, source) as wire:
        wire.sendall(data)
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = wire.recv(65536)
            if not more:
                break
            answer += more
        status = int(answer.split(b" ")[1]) if answer else None
        # Who says so does it, however late; who does not, goes on.
        wire.settimeout(PATIENCE if b"connection: close" in answer.lower()
                        else 0.2)
        try:
            while wire.recv(65536):
                pass
            return status, True
        except socket.timeout:
            return status, False


names = iter(range(10 ** 9))


def login(*lines):
    """The request of a login that must fail, each of another account."""
    body = json.dumps({"name": f"nobody{next(names)}",
                       "password": "correct horse battery"}).encode()
    return b"\r\n".join([
        b"POST /v1/login HTTP/1.1", b"Host: h", *lines,
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body), b"", body])


def xff(*values):
    return b"X-Forwarded-For: " + ", ".join(values).encode()


def v1(source):
    return f"PROXY TCP4 {source} 127.0.0.1 4321 80\r\n".encode()


def v2(source, tlvs=b""):
    return (SIGNATURE + b"\x21\x11" + struct.pack("!H", 12 + len(tlvs))
            + socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
            + struct.pack("!HH", 4321, 80) + tlvs)


LOCAL = SIGNATURE + b"\x20\0\0\0"


def counted_as_one(address, source, *variants):
    """All `variants` of a login count against one address: some get through,
    and then none of them does."""
    answers = [ask(address, source, variants[i % len(variants)]())[0]
               for i in range(TRIES)]
    assert answers == [401] * TRIES
    for variant in variants:
        assert ask(address, source, variant())[0] == 429


def test_forwarded_by_haproxy(gates):
    """`option forwardfor`: every client has tries of its own, and what a
    client says of itself does not count."""
    with Balanced(gates, "forwardfor", 1, lambda text: text) as address:
        counted_as_one(address, "127.0.0.2", login,
                       lambda: login(xff("6.6.6.6")),
                       lambda: login(xff("7.7.7.7", "8.8.8.8")))
        counted_as_one(address, "127.0.0.3", login)


@pytest.mark.parametrize("number", [2, 3])
def test_send_proxy_v2_by_haproxy(gates, number):
    """`send-proxy-v2`, health checks included: the same, and a forwarded
    address that the client made up is its own word."""

    def edit(text):
        return text.replace("    option forwardfor\n", "").replace(
            "check cookie", "send-proxy-v2 check cookie")

    with Balanced(gates, f"proxy{number}", number, edit) as address:
        counted_as_one(address, "127.0.0.2", login,
                       lambda: login(xff("6.6.6.6")))
        counted_as_one(address, "127.0.0.3", login)


@pytest.mark.parametrize("words", ["send-proxy check", "send-proxy-v2 check"])
def test_socket_through_proxy_header(gates, words):
    """A WebSocket opens behind either version of the header."""
    with Balanced(gates, words.split(" ", maxsplit=1)[0] + "-ws", 3,
                  lambda t: t.replace("check cookie", words + " cookie")
                  ) as address:
        assert ask(address, "127.0.0.2", handshake()) == (101, False)


def test_untrusted_words(gates):
    """B043: from anybody else X-Forwarded-For is ignored."""
    for number in (1, 2):
        address = gates.gateway(number).address
        counted_as_one(address, "127.0.0.20", login,
                       lambda: login(xff("6.6.6.1")),
                       lambda: login(xff("6.6.6.2")))
    counted_as_one(gates.gateway(4).address, BALANCER,
                   lambda: login(xff("6.6.6.1")),
                   lambda: login(xff("6.6.6.2")))


def test_trusted_words(gates):
    """The rightmost address that is not a proxy of ours; garbage on the way
    to it makes the whole header void."""
    address = gates.gateway(1).address
    counted_as_one(address, BALANCER, lambda: login(xff("5.5.5.1")),
                   lambda: login(xff("5.5.5.1:4711")),
                   lambda: login(xff("9.9.9.9", "5.5.5.1")),
                   lambda: login(xff("garbage", "5.5.5.1", BALANCER)),
                   lambda: login(xff("9.9.9.9"), xff("5.5.5.1")))
    counted_as_one(address, BALANCER, lambda: login(xff("[2001:db8::1]:80")),
                   lambda: login(xff("2001:DB8::1")))
    counted_as_one(address, BALANCER, login, lambda: login(xff("garbage")),
                   lambda: login(xff("5.5.5.2", "x", BALANCER)),
                   lambda: login(b"Forwarded: for=5.5.5.2"))


def test_proxy_header_counts(gates):
    """Both versions name the client; LOCAL and UNKNOWN name nobody, and then
    the next proxy's word is taken."""
    address = gates.gateway(3).address
    counted_as_one(address, BALANCER, lambda: v1("5.5.6.1") + login(),
                   lambda: v2("5.5.6.1") + login(),
                   lambda: v2("5.5.6.1", b"\x04\0\x03pad") + login(),
                   lambda: v1("5.5.6.1") + login(xff("9.9.9.9")))
    counted_as_one(address, BALANCER, lambda: LOCAL + login(),
                   lambda: b"PROXY UNKNOWN\r\n" + login())
    counted_as_one(address, BALANCER, lambda: LOCAL + login(xff("5.5.6.2")),
                   lambda: v1("5.5.6.2") + login())


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
STRANGER = "127.0.0.30"
ENTRANCES = [
    # gateway, source, bytes, status, ends
    ("off: no header", 1, BALANCER, HEALTH, 200, False),
    ("off: v1", 1, BALANCER, v1("1.2.3.4") + HEALTH, 400, True),
    ("off: v2", 1, BALANCER, v2("1.2.3.4") + HEALTH, 400, True),
    ("optional: no header", 2, BALANCER, HEALTH, 200, False),
    ("optional: v1", 2, BALANCER, v1("1.2.3.4") + HEALTH, 200, False),
    ("optional: malformed", 2, BALANCER, b"PROXY TCP4 x\r\n" + HEALTH, 400,
     True),
    ("optional: stranger", 2, STRANGER, HEALTH, 200, False),
    ("optional: stranger v1", 2, STRANGER, v1("1.2.3.4") + HEALTH, 400, True),
    ("optional: stranger v2", 2, STRANGER, v2("1.2.3.4") + HEALTH, 400, True),
    ("required: v2", 3, BALANCER, v2("1.2.3.4") + HEALTH, 200, False),
    ("required: twice", 3, BALANCER, v1("1.2.3.4") + v1("1.2.3.5") + HEALTH,
     400, True),
    ("required: no header", 3, BALANCER, HEALTH, 400, True),
    ("required: malformed", 3, BALANCER,
     SIGNATURE + b"\x31\x11\0\x0c" + b"x" * 12, 400, True),
    ("required: stranger", 3, STRANGER, HEALTH, 400, True),
    ("required: stranger v1", 3, STRANGER, v1("1.2.3.4") + HEALTH, 400, True),
    ("nobody trusted: v1", 4, BALANCER, v1("1.2.3.4") + HEALTH, 400, True),
]


@pytest.mark.parametrize("number, source, data, status, ends",
                         [e[1:] for e in ENTRANCES],
                         ids=[e[0] for e in ENTRANCES])
def test_entrance(gates, number, source, data, status, ends):
    """B043: who gets in with which header."""
    assert ask(gates.gateway(number).address, source, data) == (status, ends)


def test_silent_proxy(gates):
    """A header that never ends is given five seconds."""
    start = time.monotonic()
    with dial(gates.gateway(3).address, BALANCER) as wire:
        wire.sendall(v1("1.2.3.4")[:10])
        assert wire.recv(1) == b""
    assert 4 < time.monotonic() - start < 9.5  # a request has 10


def test_no_sense(gates):
    """Settings that make no sense are refused at the start, with words."""
    for setting in ({"trusted_proxies": "10.0.0.1/8"},
                    {"trusted_proxies": "example.org"},
                    {"proxy_protocol": "required"}):
        with pytest.raises(AssertionError, match="status 78"):
            add_gateway(gates, {"gateway": setting})
        failed = gates.gateways.pop()
        assert "msg=bad_trusted_proxy" in failed.log_text() or (
            "msg=nobody_could_connect" in failed.log_text())
