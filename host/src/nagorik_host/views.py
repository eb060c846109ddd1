"""The read model: an application as a citizen or an officer may see it, as frozen values and not as text.

``Host.view`` returns it. A citizen's view holds no officer's note, no word of an agency's own for a state, and no
internal cause; an officer's view holds no address to pay at, and numbers in what others wrote are masked.
``model_dump(mode="json")`` has stable keys: times in UTC, money as decimal text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, PlainSerializer

from nagorik import Text
from nagorik.manifest import PublicService
from nagorik.model.fee import Source
from nagorik.operations import Operation


class Audience(StrEnum):
    """For whom an application is shown."""

    CITIZEN = "citizen"
    OFFICER = "officer"


CITIZEN: Final = Audience.CITIZEN
OFFICER: Final = Audience.OFFICER
ShownWords = Mapping[str, str]
"""What others wrote, in ``bn`` and ``en``; it may be blank."""
ShownInstant = Annotated[datetime, PlainSerializer(datetime.isoformat, when_used="json-unless-none")]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

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


class CriterionView(_View):
    """One criterion of eligibility."""

    id: str
    verdict: str
    text: ShownWords
    source: Source | None


class EligibilityView(_View):
    """The last decision on eligibility; ``decisive`` where the application waits because of it."""

    result: str
    decisive: bool
    criteria: tuple[CriterionView, ...]


class FieldView(_View):
    """What is wrong with a field, by the form's label where it has one; never its value."""

    pointer: str
    code: str
    label: ShownWords | None
    text: ShownWords


class RefusalView(_View):
    """A refusal that still stands. ``fault`` names the kind of error where nobody refused, for officers."""

    operation: str
    at: ShownInstant
    code: str
    fault: str | None
    reason: ShownWords | None
    fields: tuple[FieldView, ...]
    fields_left_out: int


class ReportView(_View):
    """The agency's last report; ``word`` is its own word for the state, for officers."""

    at: ShownInstant
    state: str | None
    word: str | None
    reason: ShownWords | None
    remark: str | None


class DemandedAgainView(_View):
    """A fee that the agency demands again after it was paid."""

    stage: str
    paid: tuple[str, ...]
    demanded: str | None
    means: Text


class LineView(_View):
    """One line of a price; amounts in taka, as decimal text."""

    code: str
    text: ShownWords
    amount: str
    vat: str
    nature: str
    payee: Text | None


class ChargesView(_View):
    """What the host itself charges beside a fee."""

    lines: tuple[LineView, ...]
    total: str
    currency: str


class FeeView(ChargesView):
    """A price of the agency, paid or to be paid."""

    quote: str
    stage: str
    paid: bool
    vat: str
    unpriced: tuple[ShownWords, ...]
    """Costs of unknown amount, which are not in the total."""
    expires_at: ShownInstant
    source: Source


class UnreachableView(_View):
    """The agency that cannot be reached; ``cause`` is for officers."""

    plugin: str
    since: ShownInstant
    cause: str | None
    means: Text


class StopView(_View):
    """What an officer stopped, with the reason that is published."""

    kind: str
    name: str
    reason: Text


class NextCall(_View):
    """What is done next, and when."""

    operation: str | None
    due: ShownInstant


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
    charges: ChargesView | None
    refund_ordered_at: ShownInstant | None
    refund_reference: str | None
    refunded_at: ShownInstant | None
    pay_at: str | None
    instructions: Text | None
    pay_until: ShownInstant | None


class ConsentView(_View):
    """What a consent to the application must cover, and when the present one ends.

    ``least_ceiling`` is what was spent and is asked for next, such as ``1195.00 BDT``; ``gap`` says why the present
    consent does not cover what comes next: ``absent``, ``expired``, ``fee-ceiling``, …
    """

    operations: tuple[Operation, ...]
    asks: tuple[str, ...]
    least_ceiling: str | None
    expires_at: ShownInstant | None
    gap: str | None


class TimelineView(_View):
    """Something that happened, ``times`` times in a row; ``at`` is the last time."""

    at: ShownInstant
    kind: str
    code: str
    text: Text
    times: int


class ApplicationView(_View):
    """An application as a citizen may see it."""

    application: str
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
    eligibility: EligibilityView | None
    refusals: tuple[RefusalView, ...]
    agency_says: ReportView | None
    reason_missing: bool
    demanded_again: DemandedAgainView | None
    fees: tuple[FeeView, ...]
    charges: ChargesView | None
    consent: ConsentView | None
    """``None`` where no plugin offers the service any more."""
    blocked: Coded | None
    unreachable: UnreachableView | None
    stopped: tuple[StopView, ...]
    next: NextCall | None
    opened_at: ShownInstant
    submitted_at: ShownInstant | None
    expected_by: ShownInstant | None
    expected_frozen_seconds: float | None
    payments: tuple[PaymentView, ...]
    timeline: tuple[TimelineView, ...]


class AttemptView(_View):
    """A call to the agency or the gateway, as it was made."""

    operation: str
    began: ShownInstant
    ended: ShownInstant | None
    result: str | None


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
    attempts: tuple[AttemptView, ...]


def consent_operations(service: PublicService) -> frozenset[Operation]:
    """All operations that a consent to a service has to cover, so that the application can come to its end."""
    return frozenset({*service.writes, Operation.START_PAYMENT})
