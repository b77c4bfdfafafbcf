"""A Redis Cluster on loopback: primaries with replicas, with the settings we
recommend, and what one does to it: fail over, kill, hold, move slots."""

import secrets
import subprocess

from .paths import DEPLOY, service_dir, service_file
from .ports import free_port
from .process import Process
from .waiting import wait_until

SLOTS = 16384
HOST = "127.0.0.1"


class Node(Process):
    """One server of the cluster. Its data survive kill9: AOF `always`."""

    def __init__(self, number, home, log, conf):
        self.number = number
        self.home = service_dir(home)
        self.port, self.bus_port = free_port(), free_port()
        self.id = secrets.token_hex(20)
        path = home / "redis.conf"
        path.write_text(
            (DEPLOY / "redis/redis.conf").read_text()
            + (DEPLOY / "redis/redis-cluster.conf").read_text()
            + f"port {self.port}\ncluster-port {self.bus_port}\ndir {home}\n"
            + "".join(f"{key} {value}\n" for key, value in conf.items()))
        super().__init__(f"redis{number}", ["redis-server", path], log,
                         service=True)

    @property
    def address(self):
        return f"{HOST}:{self.port}"

    def ready(self):
        return "cluster_state:ok" in self.cli("cluster", "info")

    def stop(self):
        self.terminate()

    def cli(self, *words):
        """redis-cli's answer to one command, without the final newline."""
        run = subprocess.run(
            ["redis-cli", "-p", str(self.port), *map(str, words)],
            capture_output=True, text=True, check=False, timeout=30)
        return run.stdout.strip()

    def do(self, *words):
        """A command that must be answered OK."""
        answer = self.cli(*words)
        assert answer == "OK", f"{self.name}: {words}: {answer}"

    def info(self, field):
        """A line of INFO; "" while there is none."""
        for line in self.cli("info").splitlines():
            if line.startswith(field + ":"):
                return line.partition(":")[2]
        return ""

    def primary(self):
        """Whether it believes to be one."""
        return self.info("role") == "master"

    def in_step(self):
        """A replica that has all and hears the rest."""
        return self.info("master_link_status") == "up"


