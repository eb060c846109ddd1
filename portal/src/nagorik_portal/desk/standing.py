"""An application's page, and what each page of it shows: who has it, what is to be done, its money, its timeline."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue
from starlette.responses import Response, StreamingResponse

from nagorik import ApplicationState, Money, Operation, QuoteLine, Text
from nagorik_host.view_reader import service_of
from nagorik_host.views import ApplicationView, PaymentView, ViewPart
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, NOT_FILED, WITHDRAWABLE
from nagorik_portal.desk.filing import agency_of, fee_table
from nagorik_portal.desk.visits import Visit, page
from nagorik_portal.desk.wording import catalogue, text

PAY_AGAIN: Final = frozenset({"payment-failed", "payment-expired", "payment-cancelled", "payment-refused"})
CHOOSE_GATEWAY: Final = "gateway-not-chosen"
SECONDS: Final = 10
"""After how many seconds a page that waits for something is read again."""
_MOVING: Final = frozenset({"draft", "ready", "submitting", "submission_unknown"})
"""States in which something is expected to happen within the minute."""
_CORRECTABLE: Final = frozenset(
    {"correction-requested", "correction-refused", "input-rejected", "ineligible", "document-unreadable"}
)
_WITHDRAWABLE: Final = (WITHDRAWABLE | NOT_FILED) - {ApplicationState.SUBMITTING, ApplicationState.SUBMISSION_UNKNOWN}
_READY: Final = frozenset({ApplicationState.ISSUED, ApplicationState.DELIVERY_FAILED})
_HANDED_OVER: Final = frozenset({"delivered", "closed"})


def application_of(visit: Visit) -> str:
    """The application's id in the address."""
    return str(visit.request.path_params["application"])


async def read_view(visit: Visit) -> ApplicationView:
    """The application of the address, as the citizen may see it."""
    return await visit.casework.view(application_of(visit))


def held_of(view: ApplicationView) -> str:
    """The code of what an application waits for; empty where it waits for no party."""
    return view.waits_for.code if view.waits_for is not None else ""


def about(visit: Visit, view: ApplicationView) -> dict[str, object]:
    """What the templates have of an application: the host's view, and what is said of it in words of the desk."""
    agency = agency_of(visit, view.service)
    return {
        "view": view,
        "back": f"/applications/{view.application}",
        "agency": agency,
        "amount": amount_of,
        "instant": datetime.fromisoformat,
        "named": lambda table, code: own_sentence(f"{table}.{code}", Text(bn=code, en=code)),
        "gateways": {one.id: one.name for one in visit.portal.host.platform.gateways},
        "where": _whereabouts(view, agency),
        "waits": _waits(view),
        "next": _next_call(view),
        # What the hold says stands above them.
        "sentences": [one for one in view.what_to_do if view.waits_for is None or one != view.waits_for.means],
        "reasons": [*_reasons(view)],
        "booking": _booking(view),
        "fees": [*_fees(view, agency)],
        "timeline": [{"at": one.at, "text": own_sentence(f"held.{one.code}", one.text)} for one in view.timeline],
    }


async def _show(visit: Visit) -> Response:
    view, casework = await read_view(visit), visit.casework
    documents, collection = await casework.documents(view.application), await casework.collection(view.application)
    service, now = service_of(visit.portal.host, view.service), visit.portal.host.clock.now()
    is_fetched = view.state in _HANDED_OVER and any(one.source == "agency" for one in documents) and not collection
    known: dict[str, Any] = {
        **about(visit, view),
        "money_unknown": any(flag.code == "payment_unknown" for flag in view.flags),
        "overdue": view.expected_by is not None and view.expected_by < now,
        "actions": _actions(visit, view, is_fetched=is_fetched),
        "deliverables": await casework.deliverables(view.application),
        "documents": [one for one in documents if not one.superseded],
        "labels": {one.kind: one.label for one in service.documents} if service is not None else {},
        "collection": collection if view.state in _HANDED_OVER else None,
        "refresh": SECONDS if view.state in _MOVING and view.waits_for is None else None,
        "back": "/work",
    }
    if view.state == "submission_unknown":
        return visit.page("unknown.html", "standing.unknown-title", **known)
    return visit.page("standing.html", visit.say(view.service_name or text("standing.title")), **known)


def _whereabouts(view: ApplicationView, agency: Text) -> Text | None:
    """Who has the application: "we have it" is not "the agency has it"; ``None`` once that is of no interest."""
    if view.agency_reference is not None and view.ended_as is None:
        return text("standing.agency-has-it", agency=agency)
    code = f"standing.where-{view.state}"
    return text(code, agency=agency) if code in catalogue() else None


