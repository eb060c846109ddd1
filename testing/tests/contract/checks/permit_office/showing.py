"""Offices that show more than the usual one: who booked, a slip, a list, a day on which something ends or begins."""

from starlette.requests import Request
from starlette.responses import Response

from nagorik_testing import DocumentResponse
from permit_office.offices import AskedOffice
from permit_office.simulator import DESK


class HoldersOffice(AskedOffice):
    """Says which permits there are."""

    async def file(self, request: Request) -> Response:
        return DocumentResponse({"permits": [{"no": "K-12"}, {"no": "K-15"}], **DESK})
