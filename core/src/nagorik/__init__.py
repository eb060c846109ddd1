"""Nagorik: typed hooks between a citizen-service platform and the agencies behind it.

What a plugin and a host write with is here; each name lives in the module of its concept and is imported when it is
first used, so that reading a catalogue stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nagorik.agency_client import (
        AgencyHttp as AgencyHttp,
        AgencySettings as AgencySettings,
        Answer as Answer,
        Token as Token,
        WireModel as WireModel,
    )
    from nagorik.context import (
        CallContext as CallContext,
    )
    from nagorik.errors import (
        AgencyClosed as AgencyClosed,
        AgencyRejected as AgencyRejected,
        AgencyUnavailable as AgencyUnavailable,
        ConsentMissing as ConsentMissing,
        ContractViolation as ContractViolation,
        CredentialProblem as CredentialProblem,
        CredentialsRejected as CredentialsRejected,
        DuplicateApplication as DuplicateApplication,
        FieldProblem as FieldProblem,
        InputRejected as InputRejected,
        NagorikError as NagorikError,
        OutcomeUnknown as OutcomeUnknown,
        PluginFault as PluginFault,
        RateLimited as RateLimited,
        ServiceNotOffered as ServiceNotOffered,
        SettingsRejected as SettingsRejected,
    )
    from nagorik.forms import (
        Label as Label,
    )
    from nagorik.markers import (
        hookimpl as hookimpl,
    )
    from nagorik.model.application import (
        ApplicationDraft as ApplicationDraft,
    )
    from nagorik.model.artefact import (
        Artefact as Artefact,
        ArtefactRequest as ArtefactRequest,
        FetchedArtefact as FetchedArtefact,
    )
    from nagorik.model.asking import (
        AskedAnswer as AskedAnswer,
        NotAsked as NotAsked,
        WhyNotAsked as WhyNotAsked,
    )
    from nagorik.model.consent import (
        Consent as Consent,
    )
    from nagorik.model.document import (
        DocumentReference as DocumentReference,
    )
    from nagorik.model.eligibility import (
        Criterion as Criterion,
        Eligibility as Eligibility,
        EligibilityDecision as EligibilityDecision,
        EligibilityRequest as EligibilityRequest,
        Verdict as Verdict,
    )
    from nagorik.model.fee import (
        FeeDue as FeeDue,
        Quote as Quote,
        QuoteLine as QuoteLine,
        QuoteRequest as QuoteRequest,
    )
    from nagorik.model.health import (
        Health as Health,
        HealthRequest as HealthRequest,
        HealthState as HealthState,
    )
    from nagorik.model.identity import (
        Applicant as Applicant,
    )
    from nagorik.model.payment import (
        AdvisePaymentRequest as AdvisePaymentRequest,
        PaymentAdvice as PaymentAdvice,
        PaymentNotice as PaymentNotice,
        PaymentNoticeRequest as PaymentNoticeRequest,
        PaymentReceipt as PaymentReceipt,
        PaymentReport as PaymentReport,
        PaymentStarted as PaymentStarted,
        QueryPaymentRequest as QueryPaymentRequest,
        RefundPaymentRequest as RefundPaymentRequest,
        RefundReport as RefundReport,
        StartPaymentRequest as StartPaymentRequest,
    )
    from nagorik.model.slot import (
        BookSlotRequest as BookSlotRequest,
        Slot as Slot,
        SlotBooking as SlotBooking,
        Slots as Slots,
        SlotsRequest as SlotsRequest,
    )
    from nagorik.model.source import (
        Source as Source,
    )
    from nagorik.model.states import (
        ApplicationState as ApplicationState,
        Flag as Flag,
        PaymentState as PaymentState,
    )
    from nagorik.model.status import (
        AgencyStatus as AgencyStatus,
        CallbackReport as CallbackReport,
        CallbackRequest as CallbackRequest,
        StatusRequest as StatusRequest,
    )
    from nagorik.model.submission import (
        Accepted as Accepted,
        CannotTell as CannotTell,
        CorrectionRequest as CorrectionRequest,
        DefinitelyAbsent as DefinitelyAbsent,
        FindRequest as FindRequest,
        Found as Found,
        Pending as Pending,
        Rejected as Rejected,
        SubmitRequest as SubmitRequest,
        Withdrawal as Withdrawal,
        WithdrawRequest as WithdrawRequest,
    )
    from nagorik.model.text import (
        Text as Text,
    )
    from nagorik.operations import (
        Idempotency as Idempotency,
        Operation as Operation,
    )
    from nagorik.platform import (
        Platform as Platform,
        PlatformSettings as PlatformSettings,
        PluginConfiguration as PluginConfiguration,
        References as References,
    )
    from nagorik.privacy import (
        OPERATIONAL as OPERATIONAL,
        PERSONAL as PERSONAL,
        PUBLIC as PUBLIC,
        SECRET as SECRET,
        Form as Form,
        Model as Model,
    )

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
    "model.asking": ("AskedAnswer", "NotAsked", "WhyNotAsked"),
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
