"""The HTTP API, ``/v1``."""

from fastapi import FastAPI

from nagorik_portal.portal import Portal


def create_api(portal: Portal) -> FastAPI:
    """Make the API of a portal."""
    api = FastAPI(title="Nagorik", version="1")
    api.state.portal = portal
    return api
