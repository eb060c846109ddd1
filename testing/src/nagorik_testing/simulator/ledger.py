"""What really happened at the agency: every effect and every request, in order, never taken back."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

from nagorik.clock import Clock

CLIENT_REFERENCE_ALIAS: Final = "client-{number}"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that the agency did for good: an application filed, a payment recorded."""

    kind: str
    """Such as ``application``, ``payment``, ``refund``."""
    reference: str
    """The agency's own reference."""
    at: datetime
    """When, on the simulator's clock, in UTC."""
    client_reference: str | None = None
    idempotency_key: str | None = None
    amount: str | None = None
    """Taka with two places, for effects that move money."""
    metered: bool = False
    """Whether it is a count that the agency keeps of being asked, such as a line of a partner's bill: it follows from
    any request, and nobody asked for it, so that what causes nothing else is still safe (RFC 9110, 9.2.1)."""


@dataclass(frozen=True, slots=True)
class ArrivedPaper:
    """One document that reached the agency; nothing of what it says."""

    name: str
    """What the request calls it."""
    media_type: str
    """As it is labelled; empty where it is not."""
    size: int
    """In bytes."""
    sha256: str
    at: datetime
    """When, on the simulator's clock, in UTC."""
    client_reference: str | None = None


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request that reached the agency's door; nothing of its payload, nor its path as sent."""

    number: int
    """Place in the order of arrival, from 1."""
    operation: str
    """The route that took it: ``GET /applications/{id}``, or ``POST /service File`` where it is one of several at an
    address; ``unrouted`` where no route took it."""
    at: datetime
    client_reference: str | None
    idempotency_key: str | None
    fault: str | None = None
    """Code of the fault that it met."""
    is_login: bool = False
    """Whether the plugin's ``login`` sent it."""
    status: int | None = None
    """What the agency answered, whether or not the answer arrived; ``None`` where it never processed the request."""


class Ledger:
    """The append-only record of one simulated agency.

    Holds references, keys, amounts and times, and no personal data.

    Attributes:
        on_effect: Hears of every effect as it happens, before whoever asked for it has an answer.
        on_request: Hears of every request as it arrives, before anything is made of it.
    """

    def __init__(self, clock: Clock, catch_up: Callable[[], None] | None = None) -> None:
        """Begin a record.

        Args:
            clock: The agency's time.
            catch_up: Lets everything happen that has fallen due; called before effects are read, so that they include
                what happened since the last request.
        """
        self._clock = clock
        self._catch_up = catch_up
        self._effects: list[Effect] = []
        self._requests: list[SeenRequest] = []
        self._papers: list[ArrivedPaper] = []
        self._aliases: dict[str, str] = {}
        self.on_effect: Callable[[Effect], None] | None = None
        self.on_request: Callable[[SeenRequest], None] | None = None

    def record(
        self,
        kind: str,
        reference: str,
        *,
        client_reference: str | None = None,
        idempotency_key: str | None = None,
        amount: str | None = None,
        at: datetime | None = None,
        metered: bool = False,
    ) -> Effect:
        """Write down an effect, now or at the instant at which it fell due."""
        effect = Effect(kind, reference, at or self._clock.now(), client_reference, idempotency_key, amount, metered)
        self._effects.append(effect)
        if self.on_effect is not None:
            self.on_effect(effect)
        return effect

    def paper(
        self, name: str, media_type: str, content: bytes, *, client_reference: str | None = None
    ) -> ArrivedPaper:
        """Write down a document that arrived, now.

        Files of a multipart request are written down by themselves; an agency that takes them otherwise, such as in
        Base64 or at an address of their own, writes them down here.
        """
        digest = hashlib.sha256(content).hexdigest()
        paper = ArrivedPaper(name, media_type, len(content), digest, self._clock.now(), client_reference)
        self._papers.append(paper)
        return paper

    def arrived(
        self,
        operation: str,
        *,
        client_reference: str | None,
        idempotency_key: str | None,
        fault: str | None,
        is_login: bool = False,
    ) -> int:
        """Write down a request, now; its number."""
        number = len(self._requests) + 1
        if client_reference is not None:
            self.alias(client_reference)
        now = self._clock.now()
        seen = SeenRequest(number, operation, now, client_reference, idempotency_key, fault, is_login)
        self._requests.append(seen)
        if self.on_request is not None:
            self.on_request(seen)
        return number

    def answered(self, number: int, status: int) -> None:
        """Add to a request what the agency answered."""
        self._requests[number - 1] = replace(self._requests[number - 1], status=status)

    def alias(self, client_reference: str) -> str:
        """The short name of a client reference: ``client-1`` for the first that was seen, and so on."""
        name = CLIENT_REFERENCE_ALIAS.format(number=len(self._aliases) + 1)
        return self._aliases.setdefault(client_reference, name)

    def effects(self, kind: str | None = None, *, client_reference: str | None = None) -> tuple[Effect, ...]:
        """Effects in order, of one kind, of one client reference, or all."""
        if self._catch_up is not None:
            self._catch_up()
        return tuple(
            effect
            for effect in self._effects
            if kind in {None, effect.kind} and client_reference in {None, effect.client_reference}
        )

    def requests(
        self, operation: str | None = None, *, client_reference: str | None = None
    ) -> tuple[SeenRequest, ...]:
        """Requests in order of arrival, of one operation, of one client reference, or all."""
        return tuple(
            seen
            for seen in self._requests
            if operation in {None, seen.operation} and client_reference in {None, seen.client_reference}
        )

    def papers(self, *, client_reference: str | None = None) -> tuple[ArrivedPaper, ...]:
        """Documents in order of arrival, of one client reference or all."""
        return tuple(paper for paper in self._papers if client_reference in {None, paper.client_reference})

    @property
    def effect_counts(self) -> Counter[str]:
        """How many effects there are of each kind."""
        return Counter(effect.kind for effect in self.effects())

    @property
    def request_counts(self) -> Counter[str]:
        """How many requests there were of each operation."""
        return Counter(seen.operation for seen in self._requests)

    def clear(self) -> None:
        """Begin a new record; for a simulator that is reset."""
        self._effects.clear()
        self._requests.clear()
        self._papers.clear()
        self._aliases.clear()

    def as_document(self) -> dict[str, object]:
        """The whole ledger in JSON types, instants in RFC 3339."""
        return {
            "effects": [_document(asdict(effect)) for effect in self.effects()],
            "requests": [_document(asdict(seen)) for seen in self._requests],
            "papers": [_document(asdict(paper)) for paper in self._papers],
            "effect_counts": dict(self.effect_counts),
            "request_counts": dict(self.request_counts),
        }


def _document(record: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in record.items()}
