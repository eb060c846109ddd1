"""Nagorik: typed hooks between a citizen-service platform and the agencies behind it.

What a plugin and a host write with is here; each name lives in the module of its concept and is imported when it is
first used, so that reading a catalogue stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nagorik.agency_client import AgencyHttp, AgencySettings, Answer, Token, WireModel
    from nagorik.context import CallContext
    from nagorik.errors import (
        AgencyClosed,
        AgencyRejected,
        AgencyUnavailable,
        ConsentMissing,
        ContractViolation,
        CredentialProblem,
        CredentialsRejected,
        DuplicateApplication,
        FieldProblem,
        InputRejected,
        NagorikError,
        OutcomeUnknown,
        PluginFault,
        RateLimited,
        ServiceNotOffered,
        SettingsRejected,
    )
    from nagorik.forms import Label
    from nagorik.markers import hookimpl
    from nagorik.model.application import ApplicationDraft
    from nagorik.model.artefact import Artefact, ArtefactRequest, FetchedArtefact
    from nagorik.model.consent import Consent
    from nagorik.model.document import DocumentReference
    from nagorik.model.eligibility import (
        Criterion,
        Eligibility,
        EligibilityDecision,
        EligibilityRequest,
        Verdict,
    )
    from nagorik.model.fee import FeeDue, Quote, QuoteLine, QuoteRequest
    from nagorik.model.health import Health, HealthRequest, HealthState
    from nagorik.model.identity import Applicant
    from nagorik.model.payment import (
        AdvisePaymentRequest,
        PaymentAdvice,
        PaymentNotice,
        PaymentNoticeRequest,
        PaymentReceipt,
        PaymentReport,
        PaymentStarted,
        QueryPaymentRequest,
        RefundPaymentRequest,
        RefundReport,
        StartPaymentRequest,
    )
    from nagorik.model.slot import BookSlotRequest, Slot, SlotBooking, Slots, SlotsRequest
    from nagorik.model.source import Source
    from nagorik.model.states import ApplicationState, Flag, PaymentState
    from nagorik.model.status import AgencyStatus, CallbackReport, CallbackRequest, StatusRequest
    from nagorik.model.submission import (
        Accepted,
        CannotTell,
        CorrectionRequest,
        DefinitelyAbsent,
        FindRequest,
        Found,
        Pending,
        Rejected,
        SubmitRequest,
        Withdrawal,
        WithdrawRequest,
    )
    from nagorik.model.text import Text
    from nagorik.operations import Idempotency, Operation
    from nagorik.platform import Platform, PlatformSettings, PluginConfiguration, References
    from nagorik.privacy import OPERATIONAL, PERSONAL, PUBLIC, SECRET, Form, Model

_HOMES = {
    "agency_client": ("AgencyHttp", "AgencySettings", "Answer", "Token", "WireModel"),
    "context": ("CallContext",),
    "errors": (
        "AgencyClosed",
        "AgencyRejected",
        "AgencyUnavailable",
        "ConsentMissing",
        "ContractViolation",
        "CredentialProblem",
        "CredentialsRejected",
        "DuplicateApplication",
        "FieldProblem",
        "InputRejected",
        "NagorikError",
        "OutcomeUnknown",
        "PluginFault",
        "RateLimited",
        "ServiceNotOffered",
        "SettingsRejected",
    ),
    "forms": ("Label",),
    "markers": ("hookimpl",),
    "model.application": ("ApplicationDraft",),
    "model.artefact": ("Artefact", "ArtefactRequest", "FetchedArtefact"),
    "model.consent": ("Consent",),
    "model.document": ("DocumentReference",),
    "model.eligibility": (
        "Criterion",
        "Eligibility",
        "EligibilityDecision",
        "EligibilityRequest",
        "Verdict",
    ),
    "model.fee": ("FeeDue", "Quote", "QuoteLine", "QuoteRequest"),
    "model.health": ("Health", "HealthRequest", "HealthState"),
    "model.identity": ("Applicant",),
    "model.payment": (
        "AdvisePaymentRequest",
        "PaymentAdvice",
        "PaymentNotice",
        "PaymentNoticeRequest",
        "PaymentReceipt",
        "PaymentReport",
        "PaymentStarted",
        "QueryPaymentRequest",
        "RefundPaymentRequest",
        "RefundReport",
        "StartPaymentRequest",
    ),
    "model.slot": ("BookSlotRequest", "Slot", "SlotBooking", "Slots", "SlotsRequest"),
    "model.source": ("Source",),
    "model.states": ("ApplicationState", "Flag", "PaymentState"),
    "model.status": ("AgencyStatus", "CallbackReport", "CallbackRequest", "StatusRequest"),
    "model.submission": (
        "Accepted",
        "CannotTell",
        "CorrectionRequest",
        "DefinitelyAbsent",
        "FindRequest",
        "Found",
        "Pending",
        "Rejected",
        "SubmitRequest",
        "WithdrawRequest",
        "Withdrawal",
    ),
    "model.text": ("Text",),
    "operations": ("Idempotency", "Operation"),
    "platform": ("Platform", "PlatformSettings", "PluginConfiguration", "References"),
    "privacy": ("OPERATIONAL", "PERSONAL", "PUBLIC", "SECRET", "Form", "Model"),
}
_HOME_OF = {name: f"nagorik.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module nagorik has no attribute {name}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
