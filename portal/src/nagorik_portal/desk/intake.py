"""Taking a citizen in: who it is, how that was checked, which service, what to bring, and the service's form."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from nagorik import Applicant, InputRejected, ServiceNotOffered, Text, Verdict
from nagorik.manifest import DocumentKind, PublicService
from nagorik.model.eligibility import Eligibility
from nagorik_platform.dispatch.survey import ServiceEligibility
from nagorik_platform.documents import in_megabytes
from nagorik_portal.desk.drafting import DraftChange, TypedPage, change_draft, on_draft, typed_page
from nagorik_portal.desk.field_views import FORM
from nagorik_portal.desk.fields import Field, read_fields
from nagorik_portal.desk.forms import CitizenForm, IdentityForm
from nagorik_portal.desk.steps import go_on_from, next_page, on_service, service_fields, stage_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft, DraftContent, IdentityCheck
from nagorik_toolkit.form_validation import form_schema, validate_form

CITIZEN_FIELDS: Final = read_fields(form_schema(CitizenForm))
_IDENTITY_FIELDS: Final = read_fields(form_schema(IdentityForm))


async def _begin(visit: Visit) -> Response:
    return visit.go(f"/drafts/{(await visit.casework.new_draft()).id}/citizen")


async def _home(visit: Visit) -> Response:
    return visit.go("/")


async def _overview(visit: Visit, draft: Draft) -> Response:
    stage, names = await stage_of(visit, draft), await visit.portal.accounts.names(visit.operator.centre)
    items = [
        {
            "title": {"text": visit.say(step.label)},
            "status": {"text": visit.t("overview.done" if step.is_done else "overview.to-do")},
            "href": f"/drafts/{draft.id}/{step.path}" if step.is_open else None,
        }
        for step in stage.steps
    ]
    operator, go_on = names.get(draft.operator, draft.operator), await next_page(visit, draft)
    shown: dict[str, Any] = {"draft": draft, "service": stage.service, "operator": operator, "go_on": go_on}
    return visit.page("overview.html", "overview.title", items=items, **shown)


# Who applies


def held_applicant(content: DraftContent) -> dict[str, JsonValue]:
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


async def _take_citizen(values: Mapping[str, JsonValue]) -> DraftChange:
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


async def _citizen(visit: Visit, draft: Draft) -> TypedPage:
    more = {"heading": visit.t("citizen.title"), "explained": visit.t("citizen.explained")}
    title = text("citizen.title")
    return TypedPage(visit, draft, "citizen", title, CITIZEN_FIELDS, held_applicant, _take_citizen, more=more)


async def _identity(visit: Visit, draft: Draft) -> TypedPage:
    async def take(values: Mapping[str, JsonValue]) -> DraftChange:
        seen = cast("IdentityForm", validate_form(IdentityForm, values)).seen
        check = IdentityCheck(seen=seen, at=visit.portal.host.clock.now(), by=visit.operator.id)
        return lambda content: content.model_copy(update={"identity_check": check})

    def held(content: DraftContent) -> Mapping[str, JsonValue]:
        return {"seen": content.identity_check.seen} if content.identity_check is not None else {}

    return TypedPage(visit, draft, "identity", text("step.identity"), _IDENTITY_FIELDS, held, take)


# Which service


async def _services(visit: Visit, draft: Draft, errors: Sequence[PageError] = ()) -> Response:
    if draft.content.applicant is None:
        return visit.go(f"/drafts/{draft.id}/citizen")
    groups: dict[str, Any] = {one.value: [] for one in Eligibility}
    for one in await visit.casework.eligible(draft.content.applicant):
        groups[one.eligibility.value].append(_service_item(visit, draft, one))
    back = f"/drafts/{draft.id}"
    return visit.page("services.html", "services.title", errors=errors, form="page", draft=draft, back=back, **groups)


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
    fields = {field.key for field in await service_fields(visit, service.id)}

    def change(content: DraftContent) -> DraftContent:
        kept = {
            "form": {key: value for key, value in content.form.items() if key in fields},
            "documents": tuple(one for one in content.documents if service.document_kind(one.kind)),
            "entries": {key: entry for key, entry in content.entries.items() if key in {"citizen", "identity"}},
        }
        return content.model_copy(update={**kept, "consent": None, "page": "services"})

    if service.id != draft.service:
        await change_draft(visit, draft, change, service=service.id)
    return visit.go(f"/drafts/{draft.id}/bring")


# What to bring


def type_names(media_types: Sequence[str]) -> str:
    """What files of these types are called: ``PDF, JPEG``."""
    return ", ".join(one.rpartition("/")[2].upper() for one in media_types)


async def _bring(visit: Visit, draft: Draft, service: PublicService) -> Response:
    fields = await service_fields(visit, service.id)
    documents = [
        {
            "name": one.label,
            "needed": _needed(one, fields),
            "types": type_names(one.media_types),
            "largest": in_megabytes(one.largest_bytes),
        }
        for one in service.documents
    ]
    shown: dict[str, Any] = {"service": service, "documents": documents, "questions": [one.label for one in fields]}
    back = f"/drafts/{draft.id}"
    return visit.page("bring.html", "step.bring", draft=draft, nothing=not documents, back=back, **shown)


def _needed(document: DocumentKind, fields: Sequence[Field]) -> Text:
    """Whether a document is needed, or with which answers of the form."""
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


async def _form(visit: Visit, draft: Draft) -> TypedPage:
    key = visit.request.path_params["field"]
    field = next((one for one in await service_fields(visit, draft.service) if one.key == key), None)
    if field is None:
        raise HTTPException(404)

    async def take(values: Mapping[str, JsonValue]) -> DraftChange:
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
        return {**held_applicant(content), **content.form}

    return TypedPage(visit, draft, f"form/{key}", field.label, [field], held, take)


INTAKE_ROUTES: Final[list[Route]] = [
    page("/drafts", "begin", _home, _begin),
    page("/drafts/{draft}", "overview", on_draft(_overview)),
    *typed_page("citizen", "citizen", _citizen, next_page),
    *typed_page("identity", "identity", _identity, next_page),
    page("/drafts/{draft}/services", "services", on_draft(_services), on_draft(_choose_service)),
    page("/drafts/{draft}/bring", "bring", on_service(_bring), on_draft(go_on_from("bring"))),
    *typed_page("form/{field}", "form", _form, next_page),
]
