"""An application's view, rendered for the person at the counter and for an officer; ``nagorik track``."""

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from nagorik import Text
from nagorik.values import to_bangla_digits
from nagorik_host.commands.result import CommandResult, Headings, NameValues, Part, Table
from nagorik_host.commands.running import opened_host
from nagorik_host.views import CITIZEN, ApplicationView, OfficerView, PaymentView
from nagorik_platform.cli.explanation_page import both, charge_lines, fee_lines, pair, reason_lines
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Party
from nagorik_toolkit.texts import moment_text

_PAYMENTS: Final[Headings] = {
    "পেমেন্ট / payment": "payment",
    "মাধ্যম / gateway": "gateway",
    "নম্বর / reference": "reference",
    "টাকা / amount": lambda one: one["taken"] or one["amount"],
    "অবস্থা / state": "state",
}
_ATTEMPTS: Final[Headings] = {
    "শুরু / began": lambda one: _moment(one["began"]).en,
    "কাজ / operation": "operation",
    "ফল / result": "result",
    "শেষ / ended": lambda one: one["ended"] and _moment(one["ended"]).en,
}


async def track(arguments: argparse.Namespace) -> CommandResult:
    """Show the citizen's view."""
    async with opened_host() as host:
        return view_result(await host.view(arguments.application, CITIZEN))


def view_result(view: ApplicationView) -> CommandResult:
    """A citizen's view, or an officer's with all that a decision needs."""
    document = view.model_dump(mode="json")
    return CommandResult(document, list(_page(view, document)))


def _page(view: ApplicationView, document: Document) -> Iterator[Part]:
    name, coming, is_for_officer = view.service_name, document["next"], isinstance(view, OfficerView)
    yield NameValues(
        {
            "application": view.application,
            "আবেদন / reference": view.client_reference,
            "সেবা / service": f"{view.service} {both(name)}" if name else view.service,
            "সংস্থার নম্বর / agency's number": view.agency_reference,
            "অবস্থা / state": view.state,
            "পরের কাজ / next": coming and f"{coming['operation'] or '–'}, {both(_moment(coming['due']))}",
            "সম্ভাব্য সময় / expected by": view.expected_by and both(moment_text(view.expected_by)),
        }
    )
    for text in (view.state_means, *(one.means for one in (view.ended_as, *view.flags) if one is not None)):
        yield from ("", *pair(text))
    if reasons := list(reason_lines(document, everything=is_for_officer)):
        yield from ("", "কারণ / why", *reasons)
    yield from ("", *_obstacles(view, document))
    yield "নাগরিকের করণীয় / for the citizen to do" if is_for_officer else "করণীয় / what to do"
    yield from (f"  {line}" for line in pair(*view.what_to_do))
    if document["booking"] is not None:
        yield from ("", *_booking_lines(document["booking"]))
    for fee in document["fees"]:
        yield from ("", *fee_lines(fee))
    if document["charges"] is not None:
        yield from ("", *charge_lines(document["charges"]))
    if view.payments:
        yield from ("", Table(_PAYMENTS, document["payments"]))
    for payment in view.payments:
        yield from _payment(payment)
    yield from ("", "কী হয়েছে / what happened")
    for line in view.timeline:
        at, times = moment_text(line.at), str(line.times)
        bn, en = (f" × {to_bangla_digits(times)}", f" × {times}") if line.times > 1 else ("", "")
        yield from (f"  {at.bn}: {line.text.bn}{bn}", f"  {at.en}: {line.text.en}{en}")
    if isinstance(view, OfficerView):
        yield from _for_officer(view, document)


def _obstacles(view: ApplicationView, document: Document) -> Iterator[str]:
    waits, blocked, unreachable = view.waits_for, view.blocked, document["unreachable"]
    if unreachable is not None:
        yield from ("সংযোগ নেই / cannot be reached", unreachable["means"]["bn"], unreachable["means"]["en"])
    if waits is not None:
        # What the citizen has to do stands below.
        means = () if waits.party == Party.CITIZEN else pair(waits.means)
        yield from (f"অপেক্ষা / waits ({waits.party}): {waits.code}", *means)
    if blocked is not None:
        yield from (f"আটকে আছে / blocked: {blocked.code}", *pair(blocked.means))
    for stop in document["stopped"]:
        yield from (f"বন্ধ / stopped: {stop['kind']} {stop['name']}", stop["reason"]["bn"], stop["reason"]["en"])


def _booking_lines(booking: Document) -> Iterator[str]:
    slot = booking["slot"]
    at, place = moment_text(datetime.fromisoformat(slot["starts_at"])), slot["place"] or {"bn": "–", "en": "–"}
    yield f"সাক্ষাৎ / appointment ({booking['state']}): {booking['reference'] or '–'}"
    yield from (f"  {at.bn}, {place['bn']}", f"  {at.en}, {place['en']}")
    yield from (f"  {booking['means']['bn']}", f"  {booking['means']['en']}")


def _payment(payment: PaymentView) -> Iterator[str]:
    """What is back or on its way, so that it is not given back once more; and how to pay."""
    if payment.charges is not None:
        yield from ("", payment.payment, *charge_lines(dict(payment.charges)))
    if payment.refunded_at is not None:
        at = moment_text(payment.refunded_at)
        yield from ("", payment.payment, f"এই পেমেন্টের টাকা ফেরত দেওয়া হয়েছে: {at.bn}।")
        yield f"Money of this payment was given back: {at.en}."
    elif payment.refund_ordered_at is not None:
        at = moment_text(payment.refund_ordered_at)
        yield from ("", payment.payment, f"পেমেন্ট সেবাকে এই পেমেন্টের টাকা ফেরত দিতে বলা হয়েছে, বা হয়ে থাকতে পারে: {at.bn}।")
        yield f"The payment service was told to give money of this payment back, or may have been: {at.en}."
    if payment.refund_reference is not None:
        yield f"ফেরতের নম্বর / number of the refund: {payment.refund_reference}"
    if payment.instructions is not None:
        yield from ("", *pair(payment.instructions))
    if payment.pay_at is not None:
        yield from ("", "এখানে টাকা দিন / pay here", payment.pay_at)
    if payment.pay_until is not None:
        until = moment_text(payment.pay_until)
        yield from (f"{until.bn} পর্যন্ত টাকা দেওয়া যাবে।", f"You can pay until {until.en}.")


def _for_officer(view: OfficerView, document: Document) -> Iterator[Part]:
    lists = {"identifiers": view.identifiers, "form holds": view.form_fields, "--to may be": view.may_become}
    lists |= {f"--payment {one} may be": tuple(to) for one, to in view.payments_may_become.items()}
    said = {f"the gateway says of {payment}": said for payment, said in view.gateways_say.items()}
    shown = {name: ", ".join(held) or "–" for name, held in lists.items()}
    yield NameValues({"citizen": view.applicant, **shown, **said})
    yield Table(_ATTEMPTS, document["attempts"])


def _moment(written: str) -> Text:
    return moment_text(datetime.fromisoformat(written))
