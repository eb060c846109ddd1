"""The whole portal as one ASGI application: the API at ``/v1``, the desk at ``/``."""

import re

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from nagorik_portal.api import create_api
from nagorik_portal.desk import create_desk
from nagorik_portal.portal import Portal


def create_app(portal: Portal) -> ASGIApp:
    """Join the API, which has health, readiness and metrics, and the desk."""
    return Starlette(routes=[mount("/v1", create_api(portal)), mount("/", create_desk(portal))])


def mount(path: str, app: ASGIApp) -> Mount:
    """Mount ``app``, also for paths with a line break, which Starlette's own pattern leaves out."""
    mounted = Mount(path, app)
    mounted.path_regex = re.compile(mounted.path_regex.pattern, re.DOTALL)
    return mounted
