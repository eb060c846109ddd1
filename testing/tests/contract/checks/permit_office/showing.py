"""Offices that show more than the usual one: who booked, a slip, a list, a day on which something ends or begins."""

from datetime import timedelta
from typing import Any, ClassVar, Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from nagorik_testing import DocumentResponse
from permit_office.offices import AskedOffice, CountedOffice, SilentlyExpiringOffice
from permit_office.simulator import DESK, File, PermitOffice

AGES_AGO: Final = timedelta(days=10)


class BookingOffice(PermitOffice):
    """Says under whose reference a visit is booked, for each application."""

    def told(self, filed: File) -> dict[str, Any]:
        return {**super().told(filed), "bookedUnder": filed.client_reference}


class SlipOffice(PermitOffice):
    """Makes out a slip once it looks at the papers, and says so beside every word."""

    def told(self, filed: File) -> dict[str, Any]:
        told = super().told(filed)
        made = told["word"] != "RECEIVED"
        return {**told, "slip": made, "slipWord": "MADE OUT" if made else "NONE"}


class AlwaysSlipOffice(SlipOffice):
    """Hands the slip over when the application is filed."""

    def told(self, filed: File) -> dict[str, Any]:
        return {**super().told(filed), "slip": True, "slipWord": "MADE OUT"}


class LastDayOffice(SilentlyExpiringOffice):
    turning_days: ClassVar[dict[str, Literal["first", "last"]]] = {"goodTo": "last"}


class FirstDayOffice(SilentlyExpiringOffice):
    """Names the day from which a permit is good."""

    turning_days: ClassVar[dict[str, Literal["first", "last"]]] = {"goodTo": "first"}


class HoldersOffice(AskedOffice):
    """Says which permits there are."""

    async def file(self, request: Request) -> Response:
        return DocumentResponse({"permits": [{"no": "K-12"}, {"no": "K-15"}], **DESK})


class EarlierOffice(CountedOffice):
    """Answers a question with what was so ten days ago, and an application with what is so now."""

    async def file(self, request: Request) -> Response:
        since = (self.clock.now() - AGES_AGO).isoformat()
        return DocumentResponse({"number": "Q-1", "word": "RECEIVED", "since": since, "remark": None, **DESK})

    async def show(self, request: Request) -> Response:
        return await self.file(request)
