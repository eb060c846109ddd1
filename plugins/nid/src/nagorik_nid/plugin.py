"""The Election Commission's procedure: verification, two look-ups and five kinds of application.

A verification or a look-up is one question and one answer. An application is priced by the EC, paid for, filed, and
then lies at the EC as a draft until the payment is reported; papers may be asked for, a hearing may be held,
and in the end a card waits to be downloaded or collected. The EC does not notice doubles.

The verification speaks the EC's own partner service (``partner_service``). No interface of the rest is published: the
reference interface stands in for it, behind the partner service's login.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from pydantic import Field

from nagorik import (
    Accepted,
    AgencyResponse,
    CallContext,
    ContractViolation,
    EligibilityRequest,
    FeeDue,
    Form,
    Money,
    NagorikError,
    Nid,
    Quote,
    QuoteLine,
    QuoteRequest,
    Rejected,
    SubmitRequest,
    hookimpl,
)
from nagorik_nid import partner_service
from nagorik_nid.data import DATA
from nagorik_nid.eligibility import CHECKS, OF_CARD
from nagorik_nid.forms import CardForm, CorrectionForm, NidApplicationStatusForm, VerificationForm
from nagorik_nid.lookups import ApplicationFound, CardFound, application_found, card_found
from nagorik_nid.settings import NidSettings
from nagorik_toolkit import (
    AgencyPlugin,
    Applications,
    FeeBasis,
    LabelledForm,
    Lookup,
    NotPriced,
    agreed_quote,
    answered,
    demanded_quote,
    number_of,
    reference_interface,
    wire_word,
)


class CountedPrice(reference_interface.DemandedPrice):
    """What an application costs: only the EC knows how often this NID number has applied before."""

    attempt: int = Field(ge=1)


class NidWing(AgencyPlugin[NidSettings]):
    """What is the EC's own."""

    api = "/sim/nid/v1"
    data = DATA
    services = (
        Lookup("nid.verification", "", {}),
        Lookup("nid.application-status", "applications", {}),
        Lookup("nid.card-status", "cards", {}),
        Applications("nid.new-voter", "registrations"),
        Applications("nid.correction", "corrections"),
        Applications("nid.reissue", "reissues"),
        Applications("nid.renewal", "renewals"),
        Applications("nid.migration", "migrations"),
    )
    checks = CHECKS
    due = FeeDue.BEFORE_SUBMISSION
    by_birth_date = True

    def nids(self, request: EligibilityRequest) -> Sequence[Nid | None]:
        """Before there is a form, a number that the host carries may be of a birth registration, too."""
        if request.form is None and request.service in OF_CARD:
            return (request.applicant.nid,)
        return super().nids(request)

    def basis(self, service: str, form: Form, on: date) -> FeeBasis:
        """But for the attempt, which the EC alone counts. A correction costs by what is printed on the card."""
        found = super().basis(service, form, on)
        if isinstance(form, CorrectionForm):
            return replace(found, dimensions={"item": lambda: self._corrected(form, on)})
        return found

    def price_question(self, request: QuoteRequest) -> dict[str, Any]:
        """What the EC has to know: the service, and of the form the number, the delivery and what is corrected."""
        form = request.form_as(LabelledForm)
        asked: dict[str, Any] = {"service": wire_word(request.service.partition(".")[2])}
        if isinstance(form, CardForm):
            asked["nid"] = number_of(form.nid, form.birth_date)
        if "delivery" in type(form).model_fields:
            asked["delivery"] = form.wire_value("delivery")
        if isinstance(form, CorrectionForm):
            asked["changes"] = [{"field": wire_word(change.field)} for change in form.changes]
        return asked

    def read_error(self, answer: AgencyResponse) -> NagorikError | None:
        """The errors of the partner service's document first, then a field of the modelled half."""
        return partner_service.read_error(answer) or super().read_error(answer)

    async def look_up(
        self, lookup: Lookup, request: SubmitRequest, context: CallContext[NidSettings]
    ) -> Accepted | Rejected:
        """Ask for a verification, or for more than a word about an application or a card."""
        form, path = request.form_as(LabelledForm), f"{self.api}/lookups/{lookup.path}"
        match form:
            case VerificationForm():
                return await _verify(form, context)
            case NidApplicationStatusForm():
                found = await context.http.write("lookup", "POST", path, json=form.to_wire(), expect=ApplicationFound)
                return application_found(found)
        card = await context.http.write("lookup", "POST", path, json=form.to_wire(), expect=CardFound)
        return card_found(card, request.on)

    @hookimpl
    async def nagorik_quote_fees(self, request: QuoteRequest, context: CallContext[NidSettings]) -> Quote:
        """Price it by the published schedule, for the number of the attempt that only the EC knows.

        What has to be paid is the EC's own total, which the schedule's is held against where it has one: how the EC
        comes to the others is published nowhere. It is asked in a body, since addresses are written to logs.
        """
        answer = await context.http.read(
            "prices", "POST", f"{self.api}/prices", json=self.price_question(request), expect=CountedPrice
        )
        valid_for, basis = self.price_holds(request), self.basis(request.service, request.form, request.on)
        named = {one.dimension for one in basis.schedule.dimensions}
        counted = {"attempt": answer.attempt} if "attempt" in named else {}
        try:
            return agreed_quote(basis.quote(request, valid_for=valid_for, **counted), answer.total)
        except NotPriced:
            text = self.data.texts.text("price.not-compared")
            source = self.data.rules.on(request.on)["price-as-demanded"].source
            lines = (QuoteLine(code="not-compared", text=text, amount=answer.total, vat=Money(poisha=0)),)
            return demanded_quote(request, lines, due=basis.due_at(request.stage), valid_for=valid_for, source=source)

    def _corrected(self, form: CorrectionForm, on: date) -> str:
        on_the_card = self.data.rules.on(on)["printed-on-card"].as_text.split(", ")
        printed = [change.field in on_the_card for change in form.changes]
        return "printed" if all(printed) else "both" if any(printed) else "other"


async def _verify(form: VerificationForm, context: CallContext[NidSettings]) -> Accepted | Rejected:
    """Verify: data that do not agree are an answer, not an error, and the citizen reads which."""
    answer = await context.http.write(
        "verification",
        "POST",
        context.settings.partner_service + context.settings.verification_path,
        json=partner_service.to_verification(form),
        expect=partner_service.Verification,
        accept={200, 406},
    )
    if not answer.verified:
        return Rejected(reason_code="nid.mismatch", reason=partner_service.mismatch(answer))
    if answer.success is None:
        raise ContractViolation("verified-without-request-id")
    return Accepted(reference=answer.success.data.request_id, status=answered("verification-result", "verified"))


PLUGIN: Final = NidWing()
basis = PLUGIN.basis
read_error = PLUGIN.read_error
