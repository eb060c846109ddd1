"""From the filled-in form to the filed application: documents, consent, fee, the check of all answers, handing in."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from pydantic import JsonValue
from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from nagorik import InputRejected, Money, NagorikError, QuoteLine, ServiceNotOffered, Text, Verdict
from nagorik.manifest import PublicService
from nagorik_host.views import consent_operations
from nagorik_platform.documents import in_megabytes, is_required
from nagorik_portal.casework import DraftPrice
from nagorik_portal.desk.drafting import DraftChange, TypedPage, change_draft, on_draft, typed_page
from nagorik_portal.desk.fields import Field, read_fields
from nagorik_portal.desk.forms import ConsentForm
from nagorik_portal.desk.intake import CITIZEN_FIELDS, held_applicant, type_names
from nagorik_portal.desk.steps import go_on_from, next_page, on_service, stage_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft, DraftContent
from nagorik_toolkit.form_validation import form_schema, validate_form

_CONSENT_FIELDS: Final = read_fields(form_schema(ConsentForm))
_ORDER: Final = ("submit", "start-payment", "advise-payment", "answer-correction", "book-slot", "withdraw")
"""How the operations of a consent are read aloud."""
_PIECE: Final = 64 * 1024
_FILE: Final = "file."


def agency_of(visit: Visit, service: str) -> Text:
    """The name of the agency whose service it is."""
    plugin = service.partition(".")[0]
    manifests = (one.manifest for one in visit.portal.host.platform.plugins if one.id == plugin)
    return next((one.name for one in manifests if one is not None), Text(en=plugin, bn=plugin))


# Documents


async def _documents(
    visit: Visit, draft: Draft, service: PublicService, errors: Sequence[PageError] = ()
) -> Response:
    kinds = [
        {
            "id": f"file-{one.kind}",
            "name": f"{_FILE}{one.kind}",
            "label": visit.say(one.label),
            "hint": visit.t(
                "documents.hint-required" if is_required(one, draft.content.form) else "documents.hint",
                types=type_names(one.media_types),
                largest=in_megabytes(one.largest_bytes),
            ),
            "accept": ",".join(one.media_types),
            "uploaded": [
                {"id": each.id, "type": type_names([each.media_type]), "size": in_megabytes(each.bytes)}
                for each in draft.content.documents
                if each.kind == one.kind
            ],
        }
        for one in service.documents
    ]
    shown: dict[str, Any] = {"draft": draft, "kinds": kinds, "back": f"/drafts/{draft.id}"}
    return visit.page("documents.html", "step.documents", errors=errors, form="page", **shown)


async def _take_documents(visit: Visit, draft: Draft, service: PublicService) -> Response:
    taken, errors = [], []
    for name, file in visit.typed.multi_items():
        if isinstance(file, UploadFile) and file.filename and name.startswith(_FILE):
            kind = name.removeprefix(_FILE)
            try:
                taken.append(await visit.casework.put_document(service.id, kind, pieces_of_upload(file)))
            except InputRejected as error:
                errors += [PageError(f"file-{kind}", problem.text) for problem in error.fields]
    gone = visit.typed_text("remove")

    def change(content: DraftContent) -> DraftContent:
        kept = tuple(one for one in content.documents if one.id != gone)
        return content.model_copy(update={"documents": (*kept, *taken)})

    draft = await change_draft(visit, draft, change) if taken or gone else draft
    stays = visit.is_language_change or gone or "upload" in visit.typed
    kinds = {one.kind for one in draft.content.documents}
    for one in service.documents:
        if is_required(one, draft.content.form) and one.kind not in kinds and not errors and not stays:
            errors.append(PageError(f"file-{one.kind}", text("documents.missing", document=one.label)))
    if errors:
        return await _documents(visit, draft, service, errors)
    return visit.go(f"/drafts/{draft.id}/documents") if stays else await go_on_from("documents")(visit, draft)


async def pieces_of_upload(file: UploadFile) -> AsyncIterator[bytes]:
    """The content of an uploaded file, piece by piece."""
    while piece := await file.read(_PIECE):
        yield piece


# Consent


async def _consent(visit: Visit, draft: Draft) -> TypedPage:
    service, price = visit.casework.service(draft.service or ""), DraftPrice()
    with suppress(NagorikError):  # the text names no sum then, and the citizen says one
        price = await visit.casework.quote(draft)

    def held(content: DraftContent) -> Mapping[str, JsonValue]:
        if (given := content.consent) is not None:
            days = (given.expires_at - given.given_at).days
            return {"ceiling": -(-given.fee_ceiling.poisha // 100), "days": days, "agreed": True}
        return {"days": 180, "ceiling": -(-price.total.poisha // 100) if price.total is not None else None}

    async def take(values: Mapping[str, JsonValue]) -> DraftChange:
        form = cast("ConsentForm", validate_form(ConsentForm, values))
        ceiling = Money(poisha=form.ceiling * 100, currency=price.total.currency if price.total else "BDT")
        consent = visit.casework.make_consent(service.id, ceiling, days=form.days, asks=service.asks)
        return lambda content: content.model_copy(update={"consent": consent})

    name = draft.content.applicant.name if draft.content.applicant is not None else None
    operations = sorted((one.value for one in consent_operations(service)), key=_ORDER.index)
    more = {
        "heading": visit.t("step.consent"),
        "citizen": Text(bn=name.bn or name.en or "-", en=name.en or name.bn or "-") if name is not None else "-",
        "service": service,
        "agency": agency_of(visit, service.id),
        "operations": [text(f"operation.{one}") for one in operations],
        "asks": [_asked(visit, one) for one in service.asks],
        "total": price.total,
    }
    title = text("step.consent")
    return TypedPage(visit, draft, "consent", title, _CONSENT_FIELDS, held, take, "consent.html", more)


def _asked(visit: Visit, service: str) -> Text:
    try:
        return visit.portal.host.platform.service(service).name
    except ServiceNotOffered:
        return Text(en=service, bn=service)


# The fee


async def _fee(visit: Visit, draft: Draft, service: PublicService) -> Response:
    shown: dict[str, Any] = {"draft": draft, "service": service, "back": f"/drafts/{draft.id}"}
    try:
        shown |= _price(visit, service, draft, await visit.casework.quote(draft))
    except NagorikError as error:
        shown["problem"] = error.message
    return visit.page("fee.html", "step.fee", form="page", **shown)


def _price(visit: Visit, service: PublicService, draft: Draft, price: DraftPrice) -> dict[str, Any]:
    quote, total, consent = price.quote, price.total, draft.content.consent
    if quote is None or total is None or (not quote.total.poisha and not quote.unpriced):
        return {"no_fee": True}
    fees = [_table("fee.fees", quote.lines, agency_of(visit, service.id), quote.total)]
    if price.charges:
        of_centre = Money(poisha=total.poisha - quote.total.poisha, currency=total.currency)
        fees.append(_table("fee.charges", price.charges, text("fee.centre"), of_centre))
    is_above = consent is not None and total.poisha > consent.fee_ceiling.poisha
    shown = {"fees": fees, "total": total, "quote": quote, "when": text(f"fee.{quote.due.value}")}
    return {**shown, "ceiling": consent.fee_ceiling if consent is not None and is_above else None}


def _table(heading: str, lines: Sequence[QuoteLine], own: Text, total: Money) -> dict[str, Any]:
    shown: list[dict[str, Any]] = []
    last = None
    for line in lines:
        payee = line.payee or own
        shown.append({"payee": payee if payee != last else None, "text": line.text, "amount": line.amount})
        last = payee
        if line.vat.poisha:
            shown.append({"text": text("fee.vat"), "amount": line.vat})
    return {"heading": text(heading), "lines": shown, "total": total}


# Checking and handing in


async def _check(visit: Visit, draft: Draft, service: PublicService, errors: Sequence[PageError] = ()) -> Response:
    stage, address, content = await stage_of(visit, draft), f"/drafts/{draft.id}", draft.content
    kinds = {one.kind: one.label for one in service.documents}
    shown: dict[str, Any] = {
        "service": service,
        "citizen": _rows(visit, CITIZEN_FIELDS, held_applicant(content), f"{address}/citizen"),
        "seen": content.identity_check and text(f"identity.{content.identity_check.seen}"),
        "answers": [
            row for one in stage.fields for row in _rows(visit, [one], content.form, f"{address}/form/{one.key}")
        ],
        "documents": [kinds.get(one.kind, one.kind) for one in content.documents],
        "consent": content.consent,
        "against": await _reasons_against(visit, draft, stage.fields),
        "undone": [step for step in stage.steps if not step.is_done],
    }
    more = {"draft": draft, "address": address, "back": address, **shown}
    return visit.page("check.html", "check.title", errors=errors, form="page", **more)


def _rows(visit: Visit, fields: Sequence[Field], held: Mapping[str, JsonValue], href: str) -> list[dict[str, Any]]:
    change = {"href": href, "text": visit.t("check.change")}
    return [
        {
            "key": {"text": visit.say(label)},
            "value": {"text": visit.say(shown)},
            "actions": {"items": [{**change, "visuallyHiddenText": visit.say(label)}]},
        }
        for field in fields
        if field.key in held
        for label, shown in field.answers(held[field.key])
    ]


async def _reasons_against(visit: Visit, draft: Draft, fields: Sequence[Field]) -> list[Text]:
    """Why the citizen may not apply, or why that cannot be known now, by the form as it is."""
    applicant, form = draft.content.applicant, draft.content.form
    if applicant is None or any(field.key not in form for field in fields):
        return []
    try:
        decision = await visit.casework.eligibility(draft.service or "", applicant, form)
    except NagorikError:
        return [text("check.eligibility-unknown")]
    return [one.text for one in decision.criteria if one.verdict is not Verdict.PASS]


async def _hand_in(visit: Visit, draft: Draft, service: PublicService) -> Response:
    address, steps = f"/drafts/{draft.id}", (await stage_of(visit, draft)).steps
    undone = [
        PageError(f"{address}/{one.path}", text("check.undone", step=one.label)) for one in steps if not one.is_done
    ]
    if undone:
        return await _check(visit, draft, service, undone)
    try:
        application = await visit.casework.submit(draft.id)
    except InputRejected as error:
        places = [("/".join(one.pointer.strip("/").split("/")[:2]), one.text) for one in error.fields]
        known = {one.path for one in steps}
        found = [PageError(f"{address}/{at if at in known else at.partition('/')[0]}", said) for at, said in places]
        return await _check(visit, draft, service, found)
    return visit.go(f"/applications/{application}/filed")


async def _filed(visit: Visit) -> Response:
    view = await visit.casework.view(visit.request.path_params["application"])
    return visit.page("filed.html", "filed.title", view=view, agency=agency_of(visit, view.service))


FILING_ROUTES: Final[list[Route]] = [
    page(
        "/drafts/{draft}/documents",
        "documents",
        on_service(_documents),
        on_service(_take_documents),
        keeps_typed=True,
    ),
    *typed_page("consent", "consent", _consent, next_page),
    page("/drafts/{draft}/fee", "fee", on_service(_fee), on_draft(go_on_from("fee"))),
    page("/drafts/{draft}/check", "check", on_service(_check), on_service(_hand_in)),
    page("/applications/{application}/filed", "filed", _filed),
]
