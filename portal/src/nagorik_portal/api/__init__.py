"""The HTTP API: FastAPI routes over ``Casework``, with problems, idempotency keys, revisions and signed cursors."""

from typing import Final

from fastapi import FastAPI

from nagorik_portal.api import applications, before_filing, openapi, operations
from nagorik_portal.api.problems import add_handlers, problem
from nagorik_portal.edge import Edge
from nagorik_portal.portal import Portal

_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def create_api(portal: Portal) -> FastAPI:
    """The HTTP API of a portal; any ASGI application may mount it at ``/v1``.

    It needs no lifespan of its own. The framework's telemetry is off: its spans would hold paths and queries.
    """
    app = FastAPI(
        title="Nagorik",
        version="1.0.0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/v1"}],
        root_path_in_servers=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.portal = portal
    for router in (*before_filing.ROUTERS, *applications.ROUTERS, operations.router):
        app.include_router(router)
    add_handlers(app)
    app.add_middleware(Edge, headers=_HEADERS, failed=problem)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app
