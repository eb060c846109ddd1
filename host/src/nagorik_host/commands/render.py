"""An application as it is rendered: for a program, and for the person at the counter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import select

from nagorik import CredentialsRejected, NagorikError, ServiceNotOffered, Text
from nagorik.manifest import PublicService
from nagorik.model.fee import QuoteLine
from nagorik.values import Money, dhaka_time, to_bangla_digits
from nagorik_host.engine.reach import OF_CREDENTIALS
from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
from nagorik_host.host import Host
from nagorik_host.store.application_store import StoredApplication
from nagorik_host.store.checkouts import Checkout, open_checkouts
from nagorik_host.store.database import Transaction
from nagorik_host.store.outages import ExpectedDecision, Unreachable, expected, outages_of, unreachable
from nagorik_host.store.schema import applications
from nagorik_host.texts import hold_sentence, sentence, timeline
from nagorik_platform.cli.explanation_page import (
    Schema,
    Wording,
    as_written,
    charge_document,
    charge_lines,
    explanation_document,
    fee_lines,
    reason_lines,
    with_document_labels,
)
from nagorik_platform.cli.output import Document, print_facts, print_lines, print_table, print_unbroken
from nagorik_platform.lifecycle import (
    Event,
    Party,
    Payment,
    Progress,
    StateExplanation,
    explain,
    state_label,
    what_to_do,
)
from nagorik_platform.lifecycle.consent import charges_to_come, price_to_come
from nagorik_platform.lifecycle.events import AttemptEnded
from nagorik_toolkit.texts import moment_text, money_text


@dataclass(frozen=True, slots=True, repr=False)
class ApplicationView:
    """An application with all that is told of it.

    Attributes:
        progress: Where it is.
        events: Its journal.
        said: What the journal says of why it is there.
        schema: Its service's form, where fields of it were refused and the form can be had.
        due_at: When it is looked at again.
        operation: What is due then.
        blocked: Why the host leaves it alone.
        expected: When the agency is expected to be done.
        unreachable: The agency that it waits for and that cannot be reached, if that is so.
        stopped: What an officer has stopped of it.
        gateway: What the citizen pays by, if it is chosen.
        checkouts: Where payments that wait for their payer are paid, by the payment's id.
    """

    progress: Progress
    events: tuple[Event, ...]
    said: StateExplanation
    schema: Schema | None
    due_at: datetime | None
    operation: str | None
    blocked: str | None
    expected: ExpectedDecision | None
    unreachable: Unreachable | None
    stopped: Sequence[SuspensionRecord]
    gateway: str | None
    checkouts: Mapping[str, Checkout]


async def find_application(host: Host, name: str) -> ApplicationView:
    """The application that ``name`` is the id or the client reference of.

    Raises:
        NoSuchApplication: The database holds none.
        Erased: The citizen's data were erased.
    """

    def read(transaction: Transaction) -> ApplicationView:
        application = host.store.resolve(transaction, name)
        stored = host.store.read(transaction, application)
        row = transaction.connection.execute(
            select(
                applications.c.due_at, applications.c.operation, applications.c.target_plugin, applications.c.blocked
            ).where(applications.c.id == application)
        ).one()
        goes_on = row.due_at is not None or stored.lease is not None
        offers = {stored.progress.service, stored.plugin}
        events = host.store.events(transaction, stored)
        stopped = list_suspensions(transaction)
        # Nobody is sent to pay for, or at, what an officer has stopped, or of which nobody would learn it.
        is_asked_about = row.blocked is None and any(one.id == stored.gateway for one in host.platform.gateways)
        is_payable = is_asked_about and not _is_stopped(stopped, stored)
        return ApplicationView(
            progress=stored.progress,
            events=events,
            said=explain(events),
            schema=None,
            due_at=row.due_at,
            operation=row.operation,
            blocked=row.blocked,
            expected=_expected(transaction, host, stored.progress, stored.plugin),
            unreachable=unreachable(transaction, row.target_plugin) if goes_on else None,
            stopped=[one for one in stopped if one.name in offers],
            gateway=stored.gateway,
            checkouts=open_checkouts(transaction, stored, host.clock.now()) if is_payable else {},
        )

    view = await host.database.run(read)
    if not any(isinstance(event, AttemptEnded) and event.refusal and event.refusal.fields for event in view.events):
        return view
    schema = await _form_schema(host, view.progress.service)
    kinds = await host.database.run(partial(_kinds, host=host, application=view.progress.id))
    return replace(
        view, schema=with_document_labels(schema, [document_label(host, view.progress.service, one) for one in kinds])
    )


def _is_stopped(stopped: Sequence[SuspensionRecord], stored: StoredApplication) -> bool:
    """Whether an officer has stopped the service, its plugin, or the gateway that the citizen pays with."""
    gateway = stored.gateway or ""
    names = {stored.progress.service, stored.plugin, gateway, gateway.partition(".")[0]}
    return any(one.name in names for one in stopped)


def _kinds(transaction: Transaction, *, host: Host, application: str) -> list[str]:
    """The kinds of the papers that the citizen handed in, in their order."""
    draft = host.store.draft(transaction, host.store.read(transaction, application))
    return [document.kind for document in draft.documents]


def document_label(host: Host, service: str, kind: str) -> Text:
    """What a paper is called: by its service's manifest, else by its kind."""
    offer = service_of(host, service)
    listed = offer.document_kind(kind) if offer is not None else None
    return listed.label if listed is not None else Text(en=kind, bn=kind)


