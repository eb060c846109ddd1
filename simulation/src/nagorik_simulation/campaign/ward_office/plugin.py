"""The ward office's procedure: two requests file one application."""

import hashlib
import hmac
from typing import Final

from pydantic import Field, ValidationError

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencySettings,
    AgencyStatus,
    ApplicationState,
    CallbackReport,
    CallbackRequest,
    CallContext,
    Criterion,
    EligibilityDecision,
    EligibilityRequest,
    FindRequest,
    StatusRequest,
    SubmissionSearch,
    SubmitRequest,
    Text,
    Verdict,
    WireModel,
    hookimpl,
)
from nagorik_simulation.campaign.ward_office.forms import CertificateForm
from nagorik_toolkit import Matches, find_by_client_reference

_Context = CallContext[AgencySettings]

NUMBERS: Final = "/v1/numbers"
APPLICATIONS: Final = "/v1/applications"
SIGNATURE: Final = "x-ward-signature"
_WORD: Final = b"an office that does not exist has no secrets"
_STATES: Final = {
    "RECEIVED": ApplicationState.SUBMITTED,
    "ISSUED": ApplicationState.DELIVERED,
    "REFUSED": ApplicationState.REJECTED,
}
_FINAL: Final = frozenset({"ISSUED", "REFUSED"})


class Number(WireModel):
    """A number to file under."""

    number: str = Field(pattern=r"^N-[0-9]+$", max_length=20)


class WardApplication(WireModel):
    """One application, as the office shows it."""

    reference: str = Field(pattern=r"^[A-Z0-9-]+$", max_length=40)
    state: str = Field(alias="status", min_length=1, max_length=40)


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:  # noqa: ARG001 - hook's own
    """Open to everybody."""
    passed = Criterion(id="open", verdict=Verdict.PASS, text=Text(en="Open to all.", bn="সবার জন্য খোলা।"))
    return EligibilityDecision(criteria=(passed,))


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: _Context) -> Accepted:
    """Ask for a number, then file under it."""
    wanted = {"clientReference": request.client_reference}
    given = await context.http.write("numbers", "POST", NUMBERS, json=wanted, expect=Number)
    form = request.form_as(CertificateForm)
    content = {
        "number": given.number,
        "clientReference": request.client_reference,
        "address": form.address,
        "mobile": form.mobile.e164,
    }
    filed = await context.http.write("applications", "POST", APPLICATIONS, json=content, expect=WardApplication)
    return Accepted(reference=filed.reference, status=_status(filed))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: _Context) -> SubmissionSearch:
    """Searched by our reference."""
    return await find_by_client_reference(
        request, context, APPLICATIONS, expect=Matches[WardApplication], status=_status
    )


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: _Context) -> AgencyStatus:
    """How it stands."""
    path = f"{APPLICATIONS}/{request.agency_reference}"
    return _status(await context.http.read("applications.get", "GET", path, expect=WardApplication))


@hookimpl
async def nagorik_parse_callback(request: CallbackRequest) -> CallbackReport:
    """What the office says of its own accord; only who knows its word can have written it."""
    signature = request.headers.get(SIGNATURE, "")
    if not hmac.compare_digest(signature.encode(), sign(request.body).encode()):
        raise AgencyRejected("ward.unsigned")
    try:
        application = WardApplication.model_validate_json(request.body)
    except ValidationError:
        raise AgencyRejected("ward.unreadable") from None
    return CallbackReport(agency_reference=application.reference, status=_status(application))


def sign(body: bytes) -> str:
    """What the office writes beside a message."""
    return hmac.new(_WORD, body, hashlib.sha256).hexdigest()


def _status(application: WardApplication) -> AgencyStatus:
    return AgencyStatus(
        state=_STATES.get(application.state), raw=application.state, final=application.state in _FINAL
    )
