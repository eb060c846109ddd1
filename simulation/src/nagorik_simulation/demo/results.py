"""One application of the demonstration, what became of it, and whether that is what its file expects.

The agencies' own ledgers decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from nagorik import ApplicationDraft
from nagorik.model.status import ApplicationState
from nagorik.operations import Operation
from nagorik.values import Money, PersonName
from nagorik_platform.cli.explanation_page import explanation_document, with_numbers_masked
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Event, Progress, explain
from nagorik_platform.lifecycle.events import AttemptEnded, Moved
from nagorik_platform.lifecycle.tables import MONEY_TAKEN
from nagorik_simulation.demo.example import NamedExample
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.ledger import Effect


@dataclass(slots=True, eq=False, repr=False)
class DemoApplication:
    """One application."""

    named: NamedExample
    draft: ApplicationDraft
    progress: Progress
    journal: list[Event] = field(default_factory=list)
    acts: dict[str, int] = field(default_factory=dict)
    """How often a person has acted, by the hold's code."""
    cut_off: bool = False
    """Whether it was being filed when the worker was killed: whether it had been sent is chance."""


@dataclass(slots=True, kw_only=True)
class DemoResult:
    """One line of the demonstration's table, and of its JSON."""

    application: str
    citizen: str
    """Masked."""
    service: str
    fee: Money | None
    """Captured and not given back, as the host has it, without what an officer has yet to settle."""
    agency_reference: str | None
    state: str
    waits_for: str | None
    """The hold's code."""
    simulated: timedelta
    """From opening to the last event, on the simulated clock."""
    http_requests: int
    looked_up: bool
    """Whether an answer to its filing was lost and then looked up."""
    applications_at_agency: int
    """By the agency's ledger."""
    payments: int
    """Payments taken for it, as the host's database has it."""
    payments_at_gateway: int
    """Payments taken for it, in the gateway's own ledger."""
    kept: int
    """Poisha taken and not given back, in the gateway's own ledger."""
    delivered: bool
    """Whether the agency has delivered what was asked for."""
    explanation: Document
    """Why it stands where it ended."""
    problems: list[str] = field(default_factory=list)
    """Where it differs from what its file expects."""


def result_of(row: DemoApplication, simulators: Mapping[str, Simulator], requests: int) -> DemoResult:
    """Draw up the line of one application, for which so many HTTP requests were made."""
    named, example, progress = row.named, row.named.example, row.progress
    ends = [event for event in row.journal if isinstance(event, AttemptEnded)]
    lost = any(end.operation is Operation.SUBMIT and end.result == "outcome-unknown" for end in ends)
    found = any(end.operation is Operation.FIND and end.settled for end in ends)

    def effects(offer: str | None, kind: str, reference: str) -> list[Effect]:
        simulator = simulators.get((offer or "").partition(".")[0])
        return list(simulator.ledger.effects(kind, client_reference=reference)) if simulator else []

    taken = [one for payment in progress.payments for one in effects(example.gateway, "capture", payment.id)]
    back = [one for payment in progress.payments for one in effects(example.gateway, "refund", payment.id)]
    fees = [payment.amount for payment in progress.payments if payment.state in MONEY_TAKEN]
    name = example.applicant.name
    entry = DemoResult(
        application=named.name,
        citizen=PersonName(en=name.en).masked() if name.en else name.masked(),
        service=example.service,
        fee=sum(fees[1:], fees[0]) if fees else None,
        agency_reference=progress.agency_reference,
        state=progress.state.value,
        waits_for=progress.hold.code if progress.hold else None,
        simulated=row.journal[-1].at - progress.opened_at,
        http_requests=requests,
        looked_up=lost and found,
        applications_at_agency=len(effects(example.service, "application", progress.client_reference)),
        payments=sum(payment.captured_at is not None for payment in progress.payments),
        payments_at_gateway=len(taken),
        kept=_poisha(taken) - _poisha(back),
        delivered=any(isinstance(event, Moved) and event.to is ApplicationState.DELIVERED for event in row.journal),
        explanation=explanation_document(progress, explain(row.journal), schema=None, words=with_numbers_masked),
    )
    expect = example.expect
    expected = {
        "state": (expect.state.value, entry.state),
        "hold": (expect.hold, entry.waits_for),
        "fee": (expect.fee, entry.fee),
        "at_agency": (expect.at_agency, entry.applications_at_agency),
        "at_gateway": (entry.payments, entry.payments_at_gateway),
        "looked_up": (expect.looked_up or (row.cut_off and entry.looked_up), entry.looked_up),
    }
    entry.problems = [
        f"{what}: expected {_shown(wanted)}, got {_shown(got)}"
        for what, (wanted, got) in expected.items()
        if wanted != got
    ]
    return entry


def _poisha(effects: list[Effect]) -> int:
    return sum(Money.taka(one.amount).poisha for one in effects if one.amount is not None)


def _shown(value: object) -> str:
    return value.plain() if isinstance(value, Money) else str(value)
