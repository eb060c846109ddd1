"""One application of the demonstration, what became of it, and whether that is what its file expects.

The agencies' own ledgers decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from nagorik import ApplicationDraft, Text
from nagorik.manifest import PublicService
from nagorik.model.status import ApplicationState, PaymentState
from nagorik.operations import Operation
from nagorik.values import Money, PersonName
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Event, Payment, Progress
from nagorik_platform.lifecycle.events import AttemptEnded, Moved
from nagorik_simulation.demo.example import NamedExample
from nagorik_simulation.demo.reasons import explained
from nagorik_testing.simulator.base import Simulator


@dataclass(slots=True, eq=False, repr=False)
class DemoApplication:
    """One application."""

    draft: ApplicationDraft
    progress: Progress
    journal: list[Event] = field(default_factory=list)
    requests: int = 0
    """HTTP requests made for it so far."""
    acts: dict[str, int] = field(default_factory=dict)
    """How often somebody has acted, by the hold's code."""
    interrupted: bool = False
    """Whether the worker was killed just when the agency had filed it."""
    filing_cut_off: bool = False
    """Whether it was being filed when the worker was killed, whatever had become of that."""


SPENT: Final = frozenset({PaymentState.CAPTURED, PaymentState.ADVISED, PaymentState.CONFIRMED})


@dataclass(slots=True, kw_only=True)
class DemoResult:
    """One line of the demonstration's table."""

    name: str
    citizen: str
    """Masked."""
    service: str
    service_name: Text
    fee: Money | None
    """Captured and not given back."""
    agency_reference: str | None
    state: str
    hold: str | None
    simulated: timedelta
    """From opening to the last event, on the simulated clock."""
    requests: int
    looked_up: bool
    """Whether an answer to its filing was lost and then looked up."""
    at_agency: int
    """Applications in the agency's ledger."""
    payments: int
    """Payments taken for it, as the host's database has it."""
    at_gateway: int
    """Payments taken for it, in the gateway's own ledger."""
    delivered: bool
    """Whether the agency has delivered what was asked for."""
    explanation: Document
    """Why it stands where it ended, as ``explained`` gives it."""
    problems: list[str] = field(default_factory=list)
    """Where it differs from what its file expects."""


def result_of(
    named: NamedExample, row: DemoApplication, service: PublicService, simulators: Mapping[str, Simulator]
) -> DemoResult:
    """Draw up the line of one application."""
    example, progress = named.example, row.progress
    ends = [event for event in row.journal if isinstance(event, AttemptEnded)]
    lost = any(end.operation is Operation.SUBMIT and end.result == "outcome-unknown" for end in ends)
    found = any(end.operation is Operation.FIND and end.settled for end in ends)
    simulator = simulators.get(example.service.partition(".")[0])
    till = simulators.get((example.gateway or "").partition(".")[0])
    taken = [
        capture
        for payment in progress.payments
        for capture in (till.ledger.effects("capture", client_reference=payment.id) if till else ())
    ]
    filed = simulator.ledger.effects("application", client_reference=progress.client_reference) if simulator else ()
    entry = DemoResult(
        name=named.name,
        citizen=_masked(example.applicant.name),
        service=example.service,
        service_name=service.name,
        fee=spent(progress.payments),
        agency_reference=progress.agency_reference,
        state=progress.state.value,
        hold=progress.hold.code if progress.hold else None,
        simulated=_last(row) - progress.opened_at,
        requests=row.requests,
        looked_up=lost and found,
        at_agency=len(filed),
        payments=sum(payment.captured_at is not None for payment in progress.payments),
        at_gateway=len(taken),
        delivered=any(isinstance(event, Moved) and event.to is ApplicationState.DELIVERED for event in row.journal),
        explanation=explained(progress, row.journal),
    )
    expect = example.expect
    # Of what else was in a killed worker's hands it cannot be said whether it had been sent.
    by_chance = entry.looked_up and row.filing_cut_off
    expected = {
        "state": (expect.state.value, entry.state),
        "hold": (expect.hold, entry.hold),
        "fee": (expect.fee, entry.fee),
        "at_agency": (expect.at_agency, entry.at_agency),
        "at_gateway": (entry.payments, entry.at_gateway),
        "looked_up": (expect.looked_up or row.interrupted or by_chance, entry.looked_up),
    }
    entry.problems = [
        f"{what}: expected {_shown(wanted)}, got {_shown(got)}"
        for what, (wanted, got) in expected.items()
        if wanted != got
    ]
    return entry


def spent(payments: tuple[Payment, ...]) -> Money | None:
    """The sum of all captured payments that were not given back; ``None`` where there are none."""
    amounts = [payment.amount for payment in payments if payment.state in SPENT]
    return sum(amounts[1:], amounts[0]) if amounts else None


def _masked(name: PersonName) -> str:
    return PersonName(en=name.en).masked() if name.en else name.masked()


def _last(row: DemoApplication) -> datetime:
    return row.journal[-1].at


def _shown(value: object) -> str:
    return value.plain() if isinstance(value, Money) else str(value)