class RedisCluster:
    """`primaries` servers that share the slots, each with `replicas` more.
    They know each other from the start: no time is spent on meeting.

    home   a folder that does not exist yet; `log(name)` says where logs go
    conf   settings of Redis on top, for every node. Without, one replica of
           each primary may be missed"""

    def __init__(self, home, log, primaries=3, replicas=1, conf=None):
        self.home = home
        home.mkdir(mode=0o711)
        self.count = primaries
        conf = {"cluster-node-timeout": 2000,
                "min-replicas-to-write": max(0, replicas - 1), **(conf or {})}
        self.nodes = [Node(n, home / f"n{n}", log(f"redis{n}"), conf)
                      for n in range(1, primaries * (1 + replicas) + 1)]
        for node in self.nodes:
            service_file(node.home / "nodes.conf", self.nodes_conf(node))

    def nodes_conf(self, whose):
        """What a node keeps of its cluster, as if they had met long ago."""
        lines = []
        for i, node in enumerate(self.nodes):
            shard = i % self.count
            replica = i >= self.count
            flags = "slave" if replica else "master"
            first = shard * SLOTS // self.count
            last = (shard + 1) * SLOTS // self.count - 1
            lines.append(" ".join([
                node.id, f"{node.address}@{node.bus_port}",
                ("myself," if node is whose else "") + flags,
                self.nodes[shard].id if replica else "-", "0", "0",
                str(shard + 1), "connected",
                *([] if replica else [f"{first}-{last}"])]))
        return "\n".join(
            lines + [f"vars currentEpoch {self.count} lastVoteEpoch 0", ""])

    # What a cluster of processes wants of one of them.

    @property
    def address(self):
        """The seeds, as Moim's configuration wants them."""
        return ",".join(n.address for n in self.nodes[:self.count])

    def launch(self):
        for node in self.nodes:
            node.launch()

    def wait_ready(self):
        for node in self.nodes:
            node.wait_ready()
        self.wait_in_step()

    def start(self):
        self.launch()
        self.wait_ready()

    def ask_to_end(self):
        for node in self.nodes:
            node.ask_to_end()

    def terminate(self):
        self.ask_to_end()
        for node in self.nodes:
            node.terminate()

    def findings(self):
        return [f for node in self.nodes for f in node.findings()]

    # Who is who.

    def alive(self):
        return [node for node in self.nodes if node.alive]

    def view(self, of=None):
        """What one node knows: {id: fields of its line in CLUSTER NODES}."""
        of = of or self.alive()[0]
        return {line.split()[0]: line.split()
                for line in of.cli("cluster", "nodes").splitlines()}

    def node(self, ident):
        return next(node for node in self.nodes if node.id == ident)

    def primaries(self):
        """Those that hold slots, as an alive node sees it."""
        return sorted((self.node(i) for i, line in self.view().items()
                       if line[8:]), key=lambda node: node.number)

    def replicas(self, primary):
        """Those that are alive."""
        return sorted((self.node(i) for i, line in self.view(primary).items()
                       if line[3] == primary.id and self.node(i).alive),
                      key=lambda node: node.number)

    def slot_of(self, key):
        return int(self.alive()[0].cli("cluster", "keyslot", key))

    def owner(self, slot, of=None):
        """The primary of a slot, as `of` sees it; None when there is none."""
        for ident, line in self.view(of).items():
            for part in line[8:]:
                first, _, last = part.partition("-")
                if not part.startswith("[") and (
                        int(first) <= slot <= int(last or first)):
                    return self.node(ident)
        return None

    def wait_in_step(self):
        """Every replica that is alive has what its primary has."""
        for node in self.alive():
            wait_until(lambda n=node: n.primary() or n.in_step(),
                       f"{node.name} in step")

    def wait_takes_over(self, replica):
        wait_until(replica.primary, f"{replica.name} to take over", 30)

    def wait_known(self, primary):
        """Everybody alive takes it for the primary that it is."""
        for node in self.alive():
            wait_until(lambda n=node: self.view(n)[primary.id][8:],
                       f"{node.name} to know of {primary.name}", 30)

    def wait_follows(self, replica, primary):
        """Everybody alive knows of whom it is a replica, and would vote for
        it."""
        for node in self.alive():
            wait_until(
                lambda n=node: self.view(n)[replica.id][3] == primary.id,
                f"{node.name} to know whom {replica.name} follows", 30)

    # What happens to it.

    def failover(self, primary, replica=None):
        """In good order: nothing is lost. Returns the new primary."""
        replica = replica or self.replicas(primary)[0]
        replica.do("cluster", "failover")
        self.wait_takes_over(replica)
        self.wait_known(replica)
        self.wait_follows(primary, replica)
        return replica

    def kill(self, primary, replica=None):
        """The primary is gone without a word. Its replicas elect one of their
        own after cluster-node-timeout; with `replica`, that one takes over at
        once. Returns the new primary."""
        candidates = [replica] if replica else self.replicas(primary)
        if replica:
            self.wait_follows(replica, primary)
        primary.kill9()
        if replica:
            replica.do("cluster", "failover", "force")
        new = wait_until(
            lambda: next((n for n in candidates if n.primary()), None),
            f"a successor of {primary.name}", 30)
        self.wait_known(new)
        return new

    def open_slot(self, slot, to):
        """A slot begins to move, and stays half way: keys that are there are
        served by its owner, others by `to` after an ASK."""
        source = self.owner(slot)
        to.do("cluster", "setslot", slot, "importing", source.id)
        source.do("cluster", "setslot", slot, "migrating", to.id)

    def move_keys(self, slot, to, count=1000):
        """Keys of an open slot move; returns how many."""
        source = self.owner(slot)
        keys = source.cli("cluster", "getkeysinslot", slot, count).split()
        if keys:
            source.do("migrate", HOST, to.port, "", 0, 5000, "keys", *keys)
        return len(keys)

    def close_slot(self, slot, to):
        """The rest of an open slot moves, and everybody is told."""
        source = self.owner(slot)
        while self.move_keys(slot, to):
            pass
        for node in [to, source, *self.primaries()]:
            node.do("cluster", "setslot", slot, "node", to.id)

    def move_slot(self, slot, to):
        if self.owner(slot) is not to:
            self.open_slot(slot, to)
            self.close_slot(slot, to)

    @staticmethod
    def check(node):
        """Does redis-cli find nothing wrong?"""
        return subprocess.run(
            ["redis-cli", "--cluster", "check", node.address],
            capture_output=True, check=False).returncode == 0

    def reshard(self, source, to, slots):
        """Some slots move as an operator moves them; returns when they have.
        The nodes have to agree about the last time first."""
        wait_until(lambda: self.check(source), "the nodes agree", 30)
        run = subprocess.run(
            ["redis-cli", "--cluster", "reshard", source.address,
             "--cluster-from", source.id, "--cluster-to", to.id,
             "--cluster-slots", str(slots), "--cluster-yes"],
            capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-2000:] + run.stderr
