"""What the host says of payments against what gateways took and gave back, and what the agency knows of."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.values import Money
from nagorik_platform.lifecycle import Payment, Progress, is_settled
from nagorik_platform.lifecycle.events import Moved
from nagorik_platform.lifecycle.next_action import next_look_at
from nagorik_platform.lifecycle.rules.holds import MONEY_HOLDS
from nagorik_platform.lifecycle.tables import (
    ENDED_WITHOUT_RESULT,
    MONEY_ASKED_ABOUT,
    MONEY_FOR_A_PERSON,
    MONEY_TAKEN,
)
from nagorik_simulation.campaign.agencies import EffectsByReference
from nagorik_testing.simulator.ledger import Effect

_SAID_NO_MONEY: Final = frozenset({P.QUOTED, P.FAILED, P.EXPIRED, P.CANCELLED})
_ON_ITS_WAY_BACK: Final = frozenset({P.REFUND_REQUESTED, P.REFUND_PENDING})
_WITH_A_SUM: Final = MONEY_TAKEN | _ON_ITS_WAY_BACK | {P.REFUND_MANUAL, P.REFUNDED}
"""States in which the host says how much was taken."""
UNDER_WAY: Final = timedelta(hours=36)
"""For how long a gateway may be asked about a payment that a campaign's time has run out on; so long its time is."""
MOST_CAPTURES: Final = 8
"""How often at most money may be taken for one stage. Three payments are drawn for an
application, each of which may be doubled, and two more are what an agency's refusals bring about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyCircumstances:
    """What gateways and the agency hold, and what else says whether an application's money is seen to.

    Attributes:
        captured: What gateways took, by payment.
        refunded: What gateways gave back, by payment.
        recorded: How many payments its agency has booked.
        now: When a campaign's time ran out.
        due_at: When the host takes the application up again, if it does.
        looked_after: Whether an officer of the campaign does.
        is_a_case: Whether an officer can see it among what waits for one.
        is_advised: Whether its agency is informed of what was paid.
        ended_without_result: Whether the citizen has nothing to show for what was paid.
        quoted: What each quote comes to, by its id.
    """

    captured: EffectsByReference
    refunded: EffectsByReference
    recorded: int
    now: datetime
    due_at: datetime | None
    looked_after: bool
    is_a_case: bool
    is_advised: bool
    ended_without_result: bool
    quoted: Mapping[str, Money]


def money_problems(progress: Progress, circumstances: MoneyCircumstances) -> Iterator[tuple[str, str]]:
    """What of an application's payments harms the citizen and is not seen to: codes, each with states and numbers."""
    # What comes out of a payment after the end is an officer's, and waits for one where there is none.
    asks_an_officer = progress.hold is not None and progress.hold.code in MONEY_HOLDS
    waits = not circumstances.looked_after and asks_an_officer
    kept: Counter[str] = Counter()
    captures: Counter[str] = Counter()
    for payment in progress.payments:
        captured = circumstances.captured.get(payment.id, ())
        refunded = circumstances.refunded.get(payment.id, ())
        in_hand = _is_in_hand(payment, circumstances) or (asks_an_officer and payment.state in MONEY_FOR_A_PERSON)
        is_open = in_hand and progress.state is not S.CLOSED
        is_asked = is_open and payment.state in MONEY_ASKED_ABOUT
        taken, back = _captures(payment, captured, circumstances, is_asked=is_asked), len(refunded)
        kept[payment.stage] += 0 if is_open or payment.state is P.REFUND_MANUAL else max(taken - back, 0)
        captures[payment.stage] += len(captured)
        quoted, charged = circumstances.quoted.get(payment.quote), sum(line.total.poisha for line in payment.charges)
        if quoted is not None and payment.amount.poisha != quoted.poisha + charged:
            yield "asked-otherwise", "another sum than was quoted, with the host's charges"
        if taken > 1:
            yield "captured-twice", f"{taken} times"
        else:
            yield from _sums(payment, captured, refunded, circumstances)
        if back > 1:
            yield "refunded-twice", f"{back} times"
        closed = progress.state is S.CLOSED and not (waits and payment.state is P.UNDER_INVESTIGATION)
        yield from _payment(payment, circumstances, taken=bool(taken), back=bool(back), closed=closed)
        is_seen_to = circumstances.is_a_case or (
            payment.state in _ON_ITS_WAY_BACK and circumstances.due_at is not None
        )
        if payment.state in _ON_ITS_WAY_BACK | {P.REFUND_MANUAL} and not is_seen_to:
            yield "refund-left", f"{payment.state.value}, and nobody sees to it"
    for stage, number in kept.items():
        if number > 1:
            yield "charged-twice", f"{number} payments kept for {stage}"
    for stage, number in captures.items():
        if number > MOST_CAPTURES:
            yield "charged-often", f"{number} captures for {stage}"
    yield from _at_the_agency(progress, circumstances, asks_an_officer=asks_an_officer)


