"""The command line tool against a cluster: what people type, what they see."""

import os
import pty
import re
import select
import stat
import subprocess

import pytest
from harness.http_json import http_json
from harness.paths import BIN
from harness.process import environment as harness_environment
from harness.waiting import wait_until

CTL = BIN / "moimctl"
PEOPLE = ("alice", "bob", "carol")


def environment():
    """Without what a demo in the same terminal would say."""
    return {name: value for name, value in harness_environment().items()
            if not name.startswith("MOIMCTL_")}


def ctl(*words, text=None, seconds=60):
    """Runs moimctl to its end."""
    return subprocess.run([CTL, *map(str, words)], input=text, text=True,
                          capture_output=True, timeout=seconds, check=False,
                          env=environment())


class Chat:
    """`moimctl chat` with pipes: type lines, wait for lines."""

    def __init__(self, url, home, name, *words):
        self.out = home / f"{name}.out"
        # Ours for reading is opened each time: with the child's own, going
        # back to the start would also move the place where it writes.
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [CTL, "chat", "--url", url, "--as", name, "--password-file",
                 home / f"{name}.password", *words],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT,
                text=True, env=environment())

    def type(self, *lines):
        for line in lines:
            self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def lines(self):
        """Those that are complete; the last one may be half of a character."""
        shown = self.out.read_bytes().decode(errors="replace")
        return shown.rpartition("\n")[0].splitlines()

    def sees(self, pattern):
        found = re.compile(pattern)
        wait_until(lambda: any(map(found.search, self.lines())), pattern)

    def asks(self, line, pattern):
        """Types `line` again until the answer says it: a presence service that
        is late makes everybody unknown for once."""
        found = re.compile(pattern)
        for _ in range(10):
            self.type(line)
            try:
                wait_until(lambda: any(map(found.search, self.lines())),
                           pattern, 3)
                return
            except AssertionError:
                continue
        raise AssertionError(f"{pattern}: never so\n" + "\n".join(self.lines()))

    def said(self, name):
        """The texts of `name` in the open conversation, as shown."""
        found = re.compile(rf"\d+ {name}: (.*)")
        return [m[1] for m in map(found.fullmatch, self.lines()) if m]

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0, self.lines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="home", scope="module")
def seeded(cluster, tmp_path_factory):
    """The folder with the passwords of alice, bob and carol."""
    home = tmp_path_factory.mktemp("seed")
    done = ctl("seed", "--url", cluster.url(), "--dir", home)
    assert done.returncode == 0, done.stderr
    assert "20 messages" in done.stdout
    return home


def test_seed_again_changes_nothing(cluster, home):
    done = ctl("seed", "--url", cluster.url(2), "--dir", home)
    assert done.returncode == 0, done.stderr
    assert "0 messages" in done.stdout
    for name in PEOPLE:
        mode = (home / f"{name}.password").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_two_people_chat(cluster, home):
    """On two gateways: history, presence, messages both ways, in order."""
    with Chat(cluster.url(1), home, "alice", "bob") as alice:
        alice.sees(r"^6 bob: I am impressed")
        with Chat(cluster.url(2), home, "bob", "alice") as bob:
            alice.sees(r"^\* bob is online")
            bob.sees(r"^6 bob: I am impressed")
            alice.type("안녕 밥", "//not a command", "with \ttab")
            bob.sees(r"^7 alice: 안녕 밥$")
            bob.sees(r"^8 alice: /not a command$")
            bob.sees(r"^9 alice: with  tab$")
            bob.type("hello", "/open Moim", "to all of you")
            alice.sees(r"^10 bob: hello$")
            alice.sees(r"^\[Moim\] 12 bob: to all of you$")
            alice.asks("/who", r"^\* bob: online$")
            alice.asks("/who", r"^\* carol: offline")
            alice.type("/list", "/nonsense")
            alice.sees(r"^\* \d Moim \(group\) [1-9][0-9]* unread$")
            alice.sees(r"^\* no command /nonsense")
            bob.end()
        alice.sees(r"^\* bob is offline")
        alice.end()


