"""The step: what an application becomes, and what comes next, given what happened.

Pure functions of a row, an input, a service's capabilities and an instant. A driver, in memory or on a database,
does three things: ``begin`` and commit; make the call; ``step`` and commit. A driver that dies in between leaves an
attempt without an end, and ``step`` with ``Interrupted`` takes it from there. Both are given the row as it is now:
the driver drops the answer of an attempt that was taken for interrupted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from nagorik.model.application import Consent, DocumentReference
from nagorik.model.status import ApplicationState
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.lifecycle import events as e, inputs
from nagorik_platform.lifecycle.attempts.handlers import rules_of_end, rules_of_interruption
from nagorik_platform.lifecycle.commands import (
    decide_application,
    decide_payment,
    handle_citizen_action,
    handle_payment_notice,
)
from nagorik_platform.lifecycle.consent import (
    CONSENT_HOLD,
    IntendedWrite,
    charges_to_come,
    price_to_come,
    price_with_charges,
    unmet_consent,
)
from nagorik_platform.lifecycle.fold import SAME_KEY, apply, fold, open_progress
from nagorik_platform.lifecycle.next_action import NextAction, next_action
from nagorik_platform.lifecycle.reports import adopt_reference, read_report
from nagorik_platform.lifecycle.rule_context import LifecycleRule, RuleContext
from nagorik_platform.lifecycle.rules.advance import advance_state
from nagorik_platform.lifecycle.rules.holds import update_hold
from nagorik_platform.lifecycle.rules.refunds import advance_money
from nagorik_platform.lifecycle.state import Attempt, Party, Progress, ServiceCapabilities

_BY_ITSELF: Final[tuple[LifecycleRule, ...]] = (advance_money, advance_state, update_hold)
"""What follows from a row alone, money first."""


class Step(NamedTuple):
    """A new row, the journal's new entries, and what the application now waits for."""

    progress: Progress
    events: tuple[e.Event, ...]
    next: NextAction


def open_application(
    opened: e.Opened, capabilities: ServiceCapabilities, documents: Sequence[DocumentReference] = ()
) -> Step:
    """The first step of an application, with the papers that it came with."""
    context = RuleContext(capabilities, opened.at)
    acting = opened.consent.acting if opened.consent is not None else None
    papers = (e.DocumentsHandedIn(at=opened.at, documents=tuple(documents), by=acting),) if documents else ()
    state, events = _run((), fold(open_progress(opened), papers), context)
    return Step(state, (opened, *papers, *events), next_action(state, capabilities, opened.at))


def step(progress: Progress, received: inputs.Input, capabilities: ServiceCapabilities, now: datetime) -> Step:
    """Take in what happened, and all that follows from it.

    Raises:
        NotPossible: What a citizen or an officer asks for is not open to the application now.
        UnexpectedAnswer: An answer that no attempt in flight asked for.
    """
    context = RuleContext(capabilities, now)
    state, events = _run(_rules_of(received, progress), progress, context)
    return Step(state, events, next_action(state, capabilities, now))


def begin(progress: Progress, capabilities: ServiceCapabilities, now: datetime, payment_id: str) -> Step:
    """Write down the intent to make the call that ``progress`` waits for; commit it before making the call.

    The journal holds the intent where the call can have an effect; a read leaves one entry, at its end.

    What follows from the time that has passed is settled first: a lapsed quote is not paid, and nothing is sent
    without a consent that covers it. ``payment_id`` becomes the id of a payment if one has to be opened. A write that
    the database may have forgotten since it was restored is taken for interrupted. ``next`` names the call to make;
    without one it says when to look again, if at all.
    """
    context = RuleContext(capabilities, now)
    state, events = _run((), progress, context)
    return _begin(Step(state, events, next_action(state, capabilities, now)), context, payment_id)


def begin_next(done: Step, capabilities: ServiceCapabilities, now: datetime, payment_id: str) -> Step:
    """As ``begin``, with what a step of the same instant leaves due, and as one step with it."""
    return _begin(done, RuleContext(capabilities, now), payment_id)


