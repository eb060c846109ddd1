"""What a validation tells a plugin's author, and the advice that a manifest alone gives rise to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from nagorik.manifest import Evidence, Manifest, PublicService
from nagorik.operations import Idempotency, Operation
from nagorik_platform.configuration import outlasting_calls

STALE_AFTER: Final = timedelta(days=730)
"""How long what a manifest says is taken as checked against its sources."""


class Severity(StrEnum):
    """How much a finding weighs, of ``nagorik validate`` and of the contract suite."""

    ERROR = "error"
    """The plugin cannot be used, or loses levels."""
    WARNING = "warning"
    """It is shown. The plugin can be used and loses no level, and probably should not be released so."""
    NOTE = "note"
    """Worth knowing; the contract suite shows it with ``--verbose``."""


@dataclass(frozen=True, slots=True)
class ValidationFinding:
    """One thing found.

    Attributes:
        severity: How much it matters.
        location: Where: a dotted path in the manifest (``services.0.form``), a file and line, or empty.
        message: What is so.
        hint: What to do; may be empty.
        raised: The exception behind it, with its traceback; empty where there is none.
    """

    severity: Severity
    location: str
    message: str
    hint: str = ""
    raised: str = ""


def in_order(findings: list[ValidationFinding]) -> tuple[ValidationFinding, ...]:
    """The findings without repetition, errors first, then by place."""
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    return tuple(
        sorted(dict.fromkeys(findings), key=lambda found: (ranks[found.severity], found.location, found.message))
    )


def advise(manifest: Manifest, *, on: date) -> list[ValidationFinding]:
    """What is allowed in a manifest and should be looked at, as of the day ``on``."""
    return [*_on_sources(manifest, on), *_on_egress(manifest), *_on_deadline(manifest), *_on_services(manifest)]


def _on_sources(manifest: Manifest, on: date) -> Iterator[ValidationFinding]:
    if manifest.as_of > on:
        yield ValidationFinding(
            Severity.ERROR, "as_of", f"{manifest.as_of} has not come yet", "Give the day of the last check."
        )
    elif on - manifest.as_of > STALE_AFTER:
        message = f"what the manifest says was last checked on {manifest.as_of}, more than two years ago"
        yield ValidationFinding(
            Severity.WARNING, "as_of", message, "Check it against its sources and renew the date."
        )
    modelled = [offer.id for offer in manifest.offers if (offer.evidence or manifest.evidence) is Evidence.MODELLED]
    if modelled:
        message = f"the wire format is invented, not the agency's own: {', '.join(modelled)}"
        yield ValidationFinding(
            Severity.NOTE, "evidence", message, "Tests against the simulator prove nothing of the agency."
        )


def _on_egress(manifest: Manifest) -> Iterator[ValidationFinding]:
    if not manifest.egress and manifest.declared_hooks:
        yield ValidationFinding(
            Severity.WARNING,
            "egress",
            "no host may be called, so every call to an agency fails",
            "List the agency's host names, unless no operation calls one.",
        )


def _on_deadline(manifest: Manifest) -> Iterator[ValidationFinding]:
    """A host with the default lease would not open with such a plugin."""
    for why, _ in outlasting_calls(manifest):
        hint = "Give a deadline below the sum of both."
        yield ValidationFinding(Severity.ERROR, "limits.deadline", why, hint)


def _on_services(manifest: Manifest) -> Iterator[ValidationFinding]:
    for number, service in enumerate(manifest.services):
        yield from _on_service(f"services.{number}", service)


def _on_service(location: str, service: PublicService) -> Iterator[ValidationFinding]:
    submit = service.writes.get(Operation.SUBMIT)
    if submit not in {None, Idempotency.SAFE} and Operation.STATUS not in service.reads:
        message = f"{service.id} can be submitted, and nobody can learn what became of it"
        yield ValidationFinding(
            Severity.WARNING, f"{location}.reads", message, "Offer status, if the agency tells it."
        )
    if submit is Idempotency.NONE:
        message = f"a submission of {service.id} whose answer is lost waits for a person"
        hint = "Declare client-reference and offer find, if the agency can be searched by the platform's reference."
        yield ValidationFinding(Severity.NOTE, f"{location}.writes.submit", message, hint)
    if not service.legal_basis:
        yield ValidationFinding(
            Severity.NOTE, f"{location}.legal_basis", f"{service.id} names no act, rule or circular"
        )
