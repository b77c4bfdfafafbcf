"""Fixtures of the fault suite: one stage for all shows, a fresh one after a
show that failed; and the table at the end."""

import asyncio
import os
import random

import pytest

# pylint: disable=wrong-import-position
from conftest import LOGS

from . import record, table
from .crowd import CONNECT_SECONDS, Crowd, Nemesis
from .show import Cast, Show
from .stage import Stage

SHOW_SECONDS = 100
KEEP = LOGS.parent / "fault"
rows = []


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true",
                     help="every fault, and longer")
    parser.addoption("--ci", action="store_true",
                     help="only what every change is tried with")
    parser.addoption("--seed", type=int, default=None,
                     help="of a run to repeat")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with --long")
    config.addinivalue_line("markers", "ci: also with --ci")
    if config.getoption("--seed") is None:
        config.option.seed = int(os.environ.get("MOIM_FAULT_SEED")
                                 or random.SystemRandom().getrandbits(32))


def pytest_collection_modifyitems(config, items):
    if config.getoption("--ci"):
        items[:] = [i for i in items if i.get_closest_marker("ci")]
    if config.getoption("--long") or config.option.keyword:
        return
    items[:] = [i for i in items if not i.get_closest_marker("long")]


def pytest_terminal_summary(terminalreporter, config):
    write = terminalreporter.write_line
    write("")
    write(table.heading())
    for line in rows:
        write(line)
    write(f"seed {config.getoption('--seed')}; times in seconds; silent: "
          "lacked by a live session until it asked")


class Theatre:
    """Plays shows; `stage` is there and healthy."""

    def __init__(self, template, seed, long, **options):
        self.template = template
        self.options = options  # of the stage
        self.seed = seed
        self.times = 10 if long else 1
        self.stage = None
        self.cast = None
        self.made = 0

    def open(self):
        if self.stage is None:
            self.made += 1
            name = "fault-cluster" if self.options else "fault"
            self.stage = Stage(self.template, LOGS / f"{name}{self.made}",
                               self.seed, **self.options)
            self.stage.start()
            self.cast = Cast(self.stage)
        self.stage.wait_all()
        return self.stage

    def close(self):
        findings = self.stage.stop() if self.stage else []
        self.stage = None
        return findings

    def play(self, name, nemesis, unasked=False):
        """Plays one fault and asserts that nothing was broken by it.
        nemesis(show) does it and answers how often it was in effect.

        unasked: what was acked arrives without any client asking."""
        stage = self.open()
        show = Show(stage, self.cast, f"{self.seed} {name}", self.times)
        try:
            injected, verdict = asyncio.run(asyncio.wait_for(
                show.play(nemesis), SHOW_SECONDS * self.times))
        except BaseException:
            self.keep(show, name)
            raise
        finally:
            for door in stage.proxy.ports:
                stage.proxy.tell(f"{door} clear")
        rows.append(table.row(name, injected, verdict))
        if verdict.silent:
            verdict.notes.append(f"silent: {verdict.silent} events were lacked"
                                 " until clients asked")
        if verdict.asked and unasked:
            verdict.notes.append(f"asked: clients saw {verdict.asked} holes")
        print(f"closes {verdict.closes}, refused {verdict.refused}")
        print("\n".join(verdict.notes))
        good = verdict.clean and injected > 0 and \
            not verdict.silent and not (unasked and verdict.asked)
        if not good:
            self.keep(show, name)
        assert injected > 0, f"{name}: the fault was never in effect"
        assert good, "\n".join(verdict.notes)

    def play_crowd(self, name, enough, seconds):
        """Plays faults to a crowd until `enough` messages were acked, or the
        time is over; with the same demands."""
        stage = self.open()
        rand = random.Random(f"{self.seed} {name}")
        crowd = Crowd(stage, self.cast.members, LOGS / "crowd", rand)
        nemesis = Nemesis(stage, crowd, rand)
        try:
            crowd.until(lambda s: s.get("live") == crowd.size,
                        CONNECT_SECONDS, "not all came")
            injected = nemesis.rage(enough, seconds)
            crowd.hush()
            status = crowd.end()
        finally:
            crowd.kill()
        assert status == 0, (crowd.home / "recorder.log").read_text()
        verdict = record.read(crowd.home / "record", crowd.convs,
                              nemesis.healed)
        rows.append(table.row(name, injected, verdict))
        print(f"{nemesis.done}; closes {verdict.closes}")
        print("\n".join(verdict.notes))
        assert verdict.clean and not verdict.silent, "\n".join(verdict.notes)

    def keep(self, show, name):
        """What is needed to look into it, and to do it again."""
        KEEP.mkdir(parents=True, exist_ok=True)
        file = KEEP / f"{name.split()[0]}-{self.seed}.ndjson"
        show.save(file)
        with open(KEEP / "failed", "a", encoding="utf-8") as out:
            out.write(f"{name.split()[0]} --seed {self.seed}\n")
        print(f"kept {file}; again: ./run fault --seed {self.seed} "
              f"{name.split()[0]}")


def season(request, template, **options):
    """A theatre for all tests that want such a stage."""
    theatre = Theatre(template, request.config.getoption("--seed"),
                      request.config.getoption("--long"), **options)
    yield theatre
    findings = theatre.close()
    assert not findings, "\n".join(findings)


def evening(request, theatre):
    """After a failure the stage is thrown away, with what it says of itself."""
    theatre.open()
    failed = request.session.testsfailed
    yield theatre
    stage = theatre.stage
    findings = [f for p in stage.processes() for f in p.findings()]
    if findings or request.session.testsfailed > failed:
        theatre.close()
    assert not findings, "\n".join(findings)


@pytest.fixture(scope="session")
def shared_theatre(request, pg_template):
    yield from season(request, pg_template)


@pytest.fixture(scope="module")
def shared_cluster_theatre(request, pg_template):
    yield from season(request, pg_template, redis_cluster={"replicas": 1})


@pytest.fixture
def theatre(request, shared_theatre):
    yield from evening(request, shared_theatre)


@pytest.fixture
def cluster_theatre(request, shared_cluster_theatre):
    """Its stage has a Redis Cluster."""
    yield from evening(request, shared_cluster_theatre)
