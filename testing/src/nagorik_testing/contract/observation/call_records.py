"""What two calls of one operation differ in: how they ended, and what was sent for them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple


class CallRecord(NamedTuple):
    """How one call ended, and what was sent for it."""

    outcome: object
    requests: tuple[Mapping[str, str], ...]
    given: frozenset[str] = frozenset()
    """Digests of the values that the agency answered with."""


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
