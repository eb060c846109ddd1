"""The operations of an offer, played once each way, with the agency's genuine answers kept to be given again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid5

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationDraft,
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
from nagorik_platform import References
from nagorik_testing.contract.calls import (
    AHEAD,
    complete_payment,
    fetch_one,
    list_payments,
    query_payment,
    quote_due,
    refund_payment,
    start_payment,
)
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.inspection import books_of, form_of, leaves, with_value
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.preparations import authorise_payment, file_application, prepare_operation
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.simulator.slot_board import SlotBoard

REMARK: Final = "আবেদনে একটি মন্তব্য আছে"
"""What an officer writes in a test."""
WAITS: Final = (timedelta(0), timedelta(hours=6), timedelta(days=2), timedelta(days=14))
"""Between two tellings of a payment and two wishes for a refund, until the agency says something else."""

A_WHILE: Final = timedelta(minutes=7)
"""Before a question, so that what the agency dates is another moment than that of asking."""

RepeatableCall = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, repr=False)
class AnswerPlay:
    """One call, and what it was answered with.

    Attributes:
        operation: What is called.
        rig: Where.
        replay: Gives the answers again.
        call: The call, which can be made any number of times.
        kept: The answers, in order.
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
    with_entries: bool = False
    """Whether appointments were told."""


@dataclass(slots=True, repr=False)
class _Stage:
    """A rig with its plays."""

    rig: Rig
    replay: AnswerReplay
    plays: list[AnswerPlay] = field(default_factory=list)

    async def play(
        self, operation: Operation, call: RepeatableCall, priced: Callable[[Money], Awaitable[object]] | None = None
    ) -> object:
        """Make a call, and keep it where it has a result that was answered for."""
        async with self.replay.keeping() as kept:
            now = self.rig.clock.now()
            try:
                result = await call()
            except (NagorikError, NotReachable, NothingThere):
                return None
            shown = isinstance(result, Slots) and bool(result.slots)
            if kept:
                played = AnswerPlay(operation, self.rig, self.replay, call, tuple(kept), now, priced, shown)
                self.plays.append(played)
        return result


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
            _ = rig.simulator  # a live agency's answers are its own
            return _Stage(rig, replay, plays)

        operations = subject.callable_operations(offer)
        if Operation.START_PAYMENT in operations:
            await _payments(subject, operations, stage)
        else:
            await _application(await stage(), subject, offer)
            if Operation.SLOTS in offer.operations and not _has_appointments(plays):
                await _appointments_elsewhere(await stage(), offer)
            if Operation.ANSWER_CORRECTION in operations and not _is_among(plays, Operation.ANSWER_CORRECTION):
                await _until_corrected(await stage())
            if Operation.ADVISE_PAYMENT in operations:
                await _advice(await stage())
            if Operation.WITHDRAW in operations:
                await _withdrawal(await stage())
        yield plays


async def _application(stage: _Stage, subject: Subject, offer: AnyOffer) -> None:
    rig, offered = stage.rig, offer.operations
    draft = rig.draft
    if Operation.ELIGIBILITY in offered:
        await stage.play(
            Operation.ELIGIBILITY,
            lambda: rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form),
        )
    if Operation.QUOTE in offered:
        await stage.play(Operation.QUOTE, lambda: rig.platform.quote_fees(draft))
    if Operation.SUBMIT not in offered:
        return
    first = rig.references
    if offer.writes.get(Operation.SUBMIT) is Idempotency.SAFE:
        rig.advance(A_WHILE)
        for outcome in subject.simulator.outcomes:
            rig.simulator.script.set(first.client_reference, outcome)
            await stage.play(Operation.SUBMIT, lambda: rig.platform.submit(draft, first))
        await _refused(stage, subject, offer)
    elif Operation.STATUS not in offered:
        await stage.play(Operation.SUBMIT, lambda: rig.platform.submit(draft, first))
    if Operation.STATUS in offered:
        await _course(stage, subject, offer)


async def _refused(stage: _Stage, subject: Subject, offer: AnyOffer) -> None:
    """A question that the agency answers with no, because one field of the form is another than in its records."""
    rig = stage.rig
    for others in variations_of(form_of(subject, offer), rig.draft.form):
        draft = rig.draft.model_copy(update={"form": others[0].form})
        try:
            answer = await rig.platform.submit(draft, rig.references)
        except NagorikError:
            continue
        if isinstance(answer, Rejected):
            await stage.play(Operation.SUBMIT, partial(rig.platform.submit, draft, rig.references))
            return


