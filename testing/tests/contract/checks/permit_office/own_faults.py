"""Hooks that break what a plugin breaks by itself, in the manifest, a price, a verdict or a line of a log.

Each does it where the plainest fault of its kind does not; some are right, and come near.
"""

import logging
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from nagorik import (
    AgencyRejected,
    AgencyStatus,
    EligibilityDecision,
    FeeDue,
    NagorikError,
    PaymentStarted,
    Quote,
    RefundReport,
    Slots,
    Source,
    Text,
    Verdict,
    hookimpl,
)
from nagorik.values import Money, to_bangla_digits
from nagorik_toolkit.fees import read_schedules
from permit_office.broken import IN_ENGLISH, Eligibility, Priced
from permit_office.plugin import Bill, Context, Filed, Hooks, Matches, criterion, status_of

LOG = logging.getLogger("permit_office")
IN_BANGLA = "অনুমতি"
IN_FIGURES = "Permit ১৫০ ৳"
OWN_FEES = read_schedules(__package__, "own_fees.toml")


class MisspellsFind(Hooks):
    nagorik_find_submission = None

    @hookimpl
    async def nagorik_find_submision(self, request: Any, context: Context) -> Any:
        return await super().nagorik_find_submission(request, context)


class ForgetsTheMark(Hooks):
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return await super().nagorik_get_status(request, context)


class AnswersWithoutWaiting(Hooks):
    """Decides without asking anybody, and so without ``async``."""

    @hookimpl
    def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:  # type: ignore[override]
        return EligibilityDecision(criteria=(criterion("age", Verdict.PASS),))


class NamesItsArgumentsItself(Hooks):
    @hookimpl
    async def nagorik_get_status(self, application: Any, context: Context) -> AgencyStatus:
        return status_of(await self.ask(context, application.agency_reference))


class ListsPaymentsToo(Hooks):
    @hookimpl
    async def nagorik_list_payments(self, request: Any, context: Context) -> Any:
        raise AgencyRejected("not-yet")


class NamesHooksOtherwise(Hooks):
    """Right: a hook may be named as its author likes, and need not take what it does not use."""

    nagorik_get_status = None

    @hookimpl(specname="nagorik_get_status")
    async def state_of(self, request: Any, context: Context) -> AgencyStatus:
        return status_of(await self.ask(context, request.agency_reference))

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        return await super().nagorik_check_eligibility(request)


class QuotesFromTheDayBefore(Priced):
    """Keeps quotes of an hour for a day."""

    def say(self, request, right):
        yesterday = right.issued_at - timedelta(days=1)
        return right.model_copy(update={"issued_at": yesterday, "expires_at": yesterday + timedelta(hours=1)})


class HoldsForTenYears(Priced):
    def say(self, request, right):
        return right.model_copy(update={"expires_at": right.issued_at + timedelta(days=3650)})


class DatedTomorrow(Priced):
    def say(self, request, right):
        issued = right.issued_at + timedelta(days=1)
        return right.model_copy(update={"issued_at": issued, "expires_at": issued + timedelta(days=1)})


class HoldsUntilNewYear(Priced):
    """Has the last day of the year in its code."""

    def say(self, request, right):
        return right.model_copy(update={"expires_at": datetime(2026, 12, 31, 18, tzinfo=UTC)})


class HoldsUntilSix(Priced):
    """Ends a quote when the office closes, and forgets who asks in the evening."""

    def say(self, request, right):
        return right.model_copy(update={"expires_at": right.issued_at.replace(hour=12, minute=0, second=0)})


class HoldsForAMinute(Priced):
    """Right: a short time is one."""

    def say(self, request, right):
        return right.model_copy(update={"expires_at": right.issued_at + timedelta(minutes=1)})


class HoldsForAYear(Priced):
    """Right: a leap year is one."""

    def say(self, request, right):
        return right.model_copy(update={"expires_at": right.issued_at + timedelta(days=366)})


class DrawsItsNumbers(Priced):
    def say(self, request, right):
        return right.model_copy(update={"id": f"quote-{uuid4().hex}"})


