"""Taking a citizen in: who it is, how that was checked, which service, what to bring, and the service's form."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from nagorik import Applicant, InputRejected, Text, Verdict
from nagorik.errors import ServiceNotOffered
from nagorik.model.eligibility import Eligibility
from nagorik_platform.dispatch.survey import ServiceEligibility
from nagorik_platform.documents import in_megabytes
from nagorik_portal.desk.drafting import (
    Taken,
    TypedPage,
    Wrong,
    change_draft,
    open_draft,
    rejected,
    typed_page,
    visited,
)
from nagorik_portal.desk.fields import Field, read_fields
from nagorik_portal.desk.forms import CitizenForm, IdentityForm
from nagorik_portal.desk.steps import next_page, service_fields, stage_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft, DraftContent, IdentityCheck
from nagorik_toolkit.form_validation import form_schema, validate_form

_CITIZEN: Final = read_fields(form_schema(CitizenForm))
_IDENTITY: Final = read_fields(form_schema(IdentityForm))
_PREFILLED: Final = ("birth_date", "nid", "birth_registration", "mobile", "name", "sex")
"""Fields of services' forms that mean what the applicant's fields of the same names mean."""


async def _begin(visit: Visit) -> Response:
    draft = await visit.casework.new_draft()
    return visit.go(f"/drafts/{draft.id}/citizen")


async def _home(visit: Visit) -> Response:
    return visit.go("/")


async def _overview(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    stage = await stage_of(visit, draft)
    items = [
        {
            "title": {"text": visit.say(step.label)},
            "status": {"text": visit.t("overview.done" if step.is_done else "overview.to-do")},
            **({"href": f"/drafts/{draft.id}/{step.path}"} if step.is_open else {}),
        }
        for step in stage.steps
    ]
    names = await visit.portal.accounts.names(visit.operator.centre)
    return visit.page(
        "overview.html",
        "overview.title",
        draft=draft,
        items=items,
        service=stage.service,
        operator=names.get(draft.operator, draft.operator),
        go_on=f"/drafts/{draft.id}/{stage.next_path}",
        back="/",
    )


# Who applies


def held_applicant(applicant: Applicant | None) -> dict[str, JsonValue]:
    """What is known of the applicant, by the fields of the desk's form."""
    if applicant is None:
        return {}
    return {
        "name": applicant.name.model_dump(mode="json", exclude_none=True),
        "birth_date": applicant.birth_date.isoformat(),
        "nid": applicant.nid.value if applicant.nid is not None else None,
        "birth_registration": applicant.birth_registration.value
        if applicant.birth_registration is not None
        else None,
        "mobile": applicant.phone.local if applicant.phone is not None else None,
        "sex": applicant.sex,
    }


class _CitizenPage(TypedPage):
    def held(self, content: DraftContent) -> Mapping[str, JsonValue]:
        return held_applicant(content.applicant)

    async def take(self, values: Mapping[str, JsonValue]) -> Taken:
        try:
            form = validate_form(CitizenForm, values)
        except InputRejected as error:
            raise Wrong(error.fields) from None
        assert isinstance(form, CitizenForm)  # noqa: S101 - what is validated against it
        applicant = Applicant(
            name=form.name,
            birth_date=form.birth_date,
            identifiers=tuple(one for one in (form.nid, form.birth_registration) if one is not None),
            phone=form.mobile,
            sex=form.sex,
        )

        def change(content: DraftContent) -> DraftContent:
            # Another person is another identity to check, and consents anew.
            others = {} if applicant == content.applicant else {"identity_check": None, "consent": None}
            return content.model_copy(update={"applicant": applicant, **others})

        return Taken(change)

    async def context(self) -> dict[str, object]:
        return {"heading": self.visit.say(self.title), "explained": self.visit.t("citizen.explained")}


async def _citizen(visit: Visit, draft: Draft) -> TypedPage:
    return _CitizenPage(visit, draft, "citizen", f"/drafts/{draft.id}/citizen", text("citizen.title"), _CITIZEN)


class _IdentityPage(TypedPage):
    def held(self, content: DraftContent) -> Mapping[str, JsonValue]:
        return {"seen": content.identity_check.seen} if content.identity_check is not None else {}

    async def take(self, values: Mapping[str, JsonValue]) -> Taken:
        try:
            form = validate_form(IdentityForm, values)
        except InputRejected as error:
            raise Wrong(error.fields) from None
        assert isinstance(form, IdentityForm)  # noqa: S101 - what is validated against it
        now = self.visit.portal.host.clock.now()
        check = IdentityCheck(seen=form.seen, at=now, by=self.visit.operator.id)
        return Taken(lambda content: content.model_copy(update={"identity_check": check}))


async def _identity(visit: Visit, draft: Draft) -> TypedPage:
    return _IdentityPage(visit, draft, "identity", f"/drafts/{draft.id}/identity", text("step.identity"), _IDENTITY)


# Which service


