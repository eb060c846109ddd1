"""Bringing everything to where an operation can be called: what has to happen at the agency first.

What is prepared lies on the rig afterwards: its references, the deliverable, the appointments that were offered.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Found,
    NagorikError,
    Operation,
    PaymentReport,
    PaymentState,
    Pending,
    Rejected,
    SubmissionResult,
)
from nagorik_platform import References
from nagorik_testing.contract.calls import follow_payment, list_slots, query_payment, quote_due, start_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable, origin_of
from nagorik_toolkit.fees.tariff import FIRST_STAGE

LONGEST_WAIT: Final = timedelta(days=120)
"""Simulated time that a rig waits for an agency to reach a state."""
STRIDE: Final = timedelta(hours=6)
"""The first wait between two looks at an application; it doubles while nothing changes, as a host's does."""
LONGEST_STRIDE: Final = timedelta(days=2)
FREE: Final = "the example costs nothing"
NO_SLOTS: Final = "the agency has no appointment for the example at any stage"


class LodgedApplication(NamedTuple):
    """An application that the agency holds, as a host knows it."""

    reference: str
    """The agency's."""
    status: AgencyStatus


async def prepare_operation(rig: Rig, operation: Operation) -> None:
    """Bring everything to where ``operation`` can be called.

    Raises:
        NotReachable: It cannot; the text says what is missing.
        NotPlayed: The agency is live, and it may not be done there.
    """
    try:
        await _PREPARATIONS[operation](rig)
    except NagorikError as error:
        raise NotReachable(f"{error.code} while preparing {operation.value}", origin_of(error)) from None


async def _ready(rig: Rig) -> None:
    """Nothing has to happen first."""


async def file_application(rig: Rig) -> LodgedApplication:
    """File the application, and wait for its number and its state where the agency tells them later."""
    return await lodged_application(rig, await submit_application(rig))


async def submit_application(rig: Rig) -> SubmissionResult:
    """File the application, whatever the agency says to it."""
    rig.sent_at = rig.clock.now()
    return await rig.platform.submit(rig.draft, rig.references)


async def lodged_application(rig: Rig, answer: SubmissionResult) -> LodgedApplication:
    """What the agency holds after its answer to a filing; time passes where it says so only later."""
    if isinstance(answer, Rejected):
        raise NotReachable(f"the example of {rig.offer} is not accepted")
    if isinstance(answer, Pending):
        rig.advance(timedelta(seconds=answer.check_after))
    held = await _found(rig) if answer.reference is None else None
    reference = answer.reference or (held.reference if held is not None else "")
    rig.references = References(
        client_reference=rig.references.client_reference,
        idempotency_key=rig.references.idempotency_key,
        agency_reference=reference,
    )
    if isinstance(answer, Accepted):
        return LodgedApplication(reference, answer.status)
    return LodgedApplication(reference, held.status if held is not None else await _first_status(rig))


async def _found(rig: Rig) -> Found:
    """What the agency holds under our reference."""
    if Operation.FIND not in rig.platform.service(rig.offer).operations:
        raise NotReachable("the agency gives no number at once, and there is no find by which it could be learned")
    began, stride = rig.clock.now(), timedelta(minutes=1)
    while rig.clock.now() - began < LONGEST_WAIT:
        answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=rig.sent_at)
        if isinstance(answer, Found):
            return answer
        rig.advance(stride)
        stride = min(stride * 2, LONGEST_STRIDE)
    raise NotReachable(f"an application that is pending is not found within {LONGEST_WAIT.days} days")


async def _first_status(rig: Rig) -> AgencyStatus:
    operations = rig.platform.service(rig.offer).operations
    if Operation.STATUS in operations:
        return await rig.platform.get_status(rig.draft, rig.references)
    if Operation.FIND in operations:
        return (await _found(rig)).status
    raise NotReachable("an application that is pending has neither status nor find, by which more could be learned")


async def _at_agency(rig: Rig) -> None:
    """Have an application there: file one, unless a live agency's test person has one."""
    person = None if rig.live is None else rig.live.person(rig.offer)
    if person is None or person.agency_reference is None:
        await file_application(rig)
        return
    rig.references = References(
        client_reference=person.client_reference or rig.references.client_reference,
        idempotency_key=rig.references.idempotency_key,
        agency_reference=person.agency_reference,
    )


async def _quotable(rig: Rig) -> None:
    """A later stage's price is asked for when it is demanded."""
    if rig.fee.name != FIRST_STAGE:
        await _with_fee_due(rig)


async def _with_fee_due(rig: Rig) -> None:
    """File the application and wait until the rig's stage is to be paid, or the first one that costs something.

    Raises:
        NothingThere: It costs nothing.
    """
    first = rig.fee.name == FIRST_STAGE
    if first and (await quote_due(rig)).total.poisha:
        await file_application(rig)
        return
    if Operation.STATUS not in rig.platform.service(rig.offer).operations:
        raise NothingThere(FREE)

    async def due(status: AgencyStatus) -> bool:
        if first and status.fee_due is not None:
            rig.fee = rig.fee._replace(name=status.fee_due)
        if first and status.final:
            raise NothingThere(FREE)
        return status.fee_due is not None and status.fee_due == rig.fee.name

    try:
        await wait_until(rig, rig.fee.outcome or rig.simulator.outcomes[0], due)
    except NotReachable:
        if not first:
            raise
        raise NothingThere(FREE) from None  # it never ends, and nothing is ever demanded


