"""Fixtures for every Python test: clusters that start and are judged."""

import pathlib
import re
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

# pylint: disable=wrong-import-position
from harness.cluster import Cluster
from harness.paths import ROOT
from harness.ports import WORKER
from harness.postgres import make_template

LOGS = ROOT / "build/test-logs/clusters"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The tests of a file that share something stay together on one worker,
    and go first; every other one fills a gap."""
    def shares(item):
        # pylint: disable=protected-access
        found = item._fixtureinfo.name2fixturedefs.values()
        return any(d.scope == "module" for defs in found for d in defs)

    items.sort(key=lambda item: not shares(item))
    for item in filter(shares, items):
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def pg_template():
    """A migrated PostgreSQL data directory, copied by every cluster."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="moim-", dir="/tmp"))
    home.chmod(0o711)
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        yield make_template(home / "pg", LOGS / f"template-{WORKER}.log")
    finally:
        shutil.rmtree(home)


def logs_of(request):
    """A folder named after the test, or after the file for a shared one."""
    name = re.sub(r"\W+", "_", request.node.name).strip("_")
    return LOGS / name


@pytest.fixture
def make_cluster(request, pg_template):
    """make_cluster(gateways=3, ...) starts a cluster of this test's own; its
    presence services are waited for only with settled=True."""
    made = []

    def make(settled=False, **options):
        logs = logs_of(request) / str(len(made) + 1)
        cluster = Cluster(pg_template, logs, settled=settled, **options)
        made.append(cluster)
        cluster.start()
        return cluster

    yield make
    findings = [finding for cluster in made for finding in cluster.stop()]
    assert not findings, "\n".join(findings)


@pytest.fixture(scope="module")
def cluster(request, pg_template):
    """3 gateways and 2 presence services, shared by the tests of a file."""
    with Cluster(pg_template, logs_of(request), gateways=3,
                 presences=2) as shared:
        yield shared