async def _form_schema(host: Host, service: str) -> Schema | None:
    """The service's form; ``None`` where its plugin is not there any more or cannot be used."""
    try:
        return await host.platform.form_schema(service)
    except NagorikError:
        return None


def as_document(view: ApplicationView, host: Host, *, words: Wording = as_written) -> Document:
    """What is told of an application, with stable keys; times in UTC, money as decimal text.

    ``words`` is how what somebody wrote is shown.
    """
    progress, service = view.progress, service_of(host, view.progress.service)
    hold = hold_sentence(progress.hold) if progress.hold is not None else None
    return {
        "application": progress.id,
        "client_reference": progress.client_reference,
        "agency_reference": progress.agency_reference,
        "service": progress.service,
        "service_name": _text(service.name if service is not None else None),
        "plugin": progress.plugin_version,
        "state": progress.state.value,
        "state_means": _text(state_label(progress.state)),
        "flags": [{"flag": flag.value, "means": _text(state_label(flag))} for flag in sorted(progress.flags)],
        "waits_for": _waits_for(progress),
        "what_to_do": [_text(one) for one in what_to_do(progress, view.said, hold)],
        **explanation_document(progress, view.said, schema=view.schema, words=words),
        "charges": charge_document(_charges_to_come(host, view)),
        "blocked": _coded(view.blocked, sentence("blocked", view.blocked)) if view.blocked else None,
        "unreachable": _unreachable(host, view.unreachable),
        "stopped": [{"kind": one.kind, "name": one.name, "reason": _text(one.reason)} for one in view.stopped],
        "next": {"operation": view.operation, "due": view.due_at.isoformat()} if view.due_at else None,
        "opened_at": progress.opened_at.isoformat(),
        "submitted_at": progress.submitted_at.isoformat() if progress.submitted_at else None,
        "expected_by": view.expected.at.isoformat() if view.expected else None,
        "expected_frozen_seconds": view.expected.frozen.total_seconds() if view.expected else None,
        "payments": [
            {
                "payment": payment.id,
                "gateway": payment.gateway,
                # Before money was taken it may be what opens the payer's page.
                "reference": payment.reference if payment.captured_at is not None else None,
                "stage": payment.stage,
                "state": payment.state.value,
                "means": _text(state_label(payment.state)),
                "amount": str(payment.amount),
                "taken": str(payment.taken) if payment.taken else None,
                "charges": charge_document(payment.charges),
                **_refund(payment),
                **_checkout(view.checkouts.get(payment.id, Checkout())),
            }
            for payment in progress.payments
        ],
        "timeline": [
            {
                "at": line.at.isoformat(),
                "kind": line.kind,
                "code": line.code,
                "text": _text(line.text),
                "times": line.times,
            }
            for line in timeline(
                view.events,
                agency_name(host, progress.service.partition(".")[0]),
                schema=view.schema,
                words=words,
                paper=partial(document_label, host, progress.service),
            )
        ],
    }


