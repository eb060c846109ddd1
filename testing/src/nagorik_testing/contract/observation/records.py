"""What two calls of one operation differ in: how they ended, and what was sent for them."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from nagorik import NagorikError
from nagorik_testing.contract.verdict import CallEnd, plain_values
from nagorik_testing.contract.wiretap import WireExchange, body_places
from nagorik_testing.wire.codec import Codec

_OF_CONNECTION: Final = frozenset({"authorization", "content-length", "content-type", "cookie"})
"""Headers that belong to a session that the platform keeps, or repeat what the body says."""


class CallRecord(NamedTuple):
    """How one call ended, and what was sent for it, as plain values.

    Attributes:
        error: The name of the exception in which it ended; empty where it had a result.
        end: The result's values by field, or the error as a problem.
        requests: What each request said, by place.
        given: The texts that the agency answered with.
    """

    error: str
    end: Mapping[str, object]
    requests: Sequence[Mapping[str, str]]
    given: frozenset[str] = frozenset()

    @classmethod
    def of(cls, end: CallEnd, passed: Sequence[WireExchange], codec: Codec) -> "CallRecord":
        """Make one from how a call ended and what passed meanwhile."""
        given = frozenset(text for each in passed for text in _texts(each, codec))
        requests = [_parts(each, codec) for each in passed]
        if end.error is not None:
            problem = end.error.to_problem() if isinstance(end.error, NagorikError) else {}
            return cls(type(end.error).__name__, dict(problem), requests, given)
        values = plain_values(end.result)
        return cls("", values if isinstance(values, dict) else {"result": values}, requests, given)


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
    """Return what two calls differ in, without a value."""
    differing = []
    if usual.error or now.error:
        if (usual.error, usual.end) != (now.error, now.end):
            ends = (each.error or "in a result" for each in (now, usual))
            differing.append(f"ends otherwise: {' and not '.join(ends)}")
    elif others := [name for name, value in now.end.items() if value != usual.end.get(name)]:
        differing.append(f"ends otherwise: another {', '.join(others)}")
    if len(usual.requests) != len(now.requests):
        return [*differing, f"sends {len(now.requests)} requests and not {len(usual.requests)}"]
    # Those sent side by side may have come in another order.
    left, unlike = list(enumerate(now.requests, start=1)), []
    for one in usual.requests:
        same = next((held for held in left if held[1] == one), None)
        unlike.append(one) if same is None else left.remove(same)
    for one, (number, other) in zip(unlike, left, strict=True):
        names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
        values, others_values = (sorted(each.get(name, "") for name in names) for each in (one, other))
        # A plugin may name documents that are uploaded side by side in the order in which they happen to come.
        rearranged = values == others_values and usual.given & now.given >= {*values}
        differing += [] if rearranged else [f"sends another {name} in request {number}" for name in names]
    return differing
