"""Structured logs in which nothing personal appears, whoever writes them.

What a value may show follows from its declared data class, never from the care of the one who logs it. Event names
are fixed snake_case words; anything that was formatted is masked.
"""

from nagorik_platform.logs.redaction import redact, redact_value
from nagorik_platform.logs.setup import (
    BoundCallLog,
    configure_logging,
    get_logger,
    is_configured,
    quiet_transports,
)

__all__ = [
    "BoundCallLog",
    "configure_logging",
    "get_logger",
    "is_configured",
    "quiet_transports",
    "redact",
    "redact_value",
]
