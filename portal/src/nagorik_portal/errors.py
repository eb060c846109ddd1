"""The portal's own refusals: errors as the host's, with a sentence in both languages beside each code."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from nagorik import NagorikError, Text
from nagorik.values.sentences import read_sentences

_FILE: Final = "refusals.toml"


class PortalError(NagorikError):
    """Base of the portal's refusals; ``refusals.toml`` has the sentence of each code."""

    @property
    def message(self) -> Text:
        """What happened, what it means for the application, and what to do next."""
        return refusals()[self.code]


class Throttled(PortalError):
    """Base of refusals that end by themselves.

    Attributes:
        retry_after: Whole seconds after which the same is taken, at least 1; ``None`` where waiting changes nothing.
    """

    retry_after: int | None = None


@cache
def refusals() -> Mapping[str, Text]:
    """The sentence for each code."""
    return read_sentences("nagorik_portal", _FILE)
