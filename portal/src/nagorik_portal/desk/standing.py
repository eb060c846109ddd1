"""An application's page: who has it, what is to be done and by whom, its money, its documents and its timeline."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from nagorik import ApplicationState, Money, Operation, ServiceNotOffered, Text
from nagorik.manifest import PublicService
from nagorik_host.views import ApplicationView, PaymentView
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, NOT_FILED, WITHDRAWABLE
from nagorik_portal.desk.effects import application_of, own_sentence, read_view
from nagorik_portal.desk.filing import agency_of
from nagorik_portal.desk.visits import Visit, page
from nagorik_portal.desk.wording import text

if TYPE_CHECKING:
    from nagorik_portal.casework import IssuedDeliverable

UNKNOWN: Final = "submission_unknown"
_HERE: Final = frozenset({"draft", "ready", "awaiting_payment", "submitting", UNKNOWN, "manual_review"})
"""States that say where an application is that has no number of the agency."""
_MOVING: Final = frozenset({"draft", "ready", "submitting", UNKNOWN})
"""States in which something is expected to happen within the minute."""
_SECONDS: Final = 10
_CORRECTABLE: Final = frozenset(
    {"correction-requested", "correction-refused", "input-rejected", "ineligible", "document-unreadable"}
)
PAY_AGAIN: Final = frozenset({"payment-failed", "payment-expired", "payment-cancelled", "payment-refused"})
CHOOSE_GATEWAY: Final = "gateway-not-chosen"
_WITHDRAWABLE: Final = frozenset(one.value for one in WITHDRAWABLE | (NOT_FILED - {ApplicationState.SUBMITTING}))
_AGENCY: Final = frozenset(one.value for one in AT_THE_AGENCY)
_HANDED_OVER: Final = frozenset({"delivered", "closed"})
_NO_MONEY: Final = frozenset(
    {"quoted", "initiated", "pending", "authorised", "failed", "expired", "cancelled", "unknown"}
)


async def _show(visit: Visit) -> Response:
    view = await read_view(visit)
    is_unknown = view.state == UNKNOWN
    documents = await visit.casework.documents(view.application)
    service, collection = service_of(visit, view), await _collection(visit, view)
    # What was downloaded is printed and handed over, though the application closes by itself.
    is_fetched = collection is None and any(one.source == "agency" for one in documents)
    return visit.page(
        "unknown.html" if is_unknown else "standing.html",
        "standing.unknown-title" if is_unknown else visit.say(view.service_name or text("standing.title")),
        view=view,
        agency=agency_of(visit, view.service),
        where=whereabouts(visit, view),
        sentences=sentences(view),
        waits=_waits(view),
        money_unknown=any(flag.code == "payment_unknown" for flag in view.flags),
        next=next_call(view),
        overdue=view.expected_by is not None and view.expected_by < visit.portal.host.clock.now(),
        actions=_actions(visit, view, service, is_fetched=is_fetched),
        payments=[_payment(visit, one) for one in view.payments],
        reasons=[*reasons(view)],
        booking=booking_of(view),
        deliverables=[_deliverable(one) for one in await visit.casework.deliverables(view.application)],
        documents=[
            {
                "id": one.reference.id,
                "label": _document_label(service, one.reference.kind),
                "by": text(f"standing.from-{one.source}"),
                "at": one.at,
            }
            for one in documents
            if not one.superseded
        ],
        collection=collection,
        timeline=timeline_of(view),
        refresh=_SECONDS if view.state in _MOVING and view.waits_for is None else None,
        back="/work",
    )


def service_of(visit: Visit, view: ApplicationView) -> PublicService | None:
    """The service of an application, as long as it is on offer."""
    try:
        return visit.portal.host.platform.service(view.service)
    except ServiceNotOffered:
        return None


def whereabouts(visit: Visit, view: ApplicationView) -> Text | None:
    """Who has the application: "we have it" is not "the agency has it"; ``None`` once that is of no interest."""
    agency = agency_of(visit, view.service)
    if view.agency_reference is not None and view.ended_as is None:
        return text("standing.agency-has-it", agency=agency)
    return text(f"standing.where-{view.state}", agency=agency) if view.state in _HERE else None


def sentences(view: ApplicationView) -> list[Text]:
    """What the citizen has to do beside what the application waits for."""
    held = view.waits_for
    if held is None:
        return list(view.what_to_do)
    # What the hold says stands above them.
    return [one for one in view.what_to_do if one != held.means]


def timeline_of(view: ApplicationView) -> list[dict[str, object]]:
    """What happened, the latest first, without names of commands."""
    shown = [(one, own_sentence(f"held.{one.code}", one.text)) for one in reversed(view.timeline)]
    return [{"at": one.at, "text": said} for one, said in shown]


def _waits(view: ApplicationView) -> dict[str, Text] | None:
    """Who has to do something next, and what; the host itself where no party holds it up."""
    if view.waits_for is not None:
        own = own_sentence(f"held.{view.waits_for.code}", view.waits_for.means)
        return {"party": text(f"party.{view.waits_for.party}"), "means": own}
    if view.blocked is not None:
        return {"party": text("party.person"), "means": view.blocked.means}
    if view.state in _AGENCY:
        return {"party": text("party.agency"), "means": text("party.agency-means")}
    is_ours = view.next is not None and view.ended_as is None
    return {"party": text("party.host"), "means": text("party.host-means")} if is_ours else None


def next_call(view: ApplicationView) -> Text | None:
    """What the host does next by itself, and when."""
    if view.next is None:
        return None
    due = datetime.fromisoformat(str(view.next["due"]))
    return text("standing.next", what=text(f"next.{view.next['operation']}"), at=due)


def booking_of(view: ApplicationView) -> dict[str, object] | None:
    """The appointment that was chosen last, or that the agency says it holds."""
    booking = view.booking
    if booking is None:
        return None
    slot, held = booking["slot"], booking["held"]
    assert isinstance(slot, dict)  # noqa: S101 - the host's document
    found: dict[str, object] = {"means": booking["means"], "reference": booking["reference"]}
    found |= {"at": datetime.fromisoformat(str(slot["starts_at"])), "place": slot["place"]}
    if isinstance(held, dict) and booking["state"] != "booked":
        found["held"] = datetime.fromisoformat(str(held["starts_at"]))
    return found


def reasons(view: ApplicationView) -> Iterator[dict[str, object]]:
    """Why it stands there, in the words of those who said it: a heading, and sentences or fields."""
    if view.eligibility is not None and view.eligibility["decisive"]:
        criteria = [one["text"] for one in _parts(view.eligibility["criteria"]) if one["verdict"] != "pass"]
        yield {"heading": text("reason.eligibility"), "sentences": criteria}
    for refusal in view.refusals:
        said = [refusal["reason"]] if refusal["reason"] is not None else []
        fields = [{"label": one["label"], "text": one["text"]} for one in _parts(refusal["fields"])]
        yield {"heading": text("reason.refused"), "sentences": said, "fields": fields}
    if view.agency_says is not None:
        words = [one for name in ("reason", "remark") if (one := view.agency_says[name]) is not None]
        if words:
            yield {"heading": text("reason.agency"), "sentences": words}
    if view.reason_missing:
        yield {"heading": text("reason.agency"), "sentences": [text("reason.none")]}
    if view.demanded_again is not None:
        yield {"heading": text("reason.again"), "sentences": [view.demanded_again["means"]]}
    for stop in view.stopped:
        yield {"heading": text("reason.stopped"), "sentences": [stop["reason"]]}


def _parts(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []


def _actions(
    visit: Visit, view: ApplicationView, service: PublicService | None, *, is_fetched: bool
) -> list[dict[str, object]]:
    """What can be done now, the most urgent first; all but the first are secondary."""
    held = view.waits_for.code if view.waits_for is not None else ""
    is_payable = any(one.pay_at is not None or one.instructions is not None for one in view.payments)
    offers_slots = service is not None and Operation.SLOTS in service.reads
    asked_to_come = view.state == ApplicationState.AWAITING_APPEARANCE
    wanted = (
        ("go-on", held == "eligibility-indeterminate"),
        ("correct", held in _CORRECTABLE),
        ("new-consent", view.consent is not None and view.consent["gap"] is not None and view.ended_as is None),
        ("pay", held == CHOOSE_GATEWAY or held in PAY_AGAIN or is_payable),
        ("appointment", offers_slots and asked_to_come),
        ("hand-over", held == "to-be-received" or is_fetched),
        ("withdraw", view.state in _WITHDRAWABLE and view.state != UNKNOWN),
    )
    if "apply" not in visit.operator.scopes:
        return []
    found = [code for code, is_open in wanted if is_open]
    return [
        {
            "href": f"/applications/{view.application}/{one}",
            "text": text(f"action.{one}"),
            "class": _button(one, found),
        }
        for one in found
    ]


def _button(one: str, among: Sequence[str]) -> str:
    is_first = one == among[0] and one != "withdraw"
    return "" if is_first else "govuk-button--warning" if one == "withdraw" else "govuk-button--secondary"


def _payment(visit: Visit, payment: PaymentView) -> dict[str, object]:
    return {
        "amount": amount_of(payment.amount),
        "gateway": gateway_name(visit, payment.gateway),
        "means": payment.means,
        "receipt": payment.payment if payment.state not in _NO_MONEY else None,
        "refund": payment.refunded_at,
    }


def gateway_name(visit: Visit, gateway: str) -> Text:
    """What a gateway is called."""
    known = (one.name for one in visit.portal.host.platform.gateways if one.id == gateway)
    return next(known, Text(en=gateway, bn=gateway))


def amount_of(written: str) -> Money:
    """An amount of a view, such as ``345.00 BDT``."""
    amount, _, currency = written.partition(" ")
    return money_of(amount, currency)


def money_of(amount: JsonValue, currency: JsonValue) -> Money:
    """An amount in a currency, as the host's documents have them."""
    return Money.of(str(amount), "USD" if currency == "USD" else "BDT")