async def _in_correction(rig: Rig) -> None:
    """File it and wait until the agency wants a correction."""

    async def wanted(status: AgencyStatus) -> bool:
        return status.state is ApplicationState.CORRECTION_REQUESTED

    await wait_until(rig, "correction", wanted)


async def wait_for_deliverables(rig: Rig) -> None:
    """File it and wait until something can be downloaded."""

    async def there(status: AgencyStatus) -> bool:
        return any(deliverable.delivery == "download" for deliverable in status.deliverables)

    status = await wait_until(rig, rig.simulator.outcomes[0], there)
    rig.issued = tuple(each for each in status.deliverables if each.delivery == "download")


async def _with_slots(rig: Rig) -> None:
    """File it and wait until appointments are offered, at a stage that is not among ``refused_at``.

    A live agency is asked as soon as it is filed, since nobody can move its time.

    Raises:
        NothingThere: The agency has none for the example, such as at an office that takes people as they come.
    """
    if rig.live is not None:
        await _at_agency(rig)
        return

    async def offered(status: AgencyStatus) -> bool:
        if status.raw in rig.refused_at:
            return False
        rig.slots = (await list_slots(rig)).slots
        if not rig.slots and status.final:
            raise NothingThere(NO_SLOTS)
        return bool(rig.slots)

    rig.stage = (await wait_until(rig, rig.simulator.outcomes[0], offered)).raw


async def _with_callback(rig: Rig) -> None:
    """File it, and have a message of the agency about it."""
    await file_application(rig)
    rig.callback_message()


async def _with_notice(rig: Rig) -> None:
    """Announce the payment, and have the gateway's notice of it."""
    await start_payment(rig)
    rig.notice_message()


async def capture_payment(rig: Rig) -> None:
    """Announce the payment and wait until it is captured."""
    await start_payment(rig)
    await _until_paid(rig, follow_payment, PaymentState.CAPTURED)


async def authorise_payment(rig: Rig) -> None:
    """Announce the payment and wait until the payer has agreed to it."""
    await start_payment(rig)
    await _until_paid(rig, query_payment, PaymentState.AUTHORISED)


async def _until_paid(rig: Rig, ask: Callable[[Rig], Awaitable[PaymentReport]], wanted: PaymentState) -> None:
    report, stride = await ask(rig), timedelta(minutes=1)
    while report.state is not wanted:
        if rig.clock.elapsed() > LONGEST_WAIT:
            raise NotReachable(f"the payment is never {wanted.value}")
        rig.advance(stride)
        stride = min(stride * 2, LONGEST_STRIDE)
        report = await ask(rig)


async def wait_until(rig: Rig, outcome: str, reached: Callable[[AgencyStatus], Awaitable[bool]]) -> AgencyStatus:
    """File the application, which comes to ``outcome``, pay what is demanded, and wait for a status.

    Raises:
        NotReachable: The simulator has no such outcome, or no such status comes within ``LONGEST_WAIT``.
    """
    if outcome not in rig.simulator.outcomes:
        raise NotReachable(f"the simulator has no outcome {outcome}")
    rig.simulator.script.set(rig.references.client_reference, outcome)
    await file_application(rig)
    service = rig.platform.service(rig.offer)
    began, stride, seen = rig.clock.now(), STRIDE, ""
    due: str | None = FIRST_STAGE
    known, taken = deque(rig.waits), list[timedelta]()
    while rig.clock.now() - began < LONGEST_WAIT:
        paying = due is not None and Operation.ADVISE_PAYMENT in service.writes
        if paying and await pay_fee(rig, due or FIRST_STAGE):
            due = None
        status = await rig.platform.get_status(rig.draft, rig.references)
        if await reached(status):
            rig.waits[:] = taken
            return status
        idle = status.raw == seen and not paying
        stride = min(stride * 2, LONGEST_STRIDE) if status.raw == seen else STRIDE
        seen, due = status.raw, due or status.fee_due
        wait = known.popleft() if known else stride
        taken = [*taken[:-1], taken[-1] + wait] if idle and taken else [*taken, wait]
        rig.advance(wait)
    raise NotReachable(f"the outcome {outcome} is not reached within {LONGEST_WAIT.days} days")


async def pay_fee(rig: Rig, stage: str) -> bool:
    """Pay what the agency asks for at ``stage``; whether nothing is left to tell it."""
    reference = rig.references.agency_reference
    quote = await rig.platform.quote_fees(rig.draft, stage=stage, agency_reference=reference)
    if not quote.total.poisha:
        return True
    return (await rig.platform.advise_payment(rig.draft, rig.references, rig.receipt(quote))).confirmed


_PREPARATIONS: Final[Mapping[Operation, Callable[[Rig], Awaitable[object]]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: _ready,
        Operation.QUOTE: _quotable,
        Operation.SUBMIT: _ready,
        Operation.FIND: _at_agency,
        Operation.STATUS: _at_agency,
        Operation.ADVISE_PAYMENT: _with_fee_due,
        Operation.WITHDRAW: file_application,
        Operation.ANSWER_CORRECTION: _in_correction,
        Operation.DELIVERABLE: wait_for_deliverables,
        Operation.START_PAYMENT: _ready,
        Operation.QUERY_PAYMENT: start_payment,
        Operation.COMPLETE_PAYMENT: authorise_payment,
        Operation.LIST_PAYMENTS: capture_payment,
        Operation.REFUND_PAYMENT: capture_payment,
        Operation.PAYMENT_NOTICE: _with_notice,
        Operation.CALLBACK: _with_callback,
        Operation.SLOTS: _with_slots,
        Operation.BOOK_SLOT: _with_slots,
        Operation.HEALTH: _ready,
    }
)
