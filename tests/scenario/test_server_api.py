"""What a team's own server does with a key: its whole day, and the end of the
key. Which key may run which command is tests/unit/test_caller.c."""

import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness.client import Account
from harness.http_json import http_json
from harness.paths import BIN
from harness.process import environment
from harness.waiting import wait_until

ALL = ("users:read users:write convs:write messages:write history:read "
       "presence:read devices:revoke friends:write broadcast passwords:reset")


def ctl_key(cluster, *words):
    return subprocess.run(
        [BIN / "moimctl", "key", *words, "--conninfo",
         cluster.postgres.conninfo()],
        capture_output=True, text=True, timeout=60, check=False,
        env=environment())


def made_key(cluster, scopes=ALL, *more):
    done = ctl_key(cluster, "create", "--name", "backend", "--scopes", scopes,
                   *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Server:
    """The team's, with a key, at any gateway."""

    def __init__(self, cluster, key):
        self.cluster, self.key = cluster, key

    # pylint: disable-next=too-many-arguments
    def ask(self, method, path, body=None, acts_as=None, gateway=1, more=None):
        """The answer; what a store could not answer is asked again."""
        headers = {**(more or {}), **({"Moim-As": acts_as} if acts_as else {})}
        found = []

        def answered():
            found[:] = [http_json(method, self.cluster.url(gateway) + path,
                                  body, self.key, headers)]
            return found[0].status != 503

        wait_until(answered, "an answer")
        return found[0]

    def get(self, path, acts_as=None):
        return self.answer("GET", path, None, acts_as)

    def post(self, path, body, acts_as=None):
        return self.answer("POST", path, body, acts_as)

    def answer(self, *request):
        reply = self.ask(*request)
        assert reply.status == 200, reply
        return reply.json

    def is_known(self, gateway):
        """Whether the gateway takes the key."""
        status = self.ask("POST", "/v1/cmd", {"type": "ping", "id": "1"},
                          gateway=gateway).status
        assert status in (200, 401)
        return status == 200

    def known(self):
        for gateway in (1, 2, 3):
            wait_until(lambda g=gateway: self.is_known(g), "it is known")
        return self


@pytest.fixture(scope="module", name="server")
def fixture_server(cluster):
    return Server(cluster, made_key(cluster)).known()


def names():
    return secrets.token_urlsafe(16)


def test_a_day(cluster, server):
    """Users, a bot, a group with members, messages, history, friends."""
    bot = server.post("/v1/users", {"name": "daybot", "bot": True})["user"]
    ann, ben = (server.post("/v1/users", {"name": name, "subject": name})
                for name in ("dayann", "dayben"))
    assert ann["made"]
    again = server.post("/v1/users", {"name": "dayann", "subject": "dayann"})
    assert again == {**ann, "made": False}
    ann, ben = ann["user"], ben["user"]
    conv = server.post("/v1/groups", {"title": "day", "members": [bot]},
                       ann)["conv"]
    server.post(f"/v1/groups/{conv}/members", {"user": ben}, ann)
    message = {"msg": names(), "text": "from the server"}
    path = f"/v1/conversations/{conv}/messages"
    said = server.post(path, message, bot)
    assert server.ask("POST", path, message, bot, 3).json == said
    assert server.ask("POST", path, message, ann).json["code"] == "act_as"
    events = server.get(f"/v1/conversations/{conv}/history", ben)["events"]
    assert [e["body"]["text"] for e in events if e["kind"] == "message"] == [
        "from the server"]
    assert events[-1]["from"] == bot
    done = server.post("/v1/import/friends", {"users": [ben, bot]}, ann)
    assert (done["done"], done["refused"], done["failed"]) == (2, [], [])
    friends = cluster.postgres.sql(
        "SELECT count(*) FROM friends WHERE asked_by IS NULL AND exists ("
        "SELECT FROM users u WHERE u.name = 'dayann' AND u.id IN (low, high))")
    assert "2" in str(friends)


def test_asking_again(cluster, server):
    """What carries a name is made once, though two ask at once at two
    gateways; another body of that name is refused."""
    ann = server.post("/v1/users", {"name": "onceann"})["user"]
    before = server.get("/v1/conversations", ann)["conversations"]
    for _ in range(5):
        name = {"Idempotency-Key": f'"{names()}"'}
        body = {"title": "once", "members": []}
        with ThreadPoolExecutor(6) as pool:
            made = list(pool.map(
                lambda n, h=name: server.ask("POST", "/v1/groups", body, ann,
                                             1 + n % 3, h).json, range(6)))
        assert made[0]["type"] == "ok" and made == made[:1] * 6
        other = {**body, "title": "twice"}
        for asked in (("/v1/groups", other), (
                f"/v1/groups/{made[0]['conv']}/members", {"user": ann})):
            refused = server.ask("POST", *asked, ann, 2, name)
            assert refused.json["code"] == "idempotency_conflict"
    after = server.get("/v1/conversations", ann)["conversations"]
    assert len(after) == len(before) + 5
    name = names()
    for body, status in (({"name": "onceben", "once": name}, 200),
                         ({"once": name, "name": "onceben"}, 200),
                         ({"name": "oncecat", "once": name}, 409)):
        assert server.ask("POST", "/v1/users", body).status == status
    assert server.ask("GET", "/v1/users?name=oncecat").status == 404


def test_people_who_are_there(cluster, server):
    """A broadcast reaches those who want it, presence is asked for, a user is
    logged out everywhere, and one who forgot his password gets another."""
    bot = server.post("/v1/users", {"name": "castbot", "bot": True})["user"]
    people = [Account(cluster.url(1 + i), f"cast{i}") for i in range(3)]
    people[2].cmd("settings.set", reach="nobody")
    users = [who.user for who in people]
    body = {"users": users, "msg": names(), "text": "to all"}
    for gateway in (1, 2):  # the second time it is the same message
        done = server.ask("POST", "/v1/broadcast", body, bot, gateway).json
        assert (done["done"], done["refused"]) == (2, [users[2]]), done
    convs = people[0].rest("GET", "/v1/conversations").json["conversations"]
    assert [(c["peer"], c["head"]) for c in convs] == [(bot, 1)]
    seen = server.get("/v1/presence?users=" + ",".join(users))["users"]
    assert [one["user"] for one in seen] == users
    assert server.ask("DELETE", "/v1/devices", None,
                      users[0]).json["revoked"] == 1
    fresh = {"new": "what the mail led him to"}
    assert server.post("/v1/password/reset", fresh, users[1])["revoked"] == 1
    for who in people[:2]:
        wait_until(lambda w=who: w.rest("GET", "/v1/me").status == 401,
                   "he is logged out", 30)
    assert http_json("POST", cluster.url(3) + "/v1/login", {
        "name": "cast1", "password": fresh["new"]}).status == 200
    assert server.ask("POST", "/v1/password/reset", fresh,
                      bot).json["code"] == "forbidden"


def test_the_life_of_a_key(cluster):
    """Created, replaced by a new one, and taken back at every gateway."""
    old = Server(cluster, made_key(cluster, "users:read")).known()
    assert old.ask("POST", "/v1/users",
                   {"name": "x"}).json["code"] == "missing_scope"
    key_id = old.key.split("_")[1]
    done = ctl_key(cluster, "rotate", key_id, "--grace", "1h")
    assert done.returncode == 0, done.stderr
    new = Server(cluster, done.stdout.strip()).known()
    assert old.ask("GET", "/v1/users?name=nobody").status == 404
    assert ctl_key(cluster, "rotate", key_id).returncode == 1
    listed = ctl_key(cluster, "list").stdout
    assert f"{key_id}  replaced" in listed
    assert old.key.split("_", 2)[2] not in listed
    assert ctl_key(cluster, "revoke", key_id).returncode == 0
    for gateway in (1, 2, 3):
        wait_until(lambda g=gateway: not old.is_known(g), "taken back")
    assert new.is_known(1)
    assert f"{key_id}  revoked" in ctl_key(cluster, "list").stdout
    hashes = str(cluster.postgres.sql("SELECT hash FROM api_keys"))
    assert new.key.split("_", 2)[2] not in hashes


@pytest.mark.parametrize("words, status, said", (
    (("create", "--name", "n", "--scopes", "users:eat"), 2, "users:read"),
    (("create", "--name", "n", "--scopes", ""), 2, "there are"),
    (("create", "--name", "", "--scopes", "broadcast"), 2, "1 to 64"),
    (("create", "--name", "n", "--scopes", "broadcast", "--ttl", "x"), 2,
     "no time"),
    (("rotate", "none"), 2, "no id"),
    (("rotate", "000000000zzzz"), 1, "no such key"),
    (("revoke", "000000000zzzz"), 1, "no such key"),
))
def test_mistakes(cluster, words, status, said):
    done = ctl_key(cluster, *words)
    assert done.returncode == status and said in done.stderr, done
