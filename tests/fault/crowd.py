"""A crowd and what breaks around it: as much load as the machine gives. The
crowd is moim-recorder (recorder/), written in C; what it wrote down is judged
by record.py."""

import subprocess
import threading
import time

from harness.paths import BIN

from .nemesis import state_of
from .stage import GATEWAYS, doors

SIZES = (2,) * 24 + (3,) * 6 + (5, 8, 17)
PACE_MS = 10     # between an ack and the next message of the same person
CALM = (0.8, 1.6)
CONNECT_SECONDS = 20
QUIET_SECONDS = 3  # nothing new for so long: all has arrived


class Crowd:
    """The recorder at work."""

    def __init__(self, stage, accounts, home, rand):
        self.home = home
        self.convs = []  # the members' numbers of each
        lines = [f"person {a.user} {a.token}" for a in accounts]
        for size in SIZES:
            members = rand.sample(range(len(accounts)), size)
            answer = accounts[members[0]].cmd(
                "group.create", title="crowd",
                members=[accounts[m].user for m in members[1:]])
            self.convs.append(members)
            lines.append(" ".join(["conv", answer["conv"],
                                   *map(str, members)]))
        self.size = len(set().union(*self.convs))
        home.mkdir(parents=True, exist_ok=True)
        (home / "cast").write_text("\n".join(lines) + "\n")
        self.state = {}
        self.process = subprocess.Popen(
            [BIN / "moim-recorder", stage.people_url.split("//")[1],
             home / "cast", home / "record", str(PACE_MS)],
            stdout=subprocess.PIPE, stderr=open(home / "recorder.log", "wb"),
            text=True)
        self.begun = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.state = {k: int(v) for k, v in
                          (word.split("=") for word in line.split())}

    def now_ms(self):
        """On the recorder's clock, a few milliseconds late."""
        return int((time.monotonic() - self.begun) * 1000)

    def until(self, holds, seconds, what):
        end = time.monotonic() + seconds
        while not holds(self.state):
            assert self.process.poll() is None, "the recorder has ended"
            assert time.monotonic() < end, f"{what}: {self.state}"
            time.sleep(0.1)

    def hush(self):
        """Everybody gets his last ack; then nothing moves any more."""
        self.process.send_signal(1)
        self.until(lambda s: s["busy"] == 0, 30, "not finished")
        seen, since = None, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            if self.state["seen"] != seen:
                seen, since = self.state["seen"], time.monotonic()
            time.sleep(0.1)

    def end(self):
        """Syncs, reads the histories; answers the exit status."""
        self.process.terminate()
        return self.process.wait(70)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Nemesis:
    """Breaks one thing after the other; `done` counts how often each was in
    effect, `healed` when it was over."""

    def __init__(self, stage, crowd, rand):
        self.stage, self.crowd, self.rand = stage, crowd, rand
        self.done = {}
        self.healed = []
        self.all = [self.f01_gateway, self.f05_pause, self.f20_reset,
                    self.f21_history, self.f22_reply, self.f22_publish,
                    self.f25_drop, self.f26_disorder, self.f28_away,
                    self.f31_refused, self.f32_redis]

    def tell(self, names, line):
        for name in names:
            self.stage.proxy.tell(f"{name} {line}")

    def proxied(self, names, line, seconds, counter):
        """A fault of the proxy for a while; how often it was applied."""
        before = self.stage.count(counter, names)
        self.tell(names, line)
        time.sleep(seconds)
        self.tell(names, "clear")
        return self.stage.count(counter, names) - before

    def some_gateway(self):
        return self.rand.randint(1, GATEWAYS)

    def f01_gateway(self):
        gateway = self.stage.gateway(self.some_gateway())
        gateway.kill9()
        time.sleep(self.rand.uniform(0.1, 0.5))
        gateway.launch()
        gateway.wait_ready()
        return 1

    def f05_pause(self):
        gateway = self.stage.gateway(self.some_gateway())
        gateway.pause()
        time.sleep(1.5)
        stopped = state_of(gateway.pid) == "T"
        gateway.resume()
        return int(stopped)

    def f20_reset(self):
        before = self.stage.count("reset", ["people"])
        self.tell(["people"], "reset 300")
        return self.stage.count("reset", ["people"]) - before

    def f21_history(self):
        return self.proxied(doors("history"), "down limit_bytes 3000 reset",
                            0.6, "limited")

    def f22_reply(self):
        return self.proxied(doors("history"), "drop_reply EVALSHA 1 reset",
                            0.5, "reply_dropped")

    def f22_publish(self):
        return self.proxied(doors("bus"), "drop_cmd SPUBLISH 1 reset", 0.5,
                            "command_dropped")

    def f25_drop(self):
        return self.proxied(doors("bus"), "pubsub_drop 200", 1.0,
                            "pubsub_dropped")

    def f26_disorder(self):
        return self.proxied(doors("bus"), "pubsub_reorder 8", 1.0,
                            "pubsub_reordered")

    def f28_away(self):
        names = doors("bus") + doors("history")
        return self.proxied(names, "refuse", 1.0, "reset")

    def f31_refused(self):
        return self.proxied(doors("history"),
                            "inject EVALSHA 1000000 -MISCONF no disk", 0.5,
                            "error_injected")

    def f32_redis(self):
        self.stage.redis.kill9()
        time.sleep(self.rand.uniform(0, 0.3))
        self.stage.redis.launch()
        self.stage.redis.wait_ready()
        return 1

    def rage(self, enough, seconds):
        """All of them, in a drawn order, again and again until `enough`
        messages were acked, or the time is over."""
        end = time.monotonic() + seconds
        while not self.done or (time.monotonic() < end
                                and self.crowd.state["acked"] < enough):
            for fault in self.rand.sample(self.all, len(self.all)):
                name = fault.__name__
                self.done[name] = self.done.get(name, 0) + fault()
                self.healed.append(self.crowd.now_ms())
                time.sleep(self.rand.uniform(*CALM))
        never = [name for name, times in self.done.items() if times == 0]
        assert not never, f"never in effect: {never}"
        return sum(self.done.values())
