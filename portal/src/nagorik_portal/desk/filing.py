"""From the filled-in form to the filed application: documents, consent, fee, the check of all answers, handing in."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue
from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from nagorik import (
    DocumentReference,
    InputRejected,
    Money,
    NagorikError,
    QuoteLine,
    ServiceNotOffered,
    Text,
    Verdict,
)
from nagorik.manifest import PublicService
from nagorik_host.views import consent_operations
from nagorik_platform.documents import in_megabytes, is_required, missing_documents
from nagorik_portal.desk.drafting import Taken, TypedPage, Wrong, change_draft, open_draft, typed_page, visited
from nagorik_portal.desk.fields import Field, read_fields
from nagorik_portal.desk.forms import CitizenForm, ConsentForm
from nagorik_portal.desk.intake import held_applicant
from nagorik_portal.desk.steps import Stage, next_page, stage_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft, DraftContent
from nagorik_toolkit.form_validation import form_schema, validate_form

if TYPE_CHECKING:
    from nagorik_portal.casework import DraftPrice

_CITIZEN: Final = read_fields(form_schema(CitizenForm))
_CONSENT: Final = read_fields(form_schema(ConsentForm))
_PIECE: Final = 64 * 1024
_FILE: Final = "file."


# Documents


async def _documents(visit: Visit, errors: Sequence[PageError] = ()) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    stage = await stage_of(visit, draft)
    if stage.service is None or not stage.service.documents:
        return visit.go(await next_page(visit, draft))
    handed_in = draft.content.documents
    kinds = [
        {
            "id": f"file-{one.kind}",
            "name": f"{_FILE}{one.kind}",
            "label": visit.say(one.label),
            "hint": visit.t(
                "documents.hint-required" if is_required(one, draft.content.form) else "documents.hint",
                types=", ".join(kind.rpartition("/")[2].upper() for kind in one.media_types),
                largest=in_megabytes(one.largest_bytes),
            ),
            "accept": ",".join(one.media_types),
            "uploaded": [_uploaded(visit, document) for document in handed_in if document.kind == one.kind],
        }
        for one in stage.service.documents
    ]
    return visit.page(
        "documents.html",
        "step.documents",
        errors=errors,
        status=422 if errors else 200,
        form="page",
        draft=draft,
        kinds=kinds,
        back=f"/drafts/{draft.id}",
    )


def _uploaded(visit: Visit, document: DocumentReference) -> dict[str, str]:
    kind = document.media_type.rpartition("/")[2].upper()
    return {"id": document.id, "text": visit.t("documents.uploaded", type=kind, size=in_megabytes(document.bytes))}


async def _take_documents(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    service = (await stage_of(visit, draft)).service
    if service is None:
        return visit.go(f"/drafts/{draft.id}/services")
    taken, errors = await _read_files(visit, service)
    gone = visit.typed_text("remove")

    def change(content: DraftContent) -> DraftContent:
        kept = tuple(one for one in content.documents if one.id != gone)
        return content.model_copy(update={"documents": (*kept, *taken), "page": "documents"})

    if taken or gone:
        draft = await change_draft(visit, draft, change)
    if errors:
        return await _documents(visit, errors)
    if visit.is_language_change or gone or "upload" in visit.typed:
        return visit.go(f"/drafts/{draft.id}/documents")
    kinds = [one.kind for one in draft.content.documents]
    missing = list(missing_documents(service, kinds, draft.content.form))
    if missing:
        wanted = [one for one in service.documents if is_required(one, draft.content.form) and one.kind not in kinds]
        return await _documents(
            visit, [PageError(f"file-{one.kind}", text("documents.missing", document=one.label)) for one in wanted]
        )
    draft = await change_draft(visit, draft, visited("documents"))
    return visit.go(await next_page(visit, draft))


_take_documents.keeps_typed = True  # type: ignore[attr-defined]


async def _read_files(visit: Visit, service: PublicService) -> tuple[list[DocumentReference], list[PageError]]:
    taken, errors = [], []
    for name, file in visit.typed.multi_items():
        if isinstance(file, UploadFile) and file.filename and name.startswith(_FILE):
            kind = name.removeprefix(_FILE)
            try:
                taken.append(await visit.casework.put_document(service.id, kind, pieces_of_upload(file)))
            except InputRejected as error:
                errors += [PageError(f"file-{kind}", problem.text) for problem in error.fields]
    return taken, errors


async def pieces_of_upload(file: UploadFile) -> AsyncIterator[bytes]:
    """The content of a file that a browser sent."""
    while piece := await file.read(_PIECE):
        yield piece


# Consent


class _ConsentPage(TypedPage):
    template = "consent.html"
    price: "DraftPrice | None" = None

    def held(self, content: DraftContent) -> Mapping[str, JsonValue]:
        if (given := content.consent) is not None:
            days = (given.expires_at - given.given_at).days
            return {"ceiling": -(-given.fee_ceiling.poisha // 100), "days": days, "agreed": True}
        total = self.price.total if self.price is not None else None
        return {"days": 180, **({"ceiling": -(-total.poisha // 100)} if total is not None else {})}

    async def take(self, values: Mapping[str, JsonValue]) -> Taken:
        try:
            form = validate_form(ConsentForm, values)
        except InputRejected as error:
            raise Wrong(error.fields) from None
        assert isinstance(form, ConsentForm)  # noqa: S101 - what is validated against it
        casework, service = self.visit.casework, self.visit.casework.service(self.draft.service or "")
        currency = self.price.total.currency if self.price is not None and self.price.total is not None else "BDT"
        ceiling = Money(poisha=form.ceiling * 100, currency=currency)
        consent = casework.make_consent(service.id, ceiling, days=form.days, asks=service.asks)
        return Taken(lambda content: content.model_copy(update={"consent": consent}))

    async def context(self) -> dict[str, object]:
        visit, applicant = self.visit, self.draft.content.applicant
        service = visit.casework.service(self.draft.service or "")
        return {
            "heading": visit.say(self.title),
            "citizen": _name_of(visit, self.draft),
            "service": service,
            "agency": agency_of(visit, service.id),
            "operations": [text(f"operation.{one.value}") for one in sorted(consent_operations(service))],
            "asks": [_asked(visit, one) for one in service.asks],
            "total": self.price.total if self.price is not None else None,
            "has_applicant": applicant is not None,
        }


async def _consent(visit: Visit, draft: Draft) -> TypedPage:
    one = _ConsentPage(visit, draft, "consent", f"/drafts/{draft.id}/consent", text("step.consent"), _CONSENT)
    with suppress(NagorikError):  # the text names no sum then, and the citizen says one
        one.price = await visit.casework.quote(draft)
    return one


def _name_of(visit: Visit, draft: Draft) -> str:
    name = draft.content.applicant.name if draft.content.applicant is not None else None
    written = (name.bn or name.en if visit.language == "bn" else name.en or name.bn) if name is not None else None
    return written or ""


def _asked(visit: Visit, service: str) -> Text:
    try:
        return visit.portal.host.platform.service(service).name
    except ServiceNotOffered:
        return Text(en=service, bn=service)


def agency_of(visit: Visit, service: str) -> Text:
    """The name of the agency whose service it is."""
    plugin = service.partition(".")[0]
    manifests = (one.manifest for one in visit.portal.host.platform.plugins if one.id == plugin)
    return next((one.name for one in manifests if one is not None), Text(en=plugin, bn=plugin))


# The fee


async def _fee(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    stage = await stage_of(visit, draft)
    if stage.service is None:
        return visit.go(f"/drafts/{draft.id}/services")
    shown: dict[str, object] = {"service": stage.service}
    try:
        shown |= _price(visit, stage.service, draft, await visit.casework.quote(draft))
    except NagorikError as error:
        shown["problem"] = error.message
    return visit.page("fee.html", "step.fee", draft=draft, form="page", back=f"/drafts/{draft.id}", **shown)


def _price(visit: Visit, service: PublicService, draft: Draft, price: "DraftPrice") -> dict[str, object]:
    if price.quote is None:
        return {"no_fee": True}
    ceiling = draft.content.consent.fee_ceiling if draft.content.consent is not None else None
    is_above = ceiling is not None and price.total is not None and price.total.poisha > ceiling.poisha
    return {
        "fees": _by_payee(price.quote.lines, agency_of(visit, service.id)),
        "charges": _by_payee(price.charges, text("fee.centre")),
        "total": price.total,
        "unpriced": price.quote.unpriced,
        "when": text(f"fee.{price.quote.due.value}"),
        "source": price.quote.source,
        "expires_at": price.quote.expires_at,
        "ceiling": ceiling if is_above else None,
    }


def _by_payee(lines: Sequence[QuoteLine], own: Text) -> list[dict[str, object]]:
    """Lines as they come, each payee with what is theirs."""
    found: dict[Text, list[dict[str, object]]] = {}
    for line in lines:
        listed = found.setdefault(line.payee or own, [])
        listed.append({"text": line.text, "amount": line.amount})
        if line.vat.poisha:
            listed.append({"text": text("fee.vat"), "amount": line.vat})
    return [{"payee": payee, "lines": listed} for payee, listed in found.items()]


async def _fee_seen(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    return visit.go(await next_page(visit, await change_draft(visit, draft, visited("fee"))))


# Checking and handing in


async def _check(visit: Visit, errors: Sequence[PageError] = ()) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    stage = await stage_of(visit, draft)
    if stage.service is None or draft.content.applicant is None:
        return visit.go(f"/drafts/{draft.id}/{stage.next_path}")
    content, address = draft.content, f"/drafts/{draft.id}"
    known = held_applicant(content.applicant)
    citizen = [(field, known.get(field.key), f"{address}/citizen") for field in _CITIZEN]
    answers = [(field, content.form.get(field.key), f"{address}/form/{field.key}") for field in stage.fields]
    return visit.page(
        "check.html",
        "check.title",
        errors=errors,
        status=422 if errors else 200,
        form="page",
        draft=draft,
        service=stage.service,
        citizen=_rows(visit, citizen),
        seen=text(f"identity.{content.identity_check.seen}") if content.identity_check is not None else None,
        answers=_rows(visit, answers),
        documents=[_document_name(stage.service, one) for one in content.documents],
        consent=content.consent,
        against=await _reasons_against(visit, stage, draft),
        undone=[step for step in stage.steps if not step.is_done],
        address=address,
        back=address,
    )


def _rows(visit: Visit, given: Sequence[tuple[Field, JsonValue, str]]) -> list[dict[str, object]]:
    return [
        {
            "key": {"text": visit.say(label)},
            "value": {"text": visit.say(shown)},
            "actions": {
                "items": [{"href": href, "text": visit.t("check.change"), "visuallyHiddenText": visit.say(label)}]
            },
        }
        for field, value, href in given
        for label, shown in field.answers(value)
    ]


def _document_name(service: PublicService, document: DocumentReference) -> Text:
    listed = service.document_kind(document.kind)
    return listed.label if listed is not None else Text(en=document.kind, bn=document.kind)


async def _reasons_against(visit: Visit, stage: Stage, draft: Draft) -> list[Text]:
    """Why the citizen may not apply, or why that cannot be known now, by the form as it is."""
    if stage.service is None or draft.content.applicant is None:
        return []
    try:
        decision = await visit.casework.eligibility(stage.service.id, draft.content.applicant, draft.content.form)
    except NagorikError:
        return [text("check.eligibility-unknown")]
    return [one.text for one in decision.criteria if one.verdict is not Verdict.PASS]


async def _hand_in(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    stage = await stage_of(visit, draft)
    undone = [PageError("steps", text("check.undone", step=step.label)) for step in stage.steps if not step.is_done]
    if undone:
        return await _check(visit, undone)
    try:
        application = await visit.casework.submit(draft.id)
    except InputRejected as error:
        places = [(problem.pointer.strip("/").split("/"), problem.text) for problem in error.fields]
        return await _check(visit, [PageError(f"/drafts/{draft.id}/{'/'.join(at[:2])}", said) for at, said in places])
    return visit.go(f"/applications/{application}/filed")


async def _filed(visit: Visit) -> Response:
    view = await visit.casework.view(visit.request.path_params["application"])
    return visit.page("filed.html", "filed.title", view=view, agency=agency_of(visit, view.service))


FILING_ROUTES: Final[list[Route]] = [
    page("/drafts/{draft}/documents", "documents", _documents, _take_documents),
    *typed_page("consent", "consent", _consent, next_page),
    page("/drafts/{draft}/fee", "fee", _fee, _fee_seen),
    page("/drafts/{draft}/check", "check", _check, _hand_in),
    page("/applications/{application}/filed", "filed", _filed),
]
