"""Waiting for something to become true, with a deadline and never a guess."""

import time

POLL_SECONDS = 0.02
# A deadline ends what would hang. It says nothing about speed: the machine may
# have other things to do.
PATIENCE = 60


def wait_until(true_yet, what, seconds=PATIENCE):
    """Calls true_yet() until it returns something true, and returns that.
    AssertionError naming `what` when the deadline passes."""
    deadline = time.monotonic() + seconds
    while True:
        answer = true_yet()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(POLL_SECONDS)