def _begin(done: Step, context: RuleContext, payment_id: str) -> Step:
    """The call that ``done`` leaves due, if it may be made now, and its intent after what has happened."""
    (state, events, todo), now = done, context.now
    if todo.operation is None or todo.due is None or todo.due > now:
        return Step(state, events, NextAction(operation=None, due=todo.due))
    operation = todo.operation
    price = price_to_come(state, context.capabilities) if operation is Operation.START_PAYMENT else None
    gap = unmet_consent(state, IntendedWrite(operation, price), now)
    if gap is not None:
        held = tuple(context.held(state, Party.CITIZEN, f"{CONSENT_HOLD}{gap}"))
        return Step(fold(state, held), events + held, NextAction(operation=None))
    call = NextAction(operation, now, todo.payment, todo.deliverable)
    if operation is Operation.START_PAYMENT and todo.payment is None:
        call = NextAction(operation, now, payment_id)
        opened = _payment_opened(state, context, payment_id)
        state, events = apply(state, opened), (*events, opened)
    in_doubt = state.is_in_doubt(operation, call.payment)
    state, intent = _begun(call, state, context)
    if in_doubt:
        state, interruption = _run(rules_of_interruption(state), state, context)
        look_again = next_action(state, context.capabilities, now).due
        return Step(state, events + intent + interruption, NextAction(operation=None, due=look_again))
    return Step(state, events + intent, call)


def _run(
    rules: Iterable[LifecycleRule], state: Progress, context: RuleContext
) -> tuple[Progress, tuple[e.Event, ...]]:
    """The rules in turn, each on the row that those before it left; then what follows by itself, until nothing does.

    The row that comes of it, and all events in order.
    """
    events: list[e.Event] = []
    for rule in rules:
        given = tuple(rule(state, context))
        state = fold(state, given)
        events += given
    while given := _following(state, context):
        state = fold(state, given)
        events += given
    return state, tuple(events)


def _following(state: Progress, context: RuleContext) -> tuple[e.Event, ...]:
    """What the first rule says that has something to say; nothing once the application has come to rest."""
    for rule in _BY_ITSELF:
        if given := tuple(rule(state, context)):
            return given
    return ()


def _rules_of(received: inputs.Input, state: Progress) -> tuple[LifecycleRule, ...]:
    """What takes in an input."""
    match received:
        case inputs.CallAnswered(end) | inputs.CallFailed(end):
            return rules_of_end(state, end)
        case inputs.Interrupted():
            return rules_of_interruption(state)
        case inputs.Reported(reference):
            return partial(adopt_reference, reference, "reported"), partial(read_report, received)
        case inputs.Noticed():
            return (partial(handle_payment_notice, received),)
        case inputs.ConsentGranted(consent):
            return (partial(_take_consent, consent),)
        case inputs.CitizenActed():
            return (partial(handle_citizen_action, received),)
        case inputs.Decided():
            return partial(decide_payment, received), partial(decide_application, received)
        case inputs.Due():
            return ()


def _take_consent(consent: Consent, _: Progress, context: RuleContext) -> e.Events:
    yield e.ConsentGiven(at=context.now, consent=consent)


def _payment_opened(state: Progress, context: RuleContext, payment_id: str) -> e.PaymentOpened:
    quote, gateway = state.quote, context.capabilities.gateway
    assert quote is not None and gateway is not None  # noqa: S101, PT018 - a payment is due only with both
    charges = charges_to_come(state, context.capabilities)
    return e.PaymentOpened(
        at=context.now,
        payment=payment_id,
        quote=quote.id,
        stage=quote.stage,
        gateway=gateway,
        amount=price_with_charges(quote.total, charges),
        charges=charges,
    )


def _begun(call: NextAction, state: Progress, context: RuleContext) -> tuple[Progress, tuple[e.Event, ...]]:
    """The row with the call in flight, announced in the journal where the call can have an effect."""
    assert call.operation is not None  # noqa: S101 - what is begun is due
    deliverable = call.deliverable.kind if call.deliverable is not None else None
    if not OPERATIONS[call.operation].writes:
        attempt = Attempt(
            operation=call.operation, payment=call.payment, deliverable=deliverable, began_at=context.now
        )
        return state.model_copy(update={"attempt": attempt}), ()
    events: tuple[e.Event, ...] = (
        e.AttemptBegan(at=context.now, operation=call.operation, payment=call.payment, deliverable=deliverable),
    )
    if call.operation is Operation.SUBMIT:
        code = SAME_KEY if state.state is ApplicationState.SUBMISSION_UNKNOWN else "filing"
        events += (context.moved(ApplicationState.SUBMITTING, e.Actor.CORE, code),)
    return fold(state, events), events
