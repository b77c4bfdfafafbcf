"""Secrets stay where they belong (G27): what is planted as a password, token,
message or key is in no log, metric, error, command line or environment."""

import asyncio
import pathlib
import secrets
import subprocess

import pytest
from harness.client import Account
from harness.cluster import PUSH_KEY
from harness.http_json import http_json
from harness.paths import BIN
from harness.process import environment
from harness.programs import Gateway, Hooks, merged
from harness.raw_ws import (BINARY, Wire, bearer, close, frame, handshake,
                            session, text)
from harness.receiver import SECRET, Receiver
from harness.waiting import wait_until

# In everything that is planted here, and nowhere else on this machine.
MARK = "canary" + secrets.token_hex(8)
PASSWORD, WRONG, FRESH = (f"{MARK}-{n}-password" for n in range(3))
TEXT = f"{MARK} is a message"
URL = "/v1/me?token=v1." + MARK


def config(cluster, **more):
    """With a password for PostgreSQL, which does not ask for one."""
    return {"postgres": {"conninfo": cluster.postgres.conninfo() +
                         f" password={MARK}"}, **more}


class Stage:
    """A gateway and a worker of webhooks who were given secrets, what was
    answered to the outside, and the secrets that the programs made."""

    def __init__(self, cluster, receiver):
        self.cluster = cluster
        self.gateway = cluster.add_gateway(config(cluster))
        self.hooks = Hooks(cluster.home / "conf", cluster.log("hooks"), config(
            cluster, hooks={"url": receiver.url, "secret": SECRET,
                            "events": "message device", "notify_after": "1s",
                            "push_key": PUSH_KEY[0],
                            "push_contact": "mailto:ops@example.org"},
            redis={"hooks": cluster.redis.address,
                   "history": cluster.redis.address}))
        keys = (cluster.home / "conf/token.keys").read_text("ascii")
        self.made = [keys.split()[1], SECRET.partition("_")[2], PUSH_KEY[0]]
        self.answers = []

    def ask(self, status, method, path, body=None, **more):
        reply = http_json(method, self.gateway.url + path, body, **more)
        assert reply.status == status, (method, path, body, reply)
        if status >= 400:
            self.answers.append(reply.raw + str(reply.headers).encode())
        return reply

    def account(self, name):
        account = Account(self.gateway.url, name, PASSWORD)
        self.made.append(account.token.rpartition(".")[2])
        return account

    def key(self, scopes):
        done = subprocess.run(
            [BIN / "moimctl", "key", "create", "--name", "x", "--scopes",
             scopes, "--conninfo", self.cluster.postgres.conninfo()],
            capture_output=True, text=True, timeout=60, check=True,
            env=environment())
        key = done.stdout.strip()
        self.made.append(key.split("_", 2)[2])
        wait_until(lambda: http_json(
            "POST", self.gateway.url + "/v1/cmd", {"type": "ping", "id": "1"},
            key).status == 200, "the key is known", 30)
        return key


@pytest.fixture(name="stage")
def fixture_stage(make_cluster):
    cluster = make_cluster(gateways=1, balancer=False, hooks=True)
    with Receiver(f"key={MARK}") as receiver:
        receiver.answer = lambda name, event: 500
        stage = Stage(cluster, receiver)
        stage.hooks.start()
        try:
            yield stage
            wait_until(lambda: receiver.refused, "webhooks are refused", 60)
        finally:
            stage.hooks.terminate()
    assert not stage.hooks.findings()


# ---- everything that can be said ----

