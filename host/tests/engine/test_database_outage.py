"""Waiting for a database that is away: it is asked often enough, and by not too many at once."""

import random
from itertools import islice

from nagorik_host.engine.outage import PAUSE, pauses


def test_database_that_is_back_is_noticed_within_a_second_and_not_by_all_at_once():
    rng = random.Random(1)  # noqa: S311 - spreads load
    first, second = list(islice(pauses(rng), 50)), list(islice(pauses(rng), 50))
    assert first[0] <= PAUSE
    assert all(0.5 <= pause <= 1.0 for pause in (*first[5:], *second[5:]))
    assert not set(first) & set(second)
