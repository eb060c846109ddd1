"""Hooks for an office whose price depends on what is chosen, wrong each in one way; and some that are right."""

from datetime import UTC, date, timedelta
from typing import Any

from nagorik import (
    AgencyRejected,
    ContractViolation,
    FeeDue,
    FieldProblem,
    Money,
    Quote,
    QuoteLine,
    Text,
    WireModel,
    hookimpl,
)
from nagorik.values import dhaka_time
from nagorik_toolkit import refuse
from nagorik_toolkit.fees import demanded_quote, until_midnight
from permit_office.plugin import FEES, Context
from permit_office.unheeding import TellsFee
from permit_office.untruthful import Advising

MOST_STAFF = 20
"""As in the rules."""
LATER = "licence"
"""The stage at which an office asks for a second fee."""
LATE = timedelta(days=1000)


class Demand(WireModel):
    fee: str
    service: str
    total: str | None = None


class Demands(TellsFee, Advising):
    """Right: quotes what the office demands for the size."""

    def content(self, request: Any) -> dict[str, str]:
        return {**super().content(request), "size": self.size(request.form)}

    def size(self, form: Any) -> str:
        return getattr(form, "size", "small")

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        params = {"size": self.asked(request.form)}
        demand = await context.http.read("price", "GET", "/tariff", params=params, expect=Demand)
        return self.quoted(request, self.total(request, demand))

    def asked(self, form: Any) -> str:
        return getattr(form, "size", "small")

    def total(self, request: Any, demand: Demand) -> Money:
        return Money.taka(demand.total or "0")

    def quoted(self, request: Any, total: Money) -> Quote:
        line = QuoteLine(code="permit", text=Text(bn="অনুমতি", en="Permit"), amount=total, vat=Money(poisha=0))
        source = FEES.tariff_on(request.on).source
        return demanded_quote(request, (line,), due=self.due(request), valid_for=self.valid(request), source=source)

    def due(self, request: Any) -> FeeDue:
        return FeeDue.AFTER_SUBMISSION

    def valid(self, request: Any) -> timedelta:
        return timedelta(hours=24)


class IgnoresDemand(Demands):
    def total(self, request, demand):
        return Money.taka("150.00")


class LeavesServiceOut(Demands):
    """Sees to it that the parts make up the total, and quotes one of them."""

    def total(self, request, demand):
        if Money.taka(demand.fee) + Money.taka(demand.service) != Money.taka(demand.total):
            raise ContractViolation("does-not-add-up")
        return Money.taka(demand.fee)


class AddsUp(Demands):
    """Right: sees to it that the parts make up the total."""

    def total(self, request, demand):
        fee, service = Money.taka(demand.fee), Money.taka(demand.service)
        if fee + service != Money.taka(demand.total):
            raise ContractViolation("does-not-add-up")
        return self.added(fee, service)

    def added(self, fee, service):
        return fee + service


class LeavesPoishaOut(AddsUp):
    def added(self, fee, service):
        return sum((part for part in (fee, service) if part >= Money.taka(1)), start=Money(poisha=0))


class SumsParts(Demands):
    """Right where the office names no total."""

    def total(self, request, demand):
        return Money.taka(demand.fee) + Money.taka(demand.service)


class RefusesOtherSums(Demands):
    """Right: knows one price for each size, and names none where the office has another."""

    def total(self, request, demand):
        known = {"small": "150.00", "large": "250.00"}[self.asked(request.form)]
        if demand.total != known:
            raise ContractViolation("fee-differs-from-schedule")
        return Money.taka(known)


class AddsFive(RefusesOtherSums):
    """Rounds up what has been held against its own price."""

    def total(self, request, demand):
        return super().total(request, demand) + Money.taka(5)


class LaterFee(Demands):
    """Right: a second fee falls due once the first has come."""

    def fee(self, filed):
        right = super().fee(filed)
        return {**right, "fee_due": LATER} if filed.fee else right


