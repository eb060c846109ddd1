"""A part of a simulated agency that keeps something: applications, appointments."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.routing import Route

from nagorik_testing.front import ReadRequest

ADMIN_PATH: Final = "/_simulator"


class About(NamedTuple):
    """Whom a request is about."""

    client_reference: str | None
    markers: tuple[str, ...] = ()
    """Other names by which the script and the faults may know them, such as an alias."""


class Desk:
    """Puts itself among the agency's ``desks``, which serves its officers and asks it whom a request is about."""

    def about(self, request: ReadRequest) -> About | None:  # noqa: ARG002 - for subclasses
        """Whom a request is about, if it names something that is kept here."""
        return None

    def officer_routes(self) -> Sequence[Route]:
        """What the agency's own officers do here, under ``/_simulator``."""
        return ()
