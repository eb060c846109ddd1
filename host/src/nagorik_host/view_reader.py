"""Reads an application's view from the database: its journal, its row, and what the host knows beside them."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from nagorik import ApplicationDraft, CredentialsRejected, NagorikError, ServiceNotOffered, Text
from nagorik.manifest import PublicService
from nagorik.values import Money
from nagorik_host.engine.health import OF_CREDENTIALS
from nagorik_host.store import outages
from nagorik_host.store.checkouts import Checkout, open_checkouts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_host.store.suspensions import list_suspensions
from nagorik_host.texts import THE_AGENCY, hold_sentence, text_of, timeline
from nagorik_host.views import OFFICER, ApplicationView, Audience, OfficerView, consent_operations
from nagorik_platform.cli import explanation_page as page
from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.output import Document
from nagorik_platform.documents import DOCUMENT_UNREADABLE
from nagorik_platform.lifecycle import (
    Payment,
    Progress,
    ServiceCapabilities,
    StateExplanation,
    application_targets,
    explain,
    payment_decisions,
    state_label,
    what_to_do,
)
from nagorik_platform.lifecycle.consent import charges_to_come, intended_write, price_to_come, unmet_consent
from nagorik_toolkit.texts import moment_text

if TYPE_CHECKING:
    from nagorik_host.host import Host

_SAME: Final = ("client_reference", "agency_reference", "service", "opened_at", "submitted_at")
_SAME_OF_PAYMENT: Final = ("gateway", "stage", "refund_ordered_at", "refund_reference", "refunded_at")
"""What a view takes as it is."""


async def read_view(host: "Host", name: str, audience: Audience) -> ApplicationView:
    """Read the view of an application, by its id or its client reference; errors as ``Host.view``."""
    is_for_officer = audience == OFFICER
    words = page.with_numbers_masked if is_for_officer else page.as_written
    read = partial(_read, host=host, name=name, words=words, is_for_officer=is_for_officer)
    document, progress, said, papers = await host.database.run(read)
    schema: page.Schema | None = None
    if any(one.refusal.fields for one in said.refusals):
        with suppress(NagorikError):  # its plugin is not there any more, or cannot be used
            schema = await host.platform.form_schema(progress.service)
    schema = page.with_document_labels(schema, papers)
    explained = page.explanation_document(progress, said, schema=schema, words=words)
    if is_for_officer:
        return OfficerView.model_validate(document | explained)
    return ApplicationView.model_validate(document | _without_causes(explained))


def _read(
    transaction: Transaction, *, host: "Host", name: str, words: page.Wording, is_for_officer: bool
) -> tuple[Document, Progress, StateExplanation, list[Text]]:
    """Read all but what explains it, and what that is made of, with the names of the application's documents."""
    identity, now = host.store.resolve(transaction, name), host.clock.now()
    row = transaction.connection.execute(select(applications).where(applications.c.id == identity)).one()
    stored = host.store.from_row(row)
    progress, draft = stored.progress, host.store.draft(transaction, stored)
    events = host.store.events(transaction, stored)
    said, service, capabilities = explain(events), service_of(host, progress.service), None
    with suppress(ServiceNotOffered):  # its plugin, or the gateway's, is not there any more
        capabilities = host.capabilities.of(progress.service, stored.gateway)
    hold, means = progress.hold, hold_sentence(progress.hold) if progress.hold is not None else None
    label = partial(document_label, host, progress.service)
    blocked = stored.blocked if is_for_officer else stored.blocked and "set-aside"
    down = outages.unreachable(transaction, row.target_plugin) if row.due_at or stored.lease else None
    expected = expected_decision(transaction, service, progress, now)
    stopped, gateway = list_suspensions(transaction), stored.gateway or ""
    # No address for what is stopped or set aside, nor where the host could not learn of the payment.
    places = {progress.service, stored.plugin, gateway, gateway.partition(".")[0]}
    is_payable = any(one.id == gateway for one in host.platform.gateways) and blocked is None
    is_hidden = is_for_officer or not is_payable or any(one.name in places for one in stopped)
    checkouts = {} if is_hidden else open_checkouts(transaction, stored, now)
    document: Document = {
        **{name: getattr(progress, name) for name in _SAME},
        "application": progress.id,
        "revision": stored.entries,
        "service_name": service and service.name,
        "plugin": progress.plugin_version,
        "state": progress.state.value,
        "state_means": state_label(progress.state),
        "flags": [{"code": flag.value, "means": state_label(flag)} for flag in sorted(progress.flags)],
        "waits_for": hold
        and {"party": hold.party.value, "code": hold.code, "means": means or text_of("hold", hold.code)},
        "what_to_do": what_to_do(progress, said, means),
        **_price(progress, service, capabilities, now),
        "booking": _booking(progress),
        "blocked": blocked and {"code": blocked, "means": text_of("blocked", blocked)},
        "unreachable": down and document_of(_unreachable(host, down, is_for_officer=is_for_officer)),
        "stopped": [
            {"kind": one.kind, "name": one.name, "reason": one.reason.model_dump()}
            for one in stopped
            if one.name in {progress.service, stored.plugin}
        ],
        "next": document_of({"operation": row.operation, "due": row.due_at}) if row.due_at else None,
        "expected_by": expected and expected.at,
        "expected_frozen_seconds": expected and expected.frozen.total_seconds(),
        "payments": [_payment(one, checkouts.get(one.id, Checkout())) for one in progress.payments],
        "timeline": timeline(events, agency_name(host, stored.plugin), words, label),
    }
    if is_for_officer:
        document |= _for_officer(transaction, progress, draft)
    return document, progress, said, [label(one.kind) for one in draft.documents]


