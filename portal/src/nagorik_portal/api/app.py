"""``create_api``: the API as one ASGI application, to be mounted at ``/v1``."""

from typing import Final

from fastapi import FastAPI

from nagorik_portal.api import openapi
from nagorik_portal.api.calls import ApiState
from nagorik_portal.api.cursors import Cursors
from nagorik_portal.api.edge import ApiMetrics, Edge
from nagorik_portal.api.problems import add_handlers
from nagorik_portal.api.routes import (
    applications,
    catalogue,
    documents,
    drafts,
    events,
    messages,
    officers,
    operations,
)
from nagorik_portal.portal import Portal

_ROUTERS: Final = (catalogue, drafts, applications, documents, officers, messages, events, operations)


def create_api(portal: Portal) -> FastAPI:
    """The HTTP API of a portal; any ASGI application may mount it at ``/v1``.

    It needs no lifespan of its own. The framework's telemetry is off: its spans would hold paths and queries.
    """
    app = FastAPI(
        title="Nagorik",
        version="1.0.0",
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/v1"}],
        root_path_in_servers=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    metrics = ApiMetrics()
    app.state.api = ApiState(portal, Cursors(portal.host.vault), metrics, set())
    for module in _ROUTERS:
        app.include_router(module.router)
    add_handlers(app)
    app.add_middleware(Edge, metrics=metrics)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app
