"""What a plugin meets in a call that may reach nobody."""

from collections.abc import Callable
from typing import Any, Final

from nagorik.agency_client import AgencySettings, CallLedger
from nagorik.errors import AgencyUnavailable, Layer, NagorikError

OFFLINE: Final = "offline"


class NoAgency:
    """Stands where an agency's client would: whatever is asked of it, there is no agency to reach."""

    def __init__(self) -> None:
        self.ledger = CallLedger()

    def __getattr__(self, name: str) -> Any:
        raise AgencyUnavailable(because=OFFLINE, layer=Layer.CORE)


class NoSettings:
    """Stands where a plugin's settings would that are not there: only reading one is an error."""

    def __init__(self, error: NagorikError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error


def settings_or_none(load: Callable[[], AgencySettings]) -> AgencySettings | NoSettings:
    """A plugin's settings as ``load`` gives them; without them a rule that needs none still works."""
    try:
        return load()
    except NagorikError as error:
        return NoSettings(error)
