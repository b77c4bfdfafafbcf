"""Users of an identity provider: its tokens log in, on every gateway, as long
as its keys are in the file; passwords are switched off."""

import asyncio
import base64
import json
import os
import subprocess
import time

import pytest

from harness.client import Client
from harness.cluster import Cluster
from harness.http_json import http_json
from harness.paths import ROOT
from harness.waiting import wait_until

ISSUER = "https://id.example.org/"


def letters(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """Signs with a key of its own (RS256), made with the openssl program."""

    def __init__(self, home, kid):
        self.kid = kid
        self.key = home / f"{kid}.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"],
                       check=True, capture_output=True)

    def jwk(self):
        out = subprocess.run(
            ["openssl", "rsa", "-in", self.key, "-noout", "-modulus"],
            check=True, capture_output=True).stdout
        number = bytes.fromhex(out.decode().strip().split("=")[1])
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256",
                "n": letters(number), "e": "AQAB"}

    def token(self, subject, seconds=300, **claims):
        claims = {"iss": ISSUER, "aud": "moim", "sub": subject,
                  "exp": int(time.time()) + seconds, **claims}
        text = ".".join(letters(json.dumps(part).encode()) for part in (
            {"alg": "RS256", "typ": "JWT", "kid": self.kid}, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key],
            input=text.encode(), check=True, capture_output=True).stdout
        return f"{text}.{letters(signature)}"


class Login:
    """Has what Client wants of an account."""

    def __init__(self, url, token):
        reply = http_json("POST", url + "/v1/login/token", {"token": token})
        assert reply.status == 200, reply
        self.url = url
        self.answer = reply.json
        self.user, self.token = reply.json["user"], reply.json["token"]


@pytest.fixture(scope="module", name="world")
def make_world(pg_template, tmp_path_factory):
    home = tmp_path_factory.mktemp("identity")
    old, new = Provider(home, "old"), Provider(home, "new")
    keys = home / "jwks.json"
    put_keys(keys, old)
    with Cluster(pg_template, ROOT / "build/test-logs/clusters/identity",
                 gateways=2, balancer=False, settled=False,
                 gateway_conf={"auth": {
                     "passwords": "no", "identity_keys": keys,
                     "identity_issuer": ISSUER,
                     "identity_audience": "moim"}}) as cluster:
        yield cluster, keys, old, new


def put_keys(path, *providers):
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": [p.jwk() for p in providers]}))
    os.replace(fresh, path)


def test_passwords_are_off(world):
    cluster = world[0]
    for path in ("/v1/signup", "/v1/login"):
        reply = http_json("POST", cluster.url(1) + path, {
            "name": "somebody", "password": "a password that is long"})
        assert (reply.status, reply.json["code"]) == (403, "forbidden")


def test_one_user_on_every_gateway(world):
    """At first sight made, then known everywhere; and stays as long as the
    provider says."""
    cluster, _, provider, _ = world
    one = Login(cluster.url(1), provider.token("s-1", preferred_username="Jo"))
    two = Login(cluster.url(2), provider.token("s-1", seconds=60))
    assert one.user == two.user
    assert [a.answer["name"] for a in (one, two)] == ["Jo", "Jo"]
    assert two.answer["expires"] < (time.time() + 125) * 1000

    async def main():
        client = await Client(cluster.url(2), two).open()
        before = client.ready["expires"]
        answer = await client.cmd("token.refresh",
                                  identity=provider.token("s-1", seconds=600))
        assert answer["expires"] > before + 400000
        await client.close()

    asyncio.run(main())
    reply = http_json("POST", cluster.url(1) + "/v1/token", token=one.token)
    assert reply.status == 401


def test_two_at_once_are_one(world):
    """First sights at the same moment, on two gateways, make one user."""
    cluster, _, provider, _ = world
    token = provider.token("s-2", preferred_username="Twin")

    async def main():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*[loop.run_in_executor(
            None, Login, cluster.url(1 + i % 2), token) for i in range(6)])

    assert len({login.user for login in asyncio.run(main())}) == 1


def test_keys_are_rotated(world):
    """The new key is believed once it is in the file, and the old one not any
    more once it is not; a broken file changes nothing."""
    cluster, keys, old, new = world

    def status(provider):
        return http_json("POST", cluster.url(1) + "/v1/login/token",
                         {"token": provider.token("s-3")}).status

    assert (status(old), status(new)) == (200, 401)
    put_keys(keys, old, new)
    wait_until(lambda: status(new) == 200, "the new key")
    assert status(old) == 200
    put_keys(keys, new)
    wait_until(lambda: status(old) == 401, "without the old key")
    keys.write_text('{"keys":')
    wait_until(lambda: "identity_keys_kept" in cluster.gateway(1).log_text(),
               "the mistake in the log")
    assert status(new) == 200