def test_input_from_a_file(cluster, home):
    """Every line of a file is a message; the end waits for all of them."""
    lines = [f"line {i}" for i in range(50)]
    words = ["chat", "--url", cluster.url(3), "--as", "carol",
             "--password-file", home / "carol.password", "bob"]
    text = home / "lines"
    text.write_text("\n".join(lines))
    with open(text, encoding="utf-8") as file:
        done = subprocess.run([CTL, *words], stdin=file, capture_output=True,
                              text=True, timeout=60, check=False,
                              env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert [f"{i + 1} carol: {line}" for i, line in enumerate(lines)] == [
        line for line in done.stdout.splitlines() if line[0] != "*"]


def test_nobody_of_that_name(cluster, home):
    done = ctl("chat", "--url", cluster.url(), "--as", "alice",
               "--password-file", home / "alice.password", "nobody", text="x\n")
    assert done.returncode == 1
    assert 'no user and no group "nobody"' in done.stdout


def test_a_killed_gateway_costs_nothing(make_cluster, tmp_path):
    """Typing goes on while the gateway dies: everything arrives once."""
    cluster = make_cluster(gateways=2, settled=True)
    done = ctl("seed", "--url", cluster.url(), "--dir", tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [f"line {i} 줄" for i in range(60)]
    with Chat(cluster.url(1), tmp_path, "alice", "Moim") as alice, \
            Chat(cluster.url(2), tmp_path, "bob", "Moim") as bob:
        alice.sees("open: Moim")
        bob.sees("open: Moim")
        alice.type(*lines[:20])
        bob.sees("line 5 ")
        cluster.gateway(1).kill9()
        alice.type(*lines[20:])
        bob.type("meanwhile")
        alice.sees("connection lost")
        cluster.gateway(1).start()
        alice.sees("bob: meanwhile$")
        bob.sees("line 59 ")
        alice.sees("line 59 ")
        for chat in alice, bob:
            assert [text for text in chat.said("alice")
                    if text.startswith("line")] == lines
        alice.end()
        bob.end()


class Person:
    """`moimctl chat` on a terminal of its own."""

    def __init__(self, url, home, name, *words):
        self.shown = b""
        self.pid, self.tty = pty.fork()
        if self.pid == 0:
            os.execve(CTL, [str(CTL), "chat", "--url", url, "--as", name,
                            "--password-file", str(home / f"{name}.password"),
                            *words],
                      {**environment(), "TERM": "xterm", "NO_COLOR": "1"})

    def keys(self, text):
        os.write(self.tty, text.encode())

    def sees(self, text):
        """Waits for `text` behind what was seen before."""
        def look():
            if select.select([self.tty], [], [], 0.1)[0]:
                self.shown += os.read(self.tty, 65536)
            return text.encode() in self.shown
        wait_until(look, text)
        self.shown = self.shown.partition(text.encode())[2]

    def end(self):
        self.keys("\x03")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.tty)
        assert status == 0


def test_terminal(cluster, home):
    """A person types Korean, corrects it, and is interrupted by others."""
    alice = Person(cluster.url(1), home, "alice", "bob")
    alice.sees("bob: I am impressed")
    with Chat(cluster.url(2), home, "bob", "alice") as bob:
        # Who types is told to those who listen by then, and never again.
        bob.sees(r"bob: I am impressed")
        alice.sees("bob (online)> ")
        alice.keys("안녕하")
        alice.sees("bob (online)> 안녕하")
        bob.sees(r"^\* alice is typing")
        alice.keys("\x7f\033[D")
        alice.sees("> 안녕")
        bob.type("in between")
        alice.sees("bob: in between\r\n\r\033[Kbob (online)> 안녕")
        alice.keys("!\r")
        bob.sees(r"alice: 안녕!$")
        bob.end()
    alice.end()


def test_accounts_and_friends(cluster, home, tmp_path):
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    erin = ["--url", cluster.url(), "--password-file", password]
    done = ctl("user", "add", *erin, "--name", "erin")
    assert done.returncode == 0, done.stderr
    done = ctl("user", "add", *erin, "--name", "erin")
    assert (done.returncode, "erin" in done.stderr) == (1, True)
    done = ctl("friend", "add", *erin, "--as", "erin", "alice")
    assert (done.returncode, "asked" in done.stdout) == (0, True)
    done = ctl("friend", "add", "--url", cluster.url(), "--as", "alice",
               "--password-file", home / "alice.password", "erin", "nobody")
    assert (done.returncode, "you are friends" in done.stdout) == (1, True)
    assert "nobody" in done.stderr


def test_a_password_is_reset(cluster, tmp_path):
    """The old password and every device are out, the new one is in."""
    file = tmp_path / "new.password"
    conninfo = cluster.postgres.conninfo()
    account = {"name": "Forgetful", "password": "what was it, then?"}
    made = http_json("POST", cluster.url(1) + "/v1/signup", account).json
    for text, name, status, said in (
            ("short", "forgetful", 1, "8 characters"),
            ("a new long password", "nobodyofthatname", 1, "no user")):
        file.write_text(text + "\n")
        done = ctl("user", "reset", "--conninfo", conninfo, "--name", name,
                   "--password-file", file)
        assert done.returncode == status and said in done.stderr, done
    done = ctl("user", "reset", "--conninfo", conninfo, "--name", "forgetful",
               "--password-file", file)
    assert done.returncode == 0 and "1 devices" in done.stdout, done
    assert http_json("POST", cluster.url(2) + "/v1/login",
                     account).status == 401
    account["password"] = file.read_text().strip()
    assert http_json("POST", cluster.url(2) + "/v1/login",
                     account).status == 200
    wait_until(lambda: http_json("GET", cluster.url(1) + "/v1/me",
                                 token=made["token"]).status == 401,
               "the old device is out")


def test_the_store_that_is_known(cluster):
    """It has been found by a gateway, and nothing else can be accepted; what
    can is played by tests/fault/test_faults_lost.py."""
    conninfo = cluster.postgres.conninfo()
    done = ctl("store", "list", "--conninfo", conninfo)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split()[:2] == ["id", "state"]
    assert [row.split()[1] for row in rows] == ["known"], done.stdout
    known = rows[0].split()[0]
    assert len(known) == 32
    for ident, status, said in (("here", 2, "no id of a store"),
                                ("0" * 32, 1, "no gateway has found"),
                                (known, 1, "the one that is known")):
        done = ctl("store", "accept", ident, "--conninfo", conninfo)
        assert done.returncode == status and said in done.stderr, done


def test_token(cluster, home):
    """A token made with the key file is believed by every gateway."""
    key = cluster.home / "conf/token.keys"
    login = http_json("POST", cluster.url() + "/v1/login", {
        "name": "bob",
        "password": (home / "bob.password").read_text().strip()}).json
    made = ctl("token", "make", "--key-file", key, "--user", login["user"],
               "--device", login["device"], "--ttl", "5m")
    assert made.returncode == 0, made.stderr
    for number in (1, 2, 3):
        me = http_json("GET", cluster.url(number) + "/v1/me",
                       token=made.stdout.strip())
        assert me.json["name"] == "bob"
    told = ctl("token", "check", "--key-file", key, text=made.stdout)
    assert told.returncode == 0
    assert login["user"] in told.stdout
    told = ctl("token", "check", "--key-file", key,
               text=made.stdout.strip()[:-1] + "!\n")
    assert told.returncode == 1


def test_push_key(tmp_path):
    """Made once, for its owner alone; what is there is read and never
    written over."""
    path = tmp_path / "push.key"
    made = ctl("push-key", path)
    assert made.returncode == 0 and len(made.stdout.strip()) == 87
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    private = path.read_text("ascii")
    assert len(private.strip()) == 43 and private.strip() not in made.stdout
    again = ctl("push-key", path)
    assert (again.returncode, again.stdout) == (0, made.stdout)
    assert path.read_text("ascii") == private
    path.write_text("no key\n", encoding="ascii")
    wrong = ctl("push-key", path)
    assert wrong.returncode == 1 and "no key of Web Push" in wrong.stderr
    assert path.read_text("ascii") == "no key\n"


def test_status_and_top(cluster):
    addresses = [cluster.url(n) for n in (1, 2, 3)]
    done = ctl("status", *addresses)
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r" up +ready ", done.stdout)) == 3
    assert ctl("status", *addresses, "127.0.0.1:1").returncode == 69
    done = ctl("top", "--count", "1", *(g.internal for g in cluster.gateways))
    assert done.returncode == 0
    assert "sessions" in done.stdout
    assert "does not answer" not in done.stdout


