"""The ward office, simulated. It notices no double: who files twice has two applications."""

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse

from nagorik_testing import ReferenceAgency, Refusal, RouteHandler


class WardOffice(ReferenceAgency):
    """Gives out numbers, and takes in one application under each."""

    plugin_id: ClassVar[str] = "ward"

    def open_office(self) -> None:
        """Begin without files."""
        super().open_office()
        self._numbers: set[str] = set()

    def handlers(self) -> Mapping[str, RouteHandler]:
        """What comes before filing."""
        return {"POST /numbers": self._number}

    def check(self, collection: str, content: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one
        """Refuse a number that was not given out, or was used."""
        if content["number"] not in self._numbers:
            raise Refusal(409, "number", "was not given out, or was used")
        self._numbers.discard(content["number"])

    async def _number(self, request: Request) -> JSONResponse:  # noqa: ARG002 - every caller is given one
        number = f"N-{self.random.randrange(10**12):012}"
        self._numbers.add(number)
        return JSONResponse({"number": number}, status_code=201)