def _is_in_hand(payment: Payment, circumstances: MoneyCircumstances) -> bool:
    """Whether the host will see to it yet: it asks whether there is money, or has asked for it to be given back."""
    if payment.state in _SAID_NO_MONEY:
        return _is_looked_at(payment, circumstances)
    since = payment.refund_requested_at if payment.state in _ON_ITS_WAY_BACK else payment.moved_at
    is_late = circumstances.now - (since or payment.opened_at) > UNDER_WAY
    return payment.state in MONEY_ASKED_ABOUT | _ON_ITS_WAY_BACK and not is_late


def _is_looked_at(payment: Payment, circumstances: MoneyCircumstances) -> bool:
    """Whether the host asks about it once more, at the instant that it has set itself or soon after."""
    look = next_look_at(payment)
    if look is None or circumstances.due_at is None:
        return False
    return max(circumstances.due_at, circumstances.now) <= max(look, circumstances.now) + UNDER_WAY


def _captures(
    payment: Payment,
    captured: Sequence[tuple[str, Effect]],
    circumstances: MoneyCircumstances,
    *,
    is_asked: bool,
) -> int:
    """How often money was taken; twice for one payment is once where the whole sum is known, or still asked for."""
    known = payment.taken is not None and payment.taken.poisha == _poisha(captured)
    is_once = known or is_asked or _is_looked_at(payment, circumstances)
    return min(len(captured), 1) if is_once else len(captured)


def _poisha(effects: Sequence[tuple[str, Effect]]) -> int:
    return sum(Money.taka(effect.amount).poisha for _, effect in effects if effect.amount is not None)


def _sums(
    payment: Payment,
    captured: Sequence[tuple[str, Effect]],
    refunded: Sequence[tuple[str, Effect]],
    circumstances: MoneyCircumstances,
) -> Iterator[tuple[str, str]]:
    """Whether the host knows how much it is about."""
    state, known = payment.state, payment.sum.poisha
    # What was taken for the same payment once more is found by a later look.
    if len(captured) == 1 and state in _WITH_A_SUM and known != _poisha(captured):
        yield "captured-otherwise", f"another sum than the host says, {state.value}"
    is_whole = known == _poisha(captured) or (len(captured) > 1 and _is_looked_at(payment, circumstances))
    if refunded and state is P.REFUNDED and not (is_whole and known == _poisha(refunded)):
        yield "refunded-otherwise", "another sum than was taken"
    # Where it may have been given back an officer sees that, and asks.
    unaccounted = state in MONEY_TAKEN or (state is P.REFUND_MANUAL and not payment.refund_in_doubt)
    if refunded and unaccounted:
        yield "refunded-unaccounted", f"the gateway gave it back, here it is {state.value}"


def _payment(
    payment: Payment, circumstances: MoneyCircumstances, *, taken: bool, back: bool, closed: bool
) -> Iterator[tuple[str, str]]:
    state = payment.state
    if taken and state in _SAID_NO_MONEY and (closed or not _is_looked_at(payment, circumstances)):
        yield "captured-unaccounted", f"the gateway took it, here it is {state.value}"
    if taken and closed and not is_settled(state):
        yield "closed-over-money", state.value
    if not taken and state in MONEY_TAKEN | {P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUNDED}:
        yield "never-captured", f"{state.value} here and not at the gateway"
    if state is P.REFUNDED and not back:
        yield "never-refunded", "given back here and not at the gateway"
    if closed and state in MONEY_ASKED_ABOUT:
        yield "closed-over-question", state.value


def _at_the_agency(
    progress: Progress, circumstances: MoneyCircumstances, *, asks_an_officer: bool
) -> Iterator[tuple[str, str]]:
    """Whether the agency has what it is said to have been paid, or the citizen has it back."""
    recorded, confirmed = circumstances.recorded, sum(one.state is P.CONFIRMED for one in progress.payments)
    if circumstances.is_advised and confirmed > recorded:
        yield "confirmed-nowhere", f"{confirmed} payments confirmed here, {recorded} at the agency"
    kept = [payment.state for payment in progress.payments if payment.state in MONEY_TAKEN]
    is_spent = recorded or (progress.is_filed and not circumstances.is_advised)
    if kept and circumstances.ended_without_result and not is_spent and not asks_an_officer:
        yield "kept-for-nothing", f"{kept[0].value}, and the application ended without a result"


def ended_without_result(events: Iterable[object]) -> bool:
    """Whether an application with this journal has come to nothing."""
    ends = [event.to for event in events if isinstance(event, Moved) and event.to is not S.CLOSED]
    return bool(ends) and ends[-1] in ENDED_WITHOUT_RESULT
