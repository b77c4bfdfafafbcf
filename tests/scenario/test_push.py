"""Web Push: who did not get a message in time is told of it by each of his
browsers, once; who got it, read it or logged out is not."""

import copy
import re
import secrets

from harness import webcrypto
from harness.authority import Authority
from harness.client import Account, PASSWORD
from harness.cluster import PUSH_KEY
from harness.http_json import http_json
from harness.programs import Hooks
from harness.push_service import Browser, PushService
from harness.waiting import wait_until


def test_the_standard_example():
    """RFC 8291, appendix A, so that the judge below is one."""
    body = webcrypto.unb64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
    private = webcrypto.number(webcrypto.unb64(
        "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
    auth = webcrypto.unb64("BTBZMqHH6r4Tts7J_aSIgg")
    assert webcrypto.opened(private, auth, body) == (
        b"When I grow up, I want to be a watermelon")


def hooks_of(cluster, authority):
    """A worker without a receiver of webhooks, which may go to loopback, where
    this push service is."""
    conf = cluster.home / "conf"
    key = conf / "push.key"
    key.write_text(PUSH_KEY[0] + "\n", encoding="ascii")
    redis = cluster.redis.address
    return Hooks(conf, cluster.log("hooks"), {
        "hooks": {"push_key_file": key, "push_allow": "127.0.0.0/8",
                  "push_contact": "mailto:ops@example.org",
                  "push_tls_ca": authority.ca, "notify_after": "1s"},
        "redis": {"hooks": redis, "history": redis},
        "postgres": {"conninfo": cluster.postgres.conninfo()}})


def device_of(account):
    """The same user on another device."""
    answer = http_json("POST", account.url + "/v1/login",
                       {"name": account.name, "password": PASSWORD}).json
    other = copy.copy(account)
    other.device, other.token = answer["device"], answer["token"]
    return other


class Stage:
    """Alice writes to Bob, who has two browsers and is away, and to Carol, who
    is not."""

    def __init__(self, cluster, service, worker):
        self.cluster, self.service, self.worker = cluster, service, worker
        self.alice, self.bob, self.carol = (
            Account(cluster.url(1), name)
            for name in ("alice", "bobby", "carol"))
        self.laptop = device_of(self.bob)
        self.one, self.two, self.carols = (
            self.browser(who) for who in (self.bob, self.laptop, self.carol))

    def browser(self, account):
        browser = Browser(self.service)
        account.cmd("push.subscribe", **browser.fields)
        return browser

    def direct(self, other):
        return self.alice.cmd("direct.open", user=other.user)["conv"]

    def group(self, title):
        return self.alice.cmd("group.create", title=title,
                              members=[self.bob.user])["conv"]

    def say(self, conv, text):
        return self.alice.cmd("send", conv=conv, text=text,
                              msg=secrets.token_hex(8))["seq"]

    def counted(self, name, least):
        """Waits for a metric of the worker."""
        line = re.compile(rf"^moim_hooks_{name} (\d+)$", re.MULTILINE)
        url = f"http://{self.worker.internal}/metrics"
        wait_until(lambda: int(line.search(
            http_json("GET", url).raw.decode())[1]) >= least, name, 60)

    def subscribed(self, browser):
        return self.cluster.postgres.sql(
            "SELECT count(*) FROM push_subscriptions WHERE endpoint = "
            f"'{browser.url}'") == "1"


def texts(browser):
    return [push["text"] for push in browser.got]


def heard(browser, *want):
    """It has got these and no others, in any order."""
    wait_until(lambda: set(want) <= set(texts(browser)), str(want), 60)
    assert sorted(texts(browser)) == sorted(want)


def judge_away(stage):
    """One push to each browser of who is away, none to who got it in time;
    `one` fails for two of three conversations, which holds nothing up."""
    direct, trip, work = (stage.direct(stage.bob), stage.group("Trip"),
                          stage.group("Work"))
    carols = stage.direct(stage.carol)
    stage.carol.cmd("delivered", conv=carols, seq=stage.say(carols, "in time"))
    stage.one.answer = lambda push: (
        (503, {}) if push["text"] in ("trip 1", "work 1") else (201, {}))
    said = stage.say(direct, "안녕")
    read = stage.say(trip, "trip 1")
    stage.say(work, "work 1")
    stage.worker.start()
    heard(stage.one, "안녕")
    heard(stage.two, "안녕", "trip 1", "work 1")
    assert stage.one.got == [{"conv": direct, "seq": said, "count": 1,
                              "name": "alice", "text": "안녕"}]
    return direct, trip, work, read


def judge_waiting(stage, trip, work, read):
    """What waits for `one` is cancelled when it is read, and collapsed when
    something newer is said."""
    wait_until(lambda: stage.one.refused >= 2, "both are tried", 60)
    stage.laptop.cmd("read", conv=trip, seq=read)
    seq = stage.say(work, "work 2")
    stage.counted("push_recalled_total", 1)
    stage.counted("push_collapsed_total", 1)
    heard(stage.one, "안녕", "work 2")
    heard(stage.two, "안녕", "trip 1", "work 1", "work 2")
    assert stage.one.got[-1] == {"conv": work, "seq": seq, "count": 2,
                                 "name": "alice", "title": "Work",
                                 "text": "work 2"}
    assert len(set(stage.one.topics)) == 2  # one of each conversation
    assert stage.one.topics[-1] == stage.two.topics[-1]


def judge_ends(stage, direct):
    """410 ends a subscription; logging the device out does."""
    stage.one.answer = lambda push: (410, {})
    stage.say(direct, "still there?")
    stage.counted("push_gone_total", 1)
    wait_until(lambda: not stage.subscribed(stage.one), "it is deleted", 60)
    heard(stage.two, "안녕", "trip 1", "work 1", "work 2", "still there?")
    stage.bob.cmd("device.revoke", device=stage.laptop.device)
    assert not stage.subscribed(stage.two)
    stage.say(direct, "nobody")
    stage.counted("push_nowhere_total", 1)


def test_who_is_away_is_told_once(make_cluster):
    cluster = make_cluster(gateways=1, presences=0, balancer=False, hooks=True)
    authority = Authority(cluster.home / "authority")
    worker = hooks_of(cluster, authority)
    with PushService(authority, PUSH_KEY[1]) as service:
        stage = Stage(cluster, service, worker)
        try:
            direct, trip, work, read = judge_away(stage)
            judge_waiting(stage, trip, work, read)
            judge_ends(stage, direct)
            assert texts(stage.one) == ["안녕", "work 2"]
            assert len(stage.two.got) == 5
            assert stage.carols.got == []
        finally:
            worker.terminate()
    assert not worker.findings()
    assert PUSH_KEY[0] not in worker.log_text()