def render_application(document: Document, *, everything: bool = False) -> None:
    """The same for a person; ``everything`` is for whoever has to decide."""
    name = document["service_name"]
    print_facts(
        (fact, value)
        for fact, value in (
            ("application", document["application"]),
            ("আবেদন / reference", document["client_reference"]),
            ("সেবা / service", f"{document['service']} {name['bn']} · {name['en']}" if name else document["service"]),
            ("সংস্থার নম্বর / agency's number", document["agency_reference"]),
            ("অবস্থা / state", document["state"]),
            ("পরের কাজ / next", _next(document)),
            ("সম্ভাব্য সময় / expected by", _expected_by(document)),
        )
        if value
    )
    for item in filter(None, ({"means": document["state_means"]}, document["ended_as"], *document["flags"])):
        print_lines("", item["means"]["bn"], item["means"]["en"])
    reasons = list(reason_lines(document, everything=everything))
    if reasons:
        print_lines("", "কারণ / why", *reasons)
    print_lines("")
    if document["unreachable"] is not None:
        means = document["unreachable"]["means"]
        print_lines("সংযোগ নেই / cannot be reached", means["bn"], means["en"])
    for heading, item in (("অপেক্ষা / waits", document["waits_for"]), ("আটকে আছে / blocked", document["blocked"])):
        if item is not None:
            party = f" ({item['party']})" if "party" in item else ""
            # What the citizen is waited for is told below, as what they have to do.
            means = () if item.get("party") == Party.CITIZEN else (item["means"]["bn"], item["means"]["en"])
            print_lines(f"{heading}{party}: {item['code']}", *means)
    for stop in document["stopped"]:
        print_lines(f"বন্ধ / stopped: {stop['kind']} {stop['name']}", stop["reason"]["bn"], stop["reason"]["en"])
    print_lines("নাগরিকের করণীয় / for the citizen to do" if everything else "করণীয় / what to do")
    for one in document["what_to_do"]:
        print_lines(f"  {one['bn']}", f"  {one['en']}")
    _render_prices(document)
    _render_payments(document["payments"])
    print_lines("", "কী হয়েছে / what happened")
    for line in document["timeline"]:
        at = moment_text(datetime.fromisoformat(line["at"]))
        print_lines(f"  {at.bn}: {_repeated(line, 'bn')}", f"  {at.en}: {_repeated(line, 'en')}")


def _render_prices(document: Document) -> None:
    """The agency's fees, and apart from them what the host asks for beside the next."""
    for fee in document["fees"]:
        print_lines("", *fee_lines(fee))
    if document["charges"] is not None:
        print_lines("", *charge_lines(document["charges"]))


def _render_payments(payments: Sequence[Document]) -> None:
    if payments:
        print_lines("")
        rows = [
            (
                one["payment"],
                one["gateway"],
                one["reference"] or "–",
                _in_both(_money(one["taken"] or one["amount"])),
                one["state"],
            )
            for one in payments
        ]
        print_table(("পেমেন্ট / payment", "মাধ্যম / gateway", "নম্বর / reference", "টাকা / amount", "অবস্থা / state"), rows)
    for one in payments:
        if one["charges"] is not None:
            print_lines("", one["payment"], *charge_lines(one["charges"]))
        _render_refund(one)
        _render_checkout(one)


def _charges_to_come(host: Host, view: ApplicationView) -> tuple[QuoteLine, ...]:
    """What the next payment asks for beside its quote; nothing where none is to come, or its plugin is gone."""
    try:
        capabilities = host.capabilities(view.progress.service, view.gateway)
    except ServiceNotOffered:
        return ()
    if price_to_come(view.progress, capabilities) is None:
        return ()
    return charges_to_come(view.progress, capabilities)


def _refund(payment: Payment) -> Document:
    """What was ordered back or given back of it, whatever state it is in since."""
    ordered_at, refunded_at = payment.refund_ordered_at, payment.refunded_at
    return {
        "refund_ordered_at": ordered_at.isoformat() if ordered_at is not None else None,
        "refund_reference": payment.refund_reference,
        "refunded_at": refunded_at.isoformat() if refunded_at is not None else None,
    }


def _render_refund(payment: Document) -> None:
    """So that nobody gives back once more what is back, or on its way, whatever else has come of the payment."""
    told = payment["refunded_at"] or payment["refund_ordered_at"]
    if told is None:
        return
    at = moment_text(datetime.fromisoformat(told))
    if payment["refunded_at"] is not None:
        lines = [f"এই পেমেন্টের টাকা ফেরত দেওয়া হয়েছে: {at.bn}।", f"Money of this payment was given back: {at.en}."]
    else:
        lines = [
            f"পেমেন্ট সেবাকে এই পেমেন্টের টাকা ফেরত দিতে বলা হয়েছে, বা হয়ে থাকতে পারে: {at.bn}।",
            f"The payment service was told to give money of this payment back, or may have been: {at.en}.",
        ]
    if payment["refund_reference"] is not None:
        lines.append(f"ফেরতের নম্বর / number of the refund: {payment['refund_reference']}")
    print_lines("", payment["payment"], *lines)


