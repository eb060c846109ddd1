"""The host's own work off the event loop, on threads of its own.

The loop's threads are anybody's: a plugin that fills them, or shuts them down, would stop the host.
"""

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
        """What ``act`` returns or raises in one of them, in the context of whoever asks.

        Raises:
            RuntimeError: They were closed.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(copy_context().run, act))

    def close(self) -> None:
        """Begin nothing more; what was begun is not waited for."""
        self._executor.shutdown(wait=False)
