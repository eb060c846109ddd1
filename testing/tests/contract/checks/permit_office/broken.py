"""Hooks that break one promise each; a docstring says which."""

import asyncio
import logging
import sys
import time
from datetime import date, timedelta
from typing import Any

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    DefinitelyAbsent,
    Deliverable,
    EligibilityDecision,
    FormPart,
    Found,
    NagorikError,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Quote,
    Rejected,
    Text,
    Verdict,
    hookimpl,
)
from nagorik.values import Money
from permit_office.plugin import PAID, SEEN, Bill, Context, Filed, Hooks, Matches, criterion, status_of

IN_ENGLISH = "Permit"


class WithoutFind(Hooks):
    nagorik_find_submission = None


class Eligibility(Hooks):
    """Derives what it says from what it would rightly say."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        return self.say(request, await super().nagorik_check_eligibility(request))

    def say(self, request: Any, right: EligibilityDecision) -> EligibilityDecision:
        return right


class EnglishReasons(Eligibility):
    def say(self, request, right):
        told = right.criteria[0].model_copy(update={"text": Text(bn=IN_ENGLISH, en=IN_ENGLISH)})
        return EligibilityDecision(criteria=(told,))


class Stern(Eligibility):
    def say(self, request, right):
        return EligibilityDecision(criteria=(criterion("age", Verdict.FAIL),))


class AfraidOfLeapDays(Eligibility):
    def say(self, request, right):
        request.applicant.birth_date.replace(year=2026)
        return right


class NeedsNumber(Eligibility):
    def say(self, request, right):
        assert request.applicant.nid.value
        return right


class Trusting(Eligibility):
    def say(self, request, right):
        return EligibilityDecision(criteria=(criterion("age", Verdict.PASS), criterion("card", Verdict.PASS)))


class Fickle(Eligibility):
    calls = 0

    def say(self, request, right):
        type(self).calls += 1
        return EligibilityDecision(criteria=(criterion(f"asked-{self.calls}", Verdict.PASS),))


class Remembering(Eligibility):
    def say(self, request, right):
        SEEN.append(request.applicant.nid.value)
        return right


class Talkative(Eligibility):
    def say(self, request, right):
        logging.getLogger("permit_office").info("asked about %s", request.applicant.nid.value)
        return right


class FilesWhenAsked(Hooks):
    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        await context.http.read("file", "POST", "/permits", json={}, expect=Filed)
        return await super().nagorik_check_eligibility(request)


class Priced(Hooks):
    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        return self.say(request, await super().nagorik_quote_fees(request, context))

    def say(self, request: Any, right: Quote) -> Quote:
        return right


class Expired(Priced):
    def say(self, request, right):
        return right.model_copy(update={"expires_at": right.issued_at})


class TwoQuotes(Priced):
    calls = 0

    def say(self, request, right):
        type(self).calls += 1
        return right.model_copy(update={"id": f"quote-{self.calls}"})


class EnglishPrices(Priced):
    def say(self, request, right):
        line = right.lines[0].model_copy(update={"text": Text(bn=IN_ENGLISH, en=IN_ENGLISH)})
        return right.model_copy(update={"lines": (line,)})


class NamesQuoteAfterCitizen(Priced):
    def say(self, request, right):
        return right.model_copy(update={"id": f"quote-{request.form.nid.value}"})


class AsksForEachRow(Hooks):
    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        for number in range(5):
            query = {"clientReference": str(number)}
            await context.http.read(f"row-{number}", "GET", "/permits", params=query, expect=Matches)
        return await super().nagorik_quote_fees(request, context)


class YesterdaysPrice(Hooks):
    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        return await super().nagorik_quote_fees(request.model_copy(update={"on": date(2024, 1, 1)}), context)


class Refusing(Hooks):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        return Rejected(reason_code="shut", reason=Text(bn="বন্ধ", en="Shut"))


class Nameless(Hooks):
    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        return await super().file(context, {"nid": content["nid"]}, papers)


class LosesPapers(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return (await super().papers(request, context))[:1]


class MislabelsPapers(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return [FormPart(paper.kind, paper, paper.kind, "application/pdf") for paper in request.documents]


class AltersPapers(Hooks):
    """Reads them into text, as if they were some."""

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        read = [b"".join([piece async for piece in context.documents.open(paper)]) for paper in request.documents]
        texts = [content.decode("utf-8", "replace").encode() for content in read]
        return [
            FormPart(paper.kind, text, paper.kind, paper.media_type)
            for paper, text in zip(request.documents, texts, strict=True)
        ]


class SameReceipt(Hooks):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_submit(request, context)
        return Accepted(reference="P-0001", status=right.status)


class Quoting(Hooks):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_submit(request, context)
        except NagorikError:
            quoted = request.applicant.name.en
            raise AgencyRejected("refused", reason=Text(bn=f"নামঞ্জুর: {quoted}", en=f"Refused: {quoted}")) from None


class FindsAnything(Hooks):
    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        status = AgencyStatus(state=ApplicationState.SUBMITTED, raw="RECEIVED")
        return Found(reference="P-0001", status=status)


class FindsNothing(Hooks):
    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        return DefinitelyAbsent(as_of=context.clock.now())


class AbsentTomorrow(Hooks):
    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        return DefinitelyAbsent(as_of=context.clock.now() + timedelta(days=1))


class Told(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return self.say(await self.ask(context, request.agency_reference))

    def say(self, filed: Filed) -> AgencyStatus:
        return status_of(filed)


class GoesBack(Told):
    def say(self, filed):
        early = filed.word in {"RECEIVED", "REVIEW"}
        return AgencyStatus(state=ApplicationState.APPROVED if early else ApplicationState.IN_REVIEW, raw=filed.word)


class Unexplained(Told):
    def say(self, filed):
        return status_of(filed).model_copy(update={"reason": None})


class IssuesOtherThings(Told):
    def say(self, filed):
        return status_of(filed).model_copy(
            update={"deliverables": (Deliverable(kind="licence", delivery="counter"),)}
        )


class Guesses(Told):
    def say(self, filed):
        right = status_of(filed)
        return right if right.state else right.model_copy(update={"state": ApplicationState.REJECTED})


class DatedAhead(Told):
    def say(self, filed):
        return status_of(filed).model_copy(update={"at": filed.since + timedelta(hours=6)})


class MissingIsRejected(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}"
        filed = await context.http.read_or_none("status", "GET", path, expect=Filed)
        return AgencyStatus(state=ApplicationState.REJECTED, raw="-") if filed is None else status_of(filed)


class Polls(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        await context.clock.sleep(10)
        return await super().nagorik_get_status(request, context)


class OwnAmount(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        return super().report(bill.model_copy(update={"amount": "345.00"}))


class CapturedAtOnce(Hooks):
    """Takes the slip for the money."""

    def report(self, bill: Bill) -> PaymentReport:
        return PaymentReport(state=PaymentState.CAPTURED, amount=Money.taka(bill.amount), raw=bill.word)


class CancelledIsFailed(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        failed = right.state is PaymentState.CANCELLED
        return right.model_copy(update={"state": PaymentState.FAILED}) if failed else right


class CancelledIsUnknown(Hooks):
    """Its table of the till's words is short of one."""

    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        short = right.state is PaymentState.CANCELLED
        return right.model_copy(update={"state": PaymentState.UNKNOWN}) if short else right


