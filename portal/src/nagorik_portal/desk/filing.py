"""From the citizen at the counter to the filed application: identity, service, form, documents, consent, fee."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from pydantic import JsonValue
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from nagorik import (
    Applicant,
    Consent,
    DocumentReference,
    InputRejected,
    Money,
    NagorikError,
    Quote,
    QuoteLine,
    ServiceNotOffered,
    Text,
    Verdict,
)
from nagorik.manifest import DocumentKind, PublicService
from nagorik.model.eligibility import Eligibility
from nagorik.values.money import Currency
from nagorik_host.views import consent_operations
from nagorik_platform.dispatch.survey import ServiceEligibility
from nagorik_platform.documents import in_megabytes, is_required
from nagorik_portal.casework import sum_of
from nagorik_portal.desk import drafting
from nagorik_portal.desk.fields import FORM, Field, read_fields
from nagorik_portal.desk.forms import CitizenForm, ConsentForm, IdentityForm
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft, DraftChanged, DraftContent, IdentityCheck
from nagorik_toolkit.form_validation import form_schema, validate_form

_CITIZEN_FIELDS: Final = read_fields(form_schema(CitizenForm))
_IDENTITY_FIELDS: Final = read_fields(form_schema(IdentityForm))
CONSENT_FIELDS: Final = read_fields(form_schema(ConsentForm))
_ORDER: Final = ("submit", "start-payment", "advise-payment", "answer-correction", "book-slot", "withdraw")
"""How the operations of a consent are read aloud."""
_PIECE: Final = 64 * 1024
_FILE: Final = "file."


def _type_names(media_types: Sequence[str]) -> str:
    return ", ".join(one.rpartition("/")[2].upper() for one in media_types)


FILE_WORDS: Final[dict[str, Any]] = {"types": _type_names, "size": in_megabytes}
"""How templates write what a file may be."""


def _page(visit: Visit, draft: Draft, template: str, title: str, **shown: Any) -> Response:
    return visit.page(template, title, form="page", draft=draft, back=f"/drafts/{draft.id}", **shown)


async def _begin(visit: Visit) -> Response:
    return visit.go(f"/drafts/{(await visit.casework.new_draft()).id}/citizen")


async def _home(visit: Visit) -> Response:
    return visit.go("/")


async def _overview(visit: Visit, draft: Draft) -> Response:
    steps, names = await drafting.steps_of(visit, draft), await visit.portal.accounts.names(visit.operator.centre)
    items = [
        {
            "title": {"text": visit.say(step.label)},
            "status": {"text": visit.t("overview.done" if step.is_done else "overview.to-do")},
            "href": f"/drafts/{draft.id}/{step.path}" if step.is_open else None,
        }
        for step in steps
    ]
    service = visit.casework.service(draft.service) if draft.service is not None else None
    shown: dict[str, Any] = {"draft": draft, "service": service, "go_on": await drafting.next_page(visit, draft)}
    operator = names.get(draft.operator, draft.operator)
    return visit.page("overview.html", "overview.title", items=items, operator=operator, **shown)


# Who applies


def _held_applicant(content: DraftContent) -> dict[str, JsonValue]:
    """What is known of the applicant, by the fields of the desk's form; services' forms have some of the same."""
    if (applicant := content.applicant) is None:
        return {}
    nid, registration, phone = applicant.nid, applicant.birth_registration, applicant.phone
    return {
        "name": applicant.name.model_dump(mode="json", exclude_none=True),
        "birth_date": applicant.birth_date.isoformat(),
        "nid": nid.value if nid is not None else None,
        "birth_registration": registration.value if registration is not None else None,
        "mobile": phone.local if phone is not None else None,
        "sex": applicant.sex,
    }


async def _take_citizen(values: Mapping[str, JsonValue]) -> drafting.DraftChange:
    form = cast("CitizenForm", validate_form(CitizenForm, values))
    numbers = tuple(one for one in (form.nid, form.birth_registration) if one is not None)
    applicant = Applicant(
        name=form.name, birth_date=form.birth_date, identifiers=numbers, phone=form.mobile, sex=form.sex
    )

    def change(content: DraftContent) -> DraftContent:
        # Another person is another identity to check, and consents anew.
        others = {} if applicant == content.applicant else {"identity_check": None, "consent": None}
        return content.model_copy(update={"applicant": applicant, **others})

    return change


async def _citizen(visit: Visit, draft: Draft) -> drafting.TypedPage:
    more = {"heading": visit.t("citizen.title"), "explained": visit.t("citizen.explained")}
    title = text("citizen.title")
    return drafting.TypedPage(
        visit, draft, "citizen", title, _CITIZEN_FIELDS, _held_applicant, _take_citizen, more=more
    )


async def _identity(visit: Visit, draft: Draft) -> drafting.TypedPage:
    async def take(values: Mapping[str, JsonValue]) -> drafting.DraftChange:
        seen = cast("IdentityForm", validate_form(IdentityForm, values)).seen
        check = IdentityCheck(seen=seen, at=visit.portal.host.clock.now(), by=visit.operator.id)
        return lambda content: content.model_copy(update={"identity_check": check})

    def held(content: DraftContent) -> Mapping[str, JsonValue]:
        return {"seen": content.identity_check.seen} if content.identity_check is not None else {}

    return drafting.TypedPage(visit, draft, "identity", text("step.identity"), _IDENTITY_FIELDS, held, take)


# Which service


async def _services(visit: Visit, draft: Draft, errors: Sequence[PageError] = ()) -> Response:
    if draft.content.applicant is None:
        return visit.go(f"/drafts/{draft.id}/citizen")
    groups: dict[str, Any] = {one.value: [] for one in Eligibility}
    for one in await visit.casework.eligible(draft.content.applicant):
        groups[one.eligibility.value].append(_service_item(visit, draft, one))
    return _page(visit, draft, "services.html", "services.title", errors=errors, **groups)


def _service_item(visit: Visit, draft: Draft, one: ServiceEligibility) -> dict[str, Any]:
    against = [criterion.text for criterion in one.criteria if criterion.verdict is not Verdict.PASS]
    reasons = [one.problem] if one.problem is not None else against or [each.text for each in one.criteria]
    said = [visit.say(reason) for reason in reasons]
    return {
        "value": one.service,
        "text": visit.say(one.name),
        "hint": {"text": visit.t("services.hint", agency=one.agency, reasons=" ".join(said))},
        "agency": one.agency,
        "reasons": said,
        "checked": one.service == (visit.typed_text("service") or draft.service),
        "id": f"service-{one.service.replace('.', '-')}",
    }


async def _choose_service(visit: Visit, draft: Draft) -> Response:
    try:
        service = visit.casework.service(visit.typed_text("service"))
    except ServiceNotOffered:
        return await _services(visit, draft, [PageError("services", text("services.none-chosen"))])
    fields = {field.key for field in await drafting.service_fields(visit, service.id)}

    def change(content: DraftContent) -> DraftContent:
        kept = {
            "form": {key: value for key, value in content.form.items() if key in fields},
            "documents": tuple(one for one in content.documents if service.document_kind(one.kind)),
            "entries": {key: entry for key, entry in content.entries.items() if key in {"citizen", "identity"}},
        }
        return content.model_copy(update={**kept, "consent": None, "page": "services"})

    if service.id != draft.service:
        await drafting.change_draft(visit, draft, change, service=service.id)
    return visit.go(f"/drafts/{draft.id}/bring")


# What to bring


async def _bring(visit: Visit, draft: Draft, service: PublicService) -> Response:
    fields = await drafting.service_fields(visit, service.id)
    documents = [{"listed": one, "needed": _needed(one, fields)} for one in service.documents]
    shown: dict[str, Any] = {"documents": documents, "nothing": not documents, **FILE_WORDS}
    questions = [field.label for field in fields]
    return _page(visit, draft, "bring.html", "step.bring", service=service, questions=questions, **shown)


def _needed(document: DocumentKind, fields: Sequence[Field]) -> Text:
    conditions = []
    for field in fields:
        if values := document.when.get(field.key):
            words = _listed([label for value in values for _, label in field.answers(value)])
            conditions.append(text("bring.condition", field=field.label, values=words))
    if document.required or not conditions:
        return text("bring.always" if document.required else "bring.if-you-have")
    return text("bring.when", conditions=_listed(conditions))


def _listed(parts: Sequence[object]) -> Text:
    texts = [one if isinstance(one, Text) else Text(en=str(one), bn=str(one)) for one in parts]
    return Text(bn=", ".join(one.bn for one in texts), en=", ".join(one.en for one in texts))


# The service's form


async def _form(visit: Visit, draft: Draft) -> drafting.TypedPage:
    key = visit.request.path_params["field"]
    field = next((one for one in await drafting.service_fields(visit, draft.service) if one.key == key), None)
    if field is None:
        raise HTTPException(404)

    async def take(values: Mapping[str, JsonValue]) -> drafting.DraftChange:
        def filled(content: DraftContent) -> dict[str, JsonValue]:
            return {**{name: value for name, value in content.form.items() if name != key}, **values}

        try:
            await visit.casework.validate(draft.service or "", filled(draft.content))
        except InputRejected as rejected:
            # What is wrong on other pages is shown there, and before handing in.
            own = [one for one in rejected.fields if f"{one.pointer}/".startswith(f"{FORM}/{key}/")]
            if own:
                raise InputRejected(own) from None
        return lambda content: content.model_copy(update={"form": filled(content)})

    def held(content: DraftContent) -> Mapping[str, JsonValue]:
        return {**_held_applicant(content), **content.form}

    return drafting.TypedPage(visit, draft, f"form/{key}", field.label, [field], held, take)


def agency_of(visit: Visit, service: str) -> Text:
    """The name of the agency whose service it is."""
    plugin = service.partition(".")[0]
    manifests = (one.manifest for one in visit.portal.host.platform.plugins if one.id == plugin)
    return next((one.name for one in manifests if one is not None), Text(en=plugin, bn=plugin))


# Documents


async def _documents(
    visit: Visit, draft: Draft, service: PublicService, errors: Sequence[PageError] = ()
) -> Response:
    hints = {True: "documents.hint-required", False: "documents.hint"}
    kinds = [
        {
            "listed": one,
            "id": f"file-{one.kind}",
            "hint": hints[is_required(one, draft.content.form)],
            "uploaded": [each for each in draft.content.documents if each.kind == one.kind],
        }
        for one in service.documents
    ]
    return _page(visit, draft, "documents.html", "step.documents", errors=errors, kinds=kinds, **FILE_WORDS)


async def _take_documents(visit: Visit, draft: Draft, service: PublicService) -> Response:
    taken, errors = await take_uploads(visit, service.id)
    gone = visit.typed_text("remove")

    def change(content: DraftContent) -> DraftContent:
        kept = tuple(one for one in content.documents if one.id != gone)
        return content.model_copy(update={"documents": (*kept, *taken)})

    draft = await drafting.change_draft(visit, draft, change) if taken or gone else draft
    stays = visit.is_language_change or gone or "upload" in visit.typed
    kinds = {one.kind for one in draft.content.documents}
    for one in service.documents:
        if is_required(one, draft.content.form) and one.kind not in kinds and not errors and not stays:
            errors.append(PageError(f"file-{one.kind}", text("documents.missing", document=one.label)))
    if errors:
        return await _documents(visit, draft, service, errors)
    return visit.go(f"/drafts/{draft.id}/documents") if stays else await drafting.seen(visit, draft)


async def take_uploads(visit: Visit, service: str) -> tuple[list[DocumentReference], list[PageError]]:
    """Keep the files that came with a form; returns the documents, and what is wrong with other files."""
    taken: list[DocumentReference] = []
    errors: list[PageError] = []
    for name, file in visit.typed.multi_items():
        if isinstance(file, UploadFile) and file.filename and name.startswith(_FILE):
            kind = name.removeprefix(_FILE)
            try:
                taken.append(await visit.casework.put_document(service, kind, _pieces(file)))
            except InputRejected as error:
                errors += [PageError(f"file-{kind}", problem.text) for problem in error.fields]
    return taken, errors


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece


# Consent


def read_aloud(visit: Visit, service: PublicService, applicant: Applicant | None) -> dict[str, Any]:
    """What a citizen hears before agreeing: who acts, what is done, and which other services are asked."""
    name = applicant.name if applicant is not None else None
    names = {one.id: one.name for one in visit.portal.host.platform.services}
    operations = sorted((one.value for one in consent_operations(service)), key=_ORDER.index)
    return {
        "citizen": Text(bn=name.bn or name.en or "-", en=name.en or name.bn or "-") if name is not None else "-",
        "service": service,
        "agency": agency_of(visit, service.id),
        "operations": [text(f"operation.{one}") for one in operations],
        "asks": [names.get(one, one) for one in service.asks],
    }


def agreed(visit: Visit, service: PublicService, values: Mapping[str, JsonValue], currency: Currency) -> Consent:
    """The consent that a form holds, with the ceiling in ``currency``."""
    form = cast("ConsentForm", validate_form(ConsentForm, values))
    ceiling = Money(poisha=form.ceiling * 100, currency=currency)
    return visit.casework.make_consent(service.id, ceiling, days=form.days, asks=service.asks)


async def _consent(visit: Visit, draft: Draft) -> drafting.TypedPage:
    service, total = visit.casework.service(draft.service or ""), cast("Money | None", None)
    with suppress(NagorikError):  # the text names no sum then, and the citizen says one
        quote, charges = await visit.casework.quote(draft)
        total = sum_of(quote.total, charges) if quote is not None else None

    def held(content: DraftContent) -> Mapping[str, JsonValue]:
        if (given := content.consent) is not None:
            days = (given.expires_at - given.given_at).days
            return {"ceiling": -(-given.fee_ceiling.poisha // 100), "days": days, "agreed": True}
        return {"days": 180, "ceiling": -(-total.poisha // 100) if total is not None else None}

    async def take(values: Mapping[str, JsonValue]) -> drafting.DraftChange:
        consent = agreed(visit, service, values, total.currency if total else "BDT")
        return lambda content: content.model_copy(update={"consent": consent})

    title, more = text("step.consent"), {"heading": visit.t("step.consent"), "total": total}
    more |= read_aloud(visit, service, draft.content.applicant)
    return drafting.TypedPage(visit, draft, "consent", title, CONSENT_FIELDS, held, take, "consent.html", more)


# The fee


async def _fee(visit: Visit, draft: Draft, service: PublicService) -> Response:
    try:
        shown = _price(visit, service, draft, *await visit.casework.quote(draft))
    except NagorikError as error:
        shown = {"problem": error.message}
    return _page(visit, draft, "fee.html", "step.fee", service=service, **shown)


def _price(
    visit: Visit, service: PublicService, draft: Draft, quote: Quote | None, charges: Sequence[QuoteLine]
) -> dict[str, Any]:
    if quote is None or (not quote.total.poisha and not quote.unpriced):
        return {"no_fee": True}
    total, consent = sum_of(quote.total, charges), draft.content.consent
    fees = [fee_table("fee.fees", quote.lines, agency_of(visit, service.id), quote.total)]
    if charges:
        of_centre = Money(poisha=total.poisha - quote.total.poisha, currency=total.currency)
        fees.append(fee_table("fee.charges", charges, text("fee.centre"), of_centre))
    ceiling = consent.fee_ceiling if consent is not None and total.poisha > consent.fee_ceiling.poisha else None
    return {"fees": fees, "total": total, "quote": quote, "when": text(f"fee.{quote.due.value}"), "ceiling": ceiling}


def fee_table(heading: str, lines: Sequence[QuoteLine], own: Text, total: Money) -> dict[str, Any]:
    """A price as the templates draw it: each group of lines below its payee, ``own`` where a line names no other."""
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
    address, content, fields = f"/drafts/{draft.id}", draft.content, await drafting.service_fields(visit, service.id)
    kinds = {one.kind: one.label for one in service.documents}
    shown: dict[str, Any] = {
        "service": service,
        "citizen": _rows(visit, _CITIZEN_FIELDS, _held_applicant(content), f"{address}/citizen"),
        "seen": content.identity_check and text(f"identity.{content.identity_check.seen}"),
        "answers": [row for one in fields for row in _rows(visit, [one], content.form, f"{address}/form/{one.key}")],
        "documents": [kinds.get(one.kind, one.kind) for one in content.documents],
        "consent": content.consent,
        "undone": [step for step in await drafting.steps_of(visit, draft) if not step.is_done],
    }
    return _page(visit, draft, "check.html", "check.title", errors=errors, address=address, **shown)


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


async def _hand_in(visit: Visit, draft: Draft, service: PublicService) -> Response:
    if not all(step.is_done for step in await drafting.steps_of(visit, draft)):
        return await _check(visit, draft, service, [PageError("steps", text("check.undone"))])
    try:
        application = await visit.casework.submit(draft.id, revision=drafting.whole(visit.typed_text("revision")))
    except DraftChanged as error:
        return await _check(
            visit, await visit.casework.draft(draft.id), service, [PageError("answers", error.message)]
        )
    except InputRejected as error:
        places = [(one.pointer.strip("/").split("/"), one.text) for one in error.fields]
        paths = [("/".join(at[:2] if at[0] == FORM.strip("/") else at[:1]), said) for at, said in places]
        found = [PageError(f"/drafts/{draft.id}/{path}", said) for path, said in paths]
        return await _check(visit, draft, service, found)
    return visit.go(f"/applications/{application}/filed")


async def _filed(visit: Visit) -> Response:
    view = await visit.casework.view(visit.request.path_params["application"])
    return visit.page("filed.html", "filed.title", view=view, agency=agency_of(visit, view.service))


FILING_ROUTES: Final[list[Route]] = [
    page("/drafts", "begin", _home, _begin),
    page("/drafts/{draft}", "overview", drafting.on_draft(_overview)),
    *drafting.typed_page("citizen", "citizen", _citizen),
    *drafting.typed_page("identity", "identity", _identity),
    page("/drafts/{draft}/services", "services", drafting.on_draft(_services), drafting.on_draft(_choose_service)),
    page("/drafts/{draft}/bring", "bring", drafting.on_service(_bring), drafting.on_draft(drafting.seen)),
    *drafting.typed_page("form/{field}", "form", _form),
    page(
        "/drafts/{draft}/documents",
        "documents",
        drafting.on_service(_documents),
        drafting.on_service(_take_documents),
        keeps_typed=True,
    ),
    *drafting.typed_page("consent", "consent", _consent),
    page("/drafts/{draft}/fee", "fee", drafting.on_service(_fee), drafting.on_draft(drafting.seen)),
    page("/drafts/{draft}/check", "check", drafting.on_service(_check), drafting.on_service(_hand_in)),
    page("/applications/{application}/filed", "filed", _filed),
]
