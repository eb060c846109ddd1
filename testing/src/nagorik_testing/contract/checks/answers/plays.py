"""The operations of an offer, played once each way, with the agency's genuine responses kept to be given again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from nagorik import (
    AgencyStatus,
    ApplicationState,
    NagorikError,
    Operation,
    PaymentState,
    RefundReport,
    Rejected,
    Slots,
)
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import Money, dhaka_date
from nagorik_testing.contract.calls import (
    AHEAD,
    call_operation,
    fetch_one,
    list_payments,
    query_payment,
    quote_due,
    refund_payment,
    start_payment,
)
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.inspection import A_WHILE, books_of, enter_state, form_of
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable

REMARK: Final = "আবেদনে একটি মন্তব্য আছে"
"""What an officer writes in a test."""
WAITS: Final = (timedelta(0), timedelta(hours=7), timedelta(days=2), timedelta(days=14))
"""Between two reports of a payment and two orders of a refund, until the agency says something else.

No wait is as long as Dhaka's offset from UTC, as an hour of the agency's would then pass for the moment of asking.
"""

RepeatableCall = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, repr=False)
class AnswerPlay:
    """One call, and what it was answered with.

    Attributes:
        operation: What is called.
        rig: Where.
        replay: Gives the responses again.
        call: The call, which can be made any number of times.
        kept: The responses, in order.
        at: When they were given.
        priced: The same call for another amount, where one is handed to it.
    """

    operation: Operation
    rig: Rig
    replay: AnswerReplay
    call: RepeatableCall
    kept: tuple[KeptAnswer, ...]
    at: datetime
    priced: Callable[[Money], Awaitable[object]] | None = None


@dataclass(slots=True, repr=False)
class _Stage:
    """A rig with its plays."""

    rig: Rig
    replay: AnswerReplay
    plays: list[AnswerPlay] = field(default_factory=list)

    async def play(
        self,
        operation: Operation,
        call: RepeatableCall | None = None,
        priced: Callable[[Money], Awaitable[object]] | None = None,
    ) -> object:
        """Make a call, and keep it where it has a result that was answered for."""
        call = call or partial(_called, self.rig, operation)
        async with self.replay.keeping() as kept:
            now = self.rig.clock.now()
            try:
                result = await call()
            except (NagorikError, NotReachable, NothingThere):
                return None
            if kept:
                self.plays.append(AnswerPlay(operation, self.rig, self.replay, call, tuple(kept), now, priced))
        return result

    async def play_until_changed(self, operation: Operation, call: RepeatableCall | None = None) -> object:
        """Make a call again after each wait until its result is another; the last result."""
        first = result = None
        for wait in WAITS:
            self.rig.advance(wait)
            result = await self.play(operation, call)
            if first is not None and result != first:
                break
            first = first or result
        return result

    async def is_ready(self, operation: Operation) -> bool:
        """Whether everything can be brought to where an operation can be called; the matrix reports those others."""
        try:
            await prepare_operation(self.rig, operation)
        except (NagorikError, NotReachable, NothingThere):
            return False
        return True


async def _called(rig: Rig, operation: Operation) -> object:
    end = await call_operation(rig, operation)
    if end.error is not None:
        raise end.error
    return end.result


_OpenStage = Callable[[], Awaitable[_Stage]]


@asynccontextmanager
async def answer_plays(subject: Subject, offer: AnyOffer) -> AsyncIterator[Sequence[AnswerPlay]]:
    """Every play of an offer; the rigs stand as long as they are looked at.

    Raises:
        NotReachable: The simulator has no example, or none of the operations can be called.
    """
    plays: list[AnswerPlay] = []
    async with AsyncExitStack() as rigs:

        async def stage() -> _Stage:
            replay = AnswerReplay()
            rig = await rigs.enter_async_context(open_rig(replay.on(subject), offer.id))
            _ = rig.simulator  # a live agency's responses are its own
            return _Stage(rig, replay, plays)

        operations = subject.callable_operations(offer)
        if Operation.START_PAYMENT in operations:
            await _payments(subject, operations, stage)
        else:
            await _application(await stage(), subject, offer)
            for operation in (Operation.ANSWER_CORRECTION, Operation.ADVISE_PAYMENT, Operation.WITHDRAW):
                if operation not in operations or any(play.operation is operation for play in plays):
                    continue
                one = await stage()
                if not await one.is_ready(operation):
                    continue
                if operation is Operation.ADVISE_PAYMENT:
                    advise, rig = one.rig.platform.advise_payment, one.rig
                    receipt = rig.receipt(await quote_due(rig))
                    await one.play_until_changed(operation, partial(advise, rig.draft, rig.references, receipt))
                else:
                    await one.play(operation)
        yield plays


async def _application(stage: _Stage, subject: Subject, offer: AnyOffer) -> None:
    rig, offered = stage.rig, offer.operations
    for operation in (Operation.ELIGIBILITY, Operation.QUOTE):
        if operation in offered:
            await stage.play(operation)
    if Operation.SUBMIT not in offered:
        return
    first = rig.references
    if offer.writes.get(Operation.SUBMIT) is Idempotency.SAFE:
        rig.advance(A_WHILE)
        for outcome in subject.simulator.outcomes:
            rig.simulator.script.set(first.client_reference, outcome)
            await stage.play(Operation.SUBMIT, lambda: rig.platform.submit(rig.draft, first))
        await _refused(stage, subject, offer)
    elif Operation.STATUS not in offered:
        await stage.play(Operation.SUBMIT, lambda: rig.platform.submit(rig.draft, first))
    if Operation.STATUS in offered:
        await _course(stage, subject, offer)
        await _every_state(stage, offer)


async def _refused(stage: _Stage, subject: Subject, offer: AnyOffer) -> None:
    """A question that the agency answers with no, because one field of the form is another than in its records."""
    rig = stage.rig
    for others in variations_of(form_of(subject, offer), rig.draft.form):
        ask = partial(rig.platform.submit, rig.draft.model_copy(update={"form": others[0].form}), rig.references)
        with suppress(NagorikError):
            if isinstance(await ask(), Rejected):
                await stage.play(Operation.SUBMIT, ask)
                return


async def _course(stage: _Stage, subject: Subject, offer: AnyOffer) -> None:
    rig, seen, shown = stage.rig, set[object](), False
    # Under references of its own: the agency is to hold one application under those of the course.
    other = another_application(rig.references)
    try:
        async for status in course_of(rig, offer, subject.simulator.outcomes[0], stride=COARSE):
            stand = (status.raw, status.state, status.fee_due, status.payment_confirmed)
            if stand in seen:
                continue
            if not seen:
                if Operation.FIND in offer.operations:
                    search = partial(rig.platform.find_submission, rig.draft, rig.references)
                    await stage.play(Operation.FIND, partial(search, sent_at=rig.clock.now()))
                await stage.play(Operation.SUBMIT, lambda: rig.platform.submit(rig.draft, other))
            seen.add(stand)
            await _status(stage, offer)
            if Operation.SLOTS in offer.operations and not shown:
                shown = await _appointments(stage, offer)
    except (NagorikError, NotReachable):
        if not stage.plays:
            raise


async def _every_state(stage: _Stage, offer: AnyOffer) -> None:
    """The agency's response for each state of its workflow, those that the example never comes to among them."""
    rig = stage.rig
    for book in books_of(rig):
        case = book.find(rig.references.agency_reference or "")
        if case is None:
            continue
        for state in case.workflow.states:
            enter_state(rig, case, state, REMARK)
            await _status(stage, offer)


