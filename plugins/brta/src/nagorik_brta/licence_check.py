"""Whether a driving licence is valid: a question that leaves nothing at BRTA."""

from datetime import date
from typing import Final

from nagorik import (
    Accepted,
    AgencySettings,
    AgencyStatus,
    CallContext,
    ContractViolation,
    Rejected,
    SubmitRequest,
    dhaka_date,
)
from nagorik_brta import wire
from nagorik_brta.data import TEXTS
from nagorik_brta.driver_forms import LicenceCheckForm
from nagorik_toolkit import answered

SERVICE: Final = "brta.licence-check"
VALIDITY: Final = "licence-validity"
"""The kind of what a check brings; its reference is the last day of validity."""


async def check(request: SubmitRequest, context: CallContext[AgencySettings]) -> Accepted | Rejected:
    """A licence that does not serve is an answer, not an error.

    Raises:
        ContractViolation: BRTA calls a licence valid without a last day, or with one that has passed.
    """
    answer = await context.http.write(
        "licences.check",
        "POST",
        f"{wire.API}/licences/check",
        json=wire.to_licence_question(request.form_as(LicenceCheckForm)),
        expect=wire.LicenceCheck,
    )
    if answer.result != "VALID":
        code = f"licence.{answer.result.lower().replace('_', '-')}"
        return Rejected(reason_code=code, reason=TEXTS.text(code))
    return Accepted(reference=answer.number, status=_valid(answer, request.on))


def _valid(answer: wire.LicenceCheck, today: date) -> AgencyStatus:
    last = dhaka_date(answer.expires_on) if answer.expires_on is not None else None
    if last is None or last < today:
        raise ContractViolation("valid-without-a-day-to-come")
    told = TEXTS.text("licence.valid", until=last)
    return answered(VALIDITY, answer.result, reference=last.isoformat(), reason=told)
