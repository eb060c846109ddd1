"""An operation as it is without a fault, and which of its requests is to meet them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nagorik import Operation, PluginFault
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.matrix import OperationKind
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.verdict import CallEnd, Origin
from nagorik_testing.contract.wiretap import Wiretap, places_of
from nagorik_testing.wire.codec import ERROR_STATUS


@dataclass(frozen=True, slots=True)
class UsualCall:
    """An operation without a fault, and which of its requests is to meet them.

    Attributes:
        result: What it returns.
        step: The request, as the ledger names it: the last write that had an effect, of reads the last that was
            answered; ``None`` if none is made.
        turn: Which of the requests to its address it is, from 1: those before it ask for others, such as earlier
            pages.
        effects_before: Effects of the same call before it, such as an upload's.
        is_after_writes: Whether something that may be a write went before it.
        left: What the agency did for good meanwhile.
        unrouted: The requests that no route of the simulator took; empty where each was taken.
        missing: Why it cannot be called; empty if it can.
        origin: Where the plugin failed then.
    """

    result: object = None
    step: str | None = None
    turn: int = 1
    effects_before: int = 0
    is_after_writes: bool = False
    left: Counter[str] = field(default_factory=Counter)
    unrouted: str = ""
    missing: str = ""
    origin: Origin | None = None


class _Made(NamedTuple):
    step: str
    is_login: bool
    says: frozenset[tuple[str, str]]
    """What it says, by place."""
    method: str
    answered: bool
    """Whether the answer brings something."""
    effects: Counter[str]
    """Effects until it arrived."""


async def call_usually(
    rig: Rig, tap: Wiretap, operation: Operation, kind: OperationKind
) -> tuple[CallEnd, UsualCall]:
    """Call an operation that is prepared, without a fault.

    Args:
        rig: Where it is called.
        tap: Hears what is sent on it.
        operation: What is called.
        kind: What may be done about its answer when that is lost.
    """
    ledger, effects = rig.simulator.ledger, list[Counter[str]]()
    before, passed, begun = len(ledger.requests()), len(tap.exchanges), rig.effects()
    ledger.on_request = lambda _: effects.append(rig.effects())
    end = await call_operation(rig, operation)
    ledger.on_request = None
    effects.append(rig.effects())
    lost = dict.fromkeys(each.operation for each in tap.exchanges[passed:] if each.is_unrouted)
    unrouted = f"no route of the simulator takes {' and '.join(lost)}" if lost else ""
    made = [
        _Made(
            seen.operation,
            seen.is_login,
            frozenset(places_of([sent], rig.simulator.codec).items()),
            sent.request.method,
            (seen.status or ERROR_STATUS) < ERROR_STATUS,
            until,
        )
        for seen, sent, until in zip(ledger.requests()[before:], tap.exchanges[passed:], effects, strict=False)
    ]
    asked = [number for number, one in enumerate(made) if not one.is_login]
    left = effects[-1] - begun
    if not asked:
        return end, UsualCall(end.result, left=left, unrouted=unrouted)
    chosen = _chosen(asked, made, effects, kind)
    there = [number for number in asked if number <= chosen and made[number].step == made[chosen].step]
    turn = len({made[number].says for number in there})
    met = there[turn - 1]
    return end, UsualCall(
        end.result,
        made[met].step,
        turn,
        effects_before=(made[met].effects - begun).total(),
        is_after_writes=any(made[number].method != "GET" for number in asked if number < met),
        left=left,
        unrouted=unrouted,
    )


def _chosen(asked: Sequence[int], made: Sequence[_Made], effects: Sequence[Counter[str]], kind: OperationKind) -> int:
    """Which of the requests is to meet the faults."""
    if kind is OperationKind.READ:
        wanted = [number for number in asked if made[number].answered]
    else:
        wanted = [number for number in asked if effects[number + 1] - effects[number]]
    return (wanted or asked)[-1]


def logins_since(rig: Rig, since: int) -> str:
    """The logins after the first ``since`` requests and what the agency answered; empty where there are none."""
    statuses = Counter(seen.status for seen in rig.simulator.ledger.requests()[since:] if seen.is_login)
    return "".join(
        f", {count} login{'' if count == 1 else 's'} {f'answered {status}' if status else 'without an answer'}"
        for status, count in statuses.items()
    )


def end_name(end: CallEnd) -> str:
    """The type of a call's result, or of its error; of a plugin's fault also that of the exception behind it."""
    name = type(end.error if end.error is not None else end.result).__name__
    return f"{name} ({end.error.exception})" if isinstance(end.error, PluginFault) and end.error.exception else name
