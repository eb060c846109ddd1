"""What two calls of one operation differ in: how they ended, and what was sent for them."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from nagorik import NagorikError
from nagorik_testing.contract.verdict import CallEnd, plain_values
from nagorik_testing.contract.wiretap import Places, WireExchange, differing, places_of
from nagorik_testing.wire.codec import Codec

_OF_CONNECTION: Final = frozenset({"authorization", "content-length", "content-type", "cookie"})
"""Headers that belong to a session that the platform keeps, or repeat what the body says."""


class CallRecord(NamedTuple):
    """How one call ended, and what was sent for it, as plain values.

    Attributes:
        error: The name of the exception in which it ended; empty where it had a result.
        end: The result's values by field, or the error as a problem.
        requests: How many were sent.
        sent: What they said, by place.
    """

    error: str
    end: Mapping[str, object]
    requests: int
    sent: Places

    @classmethod
    def of(cls, end: CallEnd, passed: Sequence[WireExchange], codec: Codec) -> "CallRecord":
        """Make one from how a call ended and what passed meanwhile."""
        headers = {
            f"{number} header {name}": value
            for number, each in enumerate(passed, start=1)
            for name, value in each.request.headers.items()
            if name not in _OF_CONNECTION
        }
        sent = places_of(passed, codec) | headers
        if end.error is not None:
            problem = end.error.to_problem() if isinstance(end.error, NagorikError) else {}
            return cls(type(end.error).__name__, dict(problem), len(passed), sent)
        values = plain_values(end.result)
        return cls("", values if isinstance(values, dict) else {"result": values}, len(passed), sent)


def differences(usual: CallRecord, now: CallRecord) -> list[str]:
    """Return what two calls differ in, without a value."""
    found = []
    if usual.error or now.error:
        if (usual.error, usual.end) != (now.error, now.end):
            ends = (each.error or "in a result" for each in (now, usual))
            found.append(f"ends otherwise: {' and not '.join(ends)}")
    elif others := [name for name, value in now.end.items() if value != usual.end.get(name)]:
        found.append(f"ends otherwise: another {', '.join(others)}")
    if usual.requests != now.requests:
        return [*found, f"sends {now.requests} requests and not {usual.requests}"]
    places = (place.partition(" ") for place in sorted(differing(usual.sent, now.sent)))
    return [*found, *(f"sends another {what} in request {number}" for number, _, what in places)]
