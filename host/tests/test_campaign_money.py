"""What a campaign says of money: a payment that was taken twice, and what the platform knows of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nagorik import ApplicationState, Money, PaymentState
from nagorik_platform.lifecycle import Hold, Party, Payment
from nagorik_testing.campaign.comparison import UNDER_WAY, _captures, _money
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


@pytest.mark.parametrize(
    ("taken", "amounts", "counted"),
    [
        (None, (), 0),
        (None, ("345.00",), 1),
        (None, ("345.00", "345.00"), 2),
        ("345.00", ("345.00", "345.00"), 2),
        ("690.00", ("345.00", "345.00"), 1),
    ],
)
def test_payer_who_paid_twice_is_no_finding_once_the_whole_sum_is_known(taken, amounts, counted):
    payment = in_question(taken)
    assert _captures(payment, captured(*amounts), is_asked=False) == counted


@pytest.mark.parametrize(
    ("state", "application", "hours", "found"),
    [
        (PaymentState.INITIATED, ApplicationState.AWAITING_PAYMENT, 1, []),
        (PaymentState.PENDING, ApplicationState.AWAITING_PAYMENT, 1, []),
        (PaymentState.UNKNOWN, ApplicationState.AWAITING_PAYMENT, 1, []),
        (PaymentState.PENDING, ApplicationState.AWAITING_PAYMENT, 37, ["captured-twice", "charged-twice"]),
        (
            PaymentState.PENDING,
            ApplicationState.CLOSED,
            1,
            ["captured-twice", "charged-twice", "closed-over-money", "closed-over-question"],
        ),
        (PaymentState.CAPTURED, ApplicationState.AWAITING_PAYMENT, 1, ["captured-twice", "charged-twice"]),
        (PaymentState.REFUND_PENDING, ApplicationState.DELIVERED, 1, ["captured-twice"]),
    ],
)
def test_payer_who_paid_twice_just_now_is_no_finding_while_the_gateway_is_asked(state, application, hours, found):
    payment = in_question(None).model_copy(update={"state": state})
    tracked = SimpleNamespace(progress=SimpleNamespace(payments=(payment,), state=application, hold=None))
    taken, now = {"p-1": captured("345.00", "345.00")}, NOW + timedelta(hours=hours)
    problems = [problem for problem, _ in _money(tracked, taken, {}, looked_after=True, now=now)]
    assert sorted(problems) == sorted(found)


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
    hold = None if code is None else Hold(party=Party.PERSON, code=code)
    closed = SimpleNamespace(payments=(in_question("690.00"),), state=ApplicationState.CLOSED, hold=hold)
    taken = {"p-1": captured("345.00", "345.00")}
    problems = _money(SimpleNamespace(progress=closed), taken, {}, looked_after=looked_after, now=NOW)
    assert [problem for problem, _ in problems] == found


@pytest.mark.parametrize(
    ("state", "application", "hours", "found"),
    [
        (PaymentState.REFUND_PENDING, ApplicationState.DELIVERED, 1, []),
        (PaymentState.REFUND_REQUESTED, ApplicationState.DELIVERED, 1, []),
        (PaymentState.PENDING, ApplicationState.AWAITING_PAYMENT, 1, []),
        (PaymentState.UNKNOWN, ApplicationState.AWAITING_PAYMENT, 1, []),
        (PaymentState.REFUND_MANUAL, ApplicationState.CLOSED, 1, []),
        (PaymentState.REFUND_PENDING, ApplicationState.DELIVERED, 37, ["charged-twice"]),
        (PaymentState.PENDING, ApplicationState.AWAITING_PAYMENT, 37, ["charged-twice"]),
        (PaymentState.REFUND_PENDING, ApplicationState.CLOSED, 1, ["charged-twice", "closed-over-money"]),
        (PaymentState.CAPTURED, ApplicationState.DELIVERED, 1, ["charged-twice"]),
        (PaymentState.CONFIRMED, ApplicationState.DELIVERED, 1, ["charged-twice"]),
        (PaymentState.CONFIRMED, ApplicationState.CLOSED, 1, ["charged-twice"]),
    ],
)
def test_second_payment_is_no_finding_while_it_is_on_its_way_back(state, application, hours, found):
    one = in_question(None).model_copy(update={"state": PaymentState.CONFIRMED, "moved_at": NOW})
    other = one.model_copy(update={"id": "p-2", "state": state})
    tracked = SimpleNamespace(progress=SimpleNamespace(payments=(one, other), state=application, hold=None))
    taken = {"p-1": captured("345.00"), "p-2": captured("345.00")}
    assert timedelta(hours=1) < UNDER_WAY < timedelta(hours=37)
    problems = _money(tracked, taken, {}, looked_after=True, now=NOW + timedelta(hours=hours))
    assert sorted(problem for problem, _ in problems) == sorted(found)


@pytest.mark.parametrize(
    ("application", "code", "found"),
    [
        (ApplicationState.IN_REVIEW, "payment-under-investigation", []),
        (ApplicationState.IN_REVIEW, "appearance-required", ["charged-twice"]),
        (ApplicationState.IN_REVIEW, None, ["charged-twice"]),
        (ApplicationState.CLOSED, "payment-under-investigation", ["charged-twice", *["closed-over-money"] * 2]),
    ],
)
def test_payments_in_question_are_nobodys_while_an_officer_is_asked(application, code, found):
    hold = None if code is None else Hold(party=Party.PERSON, code=code)
    one = in_question(None)
    other = one.model_copy(update={"id": "p-2"})
    tracked = SimpleNamespace(progress=SimpleNamespace(payments=(one, other), state=application, hold=hold))
    taken = {"p-1": captured("345.00"), "p-2": captured("345.00")}
    problems = _money(tracked, taken, {}, looked_after=True, now=NOW)
    assert sorted(problem for problem, _ in problems) == sorted(found)