class DearerWhenAskedAgain(Priced):
    asked = 0

    def say(self, request, right):
        self.asked += 1
        line = right.lines[0].model_copy(update={"amount": right.lines[0].amount + Money.taka(self.asked)})
        return right.model_copy(update={"lines": (line,), "total": line.amount})


class FirstComeFirstServed(Priced):
    """Gives the second who asks less time."""

    asked = 0

    def say(self, request, right):
        self.asked += 1
        return right.model_copy(update={"expires_at": right.issued_at + timedelta(hours=24 // self.asked)})


class DueByTurns(Priced):
    asked = 0

    def say(self, request, right):
        self.asked += 1
        due = FeeDue.BEFORE_SUBMISSION if self.asked % 2 else FeeDue.AFTER_SUBMISSION
        return right.model_copy(update={"due": due})


class NumbersByTheInstant(Priced):
    """Right: another instant is another question."""

    def say(self, request, right):
        return right.model_copy(update={"id": f"quote-{int(request.at.timestamp() * 1000)}"})


class SaysItInBanglaTwice(Priced):
    def say(self, request, right):
        line = right.lines[0].model_copy(update={"text": Text(bn=IN_BANGLA, en=IN_BANGLA)})
        return right.model_copy(update={"lines": (line,)})


class FiguresForBangla(Priced):
    """Takes a figure for a text."""

    def say(self, request, right):
        line = right.lines[0].model_copy(update={"text": Text(bn=IN_FIGURES, en=IN_ENGLISH)})
        return right.model_copy(update={"lines": (line,)})


class EnglishForTheLarge(Priced):
    """Has the text of a seldom fee still to be translated."""

    def say(self, request, right):
        if request.form.size != "large":
            return right
        line = right.lines[0].model_copy(update={"text": Text(bn=IN_ENGLISH, en=IN_ENGLISH)})
        return right.model_copy(update={"lines": (line,)})


class QuotesAPlate(Priced):
    """Right: what stands on a number plate is no English."""

    def say(self, request, right):
        said = Text(bn="ঢাকা মেট্রো-গ-১২-৩৪৫৬ এর জন্য", en="For “ঢাকা মেট্রো-গ-১২-৩৪৫৬”")
        line = right.lines[0].model_copy(update={"text": said})
        return right.model_copy(update={"lines": (line,)})


class OpensABill(Hooks):
    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        right = await super().nagorik_quote_fees(request, context)
        content = {"payment": "enquiry", "amount": right.total.plain()}
        await context.http.read("bill", "POST", "/bills", json=content, expect=Bill)
        return right


class FilesTheLarge(Hooks):
    """Registers whoever asks for the price of something large, for which somebody comes to measure."""

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        if request.form.size == "large":
            await context.http.read("measure", "POST", "/permits", json={}, expect=Filed)
        return await super().nagorik_quote_fees(request, context)


class AsksThrice(Hooks):
    """Right: three reads are few."""

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        for number in range(3):
            query = {"clientReference": str(number)}
            await context.http.read(f"row-{number}", "GET", "/permits", params=query, expect=Matches)
        return await super().nagorik_quote_fees(request, context)


class FromMemory(Hooks):
    """Has its figure from nowhere, in its code."""

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        right = await super().nagorik_quote_fees(request, context)
        return right.model_copy(update={"source": Source(title="Heard at the counter", verified=False)})


class ByTheDayInUtc(Hooks):
    """Takes the day of its clock, which is that of Dhaka from six in the morning on."""

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        day = context.clock.now().astimezone(UTC).date()
        return await super().nagorik_quote_fees(request.model_copy(update={"on": day}), context)


class ADayLongerAtTheOldPrice(Hooks):
    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        day = request.on - timedelta(days=1)
        return await super().nagorik_quote_fees(request.model_copy(update={"on": day}), context)


class ByTheHead(Hooks):
    """Right: so much for each who works there, by the tariff of the day."""

    schedule = OWN_FEES["heads"]

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        return self.priced(request)

    def priced(self, request: Any) -> Quote:
        valid = timedelta(hours=24)
        return self.schedule.quote(request, due=FeeDue.AFTER_SUBMISSION, valid_for=valid, staff=request.form.staff)


class ByTheHeadAsItWas(ByTheHead):
    """Still has the amount of the first tariff in its code, and takes the rest from the second."""

    def priced(self, request):
        right = super().priced(request)
        amount = Money.taka("10.00") * request.form.staff
        line = right.lines[0].model_copy(update={"amount": amount})
        return right.model_copy(update={"lines": (line,), "total": amount})


class BreaksOnTheFirstDay(Priced):
    """Has a table of the last days of the old tariff, and falls out of it."""

    def say(self, request, right):
        return {date(2020, 6, 30): right, date(2025, 6, 30): right}.get(request.on) or right.nowhere


class NoPriceOnTheFirstDay(Priced):
    """Right: does not name a price until it knows the new one."""

    def say(self, request, right):
        if request.on == date(2025, 7, 1):
            raise AgencyRejected("no-tariff", reason=Text(bn="ফি এখনো জানা নেই", en="The fee is not known yet"))
        return right


class LikeTheExample(Eligibility):
    """Reads a list of words that is as long as those who were tried."""

    known: frozenset[str] = frozenset()

    def say(self, request, right):
        if not self.known:
            self.known = frozenset({request.applicant.sex})
        may = request.applicant.sex in self.known
        return EligibilityDecision(
            criteria=(criterion("sex", Verdict.PASS if may else Verdict.FAIL), *right.criteria)
        )


class NeedsTheForm(Eligibility):
    """Refuses who has not filled in a form yet."""

    def say(self, request, right):
        return right if request.form is not None else EligibilityDecision(criteria=(criterion("age", Verdict.FAIL),))


class NotThisYear(Eligibility):
    """Has the last day of a campaign in its code."""

    def say(self, request, right):
        late = request.on >= date(2026, 1, 1)
        return EligibilityDecision(criteria=(criterion("campaign", Verdict.FAIL if late else Verdict.PASS),))


class ShortNumbersOnly(Eligibility):
    """Takes a number of 10 digits for the only kind."""

    def say(self, request, right):
        nid = request.applicant.nid
        wrong = nid is not None and len(nid.value) != 10
        return EligibilityDecision(criteria=(criterion("card", Verdict.FAIL if wrong else Verdict.CANNOT_TELL),))


class CannotTellAnything(Eligibility):
    """Right: not to know is not to refuse."""

    def say(self, request, right):
        return EligibilityDecision(criteria=(criterion("age", Verdict.CANNOT_TELL),))


class RegistersTheRefused(Hooks):
    """Files an enquiry for whoever it refuses, and for nobody else."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        right = await super().nagorik_check_eligibility(request)
        if any(one.verdict is Verdict.FAIL for one in right.criteria):
            await context.http.read("enquiry", "POST", "/permits", json={}, expect=Filed)
        return right


class RegistersTheUndecided(Hooks):
    """Files an enquiry for whoever has not filled in the form."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        if request.form is None:
            await context.http.read("enquiry", "POST", "/permits", json={}, expect=Filed)
        return await super().nagorik_check_eligibility(request)


class BillsWhenAsked(Hooks):
    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        content = {"payment": "enquiry", "amount": "1.00"}
        await context.http.read("bill", "POST", "/bills", json=content, expect=Bill)
        return await super().nagorik_check_eligibility(request)


class LooksUpWhenAsked(Hooks):
    """Right: looks whether somebody has applied already."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        query = {"clientReference": "enquiry"}
        await context.http.read("look", "GET", "/permits", params=query, expect=Matches)
        return await super().nagorik_check_eligibility(request)


class LogsInBangla(Eligibility):
    """Logs a number in the digits in which people write it."""

    def say(self, request, right):
        LOG.info("asked about %s", to_bangla_digits(request.applicant.nid.value))
        return right


class LogsInGroups(Eligibility):
    def say(self, request, right):
        number = request.applicant.nid.value
        LOG.debug("asked about %s", " ".join(number[at : at + 4] for at in range(0, len(number), 4)))
        return right


class LogsNames(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        LOG.warning("status for %s", request.applicant.name.en.upper())
        return await super().nagorik_get_status(request, context)


class LogsPayers(Hooks):
    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        LOG.info("begun by 0%s-%s", request.payer.mobile.e164[4:8], request.payer.mobile.e164[8:])
        return await super().nagorik_start_payment(request, context)


class LogsBytes(Eligibility):
    """Logs what it is about to sign."""

    def say(self, request, right):
        LOG.info("signing %s", b64encode(f"nid={request.applicant.nid.value}&".encode()).decode())
        return right


class LogsInMembers(Eligibility):
    """Hands a number to whatever formats the line."""

    def say(self, request, right):
        LOG.info("asked", extra={"nid": request.applicant.nid.value})
        return right


class LogsLengths(Eligibility):
    """Right: how long a number is leads to nobody."""

    def say(self, request, right):
        LOG.info("asked about a number of %s digits, %s", len(request.applicant.nid.value), request.applicant)
        return right


class SourceIsTheCitizen(Priced):
    """Says whom a figure was asked for, in the other digits."""

    def say(self, request, right):
        said = f"Answer to {to_bangla_digits(request.form.nid.value)}"
        return right.model_copy(update={"source": right.source.model_copy(update={"title": said})})


class PlacesAreNamedAfterThem(Hooks):
    """Writes on each appointment for whom it is kept."""

    @hookimpl
    async def nagorik_list_slots(self, request: Any, context: Context) -> Slots:
        right = await super().nagorik_list_slots(request, context)
        name = request.applicant.name.en.title()
        place = Text(bn=f"দপ্তর, {name}", en=f"Office, {name}")
        return Slots(slots=tuple(one.model_copy(update={"place": place}) for one in right.slots))


class NumbersQuotesInHex(Priced):
    """Takes for a code what everybody can read."""

    def say(self, request, right):
        return right.model_copy(update={"id": f"quote-{request.form.nid.value.encode().hex()}"})


class RefundsAreNumbered(Hooks):
    """Right: the number that it gave to whom it pays is about nobody."""

    @hookimpl
    async def nagorik_refund_payment(self, request: Any, context: Context) -> RefundReport:
        right = await super().nagorik_refund_payment(request, context)
        return right.model_copy(update={"reference": "R-2026-000000001"})


class LogsRefusals(Hooks):
    """Logs what went wrong, whole."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_submit(request, context)
        except NagorikError:
            LOG.exception("refused: %s", request.form.nid.value)
            raise


def rejects_with_details(answer: Any) -> NagorikError | None:
    """An ``error_reader`` that repeats what the office says of itself."""
    error = answer.document.get("error") if isinstance(answer.document, dict) else None
    if error is None:
        return None
    return AgencyRejected("refused", reason=Text(bn=f"নামঞ্জুর: {error}", en=f"Refused: {error}"))


def rejects_with_the_message(answer: Any) -> NagorikError | None:
    """An ``error_reader`` that repeats a text, and looks at nothing else."""
    error = answer.document.get("error") if isinstance(answer.document, dict) else None
    if not isinstance(error, str):
        return None
    return AgencyRejected("refused", reason=Text(bn=f"নামঞ্জুর: {error}", en=f"Refused: {error}"))


def rejects_with_remarks(answer: Any) -> NagorikError | None:
    """An ``error_reader`` that repeats what the office writes in a place of its own."""
    details = answer.document.get("details") if isinstance(answer.document, dict) else None
    if not isinstance(details, dict):
        return None
    said = details["remarks"]
    return AgencyRejected("refused", reason=Text(bn=f"নামঞ্জুর: {said}", en=f"Refused: {said}"))


def knows_a_refusal(answer: Any) -> NagorikError | None:
    """Right: says in words of its own what it knows, and of the rest nothing."""
    error = answer.document.get("error") if isinstance(answer.document, dict) else None
    if isinstance(error, str) and error.startswith("the office is shut"):
        return AgencyRejected("office-shut", reason=Text(bn="দপ্তর বন্ধ", en="The office is shut"))
    return None


async def reads_later(answer: Any) -> NagorikError | None:
    """An ``error_reader`` that nobody awaits."""
    return None


def reads_with_settings(answer: Any, settings: Any) -> NagorikError | None:
    """An ``error_reader`` that wants more than it is given."""
    return None


async def logs_in_without_settings(http: Any) -> Any:
    """A ``login`` that takes less than it is given."""
    raise AgencyRejected("no-settings")
