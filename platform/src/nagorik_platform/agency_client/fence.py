"""Stops a request's bytes at the machine's last door once they may no longer leave.

A process may stand still at any line, and others take over meanwhile what its request is about. What then waits in
the process to be written, in an event loop's buffer too, goes out first when the process goes on, before any timer
fires. So the time is looked at right before the system is given anything, and never is it given more than ``UNSENT``
bytes that it could not send yet: these are all that can leave of a process that stands still.
"""

import math
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio

if sys.platform == "linux":
    from fcntl import ioctl

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNSENT: Final = 16_384
"""The most bytes that lie in the system's hands and have not left the machine. A request of fewer is not held up."""
_UNSENT_BYTES: Final = 0x894B
"""SIOCOUTQNSD of Linux, which no module of Python's names."""
_UNCONFIRMED_BYTES: Final = 0x5411
"""SIOCOUTQ of Linux."""
_DROP_AND_RESET: Final = struct.pack("ii", 1, 0)


class TimeOver(TimeoutError):
    """Something was about to be written when there was no time left for it."""


@dataclass(slots=True, eq=False)
class Fence:
    """What the bytes of one request have to pass.

    Attributes:
        remaining: Seconds for which they may leave; ``None`` if nothing says so.
        is_handed_over: Whether the last of its body was given to its connection.
        is_answered: Whether its answer was read to the end.
        socket: What it is written to, where it is written beside what reads the answer.
        cut: Closes what it is written to, so that nothing more of it leaves the machine; ``None`` before that stands.
    """

    remaining: Callable[[], float] | None
    is_handed_over: bool = False
    is_answered: bool = False
    socket: "FencedSocket | None" = None
    cut: Callable[[], None] | None = None

    def check(self) -> None:
        """See that there is time left to write what is about to be written.

        Raises:
            TimeOver: There is none.
        """
        if self.seconds_left() <= 0:
            raise TimeOver

    def seconds_left(self) -> float:
        """Seconds for which bytes may leave, infinite if nothing bounds them."""
        return math.inf if self.remaining is None else self.remaining()

    @property
    def is_written(self) -> bool:
        """Whether the system has been given the request to its end."""
        return self.is_handed_over and (self.socket is None or not self.socket.behind)

    def lift(self) -> None:
        """The request was answered: if it is written, what its connection says from now on is no part of it."""
        self.is_answered = True
        if self.is_written:
            self.remaining = None


FENCE: Final[ContextVar[Fence | None]] = ContextVar("FENCE", default=None)
"""The fence of the request that this task sends."""


class FencedSocket(socket.socket):
    """A TCP socket that sends nothing once its request's time is over, and then drops what the system has of it.

    The system itself gives a connection up on which nothing was acknowledged for as long as there was time left. It
    sends by itself what it was given, as fast as the agency takes it; ``UNSENT`` bounds that on Linux.

    Attributes:
        fence: Of the request that is under way.
        behind: Bytes that the system did not take when it was last given some. Whoever gave them keeps them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As ``socket.socket``."""
        super().__init__(*args, **kwargs)
        self.fence: Fence | None = None
        self.behind = 0
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # Nobody is told that there is room before there is: twice as much as may wait would be room.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """As ``socket.socket.send``.

        Raises:
            TimeOver: There is no time left; the connection is reset as it is closed.
            BlockingIOError: The system has enough that it could not send yet.
        """
        given = memoryview(data).nbytes
        self.behind = given
        left = math.inf if self.fence is None else self.fence.seconds_left()
        if left <= 0:
            self.reset_as_closed()
            raise TimeOver
        room = self._room()
        if room <= 0:
            raise BlockingIOError
        if left < math.inf and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = min(math.ceil(left * 1000), 2**31 - 1)
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        sent = super().send(memoryview(data)[:room], flags)
        self.behind = given - sent
        return sent

    def sendmsg(self, buffers: "Iterable[ReadableBuffer]", /, *_: Any) -> int:
        """As ``socket.socket.sendmsg``, one buffer at a time: an event loop comes again for the others."""
        first, *others = buffers
        try:
            return self.send(first)
        finally:
            self.behind += sum(memoryview(one).nbytes for one in others)

    def reset_as_closed(self) -> None:
        """Drop what the system has and could not send yet, as soon as the connection is closed."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_AND_RESET)

    @property
    def unconfirmed(self) -> int | None:
        """Bytes that the system has, and would send again as often as it takes; ``None`` where it does not tell."""
        return self._queued(_UNCONFIRMED_BYTES)

    def _room(self) -> int:
        """Bytes that the system may be given."""
        return UNSENT - (self._queued(_UNSENT_BYTES) or 0)

    def _queued(self, which: int) -> int | None:
        if sys.platform != "linux":
            return None
        queued: int = struct.unpack("i", ioctl(self.fileno(), which, bytes(4)))[0]
        return queued


class FencedStream(anyio.TypedAttributeProvider):
    """An anyio stream that writes through a fence; all else is the stream's own.

    An event loop's transport keeps what the system does not take at once, and writes it whenever it can. So it is
    only read from, and written to is a socket of the same connection.
    """

    def __init__(self, stream: Any) -> None:
        """Write in place of ``stream``, which is connected.

        Raises:
            OSError: The process may have no more files.
        """
        self._stream = stream
        # A stream makes them anew each time that it is asked, with a call of the system, and httpcore asks at each
        # request.
        self._attributes: Mapping[Any, Callable[[], Any]] = stream.extra_attributes
        raw = self.extra(anyio.abc.SocketAttribute.raw_socket).dup()  # noqa: S610 - no Django here
        self._socket = FencedSocket(fileno=raw.detach())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self._socket.fileno() >= 0

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """As a stream of anyio's: what it tells of its connection."""
        return self._attributes

    async def send(self, item: "ReadableBuffer") -> None:
        """As a stream of anyio's does.

        Raises:
            TimeOver: There is no time left for it.
            anyio.BrokenResourceError: The connection broke.
            anyio.ClosedResourceError: It was closed meanwhile.
        """
        self._socket.fence = FENCE.get()
        left = memoryview(item)
        while left:
            if not self.is_open:
                raise anyio.ClosedResourceError
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except TimeOver:
                raise
            except OSError as error:
                raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        """As a stream of anyio's does; of a request that was given up nothing more leaves the machine."""
        fence = self._socket.fence
        is_over = fence is None or (fence.is_answered and fence.is_written)
        is_open = self.is_open  # whoever uses it may close it once more
        if is_open and not is_over and self._socket.unconfirmed != 0:
            self._socket.reset_as_closed()
        if is_open:
            # Whoever waits to write would wait for a file of that number, which is another connection's soon.
            anyio.notify_closing(self._socket)
        self._socket.close()
        await self._stream.aclose()
