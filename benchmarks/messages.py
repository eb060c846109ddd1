"""What a benchmark's processes hear from the one that started them."""

import asyncio
import multiprocessing.connection
import sys
from collections.abc import Callable
from typing import Any


def on_message(pipe: multiprocessing.connection.Connection, heard: Callable[[Any], None]) -> None:
    """Give each message to ``heard`` while the running loop runs.

    The process ends where the other end is gone: a benchmark that was killed leaves nobody working.
    """

    def receive() -> None:
        try:
            message = pipe.recv()
        except (EOFError, ConnectionResetError):
            sys.exit("the benchmark that started this process is gone")
        heard(message)

    asyncio.get_running_loop().add_reader(pipe, receive)
