"""The host's own work off the event loop, on threads of its own: a plugin may fill the loop's threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class OwnThreads:
    """Threads for one purpose, made as they are needed."""

    def __init__(self, name: str) -> None:
        """Name them ``name``."""
        self._executor = ThreadPoolExecutor(thread_name_prefix=name)

    async def run(self, act: Callable[[], T]) -> T:
        """Run ``act`` in one of them, in the caller's context."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(copy_context().run, act))

    def close(self) -> None:
        """Begin nothing more, without waiting for what was begun."""
        self._executor.shutdown(wait=False)
