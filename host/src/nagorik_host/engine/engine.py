"""The one seam through which anything drives applications."""

import asyncio
from datetime import datetime
from typing import Protocol


class Engine(Protocol):
    """Makes the calls that applications wait for, and commits what comes of them.

    Commands, embedding programs and campaigns know no more of what drives applications than this. An engine keeps
    three promises: an intent is committed before its call is made; an outcome is committed, or the worker that takes
    over treats the call as interrupted; no agency gets more calls at once, or more a second, than its manifest says.
    """

    id: str
    """The id of this engine's worker, new each time that it starts."""

    @property
    def in_hand(self) -> tuple[str, ...]:
        """The ids of the applications whose calls are under way here."""

    async def run(
        self, stop: asyncio.Event, *, until_idle: bool = False, at_once: asyncio.Event | None = None
    ) -> int:
        """Work until ``stop`` is set, then complete the calls under way; how many were given up at the end.

        Args:
            stop: Ends the work: nothing more is claimed.
            until_idle: Whether to end, too, as soon as nothing is under way and nothing falls due within a second.
            at_once: Ends the wait for calls under way as soon as it is set. Without it they are waited for as long as
                the longest deadline of a plugin's calls, and half a minute for what came of them. A call that is
                given up is interrupted.

        Raises:
            DatabaseUnavailable: The database could not be reached for a lease, or at the end.
            ClockWrong: This machine's clock and the database's differ by more than a second.
            KeysRefused: The keys are not those that this database belongs to.
            KeyMissing: A key of this database is not on the ring.
        """

    async def run_until_idle(self) -> datetime | None:
        """Work until nothing is due and nothing is under way; when something falls due next (aware), if it does."""

    async def poll(self) -> bool:
        """Claim what is due and read messages, once; whether there was anything."""