def _waits(view: ApplicationView) -> dict[str, Text] | None:
    """Who has to do something next, and what; the host itself where no party holds it up."""
    if view.waits_for is not None:
        means = own_sentence(f"held.{view.waits_for.code}", view.waits_for.means)
        return {"party": text(f"party.{view.waits_for.party}"), "means": means}
    if view.blocked is not None:
        return {"party": text("party.person"), "means": view.blocked.means}
    is_ours = view.next is not None and view.ended_as is None and view.state not in _READY
    party = "agency" if view.state in AT_THE_AGENCY - _READY else "host" if is_ours else None
    return {"party": text(f"party.{party}"), "means": text(f"party.{party}-means")} if party is not None else None


def _next_call(view: ApplicationView) -> Text | None:
    """What the host does next by itself, and when."""
    if view.next is None:
        return None
    due = datetime.fromisoformat(str(view.next["due"]))
    return text("standing.next", what=text(f"next.{view.next['operation']}"), at=due)


def _booking(view: ApplicationView) -> ViewPart | None:
    """The appointment that was chosen last; ``held`` where the agency holds another."""
    booking = view.booking
    return booking and {**booking, "held": booking["held"] if booking["state"] != "booked" else None}


def _reasons(view: ApplicationView) -> Iterator[dict[str, object]]:
    """Why it stands there, in the words of those who said it: a heading, and sentences or fields."""
    if view.eligibility is not None and view.eligibility["decisive"]:
        criteria = [one["text"] for one in parts_of(view.eligibility["criteria"]) if one["verdict"] != "pass"]
        yield {"heading": text("reason.eligibility"), "sentences": criteria}
    for refusal in view.refusals:
        said = filter(None, [refusal["reason"]])
        yield {"heading": text("reason.refused"), "sentences": [*said], "fields": refusal["fields"]}
    says = view.agency_says or {}
    missing = text("reason.none") if view.reason_missing else None
    if words := [one for one in (says.get("reason"), says.get("remark"), missing) if one is not None]:
        yield {"heading": text("reason.agency"), "sentences": words}
    if view.demanded_again is not None:
        yield {"heading": text("reason.again"), "sentences": [view.demanded_again["means"]]}
    for stop in view.stopped:
        yield {"heading": text("reason.stopped"), "sentences": [stop["reason"]]}


def parts_of(value: JsonValue) -> list[dict[str, JsonValue]]:
    """The parts of a list in a view."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _actions(visit: Visit, view: ApplicationView, *, is_fetched: bool) -> dict[str, str]:
    """What can be done now, the most urgent first, each with the class of its button."""
    held, service = held_of(view), service_of(visit.portal.host, view.service)
    wanted = {
        "go-on": held == "eligibility-indeterminate",
        "correct": held in _CORRECTABLE,
        "new-consent": view.consent is not None and view.consent["gap"] is not None and view.ended_as is None,
        "pay": held == CHOOSE_GATEWAY or held in PAY_AGAIN or payable(view) is not None,
        "appointment": view.state == "awaiting_appearance" and service and Operation.SLOTS in service.reads,
        "hand-over": view.state in _READY or is_fetched,
        "withdraw": ApplicationState(view.state) in _WITHDRAWABLE,
    }
    found = [code for code, is_open in wanted.items() if is_open and "apply" in visit.operator.scopes]
    classes = {code: "" if code == found[0] else "govuk-button--secondary" for code in found}
    return {**classes, "withdraw": "govuk-button--warning"} if "withdraw" in found else classes


def payable(view: ApplicationView) -> PaymentView | None:
    """The payment that waits for the payer."""
    payments = (one for one in reversed(view.payments) if one.pay_at is not None or one.instructions is not None)
    return next(payments, None)


def _fees(view: ApplicationView, agency: Text) -> Iterator[dict[str, Any]]:
    """The prices and charges of an application."""
    parts = [("pay.paid" if one["paid"] else "fee.fees", one, agency) for one in view.fees]
    for heading, part, own in parts + ([("fee.charges", view.charges, text("fee.centre"))] if view.charges else []):
        currency, lines = part["currency"], []
        for line in parts_of(part["lines"]):
            money = {name: amount_of(f"{line[name]} {currency}") for name in ("amount", "vat")}
            lines.append(QuoteLine.model_validate({**line, **money}))
        yield fee_table(heading, lines, own, amount_of(f"{part['total']} {currency}"))


def amount_of(written: str) -> Money:
    """An amount of a view, such as ``345.00 BDT``."""
    amount, _, currency = written.partition(" ")
    return Money.of(amount, "USD" if currency == "USD" else "BDT")


def own_sentence(code: str, otherwise: Text) -> Text:
    """The desk's text of a code where it has one: some of the host's sentences name commands."""
    return text(code) if code in catalogue() else otherwise


async def _download(visit: Visit) -> Response:
    place = visit.request.path_params
    reference, pieces = await visit.casework.open_document(place["application"], place["document"])
    name = f"{reference.kind}.{reference.media_type.rpartition('/')[2]}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(reference.bytes)}
    return StreamingResponse(pieces, media_type=reference.media_type, headers=headers)


STANDING_ROUTES: Final = [
    page("/applications/{application}", "application", _show),
    page("/applications/{application}/documents/{document}", "application-document", _download),
]
