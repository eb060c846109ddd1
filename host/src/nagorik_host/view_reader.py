"""Reads an application's view from the database: its journal, its row, and what the host knows beside them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Row, Select, select

from nagorik import ApplicationDraft, CredentialsRejected, NagorikError, ServiceNotOffered, Text
from nagorik.manifest import PublicService
from nagorik.values import Money
from nagorik_host.engine.reach import OF_CREDENTIALS
from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
from nagorik_host.store.application_store import StoredApplication
from nagorik_host.store.checkouts import Checkout, open_checkouts
from nagorik_host.store.database import Transaction
from nagorik_host.store.outages import ExpectedDecision, Unreachable, expected, outages_of, unreachable
from nagorik_host.store.schema import applications, attempts
from nagorik_host.texts import hold_sentence, sentence, timeline
from nagorik_host.views import OFFICER, ApplicationView, Audience, OfficerView, consent_operations
from nagorik_platform.cli.explanation_page import (
    Schema,
    Wording,
    as_written,
    charge_document,
    explanation_document,
    with_document_labels,
    with_numbers_masked,
)
from nagorik_platform.cli.output import Document
from nagorik_platform.documents import DOCUMENT_UNREADABLE
from nagorik_platform.lifecycle import (
    Event,
    Payment,
    Progress,
    ServiceCapabilities,
    application_targets,
    explain,
    payment_decisions,
    state_label,
    what_to_do,
)
from nagorik_platform.lifecycle.consent import charges_to_come, intended_write, price_to_come, unmet_consent
from nagorik_platform.lifecycle.events import AttemptEnded
from nagorik_toolkit.texts import moment_text

if TYPE_CHECKING:
    from nagorik_host.host import Host

_INTERNAL: Final = "internal"
"""What a citizen reads in place of the kind and the code of an error inside."""
_SET_ASIDE: Final = "set-aside"
"""What a citizen reads in place of why the host leaves the application alone."""


class _ReadApplication(NamedTuple):
    """What one transaction read of an application."""

    stored: StoredApplication
    row: Row[Any]
    events: tuple[Event, ...]
    draft: ApplicationDraft
    stopped: Sequence[SuspensionRecord]
    unreachable: Unreachable | None
    expected: ExpectedDecision | None
    checkouts: Mapping[str, Checkout]
    attempts: Sequence[Row[Any]]


async def read_view(host: "Host", name: str, audience: Audience) -> ApplicationView:
    """The view of an application, by its id or its client reference; errors as ``Host.view``."""
    known = await host.database.run(partial(_read, host=host, name=name, is_for_officer=audience is OFFICER))
    service = known.stored.progress.service
    schema: Schema | None = None
    if any(isinstance(event, AttemptEnded) and event.refusal and event.refusal.fields for event in known.events):
        labels = [document_label(host, service, document.kind) for document in known.draft.documents]
        schema = with_document_labels(await _form_schema(host, service), labels)
    document = _document(host, known, schema, audience)
    if audience is OFFICER:
        return OfficerView.model_validate(document | _for_officer(known))
    return ApplicationView.model_validate(document)


def _read(transaction: Transaction, *, host: "Host", name: str, is_for_officer: bool) -> _ReadApplication:
    stored = host.store.read(transaction, host.store.resolve(transaction, name))
    a = applications.c
    looked: Select[Any] = select(a.due_at, a.operation, a.target_plugin, a.blocked).where(a.id == stored.id)
    row = transaction.connection.execute(looked).one()
    calls = select(attempts).where(attempts.c.application == stored.id).order_by(attempts.c.entry)
    stopped = list_suspensions(transaction)
    goes_on = row.due_at is not None or stored.lease is not None
    return _ReadApplication(
        stored=stored,
        row=row,
        events=host.store.events(transaction, stored),
        draft=host.store.draft(transaction, stored),
        stopped=stopped,
        unreachable=unreachable(transaction, row.target_plugin) if goes_on else None,
        expected=_expected(transaction, host, stored.progress, stored.plugin),
        checkouts={} if is_for_officer else _checkouts(transaction, host, stored, row, stopped),
        attempts=transaction.connection.execute(calls).all() if is_for_officer else (),
    )


def _checkouts(
    transaction: Transaction,
    host: "Host",
    stored: StoredApplication,
    row: Row[Any],
    stopped: Sequence[SuspensionRecord],
) -> Mapping[str, Checkout]:
    """Where to pay: not for what an officer has stopped, nor where the host could not learn of the payment."""
    gateway = stored.gateway or ""
    names = {stored.progress.service, stored.plugin, gateway, gateway.partition(".")[0]}
    is_asked_about = row.blocked is None and any(one.id == gateway for one in host.platform.gateways)
    if not is_asked_about or any(one.name in names for one in stopped):
        return {}
    return open_checkouts(transaction, stored, host.clock.now())


async def _form_schema(host: "Host", service: str) -> Schema | None:
    """The service's form; ``None`` where its plugin is not there any more or cannot be used."""
    try:
        return await host.platform.form_schema(service)
    except NagorikError:
        return None


