"""Nagorik: typed hooks between a citizen-service platform and the agencies behind it."""

from .clock import (
    Clock as Clock,
    Deadline as Deadline,
)
from .context import (
    CallContext as CallContext,
)
from .data_files import (
    parse_document as parse_document,
    parse_model as parse_model,
    read_data_file as read_data_file,
)
from .errors import (
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
    Layer as Layer,
    NagorikError as NagorikError,
    OutcomeUnknown as OutcomeUnknown,
    PluginFault as PluginFault,
    RateLimited as RateLimited,
    ServiceNotOffered as ServiceNotOffered,
    SettingsRejected as SettingsRejected,
)
from .forms import (
    Choices as Choices,
    Label as Label,
)
from .hookspecs import (
    hookimpl as hookimpl,
    hookspec as hookspec,
)
from .http import (
    AgencyHttp as AgencyHttp,
    AgencyResponse as AgencyResponse,
    AnswerReader as AnswerReader,
    Body as Body,
    Download as Download,
    FormPart as FormPart,
    Login as Login,
    SignableRequest as SignableRequest,
    Signature as Signature,
    Token as Token,
    WireModel as WireModel,
)
from .manifest.plugin import (
    Manifest as Manifest,
    PaymentGateway as PaymentGateway,
    PublicService as PublicService,
)
from .model.application import (
    Applicant as Applicant,
    ApplicationDraft as ApplicationDraft,
    ApplicationRequest as ApplicationRequest,
    Consent as Consent,
    DocumentReference as DocumentReference,
    DocumentStore as DocumentStore,
    Payer as Payer,
    ServiceRequest as ServiceRequest,
)
from .model.eligibility import (
    Criterion as Criterion,
    Eligibility as Eligibility,
    EligibilityDecision as EligibilityDecision,
    EligibilityRequest as EligibilityRequest,
    Verdict as Verdict,
)
from .model.fee import (
    FeeDue as FeeDue,
    LineNature as LineNature,
    Quote as Quote,
    QuoteLine as QuoteLine,
    QuoteRequest as QuoteRequest,
    Source as Source,
)
from .model.payment import (
    AdvisePaymentRequest as AdvisePaymentRequest,
    CompletePaymentRequest as CompletePaymentRequest,
    ListedPayment as ListedPayment,
    ListPaymentsRequest as ListPaymentsRequest,
    PaymentAdvice as PaymentAdvice,
    PaymentList as PaymentList,
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
from .model.status import (
    LONGEST_REMARK as LONGEST_REMARK,
    AgencyStatus as AgencyStatus,
    ApplicationState as ApplicationState,
    BookSlotRequest as BookSlotRequest,
    CallbackReport as CallbackReport,
    CallbackRequest as CallbackRequest,
    Deliverable as Deliverable,
    DeliverableRequest as DeliverableRequest,
    FetchedDeliverable as FetchedDeliverable,
    Flag as Flag,
    Health as Health,
    HealthRequest as HealthRequest,
    HealthState as HealthState,
    HeldAppointment as HeldAppointment,
    PaymentState as PaymentState,
    Slot as Slot,
    SlotBooking as SlotBooking,
    Slots as Slots,
    SlotsRequest as SlotsRequest,
    StatusRequest as StatusRequest,
)
from .model.submission import (
    Accepted as Accepted,
    AskedAnswer as AskedAnswer,
    CannotTell as CannotTell,
    CorrectionRequest as CorrectionRequest,
    DefinitelyAbsent as DefinitelyAbsent,
    FindRequest as FindRequest,
    Found as Found,
    NotAsked as NotAsked,
    Pending as Pending,
    Rejected as Rejected,
    SubmissionResult as SubmissionResult,
    SubmissionSearch as SubmissionSearch,
    SubmitRequest as SubmitRequest,
    WhyNotAsked as WhyNotAsked,
    Withdrawal as Withdrawal,
    WithdrawRequest as WithdrawRequest,
)
from .operations import (
    Idempotency as Idempotency,
    Operation as Operation,
)
from .payer_pages import PayerUrl as PayerUrl
from .privacy import (
    OPERATIONAL as OPERATIONAL,
    PERSONAL as PERSONAL,
    PUBLIC as PUBLIC,
    SECRET as SECRET,
    DataClass as DataClass,
    Form as Form,
    Model as Model,
)
from .settings import (
    AgencySettings as AgencySettings,
)
from .values.identifiers import (
    BirthRegistrationNumber as BirthRegistrationNumber,
    Identifier as Identifier,
    MobileNumber as MobileNumber,
    Nid as Nid,
)
from .values.money import (
    Currency as Currency,
    Money as Money,
    format_taka as format_taka,
)
from .values.names import (
    PersonName as PersonName,
)
from .values.sentences import (
    DataWarning as DataWarning,
    NationalDataError as NationalDataError,
    Text as Text,
)
from .values.text import (
    has_bangla_letters as has_bangla_letters,
    has_latin_letters as has_latin_letters,
    normalise as normalise,
    to_ascii_digits as to_ascii_digits,
    to_bangla_digits as to_bangla_digits,
)
from .values.time import (
    dhaka_date as dhaka_date,
    dhaka_time as dhaka_time,
    dhaka_zone as dhaka_zone,
)
