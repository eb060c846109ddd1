"""The call between two steps, made through a real platform over an installed plugin."""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from nagorik.errors import AgencyRejected, NagorikError, OutcomeUnknown, PluginFault
from nagorik.model.application import Applicant, ApplicationDraft, Consent
from nagorik.model.status import ApplicationState, Deliverable, PaymentState
from nagorik.operations import OPERATIONS, Family, Operation
from nagorik.values import Money, PersonName
from nagorik_platform import PaymentAddresses, Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.lifecycle import CallAnswered, CallFailed, NextAction
from nagorik_platform.lifecycle.perform import perform, references_of
from nagorik_platform.lifecycle.state import Payment, Progress
from nagorik_platform.registry import Registry

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
SERVICE = "wasa.connection"
KEY = "00000000-0000-4000-8000-000000000001"
ASKED, TAKEN = Money(poisha=23_000), Money(poisha=24_000)
DUE = (
    Operation.ELIGIBILITY,
    Operation.QUOTE,
    Operation.START_PAYMENT,
    Operation.QUERY_PAYMENT,
    Operation.COMPLETE_PAYMENT,
    Operation.REFUND_PAYMENT,
    Operation.ADVISE_PAYMENT,
    Operation.SUBMIT,
    Operation.FIND,
    Operation.STATUS,
    Operation.DELIVERABLE,
    Operation.ANSWER_CORRECTION,
    Operation.WITHDRAW,
)
"""What an application can be due for."""

PLUGIN = """\
import asyncio

from nagorik.http import WireModel
from nagorik.values import Money
from nagorik.errors import AgencyRejected
from nagorik.hookspecs import hookimpl
from nagorik.model.status import FetchedDeliverable
from nagorik.model.application import DocumentReference
from nagorik.model.eligibility import Criterion, EligibilityDecision
from nagorik.model.fee import Quote, QuoteLine
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.fee import Source
from nagorik.model.status import AgencyStatus
from nagorik.model.submission import DefinitelyAbsent, Pending, Withdrawal
from nagorik.values.sentences import Text

seen = []
end = None
TEXT = Text(bn="ক", en="a")
STATUS = AgencyStatus(state="submitted", raw="RECEIVED")


class Filed(WireModel):
    reference: str


def answer(request, context):
    at, fee = context.clock.now(), Money(poisha=100)
    line = QuoteLine(code="a", text=TEXT, amount=fee, vat=Money(poisha=0))
    source = Source(title="x", as_of=at.date(), verified=True)
    return {
        "EligibilityRequest": lambda: EligibilityDecision(criteria=(Criterion(id="a", verdict="pass", text=TEXT),)),
        "QuoteRequest": lambda: Quote(
            id="q", lines=(line,), total=fee, due="before-submission", issued_at=at, expires_at=at, source=source
        ),
        "StartPaymentRequest": lambda: PaymentStarted(reference="g-1"),
        "QueryPaymentRequest": lambda: PaymentReport(state="pending"),
        "CompletePaymentRequest": lambda: PaymentReport(state="pending"),
        "RefundPaymentRequest": lambda: RefundReport(state="refunded"),
        "AdvisePaymentRequest": lambda: PaymentAdvice(confirmed=True),
        "SubmitRequest": lambda: Pending(),
        "FindRequest": lambda: DefinitelyAbsent(as_of=at),
        "StatusRequest": lambda: STATUS,
        "CorrectionRequest": lambda: STATUS,
        "WithdrawRequest": lambda: Withdrawal(withdrawn=True, status=STATUS),
        "DeliverableRequest": lambda: FetchedDeliverable(
            deliverable=request.deliverable,
            document=DocumentReference(id="d", kind="card", media_type="text/plain", bytes=1, sha256="0" * 64),
        ),
    }[type(request).__name__]()


async def serve(request, context):
    seen.append((request, context.idempotency_key))
    if end is not None:
        await end(context)
    return answer(request, context)


async def lose(context):
    await context.http.write("file", "POST", "/applications", json={}, expect=Filed)


async def refuse(context):
    raise AgencyRejected("locked")


async def break_down(context):
    raise TypeError("1990123456789")


async def hang(context):
    await asyncio.sleep(1000)

"""
MANIFEST = """\
manifest_version = 1
id = "wasa"
requires_api = "1.0"
name = { en = "Water Authority", bn = "পানি কর্তৃপক্ষ" }
owners = [{ name = "Integration team", contact = "integration@wasa.example" }]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.wasa.example"]
"""
FORM = """\
from nagorik.privacy import Form


class ConnectionForm(Form):
    holding: str
"""


