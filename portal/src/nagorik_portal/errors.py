"""The portal's own refusals: errors as the host's, with a sentence in both languages beside each code."""

from functools import cache
from typing import Final

from nagorik import NagorikError, Text
from nagorik.values.sentences import read_sentences

refusals: Final = cache(lambda: read_sentences("nagorik_portal", "refusals.toml"))
"""Gives the sentence for each code."""


class GivenInvalid(ValueError):
    """What an administrator gave cannot be used; the text says why, in both languages, and quotes nothing."""


class PortalError(NagorikError):
    """Base of the portal's refusals; ``refusals.toml`` has the sentence of each code."""

    @property
    def message(self) -> Text:
        """What happened, what it means for the application, and what to do next."""
        return refusals()[self.code]


class Throttled(PortalError):
    """Base of refusals that end by themselves; nothing was done."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        """Let wait for so many seconds."""
        super().__init__()
        self.retry_after = retry_after


class TooManyRequests(Throttled):
    """The actor asks too fast."""

    code = "too-many-requests"