def expected_decision(
    transaction: Transaction, service: PublicService | None, progress: Progress, now: datetime
) -> outages.ExpectedDecision | None:
    """When the agency promises to be done, as long as it is not."""
    decided = progress.status is not None and progress.status.final
    if service is None or service.processing is None or progress.submitted_at is None or decided:
        return None
    down = outages.outages_of(transaction, service.id.partition(".")[0])
    return outages.expected(progress.submitted_at, service.processing, down, now)


def _price(
    progress: Progress, service: PublicService | None, capabilities: ServiceCapabilities | None, now: datetime
) -> Document:
    """What the host charges beside the fee, and what a consent must cover."""
    if service is None or capabilities is None:
        return {"charges": None, "consent": None}
    wanted, to_come = intended_write(progress, capabilities), price_to_come(progress, capabilities)
    sums = [one for one in (*progress.spending(), to_come) if one is not None]
    total, currencies = sum(one.poisha for one in sums), {one.currency for one in sums}
    consent = {
        "operations": sorted(consent_operations(service)),
        "asks": service.asks,
        "least_ceiling": str(Money(poisha=total, currency=currencies.pop())) if len(currencies) == 1 else None,
        "expires_at": progress.consent and progress.consent.expires_at,
        "gap": unmet_consent(progress, wanted, now) if wanted is not None else None,
    }
    charges = charges_to_come(progress, capabilities) if to_come is not None else ()
    return {"charges": page.charge_document(charges), "consent": document_of(consent)}


def _booking(progress: Progress) -> Document | None:
    """The appointment that the citizen chose last, and the one that the agency says they have."""
    chosen, held = progress.booking, progress.status.appointment if progress.status is not None else None
    if chosen is None and held is None:
        return None
    booked = chosen or held
    of_slot = chosen.slot if chosen is not None else held
    document: Document = document_of(
        {
            "state": chosen.state if chosen is not None else "booked",
            "slot": {name: getattr(of_slot, name, None) for name in ("id", "starts_at", "ends_at", "place")},
            "reference": booked.reference if booked is not None else None,
            "held": held,
            "means": text_of("booking", chosen.state if chosen is not None else "held"),
        }
    )
    return document


def _payment(payment: Payment, checkout: Checkout) -> Document:
    return {name: getattr(payment, name) for name in _SAME_OF_PAYMENT} | {
        "payment": payment.id,
        "reference": payment.reference if payment.captured_at is not None else None,
        "state": payment.state.value,
        "means": state_label(payment.state),
        "amount": str(payment.amount),
        "taken": str(payment.taken) if payment.taken else None,
        "charges": page.charge_document(payment.charges),
        "pay_at": checkout.pay_at,
        "instructions": checkout.instructions,
        "pay_until": checkout.expires_at,
    }


def _unreachable(host: "Host", down: outages.Unreachable, *, is_for_officer: bool) -> Document:
    cause = down.cause if is_for_officer else None
    code = CredentialsRejected.code if cause is not None and cause.startswith(OF_CREDENTIALS) else "waits"
    agency = agency_name(host, down.plugin) or THE_AGENCY
    means = text_of("outage", code, agency=agency, since=moment_text(down.since))
    return {"plugin": down.plugin, "since": down.since, "cause": cause, "means": means}


def _without_causes(document: Document) -> Document:
    """Leave out, for a citizen, what went wrong inside and the agency's own word for a state."""
    report, hidden = document["agency_says"], {"fault": "internal", "code": "internal", "fields": []}
    # A document that is lost here has to be handed in again.
    shown = {None, DOCUMENT_UNREADABLE}
    return document | {
        "agency_says": report and report | {"word": None},
        "refusals": [one if one["fault"] in shown else one | hidden for one in document["refusals"]],
    }


def _for_officer(transaction: Transaction, progress: Progress, draft: ApplicationDraft) -> Document:
    """Add what an officer decides by; the citizen is masked."""
    columns = (attempts.c.operation, attempts.c.began_at.label("began"), attempts.c.ended_at.label("ended"))
    calls = (
        select(*columns, attempts.c.result).where(attempts.c.application == progress.id).order_by(attempts.c.entry)
    )
    said = {one.id: (one.contested.state.value, one.contested.amount) for one in progress.payments if one.contested}
    return {
        "applicant": draft.applicant.name.masked(),
        "identifiers": [f"{identifier.type} {identifier.masked()}" for identifier in draft.applicant.identifiers],
        "form_fields": sorted(draft.form),
        "may_become": [state.value for state in application_targets(progress.state)],
        "payments_may_become": {one.id: [to.value for to in payment_decisions(one)] for one in progress.payments},
        "gateways_say": {payment: ", ".join(str(part) for part in parts if part) for payment, parts in said.items()},
        "attempts": [document_of(dict(one)) for one in transaction.connection.execute(calls).mappings()],
    }


def document_label(host: "Host", service: str, kind: str) -> Text:
    """What a document is called: by its service's manifest, else by its kind."""
    offer = service_of(host, service)
    listed = offer.document_kind(kind) if offer is not None else None
    return listed.label if listed is not None else Text(en=kind, bn=kind)


def service_of(host: "Host", service: str) -> PublicService | None:
    """The service, if an installed plugin offers it."""
    with suppress(ServiceNotOffered):
        return host.platform.service(service)
    return None


def agency_name(host: "Host", plugin: str) -> Text | None:
    """What the agency of a plugin is called, if the plugin is installed."""
    return next((r.manifest.name for r in host.platform.plugins if r.id == plugin and r.manifest is not None), None)