def _checkout(checkout: Checkout) -> Document:
    """Where and how a payment is paid, as long as it can be."""
    return {
        "pay_at": checkout.pay_at,
        "instructions": _text(checkout.instructions),
        "pay_until": checkout.expires_at.isoformat() if checkout.expires_at is not None else None,
    }


def _render_checkout(payment: Document) -> None:
    """What the payer is told, on lines of its own so that an address can be copied whole."""
    if payment["instructions"] is not None:
        print_lines("", payment["instructions"]["bn"], payment["instructions"]["en"])
    if payment["pay_at"] is not None:
        print_lines("", "এখানে টাকা দিন / pay here")
        print_unbroken(payment["pay_at"])
    if payment["pay_until"] is not None:
        until = moment_text(datetime.fromisoformat(payment["pay_until"]))
        print_lines(f"{until.bn} পর্যন্ত টাকা দেওয়া যাবে।", f"You can pay until {until.en}.")


def when(at: str | datetime) -> str:
    """A time on the clocks in Dhaka, to the minute, for a column of an officer's table."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{dhaka_time(instant):%d %b %Y %H:%M}"


def _in_both(text: Text) -> str:
    return f"{text.bn} · {text.en}"


def _money(written: str) -> Text:
    """An amount of a document, such as ``345.00 BDT``."""
    amount, currency = written.split()
    return money_text(Money.of(amount, "USD" if currency == "USD" else "BDT"))


def service_of(host: Host, service: str) -> PublicService | None:
    """The service, if an installed plugin offers it."""
    try:
        return host.platform.service(service)
    except ServiceNotOffered:
        return None


def agency_name(host: Host, plugin: str) -> Text | None:
    """What the agency of a plugin is called, if the plugin is installed."""
    return next((r.manifest.name for r in host.platform.plugins if r.id == plugin and r.manifest is not None), None)


def _expected(transaction: Transaction, host: Host, progress: Progress, plugin: str) -> ExpectedDecision | None:
    """When the agency promises to be done, as long as it is not."""
    service = service_of(host, progress.service)
    decided = progress.status is not None and progress.status.final
    if service is None or service.processing is None or progress.submitted_at is None or decided:
        return None
    now = host.clock.now()
    return expected(progress.submitted_at, service.processing, outages_of(transaction, plugin), now)


def _unreachable(host: Host, agency_down: Unreachable | None) -> Document | None:
    if agency_down is None:
        return None
    plugin, since, cause = agency_down
    named = CredentialsRejected.code if cause is not None and cause.startswith(OF_CREDENTIALS) else cause
    text = sentence("outage", named or "waits") or sentence("outage", "waits")
    assert text is not None  # noqa: S101 - the file of sentences is part of the host
    agency = agency_name(host, plugin) or Text(en="The agency", bn="সংস্থা")
    at = moment_text(since)
    return {
        "plugin": plugin,
        "since": since.isoformat(),
        "cause": cause,
        "means": {
            "en": text.en.format(agency=agency.en, since=at.en),
            "bn": text.bn.format(agency=agency.bn, since=at.bn),
        },
    }


def _waits_for(progress: Progress) -> Document | None:
    hold = progress.hold
    if hold is None:
        return None
    return {"party": hold.party.value, **_coded(hold.code, hold_sentence(hold))}


def _coded(code: str, text: Text | None) -> Document:
    return {"code": code, "means": _text(text) or {"en": code, "bn": code}}


def _text(text: Text | None) -> Document | None:
    return None if text is None else {"en": text.en, "bn": text.bn}


def _next(document: Document) -> str | None:
    coming = document["next"]
    if coming is None:
        return None
    return f"{coming['operation'] or '–'}, {_in_both(moment_text(datetime.fromisoformat(coming['due'])))}"


def _expected_by(document: Document) -> str | None:
    if document["expected_by"] is None:
        return None
    hours = round(document["expected_frozen_seconds"] / 3600)
    told = "1 hour" if hours == 1 else f"{hours} hours"
    closed = f" (সংস্থা {to_bangla_digits(str(hours))} ঘণ্টা বন্ধ ছিল · the agency was down for {told})" if hours else ""
    return _in_both(moment_text(datetime.fromisoformat(document["expected_by"]))) + closed


def _repeated(line: Document, language: str) -> str:
    times = str(line["times"])
    told = f" × {to_bangla_digits(times) if language == 'bn' else times}" if line["times"] > 1 else ""
    return f"{line['text'][language]}{told}"