async def _course(stage: _Stage, subject: Subject, offer: AnyOffer) -> None:
    rig, offered = stage.rig, offer.operations
    draft, seen = rig.draft, set[object]()
    # Under references of its own: the agency is to hold one application under those of the course.
    other = another_application(rig.references)
    fetched: set[str] = set()
    shown = Operation.SLOTS not in offered
    try:
        async for status in course_of(rig, offer, subject.simulator.outcomes[0], stride=COARSE):
            stand = (status.raw, status.state, status.fee_due, status.payment_confirmed)
            if stand in seen:
                continue
            own = rig.references
            if not seen:
                if Operation.FIND in offered:
                    await _search(stage, draft, own)
                await stage.play(Operation.SUBMIT, lambda: rig.platform.submit(draft, other))
            seen.add(stand)
            told = await _status(stage, draft, own)
            if isinstance(told, AgencyStatus):
                await _papers(stage, offer, told, fetched)
            if not shown:
                shown = await _appointments(stage, offer, draft, own)
    except (NagorikError, NotReachable):
        if not stage.plays:
            raise
    await _every_state(stage, offer, fetched)


async def _search(stage: _Stage, draft: ApplicationDraft, own: References) -> None:
    platform, now = stage.rig.platform, stage.rig.clock.now()
    await stage.play(Operation.FIND, lambda: platform.find_submission(draft, own, sent_at=now))


async def _status(stage: _Stage, draft: ApplicationDraft, own: References) -> object:
    platform = stage.rig.platform
    return await stage.play(Operation.STATUS, lambda: platform.get_status(draft, own))


async def _every_state(stage: _Stage, offer: AnyOffer, fetched: set[str]) -> None:
    """The agency's answer for each state of its workflow, those that the example never comes to among them."""
    rig = stage.rig
    for book in books_of(rig):
        case = book.find(rig.references.agency_reference or "")
        if case is None:
            continue
        for state in case.workflow.states:
            rig.advance(timedelta(minutes=7))
            case.enter(state, rig.clock.now(), REMARK)
            case.due = None
            status = await _status(stage, rig.draft, rig.references)
            if isinstance(status, AgencyStatus):
                await _papers(stage, offer, status, fetched)
                await _correction(stage, offer, status, state)


async def _papers(stage: _Stage, offer: AnyOffer, status: AgencyStatus, fetched: set[str]) -> None:
    """Fetch what can be downloaded, each kind once."""
    if Operation.DELIVERABLE not in offer.operations:
        return
    for deliverable in status.deliverables:
        if deliverable.delivery == "download" and deliverable.kind not in fetched:
            fetched.add(deliverable.kind)
            await stage.play(Operation.DELIVERABLE, partial(fetch_one, stage.rig, deliverable))


async def _correction(stage: _Stage, offer: AnyOffer, status: AgencyStatus, state: str) -> None:
    """Answer what the agency wants corrected, the application as it was filed."""
    wanted = status.state is ApplicationState.CORRECTION_REQUESTED
    if wanted and Operation.ANSWER_CORRECTION in offer.operations:
        rig, draft, own = stage.rig, stage.rig.draft, stage.rig.references
        await stage.play(Operation.ANSWER_CORRECTION, lambda: rig.platform.answer_correction(draft, own, about=state))


async def _until_corrected(stage: _Stage) -> None:
    """A correction at an agency whose book cannot be looked into."""
    rig = stage.rig
    try:
        await prepare_operation(rig, Operation.ANSWER_CORRECTION)
    except NotReachable:
        return  # of operations that cannot be called, the matrix of faults tells
    draft, own = rig.draft, rig.references
    await stage.play(Operation.ANSWER_CORRECTION, lambda: rig.platform.answer_correction(draft, own, about="1"))


async def _appointments(stage: _Stage, offer: AnyOffer, draft: ApplicationDraft, own: References) -> bool:
    """Ask for appointments, and book the last; whether any were told, and could be booked at that stage."""
    rig, now = stage.rig, stage.rig.clock.now()
    slots = await stage.play(
        Operation.SLOTS,
        lambda: rig.platform.list_slots(
            draft, earliest=now, latest=now + AHEAD, agency_reference=own.agency_reference
        ),
    )
    if not isinstance(slots, Slots) or not slots.slots:
        return False
    if Operation.BOOK_SLOT in offer.operations:
        last = slots.slots[-1]
        return await stage.play(Operation.BOOK_SLOT, lambda: rig.platform.book_slot(draft, own, last)) is not None
    return True


def _is_among(plays: Sequence[AnswerPlay], operation: Operation) -> bool:
    return any(play.operation is operation for play in plays)


