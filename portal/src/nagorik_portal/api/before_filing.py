"""Before filing: what there is, who may apply, what it costs; and drafts, which the centre shares."""

from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from nagorik import ApplicationDraft, Consent, InputRejected, PublicService
from nagorik_host.views import consent_operations
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import ApiState, DraftPath, Keyed, OfferPath, Revision, State, Work, etag
from nagorik_portal.casework import Casework, DraftIncomplete
from nagorik_portal.drafts import Draft, DraftContent

catalogue = APIRouter(tags=["catalogue"])
drafts = APIRouter(tags=["drafts"])
_TYPED: Final = ("applicant", "form", "gateway", "payer")
_LISTED: Final = ("id", "reference", "service", "operator", "revision", "updated_at")


@catalogue.get("/services")
async def list_services(casework: Work) -> m.RowPage:
    """List the services on offer that the caller may act on, as their plugins declare them."""
    return m.RowPage.of(dict(one) for one in casework.services())


@catalogue.get("/services/{service}")
async def show_service(service: OfferPath, casework: Work) -> PublicService:
    """Show a service."""
    return casework.service(service)


@catalogue.get("/services/{service}/form")
async def show_form(service: OfferPath, casework: Work) -> JSONResponse:
    """Show the JSON Schema 2020-12 of a service's form; titles and help are in both languages (`x-title-bn`)."""
    schema = await casework.form_schema(service)
    return JSONResponse(schema or {"type": "object", "maxProperties": 0}, media_type="application/schema+json")


@catalogue.get("/gateways")
async def list_gateways(state: State, _: Work) -> m.RowPage:
    """List the ways to pay."""
    return m.RowPage.of(dict(one) for one in state.portal.host.platform.gateways)


@catalogue.post("/eligibility")
async def survey(asked: m.JsonBody[m.ApplicantBody], casework: Work) -> m.RowPage:
    """Ask what a citizen may apply for, among all services. No agency is asked; nothing is kept.

    Without criteria, `because` says why no rule was applied.
    """
    found = await casework.eligible(asked.applicant)
    return m.RowPage.of({**dict(one), "eligibility": one.eligibility, "because": one.problem} for one in found)


@catalogue.post("/services/{service}/eligibility")
async def check_eligibility(service: OfferPath, asked: m.JsonBody[m.EligibilityBody], casework: Work) -> m.RowPage:
    """Ask whether a citizen may apply for a service: one row, as of all services. Nothing is kept."""
    found = await casework.eligibility(service, asked.applicant, asked.form)
    return m.RowPage.of([{"service": service, **dict(found), "eligibility": found.eligibility}])


@catalogue.post("/services/{service}/validate")
async def check_form(service: OfferPath, filled: m.JsonBody[m.ValidateBody], casework: Work) -> m.RowPage:
    """Check a form: a row for each field that is wrong. Nothing is kept, and no agency is asked."""
    try:
        await casework.validate(service, filled.form)
    except InputRejected as rejected:
        return m.RowPage.of(dict(one) for one in rejected.fields)
    return m.RowPage.of(())


@catalogue.post("/services/{service}/quote")
async def quote(service: OfferPath, asked: m.JsonBody[m.QuoteBody], state: State, casework: Work) -> m.ApiJson:
    """Ask what has to be paid, before anything is filed. Nothing is kept."""
    return (await casework.quote(application_of(casework, service, asked, state)))._asdict()


def application_of(
    casework: Casework, service: str, given: m.QuoteBody, state: ApiState, **more: Any
) -> ApplicationDraft:
    """What is handed in, with its consent."""
    return ApplicationDraft(
        service=service,
        applicant=given.applicant,
        form=given.form,
        documents=state.documents(casework.actor.centre, given.documents),
        gateway=given.gateway,
        consent=given.consent and consent_of(casework, service, given.consent),
        **more,
    )


def consent_of(casework: Casework, service: str, given: m.ConsentBody) -> Consent:
    """A consent under which the caller acts."""
    operations = given.operations or consent_operations(casework.service(service))
    same = given.model_dump(exclude={"operations"})
    return Consent(**same, service=service, operations=operations, acting=casework.actor.id)


def _content(state: ApiState, casework: Casework, given: m.DraftBody, before: DraftContent) -> DraftContent:
    """What a draft holds from now on; what the desk alone keeps in it stays."""
    documents = state.documents(casework.actor.centre, given.documents)
    return before.model_copy(update={name: getattr(given, name) for name in _TYPED} | {"documents": documents})


def _shown(state: ApiState, draft: Draft, response: Response) -> m.ApiJson:
    response.headers["ETag"] = etag(draft.revision)
    held = draft.content
    typed = {name: getattr(held, name) for name in _TYPED}
    documents = [state.name_document(draft.centre, one) for one in held.documents]
    same = {name: getattr(draft, name) for name in (*_LISTED, "application")}
    return {**same, **typed, "documents": documents}


@drafts.post("/drafts", status_code=201)
async def begin_draft(given: m.JsonBody[m.DraftBody], keyed: Keyed) -> m.ApiJson:
    """Begin a draft, which has a tracking number from now on."""
    casework, state = keyed.casework, keyed.state

    async def begin() -> str:
        content = _content(state, casework, given, DraftContent())
        return (await casework.new_draft(content, service=given.service, key=keyed.key)).id

    return _shown(state, await casework.draft(await keyed.once("/drafts", begin)), keyed.response)


@drafts.get("/drafts")
async def list_drafts(casework: Work) -> m.RowPage:
    """List the centre's drafts that were not handed in, the last saved first, at most 200."""
    return m.RowPage.of({name: getattr(one, name) for name in _LISTED} for one in await casework.drafts())


@drafts.get("/drafts/{draft}")
async def show_draft(draft: DraftPath, state: State, casework: Work, response: Response) -> m.ApiJson:
    """Show a draft."""
    return _shown(state, await casework.draft(draft), response)


@drafts.put("/drafts/{draft}")
async def save_draft(
    draft: DraftPath,
    given: m.JsonBody[m.DraftBody],
    state: State,
    casework: Work,
    revision: Revision,
    response: Response,
) -> m.ApiJson:
    """Replace what a draft holds."""
    before = await casework.draft(draft)
    content = _content(state, casework, given, before.content)
    saved = await casework.save_draft(draft, content, revision=revision, service=given.service)
    return _shown(state, saved, response)


@drafts.delete("/drafts/{draft}", status_code=204)
async def discard_draft(draft: DraftPath, casework: Work) -> None:
    """Delete a draft and its documents."""
    await casework.discard_draft(draft)


@drafts.post("/drafts/{draft}/quote")
async def quote_draft(draft: DraftPath, casework: Work) -> m.ApiJson:
    """Ask what has to be paid for a draft. Nothing is kept."""
    return (await casework.quote(await casework.draft(draft)))._asdict()


@drafts.post("/drafts/{draft}/submission", status_code=201)
async def submit_draft(draft: DraftPath, given: m.JsonBody[m.ConsentBody], keyed: Keyed) -> m.ApiJson:
    """Hand a draft in; a draft becomes one application, whatever the key."""
    casework = keyed.casework

    async def submit() -> str:
        service = (await casework.draft(draft)).service
        if service is None:
            raise DraftIncomplete
        return await casework.submit(draft, consent_of(casework, service, given), keyed.key)

    return await keyed.standing(await keyed.once("/applications", submit))
