"""The fold refuses what cannot be, whoever wrote it."""

import pytest

from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik_platform.lifecycle import (
    CallAnswered,
    IllegalTransition,
    JournalBroken,
    amounts_to,
    apply,
    open_progress,
    replay,
)
from nagorik_platform.lifecycle.events import (
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

from . import factories
from .driver import Driver


def _moved(to, actor=Actor.CORE, **more) -> Moved:
    return Moved(at=factories.NOON, to=to, actor=actor, code="x", **more)


def _opened():
    return open_progress(factories.opened(factories.consent()))


def _with(*events):
    progress = _opened()
    for event in events:
        progress = apply(progress, event)
    return progress


def _payment(*states):
    opening = PaymentOpened(
        at=factories.NOON, payment="p", quote="q", stage="application", gateway="g", amount=factories.taka(1)
    )
    moves = [PaymentMoved(at=factories.NOON, payment="p", to=to, actor=Actor.GATEWAY, code="x") for to in states]
    return opening, *moves


def test_journal_begins_with_opened():
    with pytest.raises(JournalBroken):
        replay([])
    with pytest.raises(JournalBroken):
        replay([_moved(S.READY)])


def test_replay_is_the_row():
    driver = Driver(factories.capabilities_of()).to_submitted(factories.quote())
    assert replay(driver.journal) == driver.row
    assert driver.row.events == len(driver.journal)


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
    reference = ReferenceReceived(at=factories.NOON, reference="CANARY-REFERENCE")
    with pytest.raises(JournalBroken):
        _with(*filing, reference, _moved(S.READY))
    with pytest.raises(JournalBroken):
        _with(*filing, reference, ReferenceReceived(at=factories.NOON, reference="CANARY-REFERENCE-2"))


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
    driver = Driver(factories.capabilities_of()).to_submitted()
    before, entries = driver.row, len(driver.journal)
    assert driver.call() is Operation.STATUS
    assert driver.row.attempt is not None
    assert len(driver.journal) == entries
    assert replay(driver.journal) == before
    assert amounts_to(driver.journal, driver.row)


def test_write_in_flight_is_in_the_journal():
    driver = Driver(factories.capabilities_of()).to_ready()
    assert driver.call() is Operation.SUBMIT
    assert replay(driver.journal) == driver.row
    assert amounts_to(driver.journal, driver.row)
    assert not amounts_to(driver.journal, driver.row.model_copy(update={"attempt": None}))


def test_journal_of_another_row_does_not_amount_to_it():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.call()
    assert not amounts_to(driver.journal[:-1], driver.row)
    assert not amounts_to(driver.journal, driver.row.model_copy(update={"backoffs": ()}))


def test_poll_that_changes_nothing_leaves_one_entry():
    driver = Driver(factories.capabilities_of()).to_submitted()
    told = factories.status(
        S.IN_REVIEW, sequence=4, event="four", deliverables=(factories.deliverable(interim=True),)
    )
    driver.answer(Operation.STATUS, told)
    driver.answer(Operation.DELIVERABLE, factories.fetched(factories.deliverable(interim=True)))
    before, entries = driver.row, len(driver.journal)
    driver.call()
    began_at = driver.now
    driver.pass_time(2)
    driver.take(CallAnswered(told))
    (entry,) = driver.journal[entries:]
    assert (entry.operation, entry.result, entry.began_at) == (Operation.STATUS, UNCHANGED, began_at)
    same = {"status_at": driver.now, "backoffs": driver.row.backoffs, "events": len(driver.journal)}
    assert driver.row == before.model_copy(update=same)
    assert driver.next.due > driver.now
    assert replay(driver.journal) == driver.row
    received_again = (entry.model_copy(update={"result": "reported"}), StatusReceived(at=driver.now, status=told))
    in_full = replay([*driver.journal[:entries], *received_again])
    assert in_full == driver.row.model_copy(update={"events": in_full.events})


def test_journal_that_announces_reads_is_read():
    began = AttemptBegan(at=factories.NOON, operation=Operation.QUOTE)
    later = factories.after(1)
    assert _with(began).attempt is not None
    alone = _with(AttemptEnded(at=later, operation=Operation.QUOTE, began_at=factories.NOON, result="quoted"))
    for end in ({}, {"began_at": factories.NOON}):
        announced = _with(began, AttemptEnded(at=later, operation=Operation.QUOTE, result="quoted", **end))
        assert announced == alone.model_copy(update={"events": announced.events})


def test_payment_is_opened_once_and_before_it_moves():
    opening = _payment()[0]
    with pytest.raises(JournalBroken):
        _with(opening, opening)
    with pytest.raises(JournalBroken):
        _with(_payment(P.INITIATED)[1])
