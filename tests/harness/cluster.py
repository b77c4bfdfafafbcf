"""A whole cluster for one test: data services, presence services, gateways
and the balancer, in a folder of their own and on ports nobody uses."""

import pathlib
import secrets
import shutil
import tempfile
from functools import partial

from .authority import Authority
from .paths import service_dir
from .postgres import Postgres
from .programs import Gateway, Haproxy, Presence, merged
from .redis import Redis
from .redis_cluster import RedisCluster
from .waiting import wait_until


# The private and the public half of a key of Web Push: RFC 8291's example.
PUSH_KEY = (
    "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
    "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8")


class Cluster:
    """Use with `with`: started and ready inside, gone afterwards. Leaving it
    raises AssertionError when a process died unasked or a sanitizer spoke.

    balancer   False; or how HAProxy spreads its clients; or what makes
               another balancer: make(home, log, gateways)
    template   a data directory from postgres.make_template
    logs       folder for the logs, kept afterwards
    gateway_conf, presence_conf   {"section": {"key": value}} on top
    secure     Redis and PostgreSQL are spoken to over TLS, verified
    redis_cluster   options of a RedisCluster, which takes Redis's place
    hooks      gateways and presence services write down what the webhooks
               are to hear; moim-hooks is started by the test
    settled    a presence service is waited for, too, which takes seconds;
               gateways can do without"""

    def __init__(self, template, logs, gateways=2, presences=1, balancer=True,
                 gateway_conf=None, presence_conf=None, secure=False,
                 redis_cluster=None, hooks=False, settled=True):
        # Short and enterable: the service user works in it, and a Unix
        # socket's path may have 107 bytes.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="moim-", dir="/tmp"))
        self.home.chmod(0o711)
        self.logs = pathlib.Path(logs)
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.settled = settled
        self.authority = Authority(self.home / "ca") if secure else None
        self.postgres = Postgres(self.home / "pg", self.log("postgres"),
                                 template, self.authority)
        if redis_cluster is None:
            self.redis = Redis(self.home / "redis", self.log("redis"),
                               self.authority)
        else:
            self.redis = RedisCluster(self.home / "redis", self.log,
                                      **redis_cluster)
        self.hooks = hooks
        conf = self.home / "conf"
        conf.mkdir(mode=0o700)
        self.presences = [
            Presence(n, conf, self.log(f"presence{n}"),
                     merged(presence_conf or {}, self.shared_conf()))
            for n in range(1, presences + 1)]
        self.gateways = [
            Gateway(n, conf, self.log(f"gateway{n}"),
                    merged(gateway_conf or {}, self.gateway_conf(conf)))
            for n in range(1, gateways + 1)]
        self.balancer = self.make_balancer(balancer) if balancer else None

    def make_balancer(self, how):
        make = how if callable(how) else partial(
            Haproxy, balance="leastconn" if how is True else how)
        return make(self.home / "balancer", self.log("balancer"),
                    self.gateways)

    def log(self, name):
        return self.logs / f"{name}.log"

    def shared_conf(self):
        more = {"tls_ca": self.authority.ca} if self.authority else {}
        if self.hooks:
            more["hooks"] = self.redis.address
        return {
            "redis": {"history": self.redis.address, "bus": self.redis.address,
                      **more},
            "postgres": {"conninfo": self.postgres.tls_conninfo()
                         if self.authority else self.postgres.conninfo()},
            "log": {"level": "debug", "format": "logfmt"},
        }

    def gateway_conf(self, folder):
        """All gateways share one token key, made here."""
        keys = folder / "token.keys"
        if not keys.exists():
            keys.write_text(f"k1 {secrets.token_hex(32)}\n")
            keys.chmod(0o600)
        return {
            **self.shared_conf(),
            "auth": {"token_key_file": keys, "hash_threads": 2,
                     "logins_per_address": 100000},
            "gateway": {"drain_wait": "300ms", "drain_spread": "1s"},
            "push": {"public_key": PUSH_KEY[1]},
            # All of a test's people sit behind one address and type fast.
            "limits": {"sends_per_s": 10000, "sends_burst": 10000,
                       "commands_per_s": 10000, "commands_burst": 10000,
                       "connects_per_s": 10000, "connects_burst": 10000,
                       "user_per_s": 10000, "user_burst": 10000,
                       "address_per_s": 100000, "address_burst": 100000},
        }

    def add_gateway(self, conf):
        """One more gateway, with settings of its own on top; started. The
        balancer does not know it."""
        number = len(self.gateways) + 1
        folder = self.home / "conf"
        gateway = Gateway(number, folder, self.log(f"gateway{number}"),
                          merged(conf, self.gateway_conf(folder)))
        self.gateways.append(gateway)
        gateway.start()
        return gateway

    def ranks(self):
        """In the order in which they need one another."""
        return [[self.postgres, self.redis], self.presences, self.gateways,
                [self.balancer] if self.balancer else []]

    def processes(self):
        return [process for rank in self.ranks() for process in rank]

    def start(self):
        """Every rank starts at once and is waited for before the next. Of two
        presence services one lets the other work at first."""
        for rank in self.ranks():
            for process in rank:
                process.launch()
            if rank is not self.presences:
                for process in rank:
                    process.wait_ready()
            elif rank and self.settled:
                wait_until(lambda: any(p.ready_or_dead() for p in
                                       self.presences), "presence ready")

    def stop(self):
        """Ends everything in good order; returns the findings."""
        for rank in reversed(self.ranks()):
            for process in rank:
                process.ask_to_end()
            for process in rank:
                process.terminate()
        findings = [f for p in self.processes() for f in p.findings()]
        shutil.rmtree(self.home)
        return findings

    def gateway(self, number):
        return self.gateways[number - 1]

    def presence(self, number):
        return self.presences[number - 1]

    def url(self, number=None):
        """Of gateway `number`; of the balancer without one."""
        return self.gateway(number).url if number else self.balancer.url

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, error, trace):
        findings = self.stop()
        assert not findings, "\n".join(findings)
