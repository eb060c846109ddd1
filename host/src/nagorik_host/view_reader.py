"""Reads an application's view from the database: its journal, its row, and what the host knows beside them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from nagorik import CredentialsRejected, NagorikError, ServiceNotOffered, Text
from nagorik.manifest import PublicService
from nagorik.values import Money
from nagorik_host.engine.reach import OF_CREDENTIALS
from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
from nagorik_host.store.application_store import StoredApplication
from nagorik_host.store.checkouts import Checkout, open_checkouts
from nagorik_host.store.database import Transaction
from nagorik_host.store.outages import (
    ExpectedDecision,
    Unreachable,
    expected as expected_decision,
    outages_of,
    unreachable,
)
from nagorik_host.store.schema import applications, attempts
from nagorik_host.texts import hold_sentence, text_of, timeline
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


async def read_view(host: "Host", name: str, audience: Audience) -> ApplicationView:
    """Read the view of an application, by its id or its client reference; errors as ``Host.view``."""
    view = partial(_view, host=host, name=name, audience=audience)
    found, is_with_fields = await host.database.run(partial(view, schema=None))
    if is_with_fields:
        try:
            schema = await host.platform.form_schema(found.service)
        except NagorikError:
            schema = {}  # its plugin is not there any more, or cannot be used
        found, _ = await host.database.run(partial(view, schema=schema))
    return found


def _view(
    transaction: Transaction, *, host: "Host", name: str, audience: Audience, schema: Schema | None
) -> tuple[ApplicationView, bool]:
    """The view, and whether a refusal in it names fields: only then is the form's schema of use."""
    is_for_officer = audience is OFFICER
    words: Wording = with_numbers_masked if is_for_officer else as_written
    stored = host.store.read(transaction, host.store.resolve(transaction, name))
    progress, events, draft = (
        stored.progress,
        host.store.events(transaction, stored),
        host.store.draft(transaction, stored),
    )
    a = applications.c
    row = transaction.connection.execute(
        select(a.due_at, a.operation, a.target_plugin, a.blocked).where(a.id == stored.id)
    ).one()
    label = partial(document_label, host, progress.service)
    if schema is not None:
        schema = with_document_labels(schema, [label(document.kind) for document in draft.documents])
    service, said, agency = service_of(host, progress.service), explain(events), agency_name(host, stored.plugin)
    explained = explanation_document(progress, said, schema=schema, words=words)
    hold = progress.hold
    means = hold_sentence(hold) if hold is not None else None
    capabilities = _capabilities(host, stored)
    is_priced = capabilities is not None and price_to_come(progress, capabilities) is not None
    goes_on = row.due_at is not None or stored.lease is not None
    down = unreachable(transaction, row.target_plugin) if goes_on else None
    expected = _expected(transaction, host, progress, stored.plugin)
    stopped = list_suspensions(transaction)
    blocked = row.blocked if is_for_officer else row.blocked and _SET_ASIDE
    is_hidden = is_for_officer or blocked is not None
    checkouts = {} if is_hidden else _checkouts(transaction, host, stored, stopped)
    document: Document = {
        "application": progress.id,
        "client_reference": progress.client_reference,
        "agency_reference": progress.agency_reference,
        "service": progress.service,
        "service_name": service and service.name,
        "plugin": progress.plugin_version,
        "state": progress.state.value,
        "state_means": state_label(progress.state),
        "flags": [_coded(flag.value, state_label(flag)) for flag in sorted(progress.flags)],
        "waits_for": hold
        and {"party": hold.party.value, "code": hold.code, "means": means or text_of("hold", hold.code)},
        "what_to_do": what_to_do(progress, said, means),
        **(explained if is_for_officer else _without_causes(explained)),
        "charges": charge_document(charges_to_come(progress, capabilities)) if capabilities and is_priced else None,
        "consent": _consent(host, progress, service, capabilities),
        "blocked": blocked and _coded(blocked, text_of("blocked", blocked)),
        "unreachable": down and _unreachable(host, down, is_for_officer=is_for_officer),
        "stopped": [one for one in stopped if one.name in {progress.service, stored.plugin}],
        "next": {"operation": row.operation, "due": row.due_at} if row.due_at else None,
        "opened_at": progress.opened_at,
        "submitted_at": progress.submitted_at,
        "expected_by": expected and expected.at,
        "expected_frozen_seconds": expected and expected.frozen.total_seconds(),
        "payments": [_payment(one, checkouts.get(one.id, Checkout())) for one in progress.payments],
        "timeline": timeline(events, agency, words=words, paper=label),
    }
    refusals = (event.refusal for event in events if isinstance(event, AttemptEnded) and event.refusal)
    is_with_fields = any(refusal.fields for refusal in refusals)
    if not is_for_officer:
        return ApplicationView.model_validate(document), is_with_fields
    columns = (attempts.c.operation, attempts.c.began_at.label("began"), attempts.c.ended_at.label("ended"))
    calls = select(*columns, attempts.c.result).where(attempts.c.application == stored.id).order_by(attempts.c.entry)
    document |= {
        "applicant": draft.applicant.name.masked(),
        "identifiers": [f"{identifier.type} {identifier.masked()}" for identifier in draft.applicant.identifiers],
        "form_fields": sorted(draft.form),
        "may_become": [state.value for state in application_targets(progress.state)],
        "payments_may_become": {
            payment.id: [state.value for state in payment_decisions(payment)] for payment in progress.payments
        },
        "gateways_say": {
            one.id: ", ".join(str(part) for part in (one.contested.state.value, one.contested.amount) if part)
            for one in progress.payments
            if one.contested is not None
        },
        "attempts": transaction.connection.execute(calls).all(),
    }
    return OfficerView.model_validate(document), is_with_fields


