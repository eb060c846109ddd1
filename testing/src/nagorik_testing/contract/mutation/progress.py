"""How far a run of changes is, for whoever waits for it."""

from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console


class MutationProgress:
    """One line on standard error that is renewed; nothing where that is no terminal."""

    def __init__(self, plugin: str) -> None:
        """Begin with the run without any change."""
        self._status = Console(stderr=True).status(f"{plugin}: the suite without any change, to see what runs what")
        self._plugin = plugin
        self._began = monotonic()

    def __enter__(self) -> Self:
        """Show it."""
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe it away."""
        self._status.stop()

    def __call__(self, done: int, of: int) -> None:
        """Show how many have been tried."""
        if not done:
            self._began = monotonic()
            self._status.update(f"{self._plugin}: {of:,} changes")
            return
        left = timedelta(seconds=round((monotonic() - self._began) / done * (of - done)))
        self._status.update(f"{self._plugin}: {done:,} of {of:,} changes · {left} to go")