def _deliverable(one: "IssuedDeliverable") -> dict[str, object]:
    document = one.document.id if one.document is not None else None
    return {
        "label": _slug(one.deliverable.kind),
        "delivery": text(f"delivery.{one.deliverable.delivery}"),
        "id": document,
    }


async def _collection(visit: Visit, view: ApplicationView) -> dict[str, object] | None:
    """Who collected it, as far as that is still kept."""
    found = await visit.casework.collection(view.application)
    if found is None or view.state not in _HANDED_OVER:
        return None
    who = found.collector
    named = text("standing.erased") if who is None else Text(en=who.name, bn=who.name)
    relation, seen = (text(f"relation.{who.relation}"), text(f"identity.{who.identity_seen}")) if who else ("", "")
    return {"name": named, "relation": relation, "seen": seen, "at": found.at}


def _slug(kind: str) -> Text:
    return Text(en=kind.replace("-", " "), bn=kind.replace("-", " "))


def _document_label(service: PublicService | None, kind: str) -> Text:
    listed = service.document_kind(kind) if service is not None else None
    return listed.label if listed is not None else _slug(kind)


async def _download(visit: Visit) -> Response:
    document = visit.request.path_params["document"]
    reference, pieces = await visit.casework.open_document(application_of(visit), document)
    name = f"{reference.kind}.{reference.media_type.rpartition('/')[2]}"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-length": str(reference.bytes),
        "cache-control": "no-store",
    }
    return StreamingResponse(pieces, media_type=reference.media_type, headers=headers)


STANDING_ROUTES: Final[list[Route]] = [
    page("/applications/{application}", "application", _show),
    page("/applications/{application}/documents/{document}", "application-document", _download),
]