class FixedLaterFee(LaterFee):
    def total(self, request, demand):
        return super().total(request, demand) if request.stage != LATER else Money.taka("150.00")


class NoAmountDue(LaterFee):
    def fee(self, filed):
        return {name: value for name, value in super().fee(filed).items() if name != "fee_amount"}


class LaterFeeBefore(LaterFee):
    def due(self, request):
        return FeeDue.BEFORE_SUBMISSION


class AsksForSmall(Demands):
    def asked(self, form):
        return "small"


class PricesOneSize(Demands):
    """Holds every demand against the price of a small shop."""

    def total(self, request, demand):
        if demand.total != "150.00":
            raise ContractViolation("fee-differs-from-schedule")
        return Money.taka(demand.total)


class DeclinesLarge(Demands):
    """Right: names no price for a large shop."""

    def total(self, request, demand):
        if self.asked(request.form) == "large":
            raise AgencyRejected("ask-at-the-counter")
        return super().total(request, demand)


class KnowsNoPriceForLarge(Demands):
    def total(self, request, demand):
        return {"small": super().total(request, demand)}[self.size(request.form)]


class FilesSmall(Demands):
    def size(self, form):
        return "small"


class ForgetsSize(Demands):
    def content(self, request):
        return {name: value for name, value in super().content(request).items() if name != "size"}


class CodesSizes(Demands):
    """Right: the office has letters for the sizes."""

    def size(self, form):
        return {"small": "S", "large": "L"}[super().size(form)]


class GrowsAtMidnight(Demands):
    def total(self, request, demand):
        return super().total(request, demand) + Money.taka(request.on.toordinal() % 7)


class GrowsForTheLate(Demands):
    """Only for who opened long ago."""

    def total(self, request, demand):
        opened = getattr(request.form, "opened_on", date.max)
        late = request.on - opened if opened < request.on - LATE else timedelta(0)
        return super().total(request, demand) + Money.taka(late.days)


class HoldsToMidnight(GrowsAtMidnight):
    """Right: says that the price holds for today."""

    def valid(self, request):
        return until_midnight(request.at)


class OpensToday(Demands):
    """Names no price for a shop before the day on which it opens, and takes that day from UTC."""

    def quoted(self, request, total):
        if request.form.opened_on > self.today(request):
            text = Text(bn="দোকান এখনো খোলেনি", en="The shop is not open yet")
            refuse([FieldProblem(pointer="/form/opened_on", code="not-open-yet", text=text)])
        return super().quoted(request, total)

    def today(self, request):
        return request.at.astimezone(UTC).date()


class OpensInDhaka(OpensToday):
    """Right: the day is the one in Dhaka."""

    def today(self, request):
        return request.on


class ShutAtNight(Demands):
    """Right: asks nothing of an office that is shut."""

    def total(self, request, demand):
        if dhaka_time(request.at).hour < 6:
            raise AgencyRejected("out-of-hours")
        return super().total(request, demand)


class PostsPermits(Demands):
    """Right: says of a permit that is posted that it is."""

    def size(self, form):
        return f"{super().size(form)} post" if form.post else super().size(form)

    def asked(self, form):
        return PostsPermits.size(self, form)


class FilesForTheCounter(PostsPermits):
    def size(self, form):
        return Demands.size(self, form)


class UpToTheLimit(Demands):
    """Right: a shop has no more people than the rules say, and a workshop has no price here."""

    def quoted(self, request, total):
        if self.is_astray(request.form.staff):
            text = Text(bn="এটি কারখানা", en="This is a workshop")
            refuse([FieldProblem(pointer="/form/staff", code="workshop", text=text)])
        return super().quoted(request, total)

    def is_astray(self, staff):
        return staff > MOST_STAFF


class NobodyAtTheLimit(UpToTheLimit):
    """Takes whoever is at the limit for neither."""

    def is_astray(self, staff):
        return staff == MOST_STAFF


class BelowTheLimit(UpToTheLimit):
    """Right where the limit itself lies beyond it."""

    def is_astray(self, staff):
        return staff >= MOST_STAFF
