"""Agencies of a benchmark: one process on the loopback that answers each request with the same bytes.

It stands for any number of agencies, told apart by the first part of a request's path, and notes when each request
came in and how many of an agency's requests were in its hands at once. So it can tell whether all workers together
kept to what the agency can bear.
"""

import asyncio
import multiprocessing
import multiprocessing.connection
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from messages import on_message

ANSWER = b'{"number":"P-1","word":"REFUSED","since":"2026-11-24T04:00:00Z"}'
"""Refused at once, which is final."""
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(ANSWER),
    ANSWER,
)
REQUEST = re.compile(rb"(GET|POST) /(\w+)/\S* HTTP/1\.1\r\n")


@dataclass
class Traffic:
    """What one agency saw.

    Attributes:
        moments: When each request came in, in seconds of the machine's monotonic clock.
        filings: How many of them filed something.
        most: The most requests that were in its hands at once.
    """

    moments: list[float] = field(default_factory=list)
    filings: int = 0
    most: int = 0

    @property
    def busiest(self) -> int:
        """The most requests in any one second."""
        first = most = 0
        for number, moment in enumerate(self.moments):
            while self.moments[first] < moment - 1:
                first += 1
            most = max(most, number - first + 1)
        return most


class AgencyProcess:
    """The process, as seen from outside.

    Attributes:
        url: Its address; an agency's own is ``url/AGENCY``.
    """

    def __init__(self, url: str, pipe: multiprocessing.connection.Connection) -> None:
        """Use a process that answers on ``pipe``."""
        self.url = url
        self._pipe = pipe

    def filings(self) -> int:
        """How many applications all agencies have received so far."""
        self._pipe.send("filings")
        number: int = self._pipe.recv()
        return number

    def seconds(self) -> float:
        """CPU time that the process has used so far."""
        self._pipe.send("seconds")
        seconds: float = self._pipe.recv()
        return seconds

    def take(self) -> Mapping[str, Traffic]:
        """What each agency has seen since it was last asked."""
        self._pipe.send("take")
        traffic: Mapping[str, Traffic] = self._pipe.recv()
        return traffic


@contextmanager
def agency_process(answer_seconds: Mapping[str, float]) -> Iterator[AgencyProcess]:
    """Run the agencies that ``answer_seconds`` names, each of which takes so long to answer."""
    ours, theirs = multiprocessing.Pipe()
    arguments = (theirs, dict(answer_seconds))
    process = multiprocessing.get_context("spawn").Process(target=serve, args=arguments, daemon=True)
    process.start()
    try:
        yield AgencyProcess(f"http://127.0.0.1:{ours.recv()}", ours)
    finally:
        process.terminate()
        process.join()


class _Books:
    """What all agencies see."""

    def __init__(self, answer_seconds: Mapping[str, float]) -> None:
        self.answer_seconds = answer_seconds
        self.traffic: dict[str, Traffic] = {}
        self.in_hand: Counter[str] = Counter()

    def answer(self, command: str) -> object:
        """What the benchmark asks for."""
        if command == "filings":
            return sum(one.filings for one in self.traffic.values())
        if command == "seconds":
            return time.process_time()
        taken, self.traffic = self.traffic, {}
        return taken


class _Connection(asyncio.Protocol):
    """Answers as many requests as come in."""

    def __init__(self, books: _Books) -> None:
        self._books = books

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that begins in ``data``, now or later."""
        books = self._books
        for method, path in REQUEST.findall(data):
            agency = path.decode()
            seen = books.traffic.setdefault(agency, Traffic())
            seen.moments.append(time.monotonic())
            seen.filings += method == b"POST"
            books.in_hand[agency] += 1
            seen.most = max(seen.most, books.in_hand[agency])
            seconds = books.answer_seconds.get(agency, 0.0)
            if seconds > 0:
                asyncio.get_running_loop().call_later(seconds, self._answer, agency)
            else:
                self._answer(agency)

    def _answer(self, agency: str) -> None:
        self._books.in_hand[agency] -= 1
        self._transport.write(RESPONSE)


def serve(pipe: multiprocessing.connection.Connection, answer_seconds: Mapping[str, float]) -> None:
    """Run the agencies until the process is terminated."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        books = _Books(answer_seconds)
        server = await loop.create_server(lambda: _Connection(books), "127.0.0.1", 0, backlog=512)
        pipe.send(server.sockets[0].getsockname()[1])
        on_message(pipe, lambda command: pipe.send(books.answer(command)))
        await server.serve_forever()

    asyncio.run(run())
