"""Officers: what waits for a person's decision, and the decision."""

from fastapi import APIRouter, Response

from nagorik_host import OfficerView
from nagorik_platform.lifecycle import Decided
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import ApplicationPath, Changing, LimitQuery, Work, etag
from nagorik_portal.api.strict_json import JsonBody

router = APIRouter(tags=["officers"])


@router.get("/cases")
async def list_cases(casework: Work, limit: LimitQuery = 50) -> m.RowPage[m.CaseListed]:
    """List the centre's applications that wait for an officer, the longest first."""
    return m.RowPage(rows=[m.CaseListed.model_validate(one) for one in await casework.cases(limit)])


@router.get("/cases/{application}")
async def show_case(application: ApplicationPath, casework: Work, response: Response) -> OfficerView:
    """Show an application as an officer sees it: the citizen masked, and what may be decided."""
    view = await casework.officer_view(application)
    response.headers["ETag"] = etag(view.revision)
    return view


@router.post("/cases/{application}/decision")
async def decide(given: JsonBody[m.DecisionBody], change: Changing) -> m.StandingView:
    """Decide. The caller is the officer."""
    decision = Decided(
        officer=change.effect.casework.actor.id,
        reason=given.reason,
        to=given.to,
        agency_reference=given.reference,
        payment=given.payment,
        payment_to=given.payment_to,
    )
    return await change.by(change.effect.casework.decide, decision)
