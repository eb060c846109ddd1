"""Whether the portal lives and can work, and its metrics, for whoever keeps it running."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from nagorik_host.store.overview import count_unread
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import State

router = APIRouter(tags=["operations"])


@router.get("/health")
async def health() -> m.HealthView:
    """Say that the process responds."""
    return m.HealthView()


@router.get("/ready")
async def ready(state: State) -> m.HealthView:
    """Say that the database responds; 503 where it does not."""
    await state.portal.host.database.run(count_unread)
    return m.HealthView()


@router.get("/metrics", response_class=Response)
async def metrics(state: State) -> Response:
    """Show the metrics of this process for Prometheus; labels are route templates."""
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
