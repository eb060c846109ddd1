"""Small factories of what an application's life is made of."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from nagorik.errors import FieldProblem
from nagorik.model.application import Consent, DocumentReference
from nagorik.model.eligibility import Criterion, EligibilityDecision, Verdict
from nagorik.model.fee import FeeDue, LineNature, Quote, QuoteLine, Source
from nagorik.model.status import AgencyStatus, ApplicationState, Deliverable, FetchedDeliverable
from nagorik.operations import OPERATIONS, Idempotency, Operation
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_platform.lifecycle import Opened, ServiceCapabilities

NOON = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SERVICE = "wasa.new-connection"
LOOKUP_GRACE = 300.0
WORDS = Text(bn="কথা", en="Words")
REASON = Text(bn="CANARY-REASON কাগজ নেই", en="CANARY-REASON A paper is missing")
SOURCE = Source(title="Circular 1", as_of=date(2026, 1, 1), verified=False)

CANARIES = ("CANARY-REFERENCE", "CANARY-KEY", "CANARY-CONSENT", "CANARY-RAW", "CANARY-PAYER", "CANARY-REASON")
"""Marks in everything personal, which must not show in any representation."""

ALL_READS = (
    Operation.ELIGIBILITY,
    Operation.QUOTE,
    Operation.FIND,
    Operation.STATUS,
    Operation.DELIVERABLE,
    Operation.QUERY_PAYMENT,
)
WRITES = tuple(operation for operation, spec in OPERATIONS.items() if spec.writes)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def taka(amount: int) -> Money:
    return Money.taka(amount)


def capabilities_of(
    submit: Idempotency = Idempotency.CLIENT_REFERENCE,
    *,
    others: Idempotency = Idempotency.CLIENT_REFERENCE,
    without: Iterable[Operation] = (),
    and_also: Iterable[Operation] = (),
    gateway: str | None = "desk.cash",
) -> ServiceCapabilities:
    """Capabilities: everything but what is ``without``; those without a gateway cannot take money."""
    operations: dict[Operation, Idempotency | None] = dict.fromkeys((*ALL_READS, *and_also))
    writes = (
        Operation.START_PAYMENT,
        Operation.COMPLETE_PAYMENT,
        Operation.REFUND_PAYMENT,
        Operation.ADVISE_PAYMENT,
        Operation.ANSWER_CORRECTION,
        Operation.WITHDRAW,
    )
    operations |= dict.fromkeys(writes, others)
    operations[Operation.SUBMIT] = submit
    left_out = set(without)
    if gateway is None:
        left_out |= {
            Operation.START_PAYMENT,
            Operation.COMPLETE_PAYMENT,
            Operation.QUERY_PAYMENT,
            Operation.REFUND_PAYMENT,
        }
    kept = {operation: kind for operation, kind in operations.items() if operation not in left_out}
    return ServiceCapabilities(operations=kept, gateway=gateway, lookup_grace=LOOKUP_GRACE)


def consent(
    *, at: datetime = NOON, lasts: float = 10**9, ceiling: int = 100_000, operations: Iterable[Operation] = WRITES
) -> Consent:
    return Consent(
        id="CANARY-CONSENT",
        service=SERVICE,
        operations=frozenset(operations),
        fee_ceiling=taka(ceiling),
        given_at=at,
        expires_at=at + timedelta(seconds=lasts),
    )


def opened(given: Consent | None = None) -> Opened:
    return Opened(
        at=NOON,
        id="application-1",
        service=SERVICE,
        plugin_version="nagorik-wasa 1.0.0",
        client_reference="CANARY-REFERENCE-OURS",
        idempotency_key="CANARY-KEY",
        consent=given,
    )


def quote(
    amount: int = 230,
    *,
    at: datetime = NOON,
    lasts: float = 10**8,
    stage: str = "application",
    due: FeeDue = FeeDue.BEFORE_SUBMISSION,
    number: int = 1,
    currency: str = "BDT",
) -> Quote:
    total = Money(poisha=100 * amount, currency=currency)
    line = QuoteLine(code="fee", text=WORDS, amount=total, vat=Money(poisha=0, currency=currency))
    return Quote(
        id=f"quote-{stage}-{number}",
        stage=stage,
        lines=(line,),
        total=total,
        due=due,
        issued_at=at,
        expires_at=at + timedelta(seconds=lasts),
        source=SOURCE,
    )


def charge(amount: int = 55, *, currency: str = "BDT") -> QuoteLine:
    """What the host asks for beside a fee."""
    return QuoteLine(
        code="centre",
        text=WORDS,
        amount=Money(poisha=100 * amount, currency=currency),
        vat=Money(poisha=0, currency=currency),
        nature=LineNature.CENTRE_CHARGE,
        payee=WORDS,
    )


def decision(verdict: Verdict = Verdict.PASS) -> EligibilityDecision:
    return EligibilityDecision(criteria=(Criterion(id="age-18", verdict=verdict, text=WORDS),))


def status(
    state: ApplicationState | None = ApplicationState.SUBMITTED,
    *,
    sequence: int | None = None,
    event: str | None = None,
    fee_due: str | None = None,
    fee_amount: Money | None = None,
    payment_confirmed: bool | None = None,
    deliverables: tuple[Deliverable, ...] = (),
    final: bool = False,
) -> AgencyStatus:
    return AgencyStatus(
        state=state,
        raw="CANARY-RAW",
        sequence=sequence,
        event=event,
        fee_due=fee_due,
        fee_amount=fee_amount,
        payment_confirmed=payment_confirmed,
        deliverables=deliverables,
        final=final,
    )


def field_problem(field: str = "birth_date", code: str = "date_parsing") -> FieldProblem:
    return FieldProblem(pointer=f"/form/{field}", code=code, text=REASON)


def deliverable(kind: str = "licence", *, delivery: str = "download", interim: bool = False) -> Deliverable:
    return Deliverable.model_validate({"kind": kind, "delivery": delivery, "interim": interim})


def fetched(of: Deliverable) -> FetchedDeliverable:
    document = DocumentReference(
        id="CANARY-REFERENCE-DOCUMENT", kind=of.kind, media_type="application/pdf", bytes=1, sha256="0" * 64
    )
    return FetchedDeliverable(deliverable=of, document=document)
