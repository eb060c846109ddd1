"""Before filing: what there is, who may apply, what it costs; and drafts, which the centre shares."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from nagorik import ApplicationDraft, Consent, InputRejected, PublicService, Quote
from nagorik.model.fee import QuoteLine
from nagorik_host.store.listings import PageCursor
from nagorik_host.views import consent_operations
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import ApiCall, Asked, DraftPath, Keyed, OfferPath, Paged, Revision
from nagorik_portal.casework import Casework, DraftIncomplete, sum_of
from nagorik_portal.drafts import Draft, DraftContent

ROUTERS = catalogue, drafts = APIRouter(tags=["catalogue"]), APIRouter(tags=["drafts"])
_TYPED: Final = ("applicant", "form", "gateway", "payer")
_LISTED: Final = ("id", "reference", "service", "operator", "revision", "updated_at")


@catalogue.get("/services")
async def list_services(call: Asked) -> m.RowPage:
    """List the services on offer that the caller may act on, as their plugins declare them."""
    return m.RowPage.of(dict(one) for one in call.casework.services())


@catalogue.get("/services/{service}")
async def show_service(service: OfferPath, call: Asked) -> PublicService:
    """Show a service."""
    return call.casework.service(service)


@catalogue.get("/services/{service}/form")
async def show_form(service: OfferPath, call: Asked) -> JSONResponse:
    """Show the JSON Schema 2020-12 of a service's form; titles and help are in both languages (`x-title-bn`)."""
    schema = await call.casework.form_schema(service)
    return JSONResponse(schema or {"type": "object", "maxProperties": 0}, media_type="application/schema+json")


@catalogue.get("/gateways")
async def list_gateways(call: Asked) -> m.RowPage:
    """List the ways to pay."""
    return m.RowPage.of(dict(one) for one in call.portal.host.platform.gateways)


@catalogue.post("/eligibility")
async def survey(asked: m.JsonBody[m.ApplicantBody], call: Asked) -> m.RowPage:
    """Ask what a citizen may apply for, among all services. No agency is asked; nothing is kept.

    Without criteria, `because` says why no rule was applied.
    """
    found = await call.casework.eligible(asked.applicant)
    return m.RowPage.of({**dict(one), "eligibility": one.eligibility, "because": one.problem} for one in found)


@catalogue.post("/services/{service}/eligibility")
async def check_eligibility(service: OfferPath, asked: m.JsonBody[m.EligibilityBody], call: Asked) -> m.RowPage:
    """Ask whether a citizen may apply for a service: one row, as of all services. Nothing is kept."""
    found = await call.casework.eligibility(service, asked.applicant, asked.form)
    return m.RowPage.of([{"service": service, **dict(found), "eligibility": found.eligibility}])


@catalogue.post("/services/{service}/validate")
async def check_form(service: OfferPath, filled: m.JsonBody[m.ValidateBody], call: Asked) -> m.RowPage:
    """Check a form: a row for each field that is wrong. Nothing is kept, and no agency is asked."""
    try:
        await call.casework.validate(service, filled.form)
    except InputRejected as rejected:
        return m.RowPage.of(dict(one) for one in rejected.fields)
    return m.RowPage.of(())


@catalogue.post("/services/{service}/quote")
async def quote(service: OfferPath, asked: m.JsonBody[m.QuoteBody], call: Asked) -> m.ApiJson:
    """Ask what has to be paid, before anything is filed. Nothing is kept."""
    return _price(*await call.casework.quote(application_of(call, service, asked)))


def _price(quote: Quote | None, charges: Sequence[QuoteLine]) -> m.ApiJson:
    return {"quote": quote, "charges": charges, "total": quote and sum_of(quote.total, charges)}


def application_of(call: ApiCall, service: str, given: m.QuoteBody) -> ApplicationDraft:
    """What is handed in, with its consent."""
    typed = {name: getattr(given, name) for name in _TYPED}
    consent = consent_of(call.casework, service, given.consent) if given.consent is not None else None
    return ApplicationDraft(**typed, service=service, documents=call.documents(given.documents), consent=consent)


