"""What a campaign says of money: a payment that was taken twice, and what the platform knows of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nagorik import ApplicationState, Money, PaymentState
from nagorik_platform.lifecycle import Hold, Party, Payment
from nagorik_testing.campaign.money import (
    MOST_CAPTURES,
    MoneyCircumstances,
    MoneyLedgers,
    money_problems,
)
from nagorik_testing.simulator.ledger import Effect

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def captured(*amounts: str) -> list[tuple[str, Effect]]:
    return [
        ("till", Effect(kind="capture", reference=f"G-{number}", at=NOW, amount=amount))
        for number, amount in enumerate(amounts)
    ]


def in_question(taken: str | None) -> Payment:
    return Payment(
        id="p-1",
        quote="q-1",
        stage="application",
        gateway="till.counter",
        amount=Money.taka(345),
        taken=None if taken is None else Money.taka(taken),
        state=PaymentState.UNDER_INVESTIGATION,
        opened_at=NOW,
    )


def circumstances(**changed):
    """As at the end of a campaign that leaves nothing to anybody."""
    usual = {"now": NOW, "due_at": None, "looked_after": True, "is_a_case": False, "is_advised": False}
    return MoneyCircumstances(**usual | {"ended_without_result": False} | changed)


def progress(*payments, state=ApplicationState.AWAITING_PAYMENT, hold=None, is_filed=True):
    """An application's, as far as its money is concerned."""
    held = None if hold is None else Hold(party=Party.PERSON, code=hold)
    return SimpleNamespace(payments=payments, state=state, hold=held, client_reference="NGK-1", is_filed=is_filed)


def problems_of(row, taken, given_back=None, recorded=(), **changed):
    """The codes of what is wrong with a row's payments, sorted."""
    ledgers = MoneyLedgers(taken, given_back or {}, {"NGK-1": recorded} if recorded else {})
    return sorted(problem for problem, _ in money_problems(row, ledgers, circumstances(**changed)))


@pytest.mark.parametrize(
    ("taken", "amounts", "found"),
    [
        (None, (), []),
        (None, ("345.00",), []),
        (None, ("345.00", "345.00"), ["captured-twice"]),
        ("345.00", ("345.00", "345.00"), ["captured-twice"]),
        ("690.00", ("345.00", "345.00"), []),
    ],
)
def test_payer_who_paid_twice_is_no_finding_once_the_whole_sum_is_known(taken, amounts, found):
    row = progress(in_question(taken), hold="payment-under-investigation")
    assert problems_of(row, {"p-1": captured(*amounts)}) == found


@pytest.mark.parametrize(
    ("looked_after", "code", "found"),
    [
        (False, "payment-under-investigation", []),
        (True, "payment-under-investigation", ["closed-over-money"]),
        (False, "appearance-required", ["closed-over-money"]),
        (False, None, ["closed-over-money"]),
    ],
)
def test_money_in_question_after_the_end_is_no_finding_while_it_waits_for_an_officer_whom_nobody_sends(
    looked_after, code, found
):
    closed = progress(in_question("690.00"), state=ApplicationState.CLOSED, hold=code)
    taken = {"p-1": captured("345.00", "345.00")}
    assert problems_of(closed, taken, looked_after=looked_after) == found


@pytest.mark.parametrize(
    ("state", "taken", "amounts", "given_back", "in_doubt", "found"),
    [
        ("confirmed", None, ("345.00",), (), False, []),
        ("confirmed", None, ("1.00",), (), False, ["captured-otherwise"]),
        ("confirmed", "1.00", ("1.00",), (), False, []),
        ("confirmed", None, ("345.00",), ("345.00",), False, ["refunded-unaccounted"]),
        ("refunded", None, ("345.00",), ("345.00",), False, []),
        ("refunded", None, ("345.00",), ("172.50",), False, ["refunded-otherwise"]),
        ("refunded", None, ("345.00",), (), False, ["never-refunded"]),
        ("refunded", "690.00", ("345.00", "345.00"), ("690.00",), False, []),
        ("refund_manual", None, ("345.00",), (), False, []),
        ("refund_manual", None, ("345.00",), ("345.00",), False, ["refunded-unaccounted"]),
        ("refund_manual", None, ("345.00",), ("345.00",), True, []),
    ],
)
def test_sums_are_those_of_the_gateway(state, taken, amounts, given_back, in_doubt, found):
    ordered = {"refund_ordered_at": NOW if in_doubt else None}
    payment = in_question(taken).model_copy(update={"state": PaymentState(state), **ordered})
    row = progress(payment, state=ApplicationState.CLOSED)
    back = {"p-1": captured(*given_back)} if given_back else {}
    assert problems_of(row, {"p-1": captured(*amounts)}, back, is_a_case=True) == found


