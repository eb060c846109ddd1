"""An agency of which nothing is known but what it once answered, and what a test expected of it in vain."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from nagorik.values import to_bangla_digits
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.exchanges import Exchange, Provenance, json_content

_NUMBER: Final = re.compile(r"[0-9\u09e6-\u09ef]{4,}")
_METHOD: Final = re.compile(r"<Method \w+ '([A-Z]+)'>")
_PATH: Final = re.compile(r"<Path \w+ '([^']*)'>")
_PLAIN_SEGMENT: Final = re.compile(r"[A-Za-z_.-]*|.{1,3}", re.ASCII)
_MASK: Final = "•••"


class UnmetExpectation(AssertionError):
    """What did not happen, or should not have; it names methods and paths, numbers masked, and no value."""


def masked_path(path: str) -> str:
    """A path without the parts that may be a citizen's: all but plain words and what is as short as ``v1``."""
    return "/".join(part if _PLAIN_SEGMENT.fullmatch(part) else _MASK for part in path.split("/"))


def masked_pattern(pattern: str) -> str:
    """A pattern as respx shows it: its method and path where it has both, without long numbers."""
    method, path = _METHOD.search(pattern), _PATH.search(pattern)
    return _NUMBER.sub(_MASK, f"{method[1]} {path[1]}" if method and path else pattern)


_OF_THE_WIRE: Final = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "date"})
"""Headers of the recorded connection, which this one has of its own."""


class ExchangeSimulator(Simulator):
    """Answers what its exchanges hold, in order, and nothing else.

    It decides nothing: it has no effects in its ledger, and no outcomes to script. A request that no exchange fits,
    or that comes after the last answer, is not answered with a guess; it fails the test, at once in process and in
    ``unmet`` however it came. Faults happen to it as to any simulator.
    """

    exchanges: ClassVar[tuple[Exchange, ...]]
    """What it answers."""
    own_settings: ClassVar[dict[str, JsonValue]]
    """The plugin's settings beside ``base_url``."""
    outcomes: ClassVar[tuple[str, ...]] = ("as-written",)

    @classmethod
    def of(
        cls, plugin: str, exchanges: Sequence[Exchange], settings: dict[str, JsonValue] | None = None
    ) -> type["ExchangeSimulator"]:
        """The simulator of a plugin's agency that gives these answers."""
        return type(
            "ExchangeSimulator",
            (cls,),
            {
                "__doc__": cls.__doc__,
                "plugin_id": plugin,
                "modelled": _modelled(exchanges),
                "exchanges": tuple(exchanges),
                "own_settings": dict(settings or {}),
            },
        )

    def open_office(self) -> None:
        """Give every answer anew."""
        self._given: Counter[int] = Counter()
        self._unexpected: list[str] = []

    def routes(self) -> Sequence[Route]:
        """One route for each method and path, those without a name in braces first."""
        lines = dict.fromkeys((exchange.request.path, exchange.request.method) for exchange in self.exchanges)
        self._routes = tuple(
            Route(path, self._answering(f"{method} {path}"), methods=[method])
            for path, method in sorted(lines, key=lambda line: line[0].count("{"))
        )
        return self._routes

    def settings(self, base_url: str) -> dict[str, object]:
        """Where it is, and what else the plugin wants to be set."""
        return {"base_url": base_url, **self.own_settings}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request.

        Raises:
            UnmetExpectation: Nothing says what the agency answers.
        """
        if not any(route.matches(scope)[0] is Match.FULL for route in self._routes):
            self._refuse(f"{scope['method']} {masked_path(scope['path'])}: no exchange is written for it")
        await super().app(scope, receive, send)

    @property
    def unmet(self) -> tuple[str, ...]:
        """What was asked and is not written, and what is written and was not asked."""
        return (
            *dict.fromkeys(self._unexpected),
            *(
                f"{exchange.request.line}: exchange {number + 1} was asked for {self._given[number]} of "
                f"{exchange.times} times"
                for number, exchange in enumerate(self.exchanges)
                if exchange.times != "any" and self._given[number] < exchange.times
            ),
        )

    def _answering(self, line: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            content = json_content(await request.body())
            fitting = [
                number
                for number, exchange in enumerate(self.exchanges)
                if exchange.request.line == line and exchange.request.fits(dict(request.query_params), content)
            ]
            for number in fitting:
                times = self.exchanges[number].times
                if times == "any" or self._given[number] < times:
                    self._given[number] += 1
                    return _response(self.exchanges[number])
            why = "was called after the last of its answers" if fitting else "no exchange has its query and fields"
            return self._refuse(f"{line}: {why}")

        return answer

    def _refuse(self, problem: str) -> Response:
        self._unexpected.append(problem)
        raise UnmetExpectation(problem)


def _response(exchange: Exchange) -> Response:
    written = exchange.response
    headers = {name: value for name, value in written.all_headers.items() if name not in _OF_THE_WIRE}
    return Response(written.body, status_code=written.status, headers=headers)


def _modelled(exchanges: Sequence[Exchange]) -> str:
    count = Counter(exchange.provenance for exchange in exchanges)
    recorded, specified, assumed = (count[each] for each in Provenance)
    bn = [to_bangla_digits(str(number)) for number in (recorded, specified, assumed)]
    return (
        f"লেখা উত্তরই দেয়: {bn[0]}টি রেকর্ড করা, {bn[1]}টি নথি থেকে নেওয়া, {bn[2]}টি অনুমান। / "
        f"Gives written answers: {recorded} recorded, {specified} from a specification, {assumed} assumed."
    )
