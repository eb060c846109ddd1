"""The HTTP API: FastAPI routes over ``Casework``, with problems, idempotency keys, revisions and signed cursors."""

from nagorik_portal.api.app import create_api

__all__ = ["create_api"]