async def _services(visit: Visit, errors: Sequence[PageError] = ()) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    if draft.content.applicant is None:
        return visit.go(f"/drafts/{draft.id}/citizen")
    surveyed = await visit.casework.eligible(draft.content.applicant)
    groups: dict[Eligibility, list[ServiceEligibility]] = {one: [] for one in Eligibility}
    for one in surveyed:
        groups[one.eligibility].append(one)
    return visit.page(
        "services.html",
        "services.title",
        errors=errors,
        status=422 if errors else 200,
        form="page",
        draft=draft,
        may=[_service_item(visit, draft, one) for one in groups[Eligibility.ELIGIBLE]],
        open=[_service_item(visit, draft, one) for one in groups[Eligibility.INDETERMINATE]],
        may_not=[_service_item(visit, draft, one) for one in groups[Eligibility.INELIGIBLE]],
        back=f"/drafts/{draft.id}",
    )


def _service_item(visit: Visit, draft: Draft, one: ServiceEligibility) -> dict[str, object]:
    against = [criterion.text for criterion in one.criteria if criterion.verdict is not Verdict.PASS]
    reasons = against or [criterion.text for criterion in one.criteria]
    said = [visit.say(reason) for reason in ([one.problem] if one.problem is not None else reasons)]
    chosen = visit.typed_text("service") or draft.service
    return {
        "value": one.service,
        "text": visit.say(one.name),
        "hint": {"text": " ".join([f"{visit.say(one.agency)}.", *said])},
        "agency": visit.say(one.agency),
        "reasons": said,
        "checked": one.service == chosen,
        "id": f"service-{one.service.replace('.', '-')}",
    }


async def _choose_service(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    chosen = visit.typed_text("service")
    try:
        service = visit.casework.service(chosen)
    except ServiceNotOffered:
        return await _services(visit, [PageError("services", text("services.none-chosen"))])
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


async def _bring(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    if draft.service is None:
        return visit.go(f"/drafts/{draft.id}/services")
    service, fields = visit.casework.service(draft.service), await service_fields(visit, draft.service)
    documents = [
        {
            "name": document.label,
            "needed": _needed(document.required, document.when, fields),
            "types": ", ".join(one.rpartition("/")[2].upper() for one in document.media_types),
            "largest": in_megabytes(document.largest_bytes),
        }
        for document in service.documents
    ]
    return visit.page(
        "bring.html",
        "step.bring",
        draft=draft,
        service=service,
        documents=documents,
        nothing=not documents,
        questions=[field.label for field in fields],
        back=f"/drafts/{draft.id}",
    )


def _needed(required: bool, when: Mapping[str, Sequence[JsonValue]], fields: Sequence[Field]) -> Text:  # noqa: FBT001
    if required or not when:
        return text("bring.always" if required else "bring.if-you-have")
    known = {field.key: field for field in fields}
    conditions = [
        text(
            "bring.condition",
            field=known[key].label,
            values=_listed([_option_text(known[key], one) for one in values]),
        )
        for key, values in when.items()
        if key in known
    ]
    return text("bring.when", conditions=_listed(conditions))


def _option_text(field: Field, value: JsonValue) -> Text:
    return next((one.label for one in field.options if one.value == value), Text(en=str(value), bn=str(value)))


def _listed(parts: Sequence[Text]) -> Text:
    return Text(bn=", ".join(one.bn for one in parts), en=", ".join(one.en for one in parts))


async def _brought(visit: Visit) -> Response:
    draft = await open_draft(visit)
    if isinstance(draft, Response):
        return draft
    return visit.go(await next_page(visit, await change_draft(visit, draft, visited("bring"))))


# The service's form


class _FormPage(TypedPage):
    def held(self, content: DraftContent) -> Mapping[str, JsonValue]:
        (field,) = self.fields
        known = held_applicant(content.applicant) if field.key in _PREFILLED else {}
        return {**known, **content.form}

    async def take(self, values: Mapping[str, JsonValue]) -> Taken:
        (field,) = self.fields
        others = {key: value for key, value in self.draft.content.form.items() if key != field.key}
        try:
            await self.visit.casework.validate(self.draft.service or "", {**others, **values})
        except InputRejected as error:
            rejected(error, field)

        def change(content: DraftContent) -> DraftContent:
            form = {key: value for key, value in content.form.items() if key != field.key}
            return content.model_copy(update={"form": {**form, **values}})

        return Taken(change)


async def _form(visit: Visit, draft: Draft) -> TypedPage:
    key = visit.request.path_params["field"]
    fields = await service_fields(visit, draft.service) if draft.service is not None else ()
    field = next((one for one in fields if one.key == key), None)
    if field is None:
        raise HTTPException(404)
    return _FormPage(visit, draft, f"form.{key}", f"/drafts/{draft.id}/form/{key}", field.label, [field])


INTAKE_ROUTES: Final[list[Route]] = [
    page("/drafts", "begin", _home, _begin),
    page("/drafts/{draft}", "overview", _overview),
    *typed_page("citizen", "citizen", _citizen, next_page),
    *typed_page("identity", "identity", _identity, next_page),
    page("/drafts/{draft}/services", "services", _services, _choose_service),
    page("/drafts/{draft}/bring", "bring", _bring, _brought),
    *typed_page("form/{field}", "form", _form, next_page),
]
