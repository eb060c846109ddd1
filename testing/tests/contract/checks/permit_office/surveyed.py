"""An office whose one fee falls due after filing; hooks that are right until then, and wrong from then on."""

from typing import Any

from nagorik import CredentialsRejected, InputRejected, NagorikError, PaymentAdvice, hookimpl
from nagorik.values import Money
from nagorik_testing import Case
from permit_office.offices import PricedOffice
from permit_office.plugin import Context
from permit_office.priced import LATER, LaterFee


class SurveyedOffice(PricedOffice):
    """Asks for nothing until it has looked at the shop."""

    def shown(self, case: Case[None]) -> dict[str, Any]:
        owes = case.state == "REVIEW" and not case.payments
        return {**super().shown(case), "fee": self.price(self.sizes[case.number])["total"] if owes else None}

    def opened(self, content: dict[str, Any]) -> dict[str, Any]:
        self.sizes[f"P-{len(self.sizes) + 1:04d}"] = str(content.get("size", "small"))
        return super().opened(content)


class AfterSurvey(LaterFee):
    """Right: nothing is owed until the office has looked at the shop."""

    def total(self, request, demand):
        return super().total(request, demand) if request.stage == LATER else Money(poisha=0)


class TakesForYes(AfterSurvey):
    """Takes an error for a confirmation, of a fee that falls due after filing."""

    error: type[NagorikError]

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        try:
            return await super().nagorik_advise_payment(request, context)
        except self.error:
            return PaymentAdvice(confirmed=True)


class TakesRefusedForYes(TakesForYes):
    error = CredentialsRejected


class TakesWrongForYes(TakesForYes):
    error = InputRejected


class ConfirmsLaterFeeAtOnce(AfterSurvey):
    def confirmed(self, word):
        return word in {"PAID", "PENDING"}


class SendsWholeTakaOfLaterFee(AfterSurvey):
    def amount(self, request):
        return Money.taka(request.receipt.amount.poisha // 100).plain()
