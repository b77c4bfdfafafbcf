"""What passes only the second time: seen, counted, and no more than two."""

import os
import subprocess

import pytest
from harness.paths import ROOT

BEGIN = """
import pathlib
import pytest

def fails(times, name):
    seen = pathlib.Path(__file__).with_name(name)
    with seen.open("a") as file:
        file.write("x")
    assert seen.stat().st_size > times, f"{name} is too early"

@pytest.fixture
def breaks():
    yield
    fails(1, "around")
"""
ONCE = "def test_{0}():\n    fails(1, '{0}')\n"
ALWAYS = "def test_always():\n    fails(99, 'always')\n"
AROUND = "def test_around(breaks):\n    pass\n"  # passes, but what is around


@pytest.mark.parametrize("files, passed, failed, again", [
    ([ONCE.format("a") + ONCE.format("b") + "def test_c():\n    pass\n"],
     1, 0, 2),
    ([ONCE.format("a"), ALWAYS, AROUND], 0, 2, 1),
    ([ONCE.format(name) for name in "abc"], 0, 3, 0),
], ids=["once", "always", "three"])
def test_a_failure_is_tried_again(tmp_path, files, passed, failed, again):
    tests = tmp_path / "tests"
    tests.mkdir()
    for number, text in enumerate(files):
        (tests / f"test_{number}.py").write_text(BEGIN + text)
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("PYTEST")}
    done = subprocess.run(
        ["tests/run_all.sh", "scenarios"], cwd=ROOT, capture_output=True,
        text=True, timeout=300, check=False,
        env={**clean, "MOIM_BIN": "none", "MOIM_SCENARIOS": str(tests),
             "MOIM_TEST_LOGS": str(tmp_path / "logs")})
    row = done.stdout.splitlines()[1].split()
    assert row[1:5] == [str(n) for n in (passed, failed, 0, again)], done.stdout
    last = f"\n{passed} passed, {failed} failed, 0 skipped"
    assert done.stdout.endswith(last + (f", {again} again\n" if again else "\n"))
    assert done.returncode == bool(failed)
    _, found, told = done.stdout.partition("\nPASSED ONLY THE SECOND TIME:\n")
    assert bool(found) == bool(again)
    assert told.count("  | AGAIN ") == told.count("is too early\n") == again
