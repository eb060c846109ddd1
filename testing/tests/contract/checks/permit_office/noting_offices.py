"""Offices that say much: of an application's case and hearing, of a seat's number, of whether an answer is whole."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from nagorik.values import dhaka_time
from nagorik_testing import Case, DocumentResponse
from permit_office.offices import AskedOffice, BookOffice
from permit_office.simulator import DESK

HEARD_AFTER = timedelta(days=3)


class NotingOffice(BookOffice):
    """Notes the case, the hearing, a slip and the booking with an application, and numbers the seats."""

    def shown(self, case: Case[None]) -> dict[str, Any]:
        return {
            **super().shown(case),
            "case": "17/2026-27",
            "note": case.remarks or None,
            "slip": case.state == "PERMITTED",
            "hears": f"{dhaka_time(case.changed_at + HEARD_AFTER):%Y-%m-%d %H:%M}",
            "booked_by": case.client_reference,
        }

    async def take_slot(self, request: Request) -> Response:
        taken = await super().take_slot(request)
        if not isinstance(taken, DocumentResponse) or not isinstance(taken.document, dict):
            return taken
        return DocumentResponse({**taken.document, "seat": "S-0417" if taken.document["booked"] else None})


class WholeOffice(AskedOffice):
    """Says whether its answer is whole."""

    async def file(self, request: Request) -> Response:
        since = self.clock.now().isoformat()
        return DocumentResponse({"number": "Q-1", "word": "PERMITTED", "since": since, "whole": True, **DESK})