async def _status(stage: _Stage, offer: AnyOffer) -> None:
    """Ask how the application stands, fetch what can be downloaded, each kind once, and correct what has to be."""
    rig, own = stage.rig, stage.rig.references
    status = await stage.play(Operation.STATUS, lambda: rig.platform.get_status(rig.draft, own))
    if not isinstance(status, AgencyStatus):
        return
    known = {each.kind for each in rig.issued}
    for deliverable in status.deliverables if Operation.DELIVERABLE in offer.operations else ():
        if deliverable.delivery == "download" and deliverable.kind not in known:
            rig.issued = (*rig.issued, deliverable)
            await stage.play(Operation.DELIVERABLE, partial(fetch_one, rig, deliverable))
    wanted = status.state is ApplicationState.CORRECTION_REQUESTED
    if wanted and Operation.ANSWER_CORRECTION in offer.operations:
        await stage.play(Operation.ANSWER_CORRECTION)


async def _appointments(stage: _Stage, offer: AnyOffer) -> bool:
    """Ask for appointments, and book the last; whether there were any, and one could be booked."""
    rig, now, number = stage.rig, stage.rig.clock.now(), stage.rig.references.agency_reference
    ask = partial(rig.platform.list_slots, rig.draft, earliest=now, latest=now + AHEAD, agency_reference=number)
    slots = await stage.play(Operation.SLOTS, ask)
    rig.slots = slots.slots if isinstance(slots, Slots) else ()
    books = Operation.BOOK_SLOT in offer.operations
    return bool(rig.slots) and (not books or await stage.play(Operation.BOOK_SLOT) is not None)


async def _payments(subject: Subject, operations: frozenset[Operation], stage: _OpenStage) -> None:
    for number, outcome in enumerate(subject.simulator.outcomes):
        one = await stage()
        one.rig.simulator.script.set(one.rig.payment, outcome)
        start = partial(start_payment, one.rig)
        await one.play(Operation.START_PAYMENT, start, None if number else start)
        if Operation.QUERY_PAYMENT not in operations:
            continue
        await one.play_until_changed(Operation.QUERY_PAYMENT)
        if Operation.COMPLETE_PAYMENT in operations:
            one = await stage()
            one.rig.simulator.script.set(one.rig.payment, outcome)
            if not await one.is_ready(Operation.COMPLETE_PAYMENT):
                continue
            await one.play(Operation.COMPLETE_PAYMENT)
            await one.play(Operation.QUERY_PAYMENT)
        if not number and Operation.LIST_PAYMENTS in operations:
            today = dhaka_date(one.rig.clock.now())
            await one.play(Operation.LIST_PAYMENTS, partial(list_payments, one.rig, today))
        if not number and Operation.REFUND_PAYMENT in operations:
            await _given_back(one)


async def _given_back(stage: _Stage) -> None:
    """Order the payment given back, and ask how that ended, by the gateway's number of it where it has one."""
    with suppress(NagorikError):
        report = await query_payment(stage.rig)
        if report.state is PaymentState.CAPTURED:
            order = partial(refund_payment, stage.rig, report)
            refund = await stage.play_until_changed(Operation.REFUND_PAYMENT, order)
            if isinstance(refund, RefundReport) and refund.reference is not None:
                again = partial(order, refund_reference=refund.reference)
                await stage.play(Operation.REFUND_PAYMENT, again)
