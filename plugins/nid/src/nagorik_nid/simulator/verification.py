"""Demographic verification, and the bill for it, as the Commission's document describes them.

What the document says is collected in docs/reference/agencies.md#nid-partner-service.
"""

import random
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from nagorik import NationalDataError, dhaka_date, normalise
from nagorik_nid.simulator.envelope import success, trimmed_content_of
from nagorik_nid.simulator.register import VoterRegister, is_number
from nagorik_testing import Ledger, Refusal, SimulatedClock, TemporaryLinks, day_in, specimen_picture

TAKA_PER_CALL: Final = 2
"""What the document's sample bill comes to, failed calls included."""
FIELDS: Final = frozenset(
    {"nameEn", "name", "dateOfBirth", "father", "mother", "spouse", "permanentAddress", "presentAddress"}
)

_IDENTIFY: Final = {"nid10Digit": 10, "nid17Digit": 17}
_AS_IN_THE_SAMPLES: Final = {"father": " father "}


class VerificationDesk:
    """Compares what a partner says of a citizen with the register."""

    def __init__(
        self,
        register: VoterRegister,
        photos: TemporaryLinks,
        clock: SimulatedClock,
        ledger: Ledger,
        rng: random.Random,
    ) -> None:
        self._register = register
        self._photos = photos
        self._clock = clock
        self._ledger = ledger
        self._rng = rng
        self._calls: list[tuple[date, bool]] = []
        self.sla_fields: frozenset[str] | None = FIELDS
        """Fields that the partner's agreement lets it ask about; ``None`` where no agreement is assigned."""

    async def verify(self, request: Request) -> Response:
        """``POST /demographic/verification``."""
        number = len(self._calls)
        self._calls.append((dhaka_date(self._clock.now()), False))
        self._ledger.record("verification", f"call-{number + 1}", amount=f"{TAKA_PER_CALL}.00", metered=True)
        answer = self._compare(await trimmed_content_of(request), request)
        self._calls[number] = (self._calls[number][0], True)
        return answer

    async def billing_report(self, request: Request) -> Response:
        """``POST /partner-billing/get-billing-report``: both days included, dates in Dhaka."""
        content = await trimmed_content_of(request)
        first, last = day_in(content, "startDate"), day_in(content, "endDate")
        if last < first:
            raise Refusal(400, "endDate", "is before startDate")
        calls = [succeeded for day, succeeded in self._calls if first <= day <= last]
        return success(
            {
                "totalCall": len(calls),
                "successCall": sum(calls),
                "failedCall": len(calls) - sum(calls),
                "totalBill": len(calls) * TAKA_PER_CALL,
            }
        )

    def _compare(self, content: Mapping[str, Any], request: Request) -> Response:
        if self.sla_fields is None:
            raise Refusal(403, "SLA is not Assigned")
        claimed = _claims(content, self.sla_fields)
        voter = self._register.find(_identified(content))
        if voter is None:
            raise Refusal(404, "nid", "No voter found")
        if voter.locked:
            raise Refusal(403, "nid", "Voter is locked")
        agreement = {field: _agrees(field, value, voter.record.get(field)) for field, value in claimed.items()}
        shown: JsonValue = {_AS_IN_THE_SAMPLES.get(field, field): agrees for field, agrees in agreement.items()}
        person: dict[str, JsonValue] = {
            "nationalId": voter.citizen.smart_nid.value,
            "pin": voter.citizen.full_nid.value,
            "photo": self._photos.hand_out(specimen_picture(voter.citizen.alias), "image/png", request),
        }
        if all(agreement.values()):
            found: dict[str, JsonValue] = {
                "requestId": f"{self._rng.getrandbits(64):016x}",
                **person,
                "dateOfBirth": f" {voter.citizen.birth_date.isoformat()}",
            }
            return success(found, verified=True, fieldVerificationResult=shown)
        partly: dict[str, JsonValue] = {"partialResponse": person} if agreement.get("nameEn") else {}
        raise Refusal(
            406, "verify", "Person data mismatch", verified="false", fieldVerificationResult=shown, **partly
        )


def _identified(content: Mapping[str, Any]) -> str:
    identify = content.get("identify")
    given = {name: value for name, value in identify.items() if value} if isinstance(identify, dict) else {}
    if len(given) != 1 or not given.keys() <= _IDENTIFY.keys():
        raise Refusal(400, "identify", "nid10Digit or nid17Digit is required")
    ((name, number),) = given.items()
    if not isinstance(number, str) or not is_number(number) or len(number) != _IDENTIFY[name]:
        raise Refusal(400, name, f"{_IDENTIFY[name]} digits are expected")
    return number


def _claims(content: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    verify = content.get("verify")
    claimed = {field: value for field, value in verify.items() if value} if isinstance(verify, dict) else {}
    if not claimed:
        raise Refusal(400, "verify", "nothing to verify")
    for field in claimed:
        if field not in allowed:
            raise Refusal(400, field, "field is not allowed by the SLA")
    return claimed


def _agrees(field: str, claimed: object, recorded: str | dict[str, str] | None) -> bool:
    if isinstance(recorded, dict):
        return isinstance(claimed, dict) and all(
            _agrees(part, value, recorded.get(part)) for part, value in claimed.items() if value
        )
    if not isinstance(claimed, str) or recorded is None:
        return False
    if field == "nameEn":
        return claimed == recorded  # letter by letter, case and blanks included
    try:
        return normalise(claimed) == normalise(recorded)
    except NationalDataError:
        return False
