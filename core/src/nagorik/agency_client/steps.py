"""The idempotency key of each step of a call."""

import uuid
from typing import Final

NAMESPACE: Final = uuid.UUID("5f6b1a52-6c1e-5b0e-9a39-0a5f0f5c7d11")
"""The UUID namespace of step keys. It never changes: a key must be the same after a restart and an upgrade."""


def step_key(key: str, step: str) -> str:
    """The key of ``step`` in the call whose application key is ``key``.

    A version 5 UUID (RFC 9562) of the application's key and the step's name, separated by a line feed, in this
    module's namespace: the same inputs always give the same key, different steps different ones, and it does not
    show the application's key. Agencies that ask for a UUID take it as it is.
    """
    return str(uuid.uuid5(NAMESPACE, f"{key}\n{step}"))
