"""What two calls of one operation differ in: how they ended, and what was sent for them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from nagorik import NagorikError
from nagorik_testing.contract.verdict import CallEnd
from nagorik_testing.contract.wiretap import WireExchange, body_places
from nagorik_testing.wire.codec import Codec

_OF_CONNECTION: Final = frozenset({"authorization", "content-length", "content-type", "cookie"})
"""Headers that belong to a session that the platform keeps, or repeat what the body says."""


class CallRecord(NamedTuple):
    """How one call ended, and what was sent for it."""

    outcome: object
    requests: tuple[Mapping[str, str], ...]
    given: frozenset[str] = frozenset()
    """The texts that the agency answered with."""

    @classmethod
    def of(cls, end: CallEnd, passed: Sequence[WireExchange], codec: Codec) -> "CallRecord":
        """From how it ended and what passed meanwhile."""
        outcome = end.result if end.error is None else (type(end.error).__name__, _problem(end.error))
        given = frozenset(text for each in passed for text in _texts(each, codec))
        return cls(outcome, tuple(_parts(each, codec) for each in passed), given)


def _problem(error: BaseException) -> object:
    return error.to_problem() if isinstance(error, NagorikError) else None


def _texts(exchange: WireExchange, codec: Codec) -> list[str]:
    try:
        return [text for _, text in codec.answers.places(exchange.answer)]
    except ValueError:
        return []


def _parts(exchange: WireExchange, codec: Codec) -> Mapping[str, str]:
    request = exchange.request
    query = parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)
    parts: dict[str, str] = {}
    for name, value in (
        ("method", request.method),
        ("path", request.url.path),
        *((f"query {name}", value) for name, value in query),
        *((f"header {name}", value) for name, value in request.headers.items() if name not in _OF_CONNECTION),
        ("content type", request.headers.get("content-type", "").partition(";")[0]),
        *((f"body {place}", value) for place, value in body_places(exchange, codec)),
    ):
        # A name that comes several times has all of its values, in order.
        parts[name] = f"{parts[name]}\0{value}" if name in parts else value
    return parts


def differences(usual: CallRecord, now: CallRecord) -> list[str]:
    """What two calls differ in, without a value."""
    differing = []
    if usual.outcome != now.outcome:
        differing.append(f"ends otherwise: {_shown(usual.outcome, now.outcome)}")
    if len(usual.requests) != len(now.requests):
        return [*differing, f"sends {len(now.requests)} requests and not {len(usual.requests)}"]
    for number, one, other in _paired(usual.requests, now.requests):
        others = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
        if not _only_rearranged(
            [{name: request.get(name, "") for name in others} for request in (one, other)], usual, now
        ):
            differing += [f"sends another {name} in request {number}" for name in sorted(others)]
    return differing


def _paired(
    usual: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]
) -> Iterator[tuple[int, Mapping[str, str], Mapping[str, str]]]:
    """The requests that differ, with their number; those sent side by side may have come in another order."""
    left = list(enumerate(now, start=1))
    unlike = []
    for one in usual:
        same = next((held for held in left if held[1] == one), None)
        if same is None:
            unlike.append(one)
        else:
            left.remove(same)
    for one, (number, other) in zip(unlike, left, strict=True):
        yield number, one, other


def _only_rearranged(parts: Sequence[Mapping[str, str]], usual: CallRecord, now: CallRecord) -> bool:
    """Whether the same values stand at other places, all of which the agency gave out during the call.

    It may name papers that are uploaded side by side in the order in which they happen to come.
    """
    one, other = (sorted(part.values()) for part in parts)
    return one == other and usual.given.issuperset(one) and now.given.issuperset(other)


def _shown(usual: object, now: object) -> str:
    if isinstance(now, tuple) or isinstance(usual, tuple):
        return " and not ".join(str(each[0]) if isinstance(each, tuple) else "in a result" for each in (now, usual))
    fields = getattr(type(now), "model_fields", {})
    others = [name for name in fields if getattr(now, name) != getattr(usual, name, None)]
    return f"another {', '.join(others)}" if others else "another result"
