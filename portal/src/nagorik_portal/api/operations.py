"""What happened, what agencies and gateways send, and whether the portal works."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from nagorik_host.engine.inbox import LARGEST_BODY
from nagorik_host.store.overview import count_unread
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import OfferPath, Paged, Served
from nagorik_portal.edge import METRICS, bounded
from nagorik_portal.subscriptions import cloud_event

router = APIRouter(tags=["operations"])
PaymentPath = Annotated[str, Path(alias="payment", min_length=1, max_length=200, description="The payment's id.")]


@router.get("/events")
async def list_events(paging: Paged) -> m.RowPage:
    """List changes of the centre's applications as CloudEvents, in the order in which they were made.

    Ask again with `next`, also where a page is empty: it names the place where the next change will be. None is
    skipped, and nothing in them is personal: read the application anew.
    """
    page = await paging.casework.changes(paging.place("events"), limit=paging.limit)
    source = paging.portal.base_url
    return paging.page("events", (cloud_event(one, source) for one in page.changes), page.next)


@router.post("/callbacks/{service}", status_code=202)
async def receive_callback(service: OfferPath, portal: Served, request: Request) -> None:
    """Keep a message of an agency. Anybody may send one; it counts once its plugin has proved where it is from."""
    body = await Request(request.scope, bounded(request.scope, request.receive, LARGEST_BODY)).body()
    await portal.host.inbox.receive(service, headers=dict(request.headers), body=body)


@router.post("/notices/{gateway}/{payment}", status_code=202)
async def receive_notice(gateway: OfferPath, _payment: PaymentPath, portal: Served, request: Request) -> None:
    """Keep a gateway's notice, which is only a hint to ask the gateway."""
    await receive_callback(gateway, portal, request)


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the process responds."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(portal: Served) -> dict[str, str]:
    """Say that the database responds; 503 where it does not."""
    await portal.host.database.snapshot(count_unread)
    return {"status": "ok"}


@router.get("/metrics", response_class=Response)
async def metrics() -> Response:
    """Show the metrics of this process for Prometheus; labels are route templates."""
    return Response(generate_latest(METRICS), media_type=CONTENT_TYPE_LATEST)
