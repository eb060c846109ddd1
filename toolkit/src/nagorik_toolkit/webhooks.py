"""Messages that an agency posts by itself, signed as Standard Webhooks (symmetric, version 1)."""

import hmac
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

from pydantic import SecretStr, ValidationError

from nagorik.data_files import ModelT
from nagorik.errors import AgencyRejected, ContractViolation
from nagorik.model.status import CallbackRequest

_LONGEST_AGE: Final = 300
"""Seconds that a message may be older or newer than now."""


def read_webhook(request: CallbackRequest, secret: SecretStr, now: datetime, *, expect: type[ModelT]) -> ModelT:
    """Prove that a message comes from the holder of the secret (``whsec_`` and Base64) and is recent, and read it.

    Raises:
        AgencyRejected: ``message-not-proved``; ``message-too-old``.
        ContractViolation: ``message-unreadable``.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    identity, sent_at, signatures = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    key = b64decode(secret.get_secret_value().removeprefix("whsec_"))
    expected = b64encode(hmac.digest(key, f"{identity}.{sent_at}.".encode() + request.body, "sha256"))
    if not any(hmac.compare_digest(b"v1," + expected, one.encode()) for one in signatures.split(" ")):
        raise AgencyRejected("message-not-proved")
    if abs(now.timestamp() - int(sent_at)) > _LONGEST_AGE:
        raise AgencyRejected("message-too-old")
    try:
        return expect.model_validate_json(request.body)
    except ValidationError:
        raise ContractViolation("message-unreadable") from None
