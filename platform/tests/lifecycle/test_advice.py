"""What a citizen is told to do: one thing or another, or nothing, and never both."""

import itertools
from functools import cache

import pytest

from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.operations import Operation
from nagorik.values.sentences import Text
from nagorik_platform.lifecycle import (
    Hold,
    Party,
    Payment,
    Progress,
    StateExplanation,
    nothing_to_do,
    open_progress,
    state_advice,
    what_to_do,
)
from nagorik_platform.lifecycle.explanation import ReceivedStatus, StandingRefusal
from nagorik_platform.lifecycle.refusals import CallRefusal

from . import factories

NOTHING = nothing_to_do()
OPENED = open_progress(factories.opened())
DO_THIS = Text(bn="এটি করুন।", en="Do this.")
HOLDS = [
    None,
    *(Hold(party=Party.CITIZEN, code=code) for code in ("input-rejected", "consent-absent", "to-be-received")),
    Hold(party=Party.PERSON, code="payment-unknown"),
    Hold(party=Party.AGENCY, code="report-expected"),
]


@cache
def payment_in(state: P) -> Payment:
    said = {"id": "p", "quote": "q", "stage": "application", "gateway": "g", "amount": factories.taka(1)}
    return Payment(**said, state=state, opened_at=factories.NOON)


def progress_of(
    state: S, *, hold: Hold | None = None, flags: frozenset[Flag] = frozenset(), payment: P | None = None
) -> Progress:
    payments = () if payment is None else (payment_in(payment),)
    return OPENED.model_copy(update={"state": state, "hold": hold, "flags": flags, "payments": payments})


@pytest.mark.parametrize("state", S)
def test_nothing_is_to_be_done_or_something_and_never_both(state):
    for hold, flag, payment in itertools.product(HOLDS, (None, *Flag), (None, *P)):
        progress = progress_of(state, hold=hold, flags=frozenset({flag} - {None}), payment=payment)
        for ended_as in (None, S.REJECTED, S.DELIVERED) if state is S.CLOSED else (None,):
            told = what_to_do(progress, StateExplanation(state=state, ended_as=ended_as), DO_THIS)
            assert told, "somebody is told nothing at all"
            assert NOTHING not in told or told == (NOTHING,)
            assert len(set(told)) == len(told)


@pytest.mark.parametrize("state", S)
def test_whoever_is_waited_for_is_never_told_that_nothing_is_to_be_done(state):
    for code in ("input-rejected", "ineligible", "consent-absent", "payment-failed"):
        progress = progress_of(state, hold=Hold(party=Party.CITIZEN, code=code))
        assert DO_THIS in what_to_do(progress, StateExplanation(), DO_THIS)


@pytest.mark.parametrize(
    ("state", "hold"),
    [
        (S.CORRECTION_REQUESTED, "correction-requested"),
        (S.AWAITING_APPEARANCE, "appearance-required"),
        (S.ISSUED, "to-be-received"),
        (S.DELIVERY_FAILED, "to-be-received"),
    ],
)
def test_what_the_state_asks_for_is_told_once(state, hold):
    progress = progress_of(state, hold=Hold(party=Party.CITIZEN, code=hold))
    assert what_to_do(progress, StateExplanation(), DO_THIS) == (state_advice(state),)


@pytest.mark.parametrize("state", [S.DRAFT, S.READY, S.SUBMITTED, S.IN_REVIEW, S.APPROVED, S.MANUAL_REVIEW])
def test_who_only_waits_is_told_so(state):
    assert what_to_do(progress_of(state), StateExplanation(), None) == (NOTHING,)


def test_who_waits_is_told_what_a_flag_asks():
    flags = frozenset({Flag.THIRD_PARTY_VERIFICATION, Flag.IN_PRODUCTION})
    told = what_to_do(progress_of(S.IN_REVIEW, flags=flags), StateExplanation(), None)
    assert told == (state_advice(Flag.THIRD_PARTY_VERIFICATION),)


def test_who_waits_is_told_to_read_what_the_agency_says():
    says = factories.status(S.IN_REVIEW).model_copy(update={"remark": "Choose a day."})
    said = StateExplanation(report=ReceivedStatus(at=factories.NOON, status=says))
    assert what_to_do(progress_of(S.IN_REVIEW), said, None) == (nothing_to_do(agency_says=True),)


def refusal_of(operation: Operation) -> StandingRefusal:
    return StandingRefusal(operation=operation, at=factories.NOON, refusal=CallRefusal(code="come"))


@pytest.mark.parametrize("operation", [Operation.WITHDRAW, Operation.ANSWER_CORRECTION, Operation.REFUND_PAYMENT])
@pytest.mark.parametrize("state", S)
def test_nobody_is_told_to_do_nothing_below_a_refusal_that_asks_for_something(state, operation):
    for hold, flag, payment in itertools.product(HOLDS, (None, *Flag), (None, *P)):
        progress = progress_of(state, hold=hold, flags=frozenset({flag} - {None}), payment=payment)
        for ended_as in (None, S.REJECTED, S.DELIVERED) if state is S.CLOSED else (None,):
            said = StateExplanation(state=state, ended_as=ended_as)
            refused = said.model_copy(update={"refusals": (refusal_of(operation),)})
            told, before = (what_to_do(progress, one, DO_THIS) for one in (refused, said))
            assert told == ((nothing_to_do(refused=True),) if before == (NOTHING,) else before)
