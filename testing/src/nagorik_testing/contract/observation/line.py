"""Two processes that call each other's functions by name, over two pipes.

Each message is pickled behind its length: the number of a call, the name of a function and what it is given; or that
number, no name, and how the call ended.
"""

import asyncio
import pickle
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from typing import Any, Final

_HEAD: Final = struct.Struct("!Q")


class LineLost(Exception):
    """The other process has ended."""


class ChildLine:
    """One end of the line; requests are answered in any order."""

    def __init__(self, reader: asyncio.StreamReader, write: Callable[[bytes], object], functions: object) -> None:
        """Have an end that answers nothing before ``serve``; ``functions`` holds what the other end may call."""
        self._reader = reader
        self._write = write
        self._functions = functions
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._is_lost = False

    async def ask(self, name: str, *given: object) -> Any:
        """What a function of the other end returns.

        Raises:
            LineLost: The other process has ended.
            BaseException: What the function raises.
        """
        number = next(self._numbers)
        self._waiting[number] = waiting = asyncio.get_running_loop().create_future()
        try:
            if self._is_lost:
                raise LineLost
            self._say(number, name, given)
            return await waiting
        finally:
            del self._waiting[number]

    async def serve(self) -> None:
        """Answer until the other process has ended."""
        answering: set[asyncio.Task[None]] = set()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (size,) = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
                # What runs there runs as this user does; it is trusted no less than what is imported here.
                number, name, said = pickle.loads(await self._reader.readexactly(size))  # noqa: S301
                if name is not None:
                    answering.add(task := asyncio.create_task(self._answer(number, name, said)))
                    task.add_done_callback(answering.discard)
                elif number in self._waiting and not self._waiting[number].done():
                    result, error = said
                    waiting = self._waiting[number]
                    waiting.set_result(result) if error is None else waiting.set_exception(error)
        self._is_lost = True
        for waiting in self._waiting.values():
            waiting.set_exception(LineLost())

    async def _answer(self, number: int, name: str, given: tuple[object, ...]) -> None:
        function: Callable[..., Coroutine[Any, Any, object]] = getattr(self._functions, name)
        try:
            self._say(number, None, (await function(*given), None))
        except Exception as failed:  # noqa: BLE001 - it is the other end's to judge
            self._say(number, None, (None, sendable(failed)))

    def _say(self, *message: object) -> None:
        body = pickle.dumps(message)
        self._write(_HEAD.pack(len(body)) + body)


def sendable(error: BaseException) -> BaseException:
    """An exception that can be pickled: this one, or another that names its class."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made just here
    except Exception:  # noqa: BLE001 - an exception's class may do anything when it is copied
        return RuntimeError(type(error).__name__)
    return error
