"""An application's view, rendered for the person at the counter and for an officer."""

from collections.abc import Iterator
from datetime import datetime

from nagorik import Text
from nagorik.values import Money, to_bangla_digits
from nagorik_host.commands.result import CommandResult, Headings, NameValues, Part, Table, Unbroken, when
from nagorik_host.views import ApplicationView, OfficerView
from nagorik_platform.cli.explanation_page import charge_lines, fee_lines, reason_lines
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Party
from nagorik_toolkit.texts import moment_text, money_text


def view_result(view: ApplicationView) -> CommandResult:
    """A citizen's view, or an officer's with all that a decision needs."""
    document = view.model_dump(mode="json")
    return CommandResult(document, list(_page(document, everything=isinstance(view, OfficerView))))


def _page(document: Document, *, everything: bool) -> Iterator[Part]:
    name = document["service_name"]
    yield NameValues(
        {
            "application": document["application"],
            "আবেদন / reference": document["client_reference"],
            "সেবা / service": f"{document['service']} {_both(name)}" if name else document["service"],
            "সংস্থার নম্বর / agency's number": document["agency_reference"],
            "অবস্থা / state": document["state"],
            "পরের কাজ / next": _next(document["next"]),
            "সম্ভাব্য সময় / expected by": _expected_by(document),
        }
    )
    for item in filter(None, ({"means": document["state_means"]}, document["ended_as"], *document["flags"])):
        yield from ("", *_pair(item["means"]))
    if reasons := list(reason_lines(document, everything=everything)):
        yield from ("", "কারণ / why", *reasons)
    yield ""
    yield from _obstacles(document)
    yield "নাগরিকের করণীয় / for the citizen to do" if everything else "করণীয় / what to do"
    for one in document["what_to_do"]:
        yield from _pair(one, "  ")
    for fee in document["fees"]:
        yield from ("", *fee_lines(fee))
    if document["charges"] is not None:
        yield from ("", *charge_lines(document["charges"]))
    yield from _payments(document)
    yield from _timeline(document)
    if everything:
        yield from _for_officer(document)


def _obstacles(document: Document) -> Iterator[str]:
    if document["unreachable"] is not None:
        yield from ("সংযোগ নেই / cannot be reached", *_pair(document["unreachable"]["means"]))
    for heading, item in (("অপেক্ষা / waits", document["waits_for"]), ("আটকে আছে / blocked", document["blocked"])):
        if item is not None:
            party = item.get("party")
            yield f"{heading}{f' ({party})' if party else ''}: {item['code']}"
            if party != Party.CITIZEN:  # what the citizen has to do stands below
                yield from _pair(item["means"])
    for stop in document["stopped"]:
        yield from (f"বন্ধ / stopped: {stop['kind']} {stop['name']}", *_pair(stop["reason"]))


def _timeline(document: Document) -> Iterator[str]:
    yield from ("", "কী হয়েছে / what happened")
    for line in document["timeline"]:
        at, times = _moment(line["at"]), line["times"]
        bn, en = (f" × {to_bangla_digits(str(times))}", f" × {times}") if times > 1 else ("", "")
        yield from (f"  {at.bn}: {line['text']['bn']}{bn}", f"  {at.en}: {line['text']['en']}{en}")


def _for_officer(document: Document) -> Iterator[Part]:
    become = {f"--payment {p} may be": ", ".join(to) or "–" for p, to in document["payments_may_become"].items()}
    yield NameValues(
        {
            "citizen": document["applicant"],
            "identifiers": ", ".join(document["identifiers"]) or "–",
            "form holds": ", ".join(document["form_fields"]) or "–",
            "--to may be": ", ".join(document["may_become"]) or "–",
            **become,
            **{f"the gateway says of {payment}": said for payment, said in document["gateways_say"].items()},
        }
    )
    columns: Headings = {
        "শুরু / began": lambda one: when(one["began"]),
        "কাজ / operation": "operation",
        "ফল / result": "result",
        "শেষ / ended": lambda one: one["ended"] and when(one["ended"]),
    }
    yield Table(columns, document["attempts"])


def _payments(document: Document) -> Iterator[Part]:
    columns: Headings = {
        "পেমেন্ট / payment": "payment",
        "মাধ্যম / gateway": "gateway",
        "নম্বর / reference": "reference",
        "টাকা / amount": lambda one: _money(one["taken"] or one["amount"]),
        "অবস্থা / state": "state",
    }
    if document["payments"]:
        yield from ("", Table(columns, document["payments"]))
    for one in document["payments"]:
        if one["charges"] is not None:
            yield from ("", one["payment"], *charge_lines(one["charges"]))
        yield from _refund(one)
        if one["instructions"] is not None:
            yield from ("", *_pair(one["instructions"]))
        if one["pay_at"] is not None:
            yield from ("", "এখানে টাকা দিন / pay here", Unbroken(one["pay_at"]))
        if one["pay_until"] is not None:
            until = _moment(one["pay_until"])
            yield from (f"{until.bn} পর্যন্ত টাকা দেওয়া যাবে।", f"You can pay until {until.en}.")


def _refund(payment: Document) -> Iterator[str]:
    """What is back or on its way, so that it is not given back once more."""
    if payment["refunded_at"] is not None:
        at = _moment(payment["refunded_at"])
        lines = (f"এই পেমেন্টের টাকা ফেরত দেওয়া হয়েছে: {at.bn}।", f"Money of this payment was given back: {at.en}.")
    elif payment["refund_ordered_at"] is not None:
        at = _moment(payment["refund_ordered_at"])
        lines = (
            f"পেমেন্ট সেবাকে এই পেমেন্টের টাকা ফেরত দিতে বলা হয়েছে, বা হয়ে থাকতে পারে: {at.bn}।",
            f"The payment service was told to give money of this payment back, or may have been: {at.en}.",
        )
    else:
        return
    yield from ("", payment["payment"], *lines)
    if payment["refund_reference"] is not None:
        yield f"ফেরতের নম্বর / number of the refund: {payment['refund_reference']}"


def _next(coming: Document | None) -> str | None:
    return None if coming is None else f"{coming['operation'] or '–'}, {_both(_moment(coming['due']).model_dump())}"


def _expected_by(document: Document) -> str | None:
    if document["expected_by"] is None:
        return None
    hours = round(document["expected_frozen_seconds"] / 3600)
    away = f"{hours} hour{'' if hours == 1 else 's'}"
    closed = f" (সংস্থা {to_bangla_digits(str(hours))} ঘণ্টা বন্ধ ছিল · the agency was down for {away})" if hours else ""
    return f"{_both(_moment(document['expected_by']).model_dump())}{closed}"


def _moment(written: str) -> Text:
    return moment_text(datetime.fromisoformat(written))


def _money(written: str) -> str:
    """An amount of a document, such as ``345.00 BDT``."""
    amount, currency = written.split()
    return _both(money_text(Money.of(amount, "USD" if currency == "USD" else "BDT")).model_dump())


def _both(text: Document) -> str:
    return f"{text['bn']} · {text['en']}"


def _pair(text: Document, before: str = "") -> tuple[str, str]:
    return f"{before}{text['bn']}", f"{before}{text['en']}"
