"""An operation as it is without a fault, and which of its requests is to meet them."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from nagorik import Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.matrix_cells import OperationKind
from nagorik_testing.contract.rig import Rig, is_login
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CallEnd, NotReachable
from nagorik_testing.contract.wiretap import Wiretap, places_of
from nagorik_testing.wire.codec import ERROR_STATUS


class UsualCall(NamedTuple):
    """An operation without a fault, and which of its requests is to meet them."""

    result: object
    step: str
    """The request, as the ledger names it: the last write that had an effect, of reads the last that was answered."""
    turn: int
    """Which of the requests to its address it is, from 1: those before it ask for others, such as earlier pages."""
    effects_before: int
    """Effects of the same call before it, such as an upload's."""
    is_after_writes: bool
    """Whether something that may be a write went before it."""


class _Made(NamedTuple):
    step: str
    says: frozenset[tuple[str, str]]
    """What it says, by place."""
    method: str
    answered: bool
    """Whether the answer brings something."""
    effects: Counter[str]
    """Effects until it arrived."""


async def without_fault(subject: Subject, offer: AnyOffer, operation: Operation) -> UsualCall | None:
    """An operation without a fault; ``None`` if it makes no request.

    Raises:
        NotReachable: The operation cannot be called, or fails without any fault.
    """
    tap, effects = Wiretap(), list[Counter[str]]()
    async with open_rig(tap.on(subject), offer.id) as rig:
        await rig.prepare(operation)
        ledger = rig.simulator.ledger
        before, passed = len(ledger.requests()), len(tap.exchanges)
        ledger.on_request = lambda _: effects.append(effects_of(rig))
        end = await rig.call(operation)
        ledger.on_request = None
        if end.error is not None:
            raise NotReachable(f"{end_name(end)} without any fault{logins_since(rig, before)}")
        effects.append(effects_of(rig))
        made = [
            _Made(
                seen.operation,
                frozenset(places_of([sent], rig.simulator.codec).items()),
                sent.request.method,
                (seen.status or ERROR_STATUS) < ERROR_STATUS,
                until,
            )
            for seen, sent, until in zip(ledger.requests()[before:], tap.exchanges[passed:], effects, strict=False)
        ]
    asked = [number for number, one in enumerate(made) if not is_login(one.step)]
    if not asked:
        return None
    chosen = _chosen(asked, made, effects, writing=OperationKind.of(offer.writes.get(operation)))
    there = [number for number in asked if number <= chosen and made[number].step == made[chosen].step]
    turn = len({made[number].says for number in there})
    met = there[turn - 1]
    return UsualCall(
        end.result,
        made[met].step,
        turn,
        (made[met].effects - effects[0]).total(),
        any(made[number].method != "GET" for number in asked if number < met),
    )


def _chosen(
    asked: Sequence[int], made: Sequence[_Made], effects: Sequence[Counter[str]], *, writing: OperationKind
) -> int:
    """Which of the requests is to meet the faults."""
    if writing is OperationKind.READ:
        wanted = [number for number in asked if made[number].answered]
    else:
        wanted = [number for number in asked if effects[number + 1] - effects[number]]
    return (wanted or asked)[-1]


def effects_of(rig: Rig) -> Counter[str]:
    """Effects by kind; a login is none that a citizen would notice."""
    counts = rig.simulator.ledger.effect_counts
    return Counter({kind: count for kind, count in counts.items() if kind != "login"})


def logins_since(rig: Rig, since: int) -> str:
    """The logins after the first ``since`` requests and what the agency answered; empty where there are none."""
    statuses = Counter(seen.status for seen in rig.simulator.ledger.requests()[since:] if is_login(seen.operation))
    return "".join(
        f", {count} login{'' if count == 1 else 's'} {f'answered {status}' if status else 'without an answer'}"
        for status, count in statuses.items()
    )


def end_name(end: CallEnd) -> str:
    """The type of a call's result, or of its error."""
    return type(end.error if end.error is not None else end.result).__name__
