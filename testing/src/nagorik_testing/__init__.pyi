"""Simulated agencies that fail the way real agencies fail, and the people who apply there."""

from .faults.conditions import (
    AgencyCondition as AgencyCondition,
    BrownOut as BrownOut,
    ClosedOutside as ClosedOutside,
    Conditions as Conditions,
    Outage as Outage,
    RateLimit as RateLimit,
)
from .faults.kinds import (
    Altered as Altered,
    AnswerLost as AnswerLost,
    ClosedBeforeProcessing as ClosedBeforeProcessing,
    Dripping as Dripping,
    Encoded as Encoded,
    Fault as Fault,
    Garbled as Garbled,
    InjectedResponse as InjectedResponse,
    MaintenancePage as MaintenancePage,
    NotSent as NotSent,
    Padded as Padded,
    Reshaped as Reshaped,
    Slow as Slow,
    Truncated as Truncated,
)
from .faults.plan import (
    FaultPlan as FaultPlan,
    FaultRule as FaultRule,
)
from .fixtures.application_driver import (
    ApplicationDriver as ApplicationDriver,
)
from .fixtures.documents import (
    MemoryDocuments as MemoryDocuments,
    specimen_pdf as specimen_pdf,
    specimen_picture as specimen_picture,
)
from .fixtures.service_desk import (
    ServiceDesk as ServiceDesk,
)
from .simulator.admin import (
    refused as refused,
)
from .simulator.app import (
    ReadRequest as ReadRequest,
)
from .simulator.application_book import (
    ApplicationBook as ApplicationBook,
    Case as Case,
    PaymentTold as PaymentTold,
    Replication as Replication,
)
from .simulator.base import (
    ADMIN_PATH as ADMIN_PATH,
    ErrorAnswer as ErrorAnswer,
    ExampleApplication as ExampleApplication,
    ExampleDocument as ExampleDocument,
    ExampleMessage as ExampleMessage,
    RequestSubject as RequestSubject,
    Simulator as Simulator,
    SimulatorComponent as SimulatorComponent,
    SimulatorUnusable as SimulatorUnusable,
    SparseAnswer as SparseAnswer,
    VerdictAnswer as VerdictAnswer,
    installed_simulators as installed_simulators,
    load_simulator as load_simulator,
)
from .simulator.citizens import (
    SyntheticCitizen as SyntheticCitizen,
    SyntheticCitizens as SyntheticCitizens,
)
from .simulator.clock import (
    FlowingClock as FlowingClock,
    SimulatedClock as SimulatedClock,
)
from .simulator.handlers import (
    IdempotencyStore as IdempotencyStore,
    Refusal as Refusal,
    RouteHandler as RouteHandler,
    amount_in as amount_in,
    choice_in as choice_in,
    content_of as content_of,
    day_in as day_in,
    instant_in as instant_in,
    plain_envelope as plain_envelope,
    routes_of as routes_of,
    rows_in as rows_in,
    text_in as text_in,
)
from .simulator.in_process import (
    SimulatorTransport as SimulatorTransport,
    in_process_configurations as in_process_configurations,
)
from .simulator.ledger import (
    ArrivedPaper as ArrivedPaper,
    Effect as Effect,
    Ledger as Ledger,
    SeenRequest as SeenRequest,
)
from .simulator.loopback import (
    serve as serve,
)
from .simulator.payment_page import (
    PaymentAct as PaymentAct,
    PaymentPage as PaymentPage,
    PaymentPageState as PaymentPageState,
    payment_act as payment_act,
    render_payment_page as render_payment_page,
)
from .simulator.reference_agency import (
    FiledContent as FiledContent,
    LookupRules as LookupRules,
    ReferenceAgency as ReferenceAgency,
    serial_of as serial_of,
)
from .simulator.script import (
    EVERYONE as EVERYONE,
    Scenario as Scenario,
    Script as Script,
)
from .simulator.slot_board import (
    OfferedSlot as OfferedSlot,
    SlotBoard as SlotBoard,
)
from .simulator.tokens import (
    LoginLimit as LoginLimit,
    TemporaryLinks as TemporaryLinks,
    TokenEndpoint as TokenEndpoint,
    bearer as bearer,
    cookie_named as cookie_named,
)
from .simulator.workflow import (
    Workflow as Workflow,
)
from .wire.codec import (
    JSON as JSON,
    Codec as Codec,
    DocumentResponse as DocumentResponse,
    Format as Format,
    JsonFormat as JsonFormat,
    ReceivedFile as ReceivedFile,
    RequestFormat as RequestFormat,
    codec_of as codec_of,
)
from .wire.fields import (
    FormFormat as FormFormat,
    MultipartFormat as MultipartFormat,
)
from .wire.xml import (
    SoapFormat as SoapFormat,
    XmlFormat as XmlFormat,
)