def _checkouts(
    transaction: Transaction,
    host: "Host",
    stored: StoredApplication,
    stopped: Sequence[SuspensionRecord],
) -> Mapping[str, Checkout]:
    """Where to pay: not for what an officer has stopped, nor where the host could not learn of the payment."""
    gateway = stored.gateway or ""
    names = {stored.progress.service, stored.plugin, gateway, gateway.partition(".")[0]}
    is_asked_about = any(one.id == gateway for one in host.platform.gateways)
    if not is_asked_about or any(one.name in names for one in stopped):
        return {}
    return open_checkouts(transaction, stored, host.clock.now())


def _without_causes(document: Document) -> Document:
    """Leave out, for a citizen, what went wrong inside and the agency's own word for a state."""
    report, hidden = document["agency_says"], {"fault": _INTERNAL, "code": _INTERNAL, "fields": []}
    # A document that is lost here has to be handed in again.
    shown = {None, DOCUMENT_UNREADABLE}
    return document | {
        "agency_says": report and report | {"word": None},
        "refusals": [one if one["fault"] in shown else one | hidden for one in document["refusals"]],
    }


def _capabilities(host: "Host", stored: StoredApplication) -> ServiceCapabilities | None:
    """What the service offers; ``None`` where its plugin, or the gateway's, is not there any more."""
    try:
        return host.capabilities.of(stored.progress.service, stored.gateway)
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
    return expected_decision(progress.submitted_at, service.processing, outages_of(transaction, plugin), now)


def _unreachable(host: "Host", down: Unreachable, *, is_for_officer: bool) -> Document:
    plugin, since, cause = down
    is_refused = is_for_officer and cause is not None and cause.startswith(OF_CREDENTIALS)
    text = text_of("outage", CredentialsRejected.code if is_refused else "waits")
    agency, at = agency_name(host, plugin) or Text(en="The agency", bn="সংস্থা"), moment_text(since)
    means = Text(en=text.en.format(agency=agency.en, since=at.en), bn=text.bn.format(agency=agency.bn, since=at.bn))
    return {"plugin": plugin, "since": since, "cause": cause if is_for_officer else None, "means": means}


def _coded(code: str, means: Text) -> Document:
    return {"code": code, "means": means}