def test_raw_socket(cluster, home):
    words = ["ws", "--url", cluster.url(), "--as", "bob", "--password-file",
             home / "bob.password"]
    done = ctl(*words, text='{"type":"ping","id":"7"}\n')
    assert done.returncode == 0, done.stderr
    # A ping is answered at once, perhaps before everything is subscribed.
    assert '"type":"ready"' in done.stdout
    assert '{"type":"ok","id":"7"}' in done.stdout.splitlines()
    done = ctl(*words, text="rubbish\n")
    assert done.returncode == 1
    assert "4500" in done.stderr


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "usage"),
    (["nonsense"], 2, "no command"),
    (["user"], 2, "no command"),
    (["chat"], 2, "--as"),
    (["seed", "--dir", "/tmp", "--url", "https://x/y"], 2, "https://HOST"),
    (["top", "--count", "x"], 2, "--count"),
    (["token", "check", "--key-file", "/nowhere"], 1, "/nowhere"),
    (["token", "check", "--key-file", "/etc/hostname"], 78, "hexkey"),
    (["db", "status", "--conninfo", "host=/nowhere"], 69, ""),
    (["user", "add", "--name", "x", "--password-file", "/etc/hostname",
      "--url", "http://127.0.0.1:1"], 69, "no answer"),
])
def test_exit_status(words, status, said):
    done = ctl(*words, text="")
    assert done.returncode == status, done.stderr
    assert said in done.stderr


def test_help():
    """Every command of the list has a page."""
    done = ctl("--help")
    assert done.returncode == 0
    names = re.findall(r"^  ([a-z-]+(?: [a-z]+)?)  ", done.stdout, re.M)
    assert len(names) >= 15
    for name in names:
        page = ctl(*name.split(), "--help")
        assert page.returncode == 0
        assert page.stdout.startswith(f"usage: moimctl {name}")
        assert page.stderr == ""