def _document(host: "Host", known: _ReadApplication, schema: Schema | None, audience: Audience) -> Document:
    is_for_officer = audience is OFFICER
    words: Wording = with_numbers_masked if is_for_officer else as_written
    progress, row = known.stored.progress, known.row
    service, said = service_of(host, progress.service), explain(known.events)
    hold = hold_sentence(progress.hold) if progress.hold is not None else None
    capabilities = _capabilities(host, known.stored)
    is_priced = capabilities is not None and price_to_come(progress, capabilities) is not None
    offers = {progress.service, known.stored.plugin}
    explained = explanation_document(progress, said, schema=schema, words=words)
    lines = timeline(
        known.events,
        agency_name(host, known.stored.plugin),
        schema=schema,
        words=words,
        paper=partial(document_label, host, progress.service),
    )
    return {
        "application": progress.id,
        "client_reference": progress.client_reference,
        "agency_reference": progress.agency_reference,
        "service": progress.service,
        "service_name": service.name if service is not None else None,
        "plugin": progress.plugin_version,
        "state": progress.state.value,
        "state_means": state_label(progress.state),
        "flags": [{"flag": flag.value, "means": state_label(flag)} for flag in sorted(progress.flags)],
        "waits_for": progress.hold and {"party": progress.hold.party.value, **_coded(progress.hold.code, hold)},
        "what_to_do": what_to_do(progress, said, hold),
        **(explained if is_for_officer else _without_causes(explained)),
        "charges": charge_document(charges_to_come(progress, capabilities)) if capabilities and is_priced else None,
        "consent": _consent(host, progress, service, capabilities),
        "blocked": _blocked(row.blocked if is_for_officer else _SET_ASIDE) if row.blocked else None,
        "unreachable": known.unreachable and _unreachable(host, known.unreachable, is_for_officer=is_for_officer),
        "stopped": [
            {"kind": one.kind, "name": one.name, "reason": one.reason} for one in known.stopped if one.name in offers
        ],
        "next": {"operation": row.operation, "due": row.due_at} if row.due_at else None,
        "opened_at": progress.opened_at,
        "submitted_at": progress.submitted_at,
        "expected_by": known.expected and known.expected.at,
        "expected_frozen_seconds": known.expected and known.expected.frozen.total_seconds(),
        "payments": [_payment(one, known.checkouts.get(one.id, Checkout())) for one in progress.payments],
        "timeline": lines,
    }


def _without_causes(document: Document) -> Document:
    """For a citizen: without what went wrong inside, and without the agency's own word for a state."""
    report, hidden = document["agency_says"], {"fault": _INTERNAL, "code": _INTERNAL, "fields": []}
    # A document that is lost here has to be handed in again.
    shown = {None, DOCUMENT_UNREADABLE}
    return document | {
        "agency_says": report and report | {"word": None},
        "refusals": [one if one["fault"] in shown else one | hidden for one in document["refusals"]],
    }


def _for_officer(known: _ReadApplication) -> Document:
    progress, applicant = known.stored.progress, known.draft.applicant
    contested = ((one.id, one.contested) for one in progress.payments if one.contested is not None)
    return {
        "applicant": applicant.name.masked(),
        "identifiers": [f"{identifier.type} {identifier.masked()}" for identifier in applicant.identifiers],
        "form_fields": sorted(known.draft.form),
        "may_become": [state.value for state in application_targets(progress.state)],
        "payments_may_become": {
            payment.id: [state.value for state in payment_decisions(payment)] for payment in progress.payments
        },
        "gateways_say": {
            payment: ", ".join(str(part) for part in (word.state.value, word.amount) if part is not None)
            for payment, word in contested
        },
        "attempts": [
            {"operation": row.operation, "began": row.began_at, "ended": row.ended_at, "result": row.result}
            for row in known.attempts
        ],
    }


