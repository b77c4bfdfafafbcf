"""TLS in the gateways: the same chat over wss:// and https://, certificates
that change under traffic, tickets good at every gateway, and strangers."""

import asyncio
import resource
import re
import secrets
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness.authority import Authority
from harness.client import Account, Client
from harness.cluster import Cluster
from harness.http_client import EVENTS, LONG, HttpClient
from harness.http_json import http_json
from harness.paths import BIN, ROOT
from harness.process import environment
from harness.waiting import PATIENCE, wait_until

HANDSHAKE_S = 10
SLOW = 1000
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Secure:
    """The cluster, its authority, and where the gateways read from."""

    def __init__(self, cluster, authority, cert, key, tickets):
        self.cluster = cluster
        self.authority = authority
        self.cert = cert
        self.key = key
        self.tickets = tickets
        self.slow = []
        self.began = 0

    def gateway(self, number):
        return self.cluster.gateway(number)

    def metric(self, number, name):
        page = http_json("GET", f"http://{self.gateway(number).internal}"
                                "/metrics").raw.decode()
        line, = [line for line in page.splitlines()
                 if line.startswith(f"moim_gateway_{name} ")]
        return int(line.split()[1])

    def hang_up(self, number):
        """SIGHUP, until the gateway has said what came of it; its words."""
        gateway = self.gateway(number)
        before = len(gateway.log_text())
        gateway.child.send_signal(signal.SIGHUP)
        wait_until(lambda: re.search(r"msg=tls_(reloaded|kept)",
                                     gateway.log_text()[before:]), "reload")
        return gateway.log_text()[before:]

    def accounts(self, name):
        alice = Account(self.gateway(1).url, name + "alice")
        bob = Account(self.gateway(2).url, name + "bob")
        return alice, bob, alice.cmd("direct.open", user=bob.user)["conv"]


@pytest.fixture(name="secure", scope="module")
def secure_of_this_file(pg_template, tmp_path_factory):
    home = tmp_path_factory.mktemp("tls")
    authority = Authority(home / "ca")
    cert, key = authority.issue("gateway")
    tickets = home / "tickets"
    tickets.write_text(f"k1 {secrets.token_hex(32)}\n")
    conf = {"gateway": {"tls_cert": cert, "tls_key": key,
                        "tls_ticket_keys": tickets}}
    with Cluster(pg_template, ROOT / "build/test-logs/clusters/tls", gateways=2,
                 balancer=False, gateway_conf=conf, settled=False) as cluster:
        yield Secure(cluster, authority, cert, key, tickets)


def dial(gateway):
    host, port = gateway.tls_address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), PATIENCE)


def shake(secure, number, context=None, session=None):
    """One connection after its handshake and an answer, with its ticket."""
    context = context or secure.authority.context()
    wire = context.wrap_socket(dial(secure.gateway(number)),
                               server_hostname="localhost", session=session)
    wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.recv(4096).startswith(b"HTTP/1.1 200 ")
    return wire


