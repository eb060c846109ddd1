"""A clock that several processes share."""

import fcntl
from datetime import timedelta

from nagorik_testing.simulator.shared_clock import SharedClock


async def test_who_sleeps_moves_it_for_all(tmp_path):
    one, other = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    await one.sleep(90)
    assert other.elapsed() == timedelta(seconds=90)
    assert other.now() == one.now()


def test_nobody_else_can_move_it_between_reading_and_writing(tmp_path):
    file = tmp_path / "clock"
    free = []

    class Watched(SharedClock):
        def elapsed(self):
            with file.open("rb") as other:
                try:
                    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    free.append(False)
                else:
                    free.append(True)
            return super().elapsed()

    Watched(file).advance(5)
    # Once to add to it, and once to tell the present.
    assert free == [False, True]
