"""respx, with what it lets pass held against the test. Needs ``nagorik-testing[pytest]``.

Reproduced with respx 0.23: its error about an unexpected request is swallowed by a plugin's ``except Exception``; a
second route with the same pattern replaces the first in silence; a route without an answer answers 200; a list of
answers that has come to its end raises ``StopIteration``; time limits and the length of a body mean nothing.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx
import respx
from respx.models import AllMockedAssertionError, ResolvedRoute, Route
from respx.patterns import Pattern, merge_patterns

from nagorik_testing.clock import SimulatedClock
from nagorik_testing.in_process import SimulatorTransport
from nagorik_testing.simulator import Simulator
from nagorik_testing.strict_transport import StrictTransport
from nagorik_testing.unsatisfied import Unsatisfied, masked_path, masked_pattern

_SEGMENT: Final = re.compile(r"\\\{[^/]+?\\\}")


class StrictRoute(Route):
    """One route of a ``StrictRouter``: respx's own, which answers only as it was told to."""

    def __init__(self, *patterns: Pattern, **lookups: Any) -> None:
        super().__init__(*patterns, **lookups)
        self._answers: _Answers | None = None
        self._optional = False

    def optional(self) -> Self:
        """Let a test pass in which nobody calls this route, or not to the end of its answers."""
        self._optional = True
        return self

    @property
    def told(self) -> str:
        """Its name, or its pattern with numbers masked."""
        return self.name or masked_pattern(repr(self.pattern))

    @property
    def unmet(self) -> str | None:
        """What of this route did not happen in the test."""
        if self._optional:
            return None
        if not self.called:
            return f"{self.told}: was never called"
        left = self._answers.left if self._answers is not None else 0
        return f"{self.told}: {left} of its answers were not asked for" if left else None

    def mock(self, return_value: httpx.Response | None = None, *, side_effect: Any = None) -> Self:
        """As in respx; a sequence is a script of answers that must be asked for to its end, and not beyond."""
        scripted = isinstance(side_effect, Sequence | Iterator)
        self._answers = _Answers(self, side_effect) if scripted else None
        super().mock(return_value, side_effect=self._answers or side_effect)
        return self

    def pass_through(self, value: bool = True) -> Self:  # noqa: FBT001, FBT002 - respx's own signature
        """Refuse to let a request through to the network; respx calls this with ``False`` itself."""
        if value:
            raise ValueError("a strict router lets no request through")
        super().pass_through(value)
        return self

    def resolve(self, request: httpx.Request, **values: Any) -> Any:
        """As in respx, which answers 200 where nothing was said.

        Raises:
            Unsatisfied: There is no answer.
        """
        if self._side_effect is None and self._return_value is None:
            raise Unsatisfied(f"{self.told}: has no answer; give it one with respond() or mock()")
        return super().resolve(request, **values)


class StrictRouter(respx.Router):
    """A respx router for one test; it patches nothing and is reached through ``transport`` alone.

    At the end of the test call ``finish``, or use it as a context manager. The fixture ``nagorik_router`` does.
    """

    def __init__(self, *, clock: SimulatedClock | None = None, base_url: str | None = None) -> None:
        """Make a router without routes.

        Args:
            clock: On which requests' time limits are counted; one of its own if none is given.
            base_url: Before the address of every route, as in respx.
        """
        super().__init__(assert_all_called=True, assert_all_mocked=True, base_url=base_url)
        self.clock = clock or SimulatedClock()
        self._problems: list[str] = []

    def transport(self) -> httpx.AsyncBaseTransport:
        """A way to this router; give the method itself to a client as its ``transport_factory``."""
        return StrictTransport(self.async_handler, self.clock)

    def route(self, *patterns: Pattern, name: str | None = None, **lookups: Any) -> StrictRoute:
        """Declare a route.

        Raises:
            Unsatisfied: Another one has the same pattern or name: which was meant is not guessed.
        """
        route = StrictRoute(*patterns, **lookups)
        merged = merge_patterns(route.pattern, **self._bases)
        for other in self.routes:
            if other.pattern == merged or (name is not None and other.name == name):
                raise Unsatisfied(f"{masked_pattern(name or repr(merged))}: is declared twice")
        self.add(route, name=name)
        return route

    def forward(self, simulator: Simulator) -> None:
        """Declare an optional route for each operation of a simulator, named as its ledger names it.

        Its faults and time limits are those of ``SimulatorTransport``; share the router's clock with it.
        """
        wire = SimulatorTransport(simulator)
        for operation in sorted(simulator.faults.operations, key=lambda each: (each.count("{"), each)):
            method, path = operation.split(" ", 1)
            pattern = f"{_SEGMENT.sub('[^/]+', re.escape(path))}$"
            route = self.route(method=method, path__regex=f"^{pattern}", name=operation)
            route.optional().mock(side_effect=wire.handle_async_request)

    async def aresolve(self, request: httpx.Request) -> ResolvedRoute:
        """As in respx; whatever fails an assertion is remembered, since a plugin may swallow it."""
        asked = f"{request.method} {masked_path(request.url.path)}"
        try:
            resolved = await super().aresolve(request)
            _refuse_synchronous(resolved, asked)
        except AllMockedAssertionError:
            failure = Unsatisfied(f"{asked}: no route expects it")
        except AssertionError as error:
            self._problems.append(str(error) or type(error).__name__)
            raise
        else:
            return resolved
        self._problems.append(str(failure))
        raise failure

    def finish(self) -> None:
        """End the test.

        Raises:
            Unsatisfied: A request was not expected, an assertion was swallowed, a script was too short or too long,
                or a route was never called.
        """
        unmet = (route.unmet for route in self.routes if isinstance(route, StrictRoute))
        problems = [*dict.fromkeys(self._problems), *(each for each in unmet if each is not None)]
        if problems:
            raise Unsatisfied("\n".join(problems))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """Finish a test, or add a note of what the router met to the ``error`` that a test raised.

        Raises:
            Unsatisfied: As ``finish``, where there was no error.
        """
        if error is None:
            self.finish()
        elif self._problems:
            error.add_note("\n".join(("the strict router met:", *dict.fromkeys(self._problems))))


class _Answers(Iterator[Any]):
    """A script of answers that ends with an assertion."""

    def __init__(self, route: StrictRoute, answers: Iterable[Any]) -> None:
        self._route = route
        self._left = deque(answers) if isinstance(answers, Sequence) else None
        self._source = iter(answers)
        self._given = 0

    @property
    def left(self) -> int:
        """How many answers have not been asked for; 0 where that cannot be known."""
        return len(self._left) if self._left is not None else 0

    def __next__(self) -> Any:
        try:
            answer = next(self._source)
        except StopIteration:
            raise Unsatisfied(f"{self._route.told}: was called after the last of its {self._given} answers") from None
        if self._left is not None:
            self._left.popleft()
        self._given += 1
        return answer


def _refuse_synchronous(resolved: ResolvedRoute, asked: str) -> None:
    stream = resolved.response.stream if resolved.response is not None else None
    if not isinstance(stream, httpx.AsyncByteStream):
        raise Unsatisfied(f"{asked}: its answer needs a body of bytes or an asynchronous stream")
