"""The whole portal as one ASGI application: the API at ``/v1``, the desk at ``/``."""

from starlette.applications import Starlette
from starlette.routing import Mount

from nagorik_portal.portal import Portal


def create_app(portal: Portal) -> Starlette:
    """Join the API and the desk."""
    from nagorik_portal.api import create_api
    from nagorik_portal.desk import create_desk

    return Starlette(routes=[Mount("/v1", create_api(portal)), Mount("/", create_desk(portal))])