def say_wrong_things(stage, alice, key):
    """Each with a secret in it, and refused."""
    login = {"name": "secalice", "password": WRONG}
    for status, method, path, body in (
            (401, "POST", "/v1/login", login),
            (401, "POST", "/v1/login", {**login, "name": "nobody"}),
            (400, "POST", "/v1/login", {**login, "password": {WRONG: WRONG}}),
            (413, "POST", "/v1/login", {**login, "password": WRONG * 40}),
            (400, "POST", "/v1/login", {"name": "x", WRONG: 1, "password": 1}),
            (409, "POST", "/v1/signup", login),
            (403, "POST", "/v1/login/token", {"token": f"e30.{MARK}.{MARK}"}),
            (401, "GET", URL, None)):
        stage.ask(status, method, path, body)
    for headers in ({"Authorization": f"Basic {MARK}"},
                    {"Authorization": f"Bearer v1.{MARK}"},
                    {"Cookie": f"session={MARK}"},
                    {"Authorization": f"Bearer {key}x"},
                    {"Authorization": "Bearer " + key[:-1]}):
        stage.ask(401, "GET", "/v1/me", headers=headers)
    stage.ask(403, "GET", "/v1/me", headers={"Moim-As": MARK}, token=key)
    stage.ask(403, "DELETE", "/v1/devices", token=key)
    send = {"msg": secrets.token_hex(8), "text": TEXT}
    for status, path, body in (
            (401, "/v1/password", {"old": WRONG, "new": FRESH}),
            (413, "/v1/password", {"old": PASSWORD, "new": FRESH * 40}),
            (400, "/v1/cmd", {"id": "1", "type": MARK}),
            (404, "/v1/conversations/0000000000009/messages", send),
            (413, "/v1/conversations/0000000000009/messages",
             {**send, "text": TEXT * 500})):
        stage.ask(status, "POST", path, body, token=alice.token)


FRAMES = {
    "cut": b'{"type":"send","id":"1","text":"%s',
    "no such command": b'{"type":"%s","id":"1"}',
    "no such field": b'{"type":"ping","id":"1","%s":"%s"}',
    "wrong kind": b'{"type":"send","id":"1","text":["%s"],"conv":"%s"}',
    "too deep": b'{"type":"ping","id":"1","%s":' + b"[" * 99,
    "no text": b"\xff%s\xff",
    "token": b'{"type":"auth","id":"1","token":"v1.%s"}',
}


async def say_wrong_frames(stage, alice):
    """What is answered up to the end, which a ping brings about if need be."""
    address, mark = stage.gateway.address, MARK.encode()

    async def keep(wire):
        await wire.send(text({"type": "ping", "id": "2"}) + close(1000, mark))
        stage.answers.append(await asyncio.wait_for(wire.reader.read(), 30))
        await wire.abort()

    for op, payload in [(1, row.replace(b"%s", mark))
                        for row in FRAMES.values()] + [(BINARY, mark)]:
        wire = await session(address, alice.token)
        await wire.send(frame(op, payload))
        await keep(wire)
    for line in (bearer("v1." + MARK), b"Cookie: session=" + mark,
                 b"Sec-WebSocket-Protocol: moim.v1, moim.token." + mark):
        wire = await Wire.open(address)
        await wire.send(handshake(line))
        reply = await wire.reply()
        stage.answers.append(repr(reply.headers).encode() + reply.body)
        await wire.abort()
    wire = await Wire.open(address)
    await wire.upgrade()
    await wire.send(frame(1, FRAMES["token"].replace(b"%s", mark)))
    await keep(wire)


def say_right_things(alice, bob):
    """A message's life; a new password; the end of a device."""
    conv = alice.cmd("direct.open", user=bob.user)["conv"]
    seq = alice.cmd("send", conv=conv, text=TEXT,
                    msg=secrets.token_hex(8))["seq"]
    alice.cmd("message.edit", conv=conv, seq=seq, text=TEXT + " edited",
              msg=secrets.token_hex(8))
    assert MARK in str(bob.cmd("history", conv=conv))
    bob.cmd("password.change", old=PASSWORD, new=FRESH)
    bob.cmd("device.revoke", device=bob.device)
    return conv


def push_wrongly(stage, alice, bob):
    """To an address that is a secret, and where nobody may go."""
    alice.cmd("push.subscribe", endpoint="https://127.0.0.1:1/" + MARK,
              p256dh=PUSH_KEY[1], auth="A" * 22)
    bob.cmd("send", conv=bob.cmd("direct.open", user=alice.user)["conv"],
            text=TEXT, msg=secrets.token_hex(8))
    wait_until(lambda: "msg=push_not_taken" in stage.hooks.log_text(),
               "a push is refused", 60)


