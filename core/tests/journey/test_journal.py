"""The fold refuses what cannot be, whoever wrote it."""

import pytest

from nagorik.journey import Answered, Interrupted, JournalBroken, amounts_to, apply, open_progress, replay
from nagorik.journey.events import (
    UNCHANGED,
    Actor,
    AttemptBegan,
    AttemptEnded,
    Moved,
    PaymentMoved,
    PaymentOpened,
    ReferenceReceived,
    StatusReceived,
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


def test_read_in_flight_is_in_the_row_alone():
    desk = Desk(making.plan_of()).to_submitted()
    before, entries = desk.row, len(desk.journal)
    assert desk.call() is Operation.STATUS
    assert desk.row.attempt is not None
    assert len(desk.journal) == entries
    assert replay(desk.journal) == before
    assert amounts_to(desk.journal, desk.row)


def test_write_in_flight_is_in_the_journal():
    desk = Desk(making.plan_of()).to_ready()
    assert desk.call() is Operation.SUBMIT
    assert replay(desk.journal) == desk.row
    assert amounts_to(desk.journal, desk.row)
    assert not amounts_to(desk.journal, desk.row.model_copy(update={"attempt": None}))


def test_journal_of_another_row_does_not_amount_to_it():
    desk = Desk(making.plan_of()).to_submitted()
    desk.call()
    assert not amounts_to(desk.journal[:-1], desk.row)
    assert not amounts_to(desk.journal, desk.row.model_copy(update={"waits": ()}))


def test_poll_that_changes_nothing_leaves_one_entry():
    desk = Desk(making.plan_of()).to_submitted()
    told = making.status(S.IN_REVIEW, sequence=4, event="four", artefacts=(making.artefact(interim=True),))
    desk.answer(Operation.STATUS, told)
    desk.answer(Operation.ARTEFACT, making.fetched(making.artefact(interim=True)))
    before, entries = desk.row, len(desk.journal)
    desk.call()
    began_at = desk.now
    desk.pass_time(2)
    desk.take(Answered(told))
    (entry,) = desk.journal[entries:]
    assert (entry.operation, entry.result, entry.began_at) == (Operation.STATUS, UNCHANGED, began_at)
    same = {"status_at": desk.now, "waits": desk.row.waits, "events": len(desk.journal)}
    assert desk.row == before.model_copy(update=same)
    assert desk.next.due > desk.now
    assert replay(desk.journal) == desk.row
    received_again = (entry.model_copy(update={"result": "reported"}), StatusReceived(at=desk.now, status=told))
    in_full = replay([*desk.journal[:entries], *received_again])
    assert in_full == desk.row.model_copy(update={"events": in_full.events})


def test_report_that_was_never_received_cannot_be_unchanged():
    polled = AttemptEnded(at=making.NOON, operation=Operation.STATUS, began_at=making.NOON, result=UNCHANGED)
    with pytest.raises(JournalBroken):
        _with(polled)


def test_journal_that_announces_reads_is_read():
    began = AttemptBegan(at=making.NOON, operation=Operation.QUOTE)
    later = making.after(1)
    assert _with(began).attempt is not None
    alone = _with(AttemptEnded(at=later, operation=Operation.QUOTE, began_at=making.NOON, result="quoted"))
    for end in ({}, {"began_at": making.NOON}):
        announced = _with(began, AttemptEnded(at=later, operation=Operation.QUOTE, result="quoted", **end))
        assert announced == alone.model_copy(update={"events": announced.events})


def test_killed_read_is_asked_again_a_little_later():
    desk = Desk(making.plan_of()).to_submitted()
    entries = len(desk.journal)
    desk.call()
    asked_at = desk.now
    desk.pass_time(60)
    desk.take(Interrupted())
    (entry,) = desk.journal[entries:]
    assert (entry.result, entry.settled, entry.began_at) == ("interrupted", False, asked_at)
    assert desk.now < desk.next.due < making.NOON.replace(hour=7)
    assert replay(desk.journal) == desk.row


def test_write_that_was_not_announced_has_no_end():
    with pytest.raises(JournalBroken):
        _with(AttemptEnded(at=making.NOON, operation=Operation.SUBMIT, began_at=making.NOON, result="accepted"))


def test_one_attempt_at_a_time_and_it_ends_after_it_began():
    began = AttemptBegan(at=making.NOON, operation=Operation.QUOTE)
    other = AttemptEnded(at=making.NOON, operation=Operation.FIND, began_at=making.NOON, result="absent")
    with pytest.raises(JournalBroken):
        _with(began, other)
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
