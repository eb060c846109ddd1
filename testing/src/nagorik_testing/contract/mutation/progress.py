"""How far a run of changes is, for whoever waits for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

from rich.console import Console


@contextmanager
def shown_progress(plugin: str) -> Iterator[Callable[[int, int], None]]:
    """One line on standard error that each call renews; nothing where that is no terminal."""
    began = monotonic()
    with Console(stderr=True).status(f"{plugin}: the suite without any change, to see what runs what") as status:

        def show(done: int, of: int) -> None:
            nonlocal began
            if not done:
                began = monotonic()
                status.update(f"{plugin}: {of:,} changes")
                return
            left = timedelta(seconds=round((monotonic() - began) / done * (of - done)))
            status.update(f"{plugin}: {done:,} of {of:,} changes · {left} to go")

        yield show