def consent_of(casework: Casework, service: str, given: m.ConsentBody) -> Consent:
    """A consent under which the caller acts."""
    operations = given.operations or consent_operations(casework.service(service))
    same = {name: getattr(given, name) for name in ("id", "fee_ceiling", "given_at", "expires_at", "asks")}
    return Consent(**same, service=service, operations=operations, acting=casework.actor.id)


def _content(call: ApiCall, given: m.DraftBody, before: DraftContent) -> DraftContent:
    """What a draft holds from now on; what the desk alone keeps in it stays."""
    typed = {name: getattr(given, name) for name in _TYPED}
    return before.model_copy(update={**typed, "documents": call.documents(given.documents)})


def _shown(call: ApiCall, draft: Draft) -> m.ApiJson:
    call.etag(draft.revision)
    typed = {name: getattr(draft.content, name) for name in _TYPED}
    same = {name: getattr(draft, name) for name in (*_LISTED, "application")}
    return {**same, **typed, "documents": [call.name_document(one) for one in draft.content.documents]}


@drafts.post("/drafts", status_code=201)
async def begin_draft(given: m.JsonBody[m.DraftBody], keyed: Keyed) -> m.ApiJson:
    """Begin a draft, which has a tracking number from now on."""
    made, casework = keyed.subject, keyed.casework
    if made is None:
        content = _content(keyed, given, DraftContent())
        made = (await casework.new_draft(content, service=given.service, key=keyed.key)).id
    return _shown(keyed, await casework.draft(keyed.locate("/drafts", made)))


@drafts.get("/drafts")
async def list_drafts(paging: Paged) -> m.RowPage:
    """List the centre's drafts that were not handed in, the last saved first."""
    place = paging.place("drafts")
    after = PageCursor.read(place) if place is not None else None
    page = await paging.casework.drafts(after=after, limit=paging.limit)
    return paging.page("drafts", ({name: getattr(one, name) for name in _LISTED} for one in page.rows), page.next)


@drafts.get("/drafts/{draft}")
async def show_draft(draft: DraftPath, call: Asked) -> m.ApiJson:
    """Show a draft."""
    return _shown(call, await call.casework.draft(draft))


@drafts.put("/drafts/{draft}")
async def save_draft(draft: DraftPath, given: m.JsonBody[m.DraftBody], call: Asked, revision: Revision) -> m.ApiJson:
    """Replace what a draft holds."""
    content = _content(call, given, (await call.casework.draft(draft)).content)
    return _shown(call, await call.casework.save_draft(draft, content, revision=revision, service=given.service))


@drafts.delete("/drafts/{draft}", status_code=204)
async def discard_draft(draft: DraftPath, call: Asked, revision: Revision) -> None:
    """Delete a draft and its documents."""
    await call.casework.discard_draft(draft, revision=revision)


@drafts.post("/drafts/{draft}/quote")
async def quote_draft(draft: DraftPath, call: Asked) -> m.ApiJson:
    """Ask what has to be paid for a draft. Nothing is kept."""
    return _price(*await call.casework.quote(await call.casework.draft(draft)))


@drafts.post("/drafts/{draft}/submission", status_code=201)
async def submit_draft(
    draft: DraftPath, given: m.JsonBody[m.ConsentBody], keyed: Keyed, revision: Revision
) -> m.ApiJson:
    """Hand a draft in as it was read last; a draft becomes one application, also with another key."""
    made, casework = keyed.subject, keyed.casework
    if made is None:
        if (service := (await casework.draft(draft)).service) is None:
            raise DraftIncomplete
        made = await casework.submit(draft, consent_of(casework, service, given), keyed.key, revision=revision)
    return await keyed.standing(keyed.locate("/applications", made))
