"""What there is, who may apply, whether a form is right, what it costs. Nothing here changes anything."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from nagorik import ApplicationDraft, Consent, InputRejected, Operation, PublicService
from nagorik_host.views import consent_operations
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import ServicePath, State, Work
from nagorik_portal.api.strict_json import JsonBody
from nagorik_portal.casework import Casework
from nagorik_portal.drafts import Draft

router = APIRouter(tags=["catalogue"])


@router.get("/services")
async def list_services(state: State, casework: Work) -> m.ServiceCatalogue:
    """List the services on offer that the caller may act on, and the ways to pay."""
    platform = state.portal.host.platform
    manifests = [one.manifest for one in platform.plugins if one.manifest is not None]
    return m.ServiceCatalogue(
        services=list(casework.services()),
        gateways=list(platform.gateways),
        agencies={one.id: one.name for one in manifests},
    )


@router.get("/services/{service}")
async def show_service(service: ServicePath, casework: Work) -> PublicService:
    """Show a service."""
    return casework.service(service)


@router.get("/services/{service}/form")
async def show_form(service: ServicePath, casework: Work) -> JSONResponse:
    """Show the JSON Schema 2020-12 of a service's form; titles and help are in both languages (`x-title-bn`)."""
    schema = await casework.form_schema(service)
    return JSONResponse(schema or {"type": "object", "maxProperties": 0}, media_type="application/schema+json")


@router.post("/eligibility")
async def survey(asked: JsonBody[m.ApplicantBody], casework: Work) -> m.RowPage[m.EligibilityView]:
    """Ask what a citizen may apply for, among all services. No agency is asked; nothing is kept."""
    found = await casework.eligible(asked.applicant)
    rows = [
        m.EligibilityView(
            service=one.service, eligibility=one.eligibility, criteria=list(one.criteria), because=one.problem
        )
        for one in found
    ]
    return m.RowPage(rows=rows)


@router.post("/services/{service}/eligibility")
async def check_eligibility(
    service: ServicePath, asked: JsonBody[m.EligibilityBody], casework: Work
) -> m.EligibilityView:
    """Ask whether a citizen may apply for a service. Nothing is kept."""
    found = await casework.eligibility(service, asked.applicant, asked.form)
    return m.EligibilityView(service=service, eligibility=found.eligibility, criteria=list(found.criteria))


@router.post("/services/{service}/validate")
async def check_form(service: ServicePath, filled: JsonBody[m.ValidateBody], casework: Work) -> m.ValidityView:
    """Check a form, field by field. Nothing is kept, and no agency is asked."""
    try:
        await casework.validate(service, filled.form)
    except InputRejected as rejected:
        errors = [m.FieldErrorView(pointer=one.pointer, code=one.code, text=one.text) for one in rejected.fields]
        return m.ValidityView(valid=False, errors=errors)
    return m.ValidityView(valid=True, errors=[])


@router.post("/services/{service}/quote")
async def quote(service: ServicePath, asked: JsonBody[m.QuoteBody], state: State, casework: Work) -> m.PriceView:
    """Ask what has to be paid, before anything is filed. Nothing is kept."""
    draft = ApplicationDraft(
        service=service,
        applicant=asked.applicant,
        form=asked.form,
        documents=state.cursors.documents(casework.actor.centre, asked.documents),
        gateway=asked.gateway,
        consent=asked.consent and consent_of(casework, service, asked.consent),
    )
    return await price_of(casework, draft, service)


async def price_of(casework: Casework, draft: ApplicationDraft | Draft, service: str) -> m.PriceView:
    """What has to be paid; a service that offers no quote has no price."""
    if Operation.QUOTE not in casework.service(service).operations:
        return m.PriceView(quote=None, charges=[], total=None)
    priced = await casework.quote(draft)
    return m.PriceView(quote=priced.quote, charges=list(priced.charges), total=priced.total)


def consent_of(casework: Casework, service: str, given: m.ConsentBody) -> Consent:
    """A consent under which the caller acts."""
    return Consent(
        id=given.id,
        service=service,
        operations=given.operations or consent_operations(casework.service(service)),
        fee_ceiling=given.fee_ceiling,
        given_at=given.given_at,
        expires_at=given.expires_at,
        asks=given.asks,
        acting=casework.actor.id,
    )
