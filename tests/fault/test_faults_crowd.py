"""Everything that can break, one after the other, under as much load as the
machine gives."""

import pytest

ENOUGH = 100_000  # acked messages; ten times as many with --long
SECONDS = 50      # but no longer than that, whatever the machine


@pytest.mark.ci
def test_f74_one_thing_after_the_other(theatre):
    theatre.play_crowd("F74 a crowd, all of it", ENOUGH * theatre.times,
                       SECONDS * theatre.times * theatre.times)
