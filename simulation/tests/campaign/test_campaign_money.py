"""What a campaign says of money: a payment that was taken twice, and what the platform knows of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nagorik import ApplicationState, Money, PaymentState
from nagorik_platform.lifecycle import Decided, Hold, Party, Payment
from nagorik_platform.lifecycle.events import Actor, Moved, PaymentMoved
from nagorik_simulation.campaign.money import (
    MOST_CAPTURES,
    UNDER_WAY,
    MoneyCircumstances,
    ended_without_result,
    money_problems,
)
from nagorik_simulation.campaign.people import _is_written
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


def progress(*payments, state=ApplicationState.AWAITING_PAYMENT, hold=None, is_filed=True):
    """An application's, as far as its money is concerned."""
    held = None if hold is None else Hold(party=Party.PERSON, code=hold)
    return SimpleNamespace(payments=payments, state=state, hold=held, client_reference="NGK-1", is_filed=is_filed)


def problems_of(row, taken, given_back=None, recorded=(), **changed):
    """The codes of what is wrong with a row's payments, sorted."""
    usual = {"now": NOW, "due_at": None, "looked_after": True, "is_a_case": False, "is_advised": False, "quoted": {}}
    ledgers = {"captured": taken, "refunded": given_back or {}, "recorded": len(recorded)}
    circumstances = MoneyCircumstances(**ledgers, **usual | {"ended_without_result": False} | changed)
    return sorted(problem for problem, _ in money_problems(row, circumstances))


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
    row = progress(in_question(None).model_copy(update={"state": state}), state=application)
    now = NOW + timedelta(hours=hours)
    assert problems_of(row, {"p-1": captured("345.00", "345.00")}, now=now, due_at=now) == found


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
    taken = {"p-1": captured("345.00"), "p-2": captured("345.00")}
    assert timedelta(hours=1) < UNDER_WAY < timedelta(hours=37)
    now, row = NOW + timedelta(hours=hours), progress(one, other, state=application)
    assert problems_of(row, taken, now=now, due_at=now, is_a_case=True) == found


@pytest.mark.parametrize("hours", [1, 37])
def test_refund_is_as_old_as_its_first_order_whatever_the_gateway_has_said_of_it_since(hours):
    one = in_question(None).model_copy(update={"state": PaymentState.CONFIRMED, "moved_at": NOW})
    now = NOW + timedelta(hours=hours)
    moved = {"state": PaymentState.REFUND_PENDING, "refund_requested_at": NOW, "moved_at": now}
    row = progress(one, one.model_copy(update={"id": "p-2"} | moved), state=ApplicationState.DELIVERED)
    taken = {"p-1": captured("345.00"), "p-2": captured("345.00")}
    assert problems_of(row, taken, now=now, due_at=now) == ([] if hours == 1 else ["charged-twice"])


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
    one = in_question(None)
    row = progress(one, one.model_copy(update={"id": "p-2"}), state=application, hold=code)
    assert problems_of(row, {"p-1": captured("345.00"), "p-2": captured("345.00")}) == found


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
    ("taken", "given_back", "is_due", "found"),
    [
        (None, "345.00", True, []),
        (None, "345.00", False, ["captured-twice"]),
        (None, "172.50", True, ["refunded-otherwise"]),
        (None, "690.00", True, ["refunded-otherwise"]),
        ("690.00", "690.00", True, []),
        ("690.00", "345.00", True, ["refunded-otherwise"]),
    ],
)
def test_what_was_paid_once_more_is_missing_from_what_was_given_back_until_the_later_look(
    taken, given_back, is_due, found
):
    refunded = {"state": PaymentState.REFUNDED, "moved_at": NOW}
    row = progress(in_question(taken).model_copy(update=refunded), state=ApplicationState.CLOSED)
    due_at = NOW + timedelta(days=1) if is_due else None
    both = {"p-1": captured("345.00", "345.00")}
    assert problems_of(row, both, {"p-1": captured(given_back)}, due_at=due_at) == found


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
    "state", [PaymentState.CAPTURED, PaymentState.ADVISED, PaymentState.CONFIRMED, PaymentState.UNDER_INVESTIGATION]
)
@pytest.mark.parametrize(("due", "found"), [(timedelta(0), []), (timedelta(days=30), ["captured-twice"])])
def test_payer_who_paid_twice_is_found_by_the_look_that_is_to_come(state, due, found):
    """Whatever the money waits for, be it an officer or an agency that is closed for the night."""
    one = in_question(None).model_copy(update={"state": state, "moved_at": NOW})
    row = progress(one, hold="payment-under-investigation")
    charged = [] if not found or state is PaymentState.UNDER_INVESTIGATION else ["charged-twice"]
    assert problems_of(row, {"p-1": captured("345.00", "345.00")}, due_at=NOW + due) == [*found, *charged]


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


def test_application_has_come_to_nothing_by_the_last_state_before_it_closed():
    ways = [
        ((ApplicationState.REJECTED, ApplicationState.CLOSED), True),
        ((ApplicationState.REJECTED,), True),
        ((ApplicationState.REJECTED, ApplicationState.IN_REVIEW, ApplicationState.DELIVERED), False),
        ((ApplicationState.DELIVERED, ApplicationState.CLOSED), False),
        ((), False),
    ]
    assert [
        ended_without_result([Moved(at=NOW, to=to, actor=Actor.AGENCY, code="reported") for to in states])
        for states, _ in ways
    ] == [found for _, found in ways]


DECIDED = Decided("Officer", "seen there", payment="p-1", payment_to=PaymentState.REFUND_MANUAL)
MOVED = PaymentMoved(
    at=NOW, payment="p-1", to=PaymentState.REFUND_MANUAL, actor=Actor.PERSON, code="decided", officer="Officer"
)


@pytest.mark.parametrize(
    ("event", "is_so"),
    [
        (MOVED, True),
        (MOVED.model_copy(update={"payment": "p-2"}), False),
        (MOVED.model_copy(update={"to": PaymentState.CONFIRMED}), False),
        (MOVED.model_copy(update={"officer": None}), False),
    ],
)
def test_officers_word_is_heeded_where_the_journal_says_what_they_decided(event, is_so):
    assert _is_written(DECIDED, event) is is_so
    assert not _is_written(Decided("Officer", "seen there", to=ApplicationState.READY), event)
    assert _is_written(Decided("Officer", "seen there"), event)
