"""What happened to a centre's applications, for a program that keeps up: nothing is skipped, nothing personal."""

from fastapi import APIRouter, Request, Response

from nagorik_portal.api import models as m
from nagorik_portal.api.calls import AfterQuery, LimitQuery, State, Work, next_link
from nagorik_portal.cloud_events import cloud_event

router = APIRouter(tags=["events"])


@router.get("/events")
async def list_events(
    state: State,
    casework: Work,
    request: Request,
    response: Response,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> m.RowPage[m.CloudEvent]:
    """List changes in the order in which they were made, after a cursor.

    Ask again with `next`, also where a page is empty: it names the place where the next change will be.
    """
    of = f"events/{casework.actor.centre}"
    page = await casework.changes(state.cursors.read(of, after) if after is not None else None, limit=limit)
    following, source = state.cursors.write(of, page.next), state.portal.settings.base_url
    next_link(request, response, following)
    rows = [m.CloudEvent.model_validate(cloud_event(one, source)) for one in page.changes]
    return m.RowPage(rows=rows, next=following)