def _has_appointments(plays: Sequence[AnswerPlay]) -> bool:
    return any(play.with_entries for play in plays if play.operation is Operation.SLOTS)


async def _appointments_elsewhere(stage: _Stage, offer: AnyOffer) -> None:
    """Appointments at an office of the agency's board, where that of the example takes people as they come.

    Which field of the form decides the office is not known: each is filled in with an office's name, until there are.
    """
    rig = stage.rig
    boards = [component for component in rig.simulator.components if isinstance(component, SlotBoard)]
    office = next((str(office).title() for board in boards for office in board.offices), None)
    if office is None:
        return
    usual, own = rig.draft, rig.references
    for number, (at, value) in enumerate(leaves(dict(usual.form)), start=1):
        if not isinstance(value, str):
            continue
        form = with_value(dict(usual.form), at, office)
        draft = usual.model_copy(update={"form": form})
        once = f"{own.client_reference}-{number}"
        references = References(client_reference=once, idempotency_key=uuid5(own.idempotency_key, once))
        try:
            filed = await rig.platform.submit(draft, references)
        except NagorikError:
            continue
        if not isinstance(filed, Accepted):
            continue
        elsewhere = References(
            client_reference=once, idempotency_key=references.idempotency_key, agency_reference=filed.reference
        )
        if await _appointments(stage, offer, draft, elsewhere):
            return


async def _advice(stage: _Stage) -> None:
    rig = stage.rig
    try:
        await prepare_operation(rig, Operation.ADVISE_PAYMENT)
        receipt = rig.receipt(await quote_due(rig))
    except (NothingThere, NotReachable, NagorikError):
        return  # of operations that cannot be called, the matrix of faults tells
    await _until_changed(
        stage,
        Operation.ADVISE_PAYMENT,
        lambda: rig.platform.advise_payment(rig.draft, rig.references, receipt),
    )


async def _until_changed(
    stage: _Stage,
    operation: Operation,
    call: RepeatableCall,
) -> object:
    """The last result."""
    first = result = None
    for wait in WAITS:
        stage.rig.advance(wait)
        result = await stage.play(operation, call)
        if first is not None and result != first:
            break
        first = first or result
    return result


async def _withdrawal(stage: _Stage) -> None:
    rig = stage.rig
    try:
        await file_application(rig)
    except (NagorikError, NotReachable):
        return
    await stage.play(Operation.WITHDRAW, lambda: rig.platform.withdraw(rig.draft, rig.references))


async def _payments(
    subject: Subject, operations: frozenset[Operation], stage: Callable[[], Awaitable[_Stage]]
) -> None:
    for number, outcome in enumerate(subject.simulator.outcomes):
        one = await stage()
        rig = one.rig
        rig.simulator.script.set(rig.payment, outcome)

        start = partial(start_payment, rig)
        await one.play(Operation.START_PAYMENT, start, None if number else start)
        if Operation.QUERY_PAYMENT not in operations:
            continue
        await _until_changed(one, Operation.QUERY_PAYMENT, partial(query_payment, rig))
        taken = one
        if Operation.COMPLETE_PAYMENT in operations:
            taken = await stage()
            taken.rig.simulator.script.set(taken.rig.payment, outcome)
            if not await _completed(taken):
                continue
        if number:
            continue
        if Operation.LIST_PAYMENTS in operations:
            today = dhaka_date(taken.rig.clock.now())
            await taken.play(Operation.LIST_PAYMENTS, partial(list_payments, taken.rig, today))
        if Operation.REFUND_PAYMENT in operations:
            await _given_back(taken)


async def _completed(stage: _Stage) -> bool:
    """Have the money taken as soon as the payer has agreed, and ask what came of it; whether the payer ever did."""
    rig = stage.rig
    try:
        await authorise_payment(rig)
    except (NagorikError, NotReachable):
        return False
    await stage.play(Operation.COMPLETE_PAYMENT, partial(complete_payment, rig))
    await stage.play(Operation.QUERY_PAYMENT, partial(query_payment, rig))
    return True


async def _given_back(stage: _Stage) -> None:
    """Order the payment given back, and ask how that ended, by the gateway's number of it where it has one."""
    try:
        report = await query_payment(stage.rig)
    except NagorikError:
        return
    if report.state is not PaymentState.CAPTURED:
        return
    order = partial(refund_payment, stage.rig, report)
    refund = await _until_changed(stage, Operation.REFUND_PAYMENT, order)
    if isinstance(refund, RefundReport) and refund.reference is not None:
        await stage.play(Operation.REFUND_PAYMENT, partial(order, refund_reference=refund.reference))
