"""Which worker is killed, and when: by what the agencies see, which is spread more evenly than time."""

import asyncio
import random
from typing import Final

from nagorik_testing.campaign.processes.crew import Crew
from nagorik_testing.ledger import SeenRequest

_DELAYS: Final = (0.0, 0.003, 0.03, 0.3)
"""Seconds, each the longest of one kind: before the agency has processed the request, before its answer is heard,
before what it means is committed, and at any time."""


class Lightning:
    """Strikes any worker, now and then, in the middle of the work."""

    def __init__(self, crew: Crew, *, seed: int, every: int) -> None:
        """Strike at every ``every``-th request, more or less, as ``seed`` has it."""
        self._crew = crew
        self._every = every
        self._chance = random.Random(f"lightning:{seed}")  # noqa: S311 - reproducible on purpose
        self._left = self._draw()

    def met(self, _: SeenRequest) -> None:
        """An agency has received a request."""
        self._left -= 1
        if self._left == 0:
            self._left = self._draw()
            after = self._chance.uniform(0, self._chance.choice(_DELAYS))
            victim = self._chance.choice(self._crew.names)
            asyncio.get_running_loop().call_later(after, self._crew.kill, victim)

    def _draw(self) -> int:
        return self._chance.randint(1, 2 * self._every)
