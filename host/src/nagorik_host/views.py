"""The read model: an application as a citizen or an officer may see it, as frozen values and not as text.

``Host.view`` returns it. A citizen's view holds no officer's note, no word of an agency's own for a state, and no
internal cause; an officer's view holds no address to pay at, and numbers in what others wrote are masked.
``model_dump(mode="json")`` has stable keys: times in UTC, money as decimal text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, PlainSerializer

from nagorik import Text
from nagorik.manifest import PublicService
from nagorik.operations import Operation

Audience = Literal["citizen", "officer"]
"""For whom an application is shown."""
CITIZEN: Final = "citizen"
OFFICER: Final = "officer"
ViewPart = Mapping[str, JsonValue]
"""A part as ``nagorik track --json`` has it: texts in ``bn`` and ``en``, times in ISO 8601."""
ShownInstant = Annotated[datetime, PlainSerializer(datetime.isoformat, when_used="json-unless-none")]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def __repr__(self) -> str:
        # A view is about one citizen.
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class Coded(_View):
    """A stable code, such as a state or a flag, and what it means."""

    code: str
    means: Text


class Waiting(Coded):
    """What an application waits for, and who has to do it."""

    party: str


class PaymentView(_View):
    """A payment.

    ``reference`` is the gateway's, once money was taken; before, it may open the payer's page. ``amount`` is what was
    asked for, such as ``345.00 BDT``, and ``taken`` what was taken, where that differs. ``pay_at`` holds a token: it
    is for the payer alone, and there only while the payment is wanted.
    """

    payment: str
    gateway: str
    reference: str | None
    stage: str
    state: str
    means: Text
    amount: str
    taken: str | None
    charges: ViewPart | None
    refund_ordered_at: ShownInstant | None
    refund_reference: str | None
    refunded_at: ShownInstant | None
    pay_at: str | None
    instructions: Text | None
    pay_until: ShownInstant | None


class TimelineView(_View):
    """Something that happened, ``times`` times in a row; ``at`` is the last time."""

    at: ShownInstant
    kind: str
    code: str
    text: Text
    times: int


class ApplicationView(_View):
    """An application as a citizen may see it.

    ``revision`` rises with everything that happens to it, and not because the host asked in vain how it stands.
    ``consent`` says what a consent must cover: ``operations``, ``asks``, and ``least_ceiling``, which is what was
    spent and is asked for next, such as ``1195.00 BDT``. ``expires_at`` is the end of the present one, and ``gap``
    says why that does not cover what comes next: ``absent``, ``expired``, ``fee-ceiling``, …

    ``booking`` is the appointment that the citizen chose last: ``state`` is ``wanted``, ``booked``, ``refused`` or
    ``unknown``, ``slot`` has ``id``, ``starts_at``, ``ends_at``, ``place``, ``reference`` is the agency's number of
    it, and ``means`` says the state in words. ``held`` is the appointment that the agency's latest report names, with
    ``starts_at``, ``place`` and ``reference``. Where there is only that, it is ``booked`` without an ``id``.
    """

    application: str
    revision: int
    client_reference: str
    agency_reference: str | None
    service: str
    service_name: Text | None
    plugin: str
    state: str
    state_means: Text
    flags: tuple[Coded, ...]
    waits_for: Waiting | None
    what_to_do: tuple[Text, ...]
    ended_as: Coded | None
    eligibility: ViewPart | None
    refusals: tuple[ViewPart, ...]
    agency_says: ViewPart | None
    reason_missing: bool
    demanded_again: ViewPart | None
    fees: tuple[ViewPart, ...]
    charges: ViewPart | None
    consent: ViewPart | None
    booking: ViewPart | None
    blocked: Coded | None
    unreachable: ViewPart | None
    stopped: tuple[ViewPart, ...]
    next: ViewPart | None
    opened_at: ShownInstant
    submitted_at: ShownInstant | None
    expected_by: ShownInstant | None
    expected_frozen_seconds: float | None
    payments: tuple[PaymentView, ...]
    timeline: tuple[TimelineView, ...]


class OfficerView(ApplicationView):
    """An application as an officer sees it; the citizen is masked.

    ``may_become`` has the states that an officer may decide on, ``payments_may_become`` those of each payment by its
    id, and ``gateways_say`` what a gateway says against a decision.
    """

    applicant: str
    identifiers: tuple[str, ...]
    form_fields: tuple[str, ...]
    may_become: tuple[str, ...]
    payments_may_become: Mapping[str, Sequence[str]]
    gateways_say: Mapping[str, str]
    attempts: tuple[ViewPart, ...]


def consent_operations(service: PublicService) -> frozenset[Operation]:
    """All operations that a consent to a service has to cover, so that the application can come to its end."""
    return frozenset({*service.writes, Operation.START_PAYMENT})