def _capabilities(host: "Host", stored: StoredApplication) -> ServiceCapabilities | None:
    """What the service offers; ``None`` where its plugin, or the gateway's, is not there any more."""
    try:
        return host.capabilities(stored.progress.service, stored.gateway)
    except ServiceNotOffered:
        return None


def _consent(
    host: "Host", progress: Progress, service: PublicService | None, capabilities: ServiceCapabilities | None
) -> Document | None:
    if service is None or capabilities is None:
        return None
    to_come, wanted = price_to_come(progress, capabilities), intended_write(progress, capabilities)
    sums = [one for one in (*progress.spending(), to_come) if one is not None]
    is_addable = bool(sums) and len({one.currency for one in sums}) == 1
    return {
        "operations": sorted(consent_operations(service)),
        "asks": service.asks,
        "least_ceiling": (
            str(Money(poisha=sum(one.poisha for one in sums), currency=sums[0].currency)) if is_addable else None
        ),
        "expires_at": progress.consent and progress.consent.expires_at,
        "gap": unmet_consent(progress, wanted, host.clock.now()) if wanted is not None else None,
    }


def _payment(payment: Payment, checkout: Checkout) -> Document:
    return {
        "payment": payment.id,
        "gateway": payment.gateway,
        "reference": payment.reference if payment.captured_at is not None else None,
        "stage": payment.stage,
        "state": payment.state.value,
        "means": state_label(payment.state),
        "amount": str(payment.amount),
        "taken": str(payment.taken) if payment.taken else None,
        "charges": charge_document(payment.charges),
        "refund_ordered_at": payment.refund_ordered_at,
        "refund_reference": payment.refund_reference,
        "refunded_at": payment.refunded_at,
        "pay_at": checkout.pay_at,
        "instructions": checkout.instructions,
        "pay_until": checkout.expires_at,
    }


def document_label(host: "Host", service: str, kind: str) -> Text:
    """What a document is called: by its service's manifest, else by its kind."""
    offer = service_of(host, service)
    listed = offer.document_kind(kind) if offer is not None else None
    return listed.label if listed is not None else Text(en=kind, bn=kind)


def service_of(host: "Host", service: str) -> PublicService | None:
    """The service, if an installed plugin offers it."""
    try:
        return host.platform.service(service)
    except ServiceNotOffered:
        return None


def agency_name(host: "Host", plugin: str) -> Text | None:
    """What the agency of a plugin is called, if the plugin is installed."""
    return next((r.manifest.name for r in host.platform.plugins if r.id == plugin and r.manifest is not None), None)


def _expected(transaction: Transaction, host: "Host", progress: Progress, plugin: str) -> ExpectedDecision | None:
    """When the agency promises to be done, as long as it is not."""
    service = service_of(host, progress.service)
    decided = progress.status is not None and progress.status.final
    if service is None or service.processing is None or progress.submitted_at is None or decided:
        return None
    now = host.clock.now()
    return expected(progress.submitted_at, service.processing, outages_of(transaction, plugin), now)


def _unreachable(host: "Host", down: Unreachable, *, is_for_officer: bool) -> Document:
    plugin, since, cause = down
    named = CredentialsRejected.code if cause is not None and cause.startswith(OF_CREDENTIALS) else cause
    agency = agency_name(host, plugin) or Text(en="The agency", bn="সংস্থা")
    at = moment_text(since)

    texts = (sentence("outage", one) for one in (*([named] if named and is_for_officer else ()), "waits"))
    text = next(one for one in texts if one is not None)
    means = Text(en=text.en.format(agency=agency.en, since=at.en), bn=text.bn.format(agency=agency.bn, since=at.bn))
    return {"plugin": plugin, "since": since, "cause": cause if is_for_officer else None, "means": means}


def _blocked(code: str) -> Document:
    return _coded(code, sentence("blocked", code))


def _coded(code: str, text: Text | None) -> Document:
    return {"code": code, "means": text or Text(en=code, bn=code)}