class MissingIsFailed(Hooks):
    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        right = await super().nagorik_query_payment(request, context)
        return right if right.raw else PaymentReport(state=PaymentState.FAILED)


class UnknownIsPaid(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        if bill.word in PAID:
            return super().report(bill)
        return PaymentReport(state=PaymentState.CAPTURED, amount=Money.taka(bill.amount), raw=bill.word)


class SaysNothing(Hooks):
    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        right = await super().nagorik_start_payment(request, context)
        return PaymentStarted(reference=right.reference)


class Gullible(Hooks):
    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any) -> PaymentNotice:
        return PaymentNotice(payment="any")


class BlocksLoop(Eligibility):
    def say(self, request, right):
        time.sleep(0.3)
        return right


class WillNotStop(Hooks):
    async def ask(self, context: Context, number: str) -> Filed:
        try:
            return await super().ask(context, number)
        except asyncio.CancelledError:
            await asyncio.Event().wait()
            raise


class LeavesTasks(Hooks):
    async def ask(self, context: Context, number: str) -> Filed:
        return await asyncio.shield(asyncio.create_task(super().ask(context, number)))


class Exits(Hooks):
    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        try:
            return await super().file(context, content, papers)
        except NagorikError:
            sys.exit("the office is not there")


class FourFaults(EnglishReasons, FindsNothing, OwnAmount, SaysNothing):
    """Breaks four promises that have nothing to do with each other."""


def deaf(answer: Any) -> None:
    """An ``error_reader`` that knows nothing."""