def lose_the_stores(stage, alice, conv):
    """Everything is refused, and both programs say so."""
    stage.cluster.redis.stop()
    stage.ask(503, "POST", f"/v1/conversations/{conv}/messages",
              {"msg": secrets.token_hex(8), "text": TEXT}, token=alice.token)
    stage.cluster.postgres.stop()
    stage.ask(503, "POST", "/v1/login",
              {"name": "secalice", "password": PASSWORD})
    stage.cluster.postgres.start()
    stage.cluster.redis.start()
    wait_until(lambda: alice.rest("GET", "/v1/devices").status == 200,
               "the gateway has its stores", 30)


def wrong_gateways(stage):
    """(gateway, status it ends with): given what is no secret, or not the
    right one; None goes on."""
    conf = stage.cluster.home / "conf"
    for n, (status, section, values) in enumerate((
            (78, "auth", {"token_key": MARK}),
            (78, "redis", {"password": MARK * 40}),
            (78, "postgres", {"conninfo": f"postgresql://x:%z{MARK}@host"}),
            (None, "redis", {"password": MARK,
                             "history": stage.cluster.redis.address,
                             "bus": stage.cluster.redis.address}))):
        yield Gateway(90 + n, conf, stage.cluster.log(f"wrong{n}"), merged(
            {section: values}, config(stage.cluster, auth=(
                {} if section == "auth" else
                {"token_key_file": conf / "token.keys"})))), status


def check(stage, program):
    """What `--check` shows."""
    done = subprocess.run([*program.command, "--check"], timeout=60,
                          capture_output=True, check=False, env=environment())
    stage.answers.append(done.stdout + done.stderr)
    return done


def start_wrongly(stage):
    """What `--check` shows and what the log says."""
    assert check(stage, stage.hooks).returncode == 0
    worker = Hooks(stage.cluster.home / "conf", stage.cluster.log("wronghooks"),
                   {"hooks": {"url": f"http://x:{MARK}@127.0.0.1/{MARK}",
                              "secret": SECRET}})
    check(stage, worker)
    worker.launch()
    worker.ends({78})
    for gateway, status in wrong_gateways(stage):
        check(stage, gateway)
        gateway.launch()
        if status is None:
            wait_until(lambda g=gateway: "msg=redis_refused" in g.log_text(),
                       "Redis refuses the password", 30)
            gateway.kill9()
        else:
            gateway.ends({status})
        assert not gateway.findings()


# ---- where secrets are looked for ----

def pages(stage):
    """What monitoring reads."""
    for process in (stage.gateway, stage.hooks, *stage.cluster.presences):
        for path in ("/metrics", "/readyz", "/healthz"):
            url = f"http://{process.internal}{path}"
            yield url, http_json("GET", url).raw


def of_the_kernel():
    """What any user of the machine may read of any process, and its owner."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                yield process / name, (process / name).read_bytes()
            except OSError:  # it has ended
                pass


def places(stage):
    yield from enumerate(stage.answers)
    yield from pages(stage)
    yield from of_the_kernel()
    for log in stage.cluster.logs.glob("*"):
        yield log, log.read_bytes()


def test_secrets_are_nowhere(stage):
    alice, bob = stage.account("secalice"), stage.account("secbob")
    say_wrong_things(stage, alice, stage.key("users:read"))
    asyncio.run(say_wrong_frames(stage, alice))
    push_wrongly(stage, alice, bob)
    conv = say_right_things(alice, bob)
    lose_the_stores(stage, alice, conv)
    start_wrongly(stage)
    assert len(stage.made) == 6 and len(stage.answers) > 35
    found = list(places(stage))
    assert {"gateway2.log", "hooks.log", "presence1.log", "postgres.log",
            "redis.log", "cmdline"} <= {getattr(p, "name", p) for p, _ in found}
    words = [word.encode() for word in (MARK, *stage.made)]
    assert [(place, word) for place, said in found for word in words
            if word in said] == []