def offer(table: str, name: str, family: Family, extra: str) -> str:
    own = [operation for operation in DUE if OPERATIONS[operation].family is family]
    reads = [str(operation) for operation in own if not OPERATIONS[operation].writes]
    writes = ", ".join(f'{operation} = "none"' for operation in own if OPERATIONS[operation].writes)
    return f"""
[[{table}]]
id = "wasa.{name}"
name = {{ en = "New connection", bn = "নতুন সংযোগ" }}
reads = {reads}
writes = {{ {writes} }}
{extra}
"""


def lost(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("https://api.wasa.example/1990123456789")


@pytest_asyncio.fixture
async def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    info, root = tmp_path / "nagorik_wasa-1.0.0.dist-info", tmp_path / "nagorik_wasa"
    info.mkdir()
    root.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: nagorik-wasa\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[nagorik.plugins]\nwasa = nagorik_wasa.plugin\n")
    (root / "__init__.py").touch()
    (root / "forms.py").write_text(FORM)
    hooks = "".join(
        f"\n@hookimpl\nasync def {OPERATIONS[operation].hook}(request, context):\n"
        "    return await serve(request, context)\n\n"
        for operation in DUE
    )
    (root / "plugin.py").write_text(PLUGIN + hooks, "utf-8")
    offers = offer("services", "connection", Family.SERVICE, 'form = "forms:ConnectionForm"')
    (root / "plugin.toml").write_text(MANIFEST + offers + offer("gateways", "pay", Family.GATEWAY, ""), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    own = PluginConfiguration(
        settings={"base_url": "https://api.wasa.example"}, transport_factory=lambda: httpx.MockTransport(lost)
    )
    addresses = PaymentAddresses(returns="https://portal.example/back/", notices="https://portal.example/notices")
    settings = PlatformSettings(plugins={"wasa": own}, payment_addresses=addresses)
    async with Platform(Registry.discover(path=[str(tmp_path)]), settings) as made:
        await made.validate(SERVICE, {"holding": "12"})
        yield made
    for name in [name for name in sys.modules if name.startswith("nagorik_wasa")]:
        del sys.modules[name]


def plugin() -> Any:
    return sys.modules["nagorik_wasa.plugin"]


def consent(**members: object) -> Consent:
    now = datetime.now(UTC)
    return Consent.model_validate(
        {
            "id": "c-1",
            "service": SERVICE,
            "operations": frozenset(Operation),
            "fee_ceiling": Money(poisha=100_000),
            "given_at": now - timedelta(days=1),
            "expires_at": now + timedelta(days=1),
            **members,
        }
    )


def progress(**members: object) -> Progress:
    payment = Payment(
        id="p-1",
        quote="q-1",
        stage="application",
        gateway="wasa.pay",
        amount=ASKED,
        taken=TAKEN,
        state=PaymentState.CAPTURED,
        opened_at=NOW,
        reference="g-1",
        captured_at=NOW,
    )
    return Progress.model_validate(
        {
            "id": "a-1",
            "service": SERVICE,
            "plugin_version": "nagorik-wasa 1.0.0",
            "client_reference": "CR-1",
            "idempotency_key": KEY,
            "opened_at": NOW,
            "state": ApplicationState.SUBMITTED,
            "consent": consent(),
            "payments": (payment,),
            "agency_reference": "R-1",
            **members,
        }
    )


def draft(**members: object) -> ApplicationDraft:
    """A draft whose own consent covers nothing: the one in the row counts."""
    applicant = Applicant(name=PersonName(en="A Citizen"), birth_date=date(1990, 1, 1))
    return ApplicationDraft.model_validate(
        {"service": SERVICE, "applicant": applicant, "form": {"holding": "12"}, "consent": None, **members}
    )


def due(operation: Operation | None) -> NextAction:
    return NextAction(
        operation=operation, due=NOW, payment="p-1", deliverable=Deliverable(kind="card", delivery="download")
    )


async def failure(platform: Platform, operation: Operation, **members: object) -> NagorikError:
    end = await perform(platform, draft(), progress(**members), due(operation))
    assert isinstance(end, CallFailed)
    return end.error


@pytest.mark.parametrize("operation", DUE)
async def test_an_operation_that_is_due_is_made_and_its_result_is_the_outcome(
    platform: Platform, operation: Operation
) -> None:
    end = await perform(platform, draft(), progress(), due(operation))
    assert isinstance(end, CallAnswered)
    [(request, key)] = plugin().seen
    assert (key is not None) == OPERATIONS[operation].writes
    assert "1990" not in repr(request)


@pytest.mark.parametrize("operation", [operation for operation in DUE if OPERATIONS[operation].writes])
async def test_every_attempt_at_a_write_has_the_same_key(platform: Platform, operation: Operation) -> None:
    for _ in range(2):
        await perform(platform, draft(), progress(), due(operation))
    [first, second] = [key for _, key in plugin().seen]
    assert first == second


async def test_each_correction_has_a_key_of_its_own(platform: Platform) -> None:
    for corrections in (1, 2):
        await perform(platform, draft(), progress(corrections=corrections), due(Operation.ANSWER_CORRECTION))
    assert len({key for _, key in plugin().seen}) == 2


async def test_what_was_taken_is_given_back_and_told_to_the_agency(platform: Platform) -> None:
    for operation in (Operation.REFUND_PAYMENT, Operation.ADVISE_PAYMENT, Operation.START_PAYMENT):
        await perform(platform, draft(), progress(), due(operation))
    refund, advice, started = [request for request, _ in plugin().seen]
    assert (refund.amount, refund.reference) == (TAKEN, "g-1")
    assert advice.receipt.amount == TAKEN
    assert started.amount == ASKED


async def test_payer_and_gateway_are_told_addresses_of_this_payment_alone(platform: Platform) -> None:
    await perform(platform, draft(), progress(), due(Operation.START_PAYMENT))
    [(request, _)] = plugin().seen
    assert request.return_url == "https://portal.example/back/wasa.pay/p-1"
    assert request.notice_url == "https://portal.example/notices/wasa.pay/p-1"


async def test_money_is_completed_as_it_was_asked_for(platform: Platform) -> None:
    await perform(platform, draft(), progress(), due(Operation.COMPLETE_PAYMENT))
    [(request, _)] = plugin().seen
    assert (request.reference, request.amount, request.started_at) == ("g-1", ASKED, NOW)


async def test_a_look_up_says_when_the_lost_attempt_began(platform: Platform) -> None:
    later = NOW + timedelta(hours=1)
    await perform(platform, draft(), progress(sent_at=later), due(Operation.FIND))
    await perform(platform, draft(), progress(), due(Operation.FIND))
    assert [request.sent_at for request, _ in plugin().seen] == [later, NOW]


@pytest.mark.parametrize(
    ("end", "kind"), [("lose", OutcomeUnknown), ("refuse", AgencyRejected), ("break_down", PluginFault)]
)
async def test_an_error_is_an_outcome(platform: Platform, end: str, kind: type[NagorikError]) -> None:
    plugin().end = getattr(plugin(), end)
    error = await failure(platform, Operation.SUBMIT)
    assert type(error) is kind
    assert (error.service, error.operation) == (SERVICE, "submit")
    assert "1990123456789" not in str(error.to_problem())


@pytest.mark.looptime
async def test_a_cancelled_driver_is_no_outcome(platform: Platform) -> None:
    plugin().end = plugin().hang
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await perform(platform, draft(), progress(), due(Operation.SUBMIT))


def test_an_application_has_one_key_and_one_reference_for_its_life() -> None:
    references = references_of(progress())
    assert (references.client_reference, str(references.idempotency_key)) == ("CR-1", KEY)
    assert references.agency_reference == "R-1"
