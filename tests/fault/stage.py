"""Where the shows are played: a cluster whose every link runs through the
fault proxy, so that one gateway's Redis can be lost while the others keep
theirs."""

import re
import socket

from harness.cluster import Cluster
from harness.http_json import http_json
from harness.paths import BIN
from harness.ports import free_port
from harness.process import Process
from harness.programs import Gateway, Haproxy, merged
from harness.waiting import PATIENCE, wait_until

GATEWAYS = 3
SPARE = GATEWAYS + 1


class FaultProxy(Process):
    """tests/fault/proxy. doors: {name: (target, is it Redis)}; each listens
    on a port of its own, see address()."""

    def __init__(self, home, log, doors, seed):
        self.control = home / "proxy.sock"
        self.ports = {name: free_port() for name in doors}
        words = [
            f"{name}={self.address(name)}>{target}{',resp' if resp else ''}"
            for name, (target, resp) in doors.items()]
        super().__init__(
            "faultproxy",
            [BIN / "moim-faultproxy", "--control", f"unix:{self.control}",
             "--seed", seed, *words], log)

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def ready(self):
        return self.control.exists()

    def tell(self, line):
        """One command, for example "redis1 pubsub_drop 200"; its answer
        without "ok"."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(str(self.control))
            s.sendall(line.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = s.recv(65536)
                assert more, f"{line}: no answer"
                answer += more
        word, _, rest = answer.decode().strip().partition(" ")
        assert word == "ok", f"{line}: {answer}"
        return rest

    def stats(self, name):
        """{"reset": 3, ...}: how often each fault was applied."""
        pairs = (p.split("=") for p in self.tell(f"{name} stats").split())
        return {k: int(v) for k, v in pairs}


class Stage(Cluster):
    """Doors: "bus1", "history1", ... of gateway 1, ...; "people" before the
    balancer. Those of number SPARE are for a gateway that a test adds, as are
    "side" for its clients and "sql" for its way to PostgreSQL.

    redis_cluster   options of a RedisCluster: gateways speak to its nodes
                    without a door between, and acks wait for replicas"""

    def __init__(self, template, logs, seed, redis_cluster=None):
        super().__init__(template, logs, gateways=0, presences=1,
                         balancer=False, redis_cluster=redis_cluster)
        self.clustered = redis_cluster is not None
        address = f"127.0.0.1:{free_port()}"
        self.side = f"127.0.0.1:{free_port()}"
        sql = f"unix:{self.postgres.home}/.s.PGSQL.{self.postgres.port}"
        doors = {"people": (address, False), "side": (self.side, False),
                 "sql": (sql, False)}
        for n in range(1, 1 if self.clustered else SPARE + 1):
            doors[f"bus{n}"] = (self.redis.address, True)
            doors[f"history{n}"] = (self.redis.address, True)
        self.proxy = FaultProxy(self.home, self.log("faultproxy"), doors, seed)
        self.gateways = [self.make_gateway(n) for n in range(1, GATEWAYS + 1)]
        self.balancer = Haproxy(self.home / "haproxy", self.log("haproxy"),
                                self.gateways)
        conf = self.home / "haproxy/haproxy.cfg"
        conf.write_text(conf.read_text().replace(self.balancer.address,
                                                 address))
        self.balancer.address = address

    def wait_all(self, seconds=PATIENCE):
        """Whatever was done to the stores, all gateways have them again."""
        for process in (*self.gateways, self.balancer):
            wait_until(process.ready, f"{process.name} ready again", seconds)

    def make_gateway(self, n, more=None):
        """`more`: settings on top."""
        conf = self.home / "conf"
        redis = {"tier": "t2"} if self.clustered else {
            "history": self.proxy.address(f"history{n}"),
            "bus": self.proxy.address(f"bus{n}")}
        own = {"redis": redis,
               # The crowd says more than anybody may.
               "limits": {"sends_per_s": 1000, "sends_burst": 1000,
                          "commands_per_s": 2000, "commands_burst": 4000,
                          "user_per_s": 2000, "user_burst": 4000},
               "log": {"level": "info", "format": "logfmt"}}
        if n == SPARE:
            host, port = self.proxy.address("sql").split(":")
            own["postgres"] = {"conninfo": f"host={host} port={port} "
                                           "dbname=moim user=moim"}
        return Gateway(n, conf, self.log(f"gateway{n}"),
                       merged(merged(more or {}, own),
                              self.gateway_conf(conf)),
                       self.side if n == SPARE else None)

    def start(self):
        self.proxy.start()
        super().start()

    def stop(self):
        found = super().stop()
        self.proxy.terminate()
        return found + self.proxy.findings()

    @property
    def people_url(self):
        return "http://" + self.proxy.address("people")

    @property
    def side_url(self):
        return "http://" + self.proxy.address("side")

    def count(self, counter, doors):
        """A counter of the proxy, summed over doors."""
        return sum(self.proxy.stats(d)[counter] for d in doors)

    @staticmethod
    def metric(gateway, name):
        """A number of that gateway's metrics page, summed over its labels."""
        page = http_json("GET", f"http://{gateway.internal}/metrics")
        found = [float(line.split()[-1])
                 for line in page.raw.decode().splitlines()
                 if re.match(rf"moim_gateway_{name}[ {{]", line)]
        if not found:
            raise KeyError(name)
        return int(sum(found))


def doors(kind, *numbers):
    """doors("bus") are all gateways' bus doors, doors("bus", 1) is one."""
    return [f"{kind}{n}" for n in numbers or range(1, GATEWAYS + 1)]
