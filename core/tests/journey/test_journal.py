"""The fold refuses what cannot be, whoever wrote it."""

import pytest

from nagorik.journey import JournalBroken, apply, open_progress, replay
from nagorik.journey.events import (
    Actor,
    AttemptBegan,
    AttemptEnded,
    Moved,
    PaymentMoved,
    PaymentOpened,
    ReferenceReceived,
)
from nagorik.lifecycle import IllegalTransition
from nagorik.model.states import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation

from . import making
from .desk import Desk


def _moved(to, actor=Actor.CORE, **more) -> Moved:
    return Moved(at=making.NOON, to=to, actor=actor, code="x", **more)


def _opened():
    return open_progress(making.opened(making.consent()))


def _with(*events):
    progress = _opened()
    for event in events:
        progress = apply(progress, event)
    return progress


def _payment(*states):
    opening = PaymentOpened(
        at=making.NOON, payment="p", quote="q", stage="application", gateway="g", amount=making.taka(1)
    )
    moves = [PaymentMoved(at=making.NOON, payment="p", to=to, actor=Actor.GATEWAY, code="x") for to in states]
    return opening, *moves


def test_journal_begins_with_opened():
    with pytest.raises(JournalBroken):
        replay([])
    with pytest.raises(JournalBroken):
        replay([_moved(S.READY)])


def test_replay_is_the_row():
    desk = Desk(making.plan_of()).to_submitted(making.quote())
    assert replay(desk.journal) == desk.row
    assert desk.row.events == len(desk.journal)


def test_illegal_moves_are_refused():
    with pytest.raises(IllegalTransition, match="draft does not lead to submitted"):
        _with(_moved(S.SUBMITTED))
    with pytest.raises(IllegalTransition, match="quoted does not lead to refunded"):
        _with(*_payment(P.REFUNDED))


def test_manual_review_is_left_by_a_named_person_only():
    reviewed = (_moved(S.MANUAL_REVIEW),)
    for nobody in (_moved(S.DRAFT), _moved(S.DRAFT, Actor.PERSON)):
        with pytest.raises(JournalBroken):
            _with(*reviewed, nobody)
    assert _with(*reviewed, _moved(S.DRAFT, Actor.PERSON, officer="R. Karim")).state is S.DRAFT


def test_what_is_at_the_agency_has_a_reference_and_is_not_filed_again():
    filing = (_moved(S.READY), _moved(S.SUBMITTING))
    with pytest.raises(JournalBroken):
        _with(*filing, _moved(S.SUBMITTED))
    reference = ReferenceReceived(at=making.NOON, reference="CANARY-REFERENCE")
    with pytest.raises(JournalBroken):
        _with(*filing, reference, _moved(S.READY))
    with pytest.raises(JournalBroken):
        _with(*filing, reference, ReferenceReceived(at=making.NOON, reference="CANARY-REFERENCE-2"))


def test_open_money_keeps_an_application_from_closing():
    ended = (_moved(S.WITHDRAWN),)
    with pytest.raises(JournalBroken):
        _with(*_payment(P.INITIATED, P.CAPTURED), *ended, _moved(S.CLOSED))
    closed = _with(*_payment(P.INITIATED, P.CAPTURED, P.REFUND_MANUAL), *ended, _moved(S.CLOSED))
    assert closed.state is S.CLOSED


def test_nothing_is_given_up_while_a_payment_is_unknown():
    with pytest.raises(JournalBroken):
        _with(*_payment(P.UNKNOWN), _moved(S.WITHDRAWN, Actor.CITIZEN))


def test_one_attempt_at_a_time_and_it_ends_after_it_began():
    began = AttemptBegan(at=making.NOON, operation=Operation.QUOTE)
    with pytest.raises(JournalBroken):
        _with(began, began)
    with pytest.raises(JournalBroken):
        _with(began, AttemptEnded(at=making.NOON, operation=Operation.SUBMIT, result="x", settled=True))
    with pytest.raises(JournalBroken):
        _with(AttemptEnded(at=making.NOON, operation=Operation.QUOTE, result="x", settled=True))


def test_payment_is_opened_once_and_before_it_moves():
    opening = _payment()[0]
    with pytest.raises(JournalBroken):
        _with(opening, opening)
    with pytest.raises(JournalBroken):
        _with(_payment(P.INITIATED)[1])