@pytest.mark.parametrize(
    ("state", "due", "is_a_case", "found"),
    [
        ("refund_requested", True, False, []),
        ("refund_requested", False, True, []),
        ("refund_requested", False, False, ["refund-left"]),
        ("refund_pending", False, False, ["refund-left"]),
        ("refund_manual", False, True, []),
        ("refund_manual", True, False, ["refund-left"]),
    ],
)
def test_refund_that_nobody_sees_to_is_left(state, due, is_a_case, found):
    payment = in_question(None).model_copy(update={"state": PaymentState(state)})
    row = progress(payment, state=ApplicationState.REJECTED)
    due_at = NOW if due else None
    assert problems_of(row, {"p-1": captured("345.00")}, due_at=due_at, is_a_case=is_a_case) == found


@pytest.mark.parametrize(
    ("due", "found"),
    [
        (timedelta(0), []),
        (timedelta(days=30), ["captured-unaccounted", "charged-twice"]),
        (None, ["captured-unaccounted", "charged-twice"]),
    ],
)
def test_second_look_is_in_hand_only_while_the_host_takes_the_application_up(due, found):
    one = in_question(None).model_copy(update={"state": PaymentState.CAPTURED, "moved_at": NOW})
    said = {"state": PaymentState.FAILED, "announced_at": NOW}
    row = progress(one, one.model_copy(update={"id": "p-2"} | said), state=ApplicationState.DELIVERED)
    due_at = None if due is None else NOW + due
    taken = {"p-1": captured("345.00"), "p-2": captured("345.00")}
    assert problems_of(row, taken, due_at=due_at) == found


@pytest.mark.parametrize(
    ("is_advised", "recorded", "found"),
    [(True, 1, []), (True, 0, ["confirmed-nowhere"]), (False, 0, [])],
)
def test_confirmed_money_is_booked_at_an_agency_that_is_told_of_it(is_advised, recorded, found):
    row = progress(in_question(None).model_copy(update={"state": PaymentState.CONFIRMED}))
    booked = captured("345.00") * recorded
    assert problems_of(row, {"p-1": captured("345.00")}, recorded=booked, is_advised=is_advised) == found


@pytest.mark.parametrize(
    ("is_filed", "is_advised", "recorded", "hold", "found"),
    [
        (True, True, 0, None, ["kept-for-nothing"]),
        (True, True, 1, None, []),
        (True, False, 0, None, []),
        (False, False, 0, None, ["kept-for-nothing"]),
        (True, True, 0, "payment-under-investigation", []),
    ],
)
def test_money_is_not_kept_where_there_is_nothing_to_show_for_it(is_filed, is_advised, recorded, hold, found):
    payment = in_question(None).model_copy(update={"state": PaymentState.CAPTURED})
    row = progress(payment, state=ApplicationState.REJECTED, hold=hold, is_filed=is_filed)
    booked = captured("345.00") * recorded
    taken = {"p-1": captured("345.00")}
    found_ones = problems_of(row, taken, recorded=booked, is_advised=is_advised, ended_without_result=True)
    assert found_ones == found
    assert problems_of(row, taken, recorded=booked, is_advised=is_advised) == []


@pytest.mark.parametrize(("number", "found"), [(MOST_CAPTURES, []), (MOST_CAPTURES + 1, ["charged-often"])])
def test_money_that_is_taken_again_and_again_is_a_finding_whatever_becomes_of_it(number, found):
    payments = [
        in_question(None).model_copy(update={"id": f"p-{one}", "state": PaymentState.REFUNDED})
        for one in range(number)
    ]
    taken = {payment.id: captured("345.00") for payment in payments}
    assert problems_of(progress(*payments), taken, dict(taken)) == found


@pytest.mark.parametrize(("quoted", "found"), [("345.00", []), ("172.50", ["asked-otherwise"])])
def test_payer_is_asked_for_what_was_quoted(quoted, found):
    row = progress(in_question(None).model_copy(update={"state": PaymentState.CONFIRMED}))
    assert problems_of(row, {"p-1": captured("345.00")}, quoted={"q-1": Money.taka(quoted)}) == found
