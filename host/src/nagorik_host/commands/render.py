"""An application's view, rendered for the person at the counter and for an officer."""

from collections.abc import Sequence
from datetime import datetime

from nagorik import Text
from nagorik.values import Money, to_bangla_digits
from nagorik_host.commands.columns import when
from nagorik_host.views import ApplicationView, OfficerView
from nagorik_platform.cli.explanation_page import charge_lines, fee_lines, reason_lines
from nagorik_platform.cli.output import Document, print_facts, print_json, print_lines, print_table, print_unbroken
from nagorik_platform.lifecycle import Party
from nagorik_toolkit.texts import moment_text, money_text


def render_application(view: ApplicationView, *, as_json: bool) -> None:
    """Print a citizen's view, or an officer's with all that a decision needs."""
    document, everything = view.model_dump(mode="json"), isinstance(view, OfficerView)
    if as_json:
        print_json(document)
        return
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
    _render_timeline(document["timeline"])
    if everything:
        _render_for_officer(document)


def _render_timeline(lines: Sequence[Document]) -> None:
    print_lines("", "কী হয়েছে / what happened")
    for line in lines:
        at = moment_text(datetime.fromisoformat(line["at"]))
        print_lines(f"  {at.bn}: {_repeated(line, 'bn')}", f"  {at.en}: {_repeated(line, 'en')}")


def _render_for_officer(document: Document) -> None:
    print_facts(
        (
            ("citizen", document["applicant"]),
            ("identifiers", ", ".join(document["identifiers"]) or "–"),
            ("form holds", ", ".join(document["form_fields"]) or "–"),
            ("--to may be", ", ".join(document["may_become"]) or "–"),
            *((f"--payment {p} may be", ", ".join(to) or "–") for p, to in document["payments_may_become"].items()),
            *((f"the gateway says of {p}", said) for p, said in document["gateways_say"].items()),
        )
    )
    print_table(
        ("শুরু / began", "কাজ / operation", "ফল / result", "শেষ / ended"),
        (
            (when(one["began"]), one["operation"], one["result"] or "–", when(one["ended"]) if one["ended"] else "–")
            for one in document["attempts"]
        ),
    )


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


def _in_both(text: Text) -> str:
    return f"{text.bn} · {text.en}"


def _money(written: str) -> Text:
    """An amount of a document, such as ``345.00 BDT``."""
    amount, currency = written.split()
    return money_text(Money.of(amount, "USD" if currency == "USD" else "BDT"))


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