def test_slow_handshakes(secure):
    """A thousand that never finish hold up nobody; see the last test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (max(soft, min(hard, SLOW + 500)), hard))
    secure.began = time.monotonic()
    secure.slow = [dial(secure.gateway(1)) for _ in range(SLOW)]
    for i, wire in enumerate(secure.slow):
        wire.sendall(b"\x16\x03\x01\x02\x00"[:i % 6])
    for _ in range(20):
        shook = time.monotonic()
        shake(secure, 1).close()
        assert time.monotonic() - shook < HANDSHAKE_S / 2


@pytest.mark.parametrize("version", VERSIONS)
def test_chat_across_gateways(secure, version):
    """WebSocket on one gateway, stream and long poll on the other."""
    alice, bob, conv = secure.accounts(f"chat{version.name.lower()}")
    tls = secure.authority.context(version)

    async def chat():
        one = await Client(secure.gateway(1).tls_url, alice, tls).open()
        others = [
            await HttpClient(secure.gateway(2).tls_url, bob, EVENTS, tls).open(),
            await HttpClient(secure.gateway(2).tls_url, bob, LONG, tls).open(),
            await Client(secure.gateway(2).tls_url, bob, tls).open()]
        for i in range(10):
            await one.send(conv, f"{i} " + "안녕" * 20 * i)
            await others[i % 3].send(conv, f"re {i}")
        for client in (one, *others):
            await client.until(lambda c=client: len(c.texts(conv)) == 20)
            assert client.repeats == 0
            await client.close()

    asyncio.run(chat())


def test_what_is_negotiated(secure):
    context = secure.authority.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with shake(secure, 1, context) as wire:
        assert wire.version() == "TLSv1.3"
        assert wire.selected_alpn_protocol() == "http/1.1"
    context = secure.authority.context(ssl.TLSVersion.TLSv1_2)
    with shake(secure, 1, context) as wire:
        assert wire.cipher()[0].startswith("ECDHE-")
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        shake(secure, 1, context)


def s_client(gateway, *words, said=""):
    return subprocess.run(
        ["openssl", "s_client", "-connect", gateway.tls_address, *words],
        input=said, text=True, capture_output=True, check=False, timeout=60)


def test_old_clients(secure):
    """TLS 1.1 is refused with the alert that says so; so is a cipher without
    forward secrecy."""
    said = s_client(secure.gateway(1), "-tls1_1", "-cipher",
                    "DEFAULT@SECLEVEL=0")
    assert said.returncode != 0
    assert "alert protocol version" in said.stderr
    said = s_client(secure.gateway(1), "-tls1_2", "-cipher", "AES128-SHA")
    assert "handshake failure" in said.stderr


def test_renegotiation_and_early_data(secure):
    """Neither is for us: R is refused, and tickets allow no early data."""
    wire = subprocess.Popen(
        ["openssl", "s_client", "-connect", secure.gateway(1).tls_address,
         "-tls1_2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    said, _ = wire.communicate("R\n", timeout=60)
    assert "RENEGOTIATING" in said and "no renegotiation" in said
    said = s_client(secure.gateway(1), "-tls1_3", "-ign_eof",
                    said="GET /healthz HTTP/1.0\r\n\r\n")
    assert "Max Early Data: 0" in said.stdout


@pytest.mark.parametrize("said, status", [
    (b"GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 "),
    (b"what is this\r\n", b""), (b"\0" * 100, b"")])
def test_not_tls(secure, said, status):
    with dial(secure.gateway(1)) as wire:
        wire.sendall(said)
        answer = b""
        while data := wire.recv(4096):
            answer += data
    assert answer.startswith(status)
    assert bool(answer) == bool(status)
    if answer:
        head, body = answer.split(b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % len(body) in head
        assert b"https://" in body


def test_truncated(secure):
    """Connections cut in the handshake and after it leave nothing behind."""
    for _ in range(20):
        with dial(secure.gateway(1)) as wire:
            wire.sendall(b"\x16\x03\x01\x02\x00\x01")
        wire = shake(secure, 1)
        socket.socket(fileno=wire.detach()).close()
    shake(secure, 1).close()


def test_goodbye_both_ways(secure):
    """The gateway ends with a close_notify, and answers ours."""
    with secure.authority.context().wrap_socket(
            dial(secure.gateway(1)), server_hostname="localhost",
            suppress_ragged_eofs=False) as wire:
        wire.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        answer = b""
        while data := wire.recv(4096):  # an SSLEOFError without a goodbye
            answer += data
    assert answer.endswith(b"}")
    wire = shake(secure, 1)
    wire.unwrap().close()  # waits for the gateway's


@pytest.mark.parametrize("version", VERSIONS)
def test_resumption_across_gateways(secure, version):
    context = secure.authority.context(version)
    before = secure.metric(2, "tls_handshakes_resumed_total")
    with shake(secure, 1, context) as wire:
        assert not wire.session_reused
        ticket = wire.session
    with shake(secure, 2, context, ticket) as wire:
        assert wire.session_reused
        ticket = wire.session
    # A new key in front: what the one before it sealed is still opened.
    secure.tickets.write_text(f"k{secrets.token_hex(4)} "
                              f"{secrets.token_hex(32)}\n"
                              + secure.tickets.read_text().splitlines()[0])
    assert "msg=tls_reloaded" in secure.hang_up(2)
    with shake(secure, 2, context, ticket) as wire:
        assert wire.session_reused
    assert secure.metric(2, "tls_handshakes_resumed_total") == before + 2
    secure.hang_up(1)


def peer_names(secure, number):
    with shake(secure, number) as wire:
        return [name for kind, name in wire.getpeercert()["subjectAltName"]
                if kind == "DNS"]


def test_reload_under_traffic(secure):
    """A broken file, then a new certificate: nobody is disconnected, and who
    comes next sees it."""
    alice, bob, conv = secure.accounts("reload")
    tls = secure.authority.context()

    async def chat():
        one = await Client(secure.gateway(1).tls_url, alice, tls).open()
        two = await Client(secure.gateway(1).tls_url, bob, tls).open()
        loop = asyncio.get_running_loop()
        stop = False

        async def talk():
            sent = 0
            while not stop:
                await one.send(conv, str(sent))
                sent += 1
            return sent

        talking = asyncio.create_task(talk())
        good = secure.cert.read_text()
        secure.cert.write_text(good[:200])
        said = await loop.run_in_executor(None, secure.hang_up, 1)
        assert "msg=tls_cert_unusable" in said
        assert str(secure.cert) in said
        names = await loop.run_in_executor(None, peer_names, secure, 1)
        assert names == ["localhost"]
        secure.authority.issue("gateway", "DNS:localhost,DNS:new.example")
        said = await loop.run_in_executor(None, secure.hang_up, 1)
        assert "msg=tls_reloaded" in said
        names = await loop.run_in_executor(None, peer_names, secure, 1)
        assert names == ["localhost", "new.example"]
        stop = True
        sent = await talking
        assert sent > 0
        await two.until(lambda: len(two.texts(conv)) == sent)
        assert one.closed is None and two.closed is None
        await one.close()
        await two.close()

    asyncio.run(chat())
    secure.authority.issue("gateway")
    secure.hang_up(1)


def ctl(*words, text=None):
    clean = {name: value for name, value in environment().items()
             if not name.startswith("MOIMCTL_")}
    return subprocess.run([BIN / "moimctl", *map(str, words)], input=text,
                          text=True, capture_output=True, timeout=60,
                          check=False, env=clean)


def test_moimctl(secure, tmp_path):
    """Accounts, status and chat over https:// and wss://; nothing is said to
    a server that nobody certifies."""
    url = secure.gateway(1).tls_url
    ca = ["--ca", secure.authority.ca]
    done = ctl("seed", "--url", url, *ca, "--dir", tmp_path)
    assert done.returncode == 0, done.stderr
    done = ctl("status", "--url", url, *ca)
    assert done.returncode == 0 and "ready" in done.stdout
    chat = ["chat", "--url", url.replace("https", "wss"), "--as", "alice",
            "--password-file", tmp_path / "alice.password"]
    done = ctl(*chat, *ca, "bob", text="over TLS\n")
    assert done.returncode == 0 and " alice: over TLS\n" in done.stdout
    done = ctl(*chat, "bob", text="to nobody\n")
    assert done.returncode == 69
    assert "--ca FILE" in done.stderr and "certificate" in done.stderr
    done = ctl("status", "--url", url, "--ca", "/nowhere")
    assert done.returncode != 0 and "tls_ca_unusable" in done.stderr


@pytest.mark.parametrize("conf, words", [
    ({"tls_cert": "/nowhere.pem"}, ["tls_cert_unusable", "/nowhere.pem",
                                    "No such file"]),
    ({"tls_key": "/nowhere.key"}, ["tls_key_unusable", "/nowhere.key"]),
    ({"tls_key": ""}, ["tls_settings", "gateway.tls_key"]),
    ({"tls_ticket_keys": "/nowhere"}, ["tls_ticket_keys", "/nowhere"]),
])
def test_bad_settings(secure, tmp_path, conf, words):
    text = (secure.cluster.home / "conf/gateway1.conf").read_text()
    for key, value in conf.items():
        text = "\n".join(f"{key} = {value}" if line.startswith(key + " ")
                         else line for line in text.splitlines())
    path = tmp_path / "gateway.conf"
    path.write_text(text)
    ended = subprocess.run([secure.gateway(1).command[0], "--config", path],
                           text=True, capture_output=True, timeout=60,
                           check=False)
    assert ended.returncode == 78
    for word in words:
        assert word in ended.stderr


def test_expired(secure):
    """It is used, with a warning: clients say the rest."""
    secure.authority.issue("gateway", days=-1)
    said = secure.hang_up(2)
    assert "msg=tls_cert_expired" in said
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake(secure, 2)
    secure.authority.issue("gateway")
    secure.hang_up(2)
    shake(secure, 2).close()


def test_slow_handshakes_end(secure):
    """The last of the file: their time is nearly over."""
    for wire in secure.slow:
        wire.settimeout(max(secure.began + HANDSHAKE_S + PATIENCE -
                            time.monotonic(), 0.1))
        assert wire.recv(100) == b""
        wire.close()
