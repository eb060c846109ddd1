"""Hooks that say what is not so, each of one thing; and hooks that are right in another way."""

import base64
import json
from datetime import UTC, timedelta
from typing import Any, Final, Literal

from pydantic import AwareDatetime, Field

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    CallbackReport,
    DefinitelyAbsent,
    Deliverable,
    FetchedDeliverable,
    Found,
    Health,
    HealthState,
    NagorikError,
    PaymentAdvice,
    PaymentNotice,
    PaymentState,
    Rejected,
    SlotBooking,
    Text,
    WireModel,
    Withdrawal,
    hookimpl,
)
from nagorik.values import dhaka_date, dhaka_time, to_bangla_digits
from permit_office.plugin import Context, Filed, Hooks, Page, Refund, Told, status_of

FIRST_BYTES = 40
RECEIVED = AgencyStatus(state=ApplicationState.SUBMITTED, raw="RECEIVED")


TUESDAY = 1


class Reporting(Hooks):
    """Derives what it reports from what it would rightly report."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return self.say(status_of(await self.ask(context, request.agency_reference)))

    def say(self, right: AgencyStatus) -> AgencyStatus:
        return right


class NeverFinal(Reporting):
    def say(self, right):
        return right.model_copy(update={"final": False})


class FinalTooSoon(Reporting):
    def say(self, right):
        return right.model_copy(update={"final": right.final or right.raw == "REVIEW"})


class InAnotherZone(Reporting):
    def say(self, right):
        return right.model_copy(update={"at": right.at and right.at - timedelta(hours=6)})


class NamesTheDay(Reporting):
    """Right: says in its reason since which day that is so, as people in Dhaka count days."""

    def say(self, right):
        if right.at is None:
            return right
        day = f"{self.day(right.at):%d %B %Y}"
        return right.model_copy(update={"reason": Text(bn=f"{to_bangla_digits(day)} থেকে", en=f"Since {day}")})

    def day(self, at):
        return dhaka_date(at)


class NamesTheDayInUtc(NamesTheDay):
    def day(self, at):
        return at.astimezone(UTC).date()


class ForgetsAWord(Reporting):
    def say(self, right):
        return right.model_copy(update={"state": None}) if right.raw == "TAKEN BACK" else right


class DropsRemarks(Reporting):
    def say(self, right):
        general = Text(bn="আবেদন নামঞ্জুর", en="The application was refused")
        return right.model_copy(update={"reason": right.reason and general})


class OwnWords(Reporting):
    def say(self, right):
        return right.model_copy(update={"raw": f"state {right.state}"})


class DatesByDay(Reporting):
    """Right: the office tells the day alone."""

    def say(self, right):
        day = right.at and dhaka_time(right.at).replace(hour=0, minute=0, second=0, microsecond=0)
        return right.model_copy(update={"at": day})


class PassesRemarksOn(Reporting):
    """Right: what the officer wrote stands in the remark, beside a reason of the plugin's own."""

    def say(self, right):
        general = Text(bn="আবেদন নামঞ্জুর", en="The application was refused")
        return right.model_copy(
            update={"remark": right.reason and right.reason.bn, "reason": right.reason and general}
        )


class Fetching(Hooks):
    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        file = await context.http.download("paper", f"/permits/{request.agency_reference}/paper")
        document = await context.documents.put("permit", "application/pdf", self.kept(file.content))
        return FetchedDeliverable(deliverable=request.deliverable, document=document)

    def kept(self, content: bytes) -> bytes:
        return content


class TrimsPapers(Fetching):
    def kept(self, content):
        return content.strip()


class WritesCovers(Fetching):
    def kept(self, content):
        return b"%PDF-1.7\n% issued through the platform\n"


class Paper(WireModel):
    paper: str


class UnwrapsPapers(Hooks):
    """Right: the office sends the permit in Base64."""

    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        path = f"/permits/{request.agency_reference}/paper"
        answer = await context.http.read("paper", "GET", path, expect=Paper)
        document = await context.documents.put("permit", "application/pdf", base64.b64decode(answer.paper))
        return FetchedDeliverable(deliverable=request.deliverable, document=document)


class Asking(Hooks):
    """Asks whether a number is known; right."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        try:
            return Accepted(reference="Q-1", status=status_of(await self.asked(request, context)))
        except NagorikError as error:
            return self.refused(error)

    async def asked(self, request: Any, context: Context) -> Filed:
        return await self.file(context, self.content(request), [])

    def refused(self, error: NagorikError) -> Any:
        return Rejected(reason_code="unknown", reason=Text(bn="নম্বরটি নেই", en="There is no such number"))


REFUSALS: Final = {
    "UNKNOWN": Text(bn="নম্বরটি নেই", en="There is no such number"),
    "ENDED": Text(bn="মেয়াদ শেষ", en="It has ended"),
    "TAKEN": Text(bn="নম্বরটি আটক", en="It was taken away"),
}


class FoundOrNot(WireModel):
    number: str
    word: Literal["PERMITTED", "UNKNOWN", "ENDED", "TAKEN"]
    since: AwareDatetime


class TellsEachRefusal(Hooks):
    """Asks about a number, and gives each word its own reason; right."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        parts = self.parts(self.content(request), [])
        answer = await context.http.write("file", "POST", "/permits", parts=parts, expect=FoundOrNot)
        if answer.word == "PERMITTED":
            return Accepted(reference="Q-1", status=RECEIVED)
        return self.refusal(answer.word)

    def refusal(self, word: str) -> Rejected:
        return Rejected(reason_code=word.lower(), reason=REFUSALS[word])


class TakesTakenForEnded(TellsEachRefusal):
    def refusal(self, word):
        return super().refusal("ENDED" if word == "TAKEN" else word)


class RefusesAlike(TellsEachRefusal):
    def refusal(self, word):
        return Rejected(reason_code="refused", reason=REFUSALS["UNKNOWN"])


class TellsCodesApart(TellsEachRefusal):
    """Right: one sentence, and what it was by the code and the agency's own word."""

    def refusal(self, word):
        reason = Text(bn=f"দপ্তর জানিয়েছে: {REFUSALS[word].bn}", en=f"The office says: {REFUSALS[word].en}")
        return Rejected(reason_code="refused", reason=reason)


class Agreement(WireModel):
    number: str
    name: bool
    road: bool


class NamesWhatDiffers(Hooks):
    """Asks whether two fields agree, and names those that do not; right."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        parts = self.parts(self.content(request), [])
        answer = await context.http.write("file", "POST", "/permits", parts=parts, expect=Agreement)
        differing = [field for field, agrees in (("name", answer.name), ("road", answer.road)) if not agrees]
        return self.refusal(differing) if differing else Accepted(reference="Q-1", status=RECEIVED)

    def refusal(self, differing: list[str]) -> Rejected:
        names = ", ".join(differing)
        return Rejected(reason_code="differs", reason=Text(bn=f"মেলে না: {names}", en=f"Does not agree: {names}"))


class NamesTheFirstThatDiffers(NamesWhatDiffers):
    def refusal(self, differing):
        return super().refusal(differing[:1])


class StopsAtTheName(NamesWhatDiffers):
    """Right: with another name it is another shop, of which no road is compared."""

    def refusal(self, differing):
        if "name" in differing:
            return Rejected(reason_code="another", reason=Text(bn="দোকানটি অন্য", en="That is another shop"))
        return super().refusal(differing)


class AnswersAtOnce(Asking):
    """Right: the answer itself is what was asked for."""

    state = ApplicationState.DELIVERED

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        answer = await super().nagorik_submit(request, context)
        if not isinstance(answer, Accepted):
            return answer
        handed_out = (Deliverable(kind="permit", delivery="none"),)
        told = answer.status.model_copy(update={"state": self.state, "deliverables": handed_out, "final": True})
        return answer.model_copy(update={"status": told})


class LosesItsAnswer(AnswersAtOnce):
    state = ApplicationState.DELIVERY_FAILED


class TakesErrorsForYes(Asking):
    def refused(self, error):
        return Accepted(reference="Q-1", status=RECEIVED)


class RefusesInItsStatus(Asking):
    """Right: that there is no such number is an answer, and its status says so."""

    def refused(self, error):
        reason = Text(bn="নম্বরটি নেই", en="There is no such number")
        status = AgencyStatus(state=ApplicationState.REJECTED, raw="unknown", reason=reason, final=True)
        return Accepted(reference="Q-2", status=status)


class AsksNobodysNumber(Asking):
    """Asks about the one number that it was tried with."""

    async def asked(self, request, context):
        return await self.file(context, {**self.content(request), "nid": "19789910027004242"}, [])


class Advising(Hooks):
    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        path, amount = f"/permits/{request.agency_reference}/payment", self.amount(request)
        content = {"reference": request.receipt.reference, "amount": amount}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        return PaymentAdvice(confirmed=self.confirmed(told.word))

    def amount(self, request: Any) -> str:
        return request.receipt.amount.plain()

    def confirmed(self, word: str) -> bool:
        return word == "PAID"


class PendingIsConfirmed(Advising):
    def confirmed(self, word):
        return word in {"PAID", "PENDING"}


class NeverConfirms(Advising):
    def confirmed(self, word):
        return word == "CONFIRMED"


class RoundsDown(Advising):
    def amount(self, request):
        return f"{request.receipt.amount.poisha // 100_00 * 100}.00"


class OrderedIsRefunded(Hooks):
    def refunded(self, word):
        return PaymentState.REFUNDED


class NeverRefunded(Hooks):
    def refunded(self, word):
        return PaymentState.REFUND_PENDING


class Listed(Filed):
    client_reference: str = Field(alias="clientReference")


class Listing(WireModel):
    items: tuple[Listed, ...]
    following: int | None = None


class ReadsPages(Hooks):
    """Right: reads page after page, and looks for our reference."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, page = context.clock.now(), 1
        while page:
            params = {"clientReference": request.client_reference, "page": str(page)}
            answer = await context.http.read(f"search-{page}", "GET", "/permits", params=params, expect=Listing)
            for filed in answer.items:
                if self.is_ours(filed, request.client_reference):
                    return Found(reference=filed.number, status=status_of(filed))
            page = self.following(answer) or 0
        return DefinitelyAbsent(as_of=asked)

    def is_ours(self, filed: Listed, client_reference: str) -> bool:
        return filed.client_reference == client_reference

    def following(self, answer: Any) -> int | None:
        return answer.following


class ReadsOnePage(ReadsPages):
    def following(self, answer):
        return None


class TakesAnyOnThePage(ReadsPages):
    def is_ours(self, filed, client_reference):
        return True


class Withdrawing(Hooks):
    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Withdrawal:
        right = await super().nagorik_withdraw(request, context)
        return right.model_copy(update={"withdrawn": self.is_withdrawn(right)})

    def is_withdrawn(self, right: Withdrawal) -> bool:
        return right.withdrawn


class AlwaysWithdrawn(Withdrawing):
    def is_withdrawn(self, right):
        return True


class NeverWithdrawn(Withdrawing):
    def is_withdrawn(self, right):
        return False


class WithdrawnOnceRefused(Withdrawing):
    """Takes the end of an application for its withdrawal."""

    def is_withdrawn(self, right):
        return right.withdrawn or right.status.state is ApplicationState.REJECTED


class StandsAsFiled(Hooks):
    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Withdrawal:
        right = await super().nagorik_withdraw(request, context)
        return Withdrawal(withdrawn=right.withdrawn, status=RECEIVED)


class RefusesWhenDecided(Hooks):
    """Right: a wish that comes too late is refused."""

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Withdrawal:
        right = await super().nagorik_withdraw(request, context)
        if not right.withdrawn:
            raise AgencyRejected("decided-already")
        return right


class ReadsOnePageOfSlots(Hooks):
    def following(self, answer: Page) -> int:
        return 0


class SlotsInAnotherZone(Hooks):
    def slot(self, one):
        right = super().slot(one)
        later = timedelta(hours=6)
        return right.model_copy(update={"starts_at": right.starts_at + later, "ends_at": right.ends_at + later})


class OnePlaceLeft(Hooks):
    def slot(self, one):
        return super().slot(one).model_copy(update={"free": 1})


class BooksTheFirst(Hooks):
    first = ""

    def slot(self, one):
        self.first = self.first or one.id
        return super().slot(one)

    def chosen(self, request):
        return self.first


class AlwaysBooked(Hooks):
    @hookimpl
    async def nagorik_book_slot(self, request: Any, context: Context) -> SlotBooking:
        await super().nagorik_book_slot(request, context)
        return SlotBooking(booked=True)


class GoneIsAnError(Hooks):
    @hookimpl
    async def nagorik_book_slot(self, request: Any, context: Context) -> SlotBooking:
        booking = await super().nagorik_book_slot(request, context)
        if not booking.booked:
            raise AgencyRejected("slot-gone")
        return booking


class NumbersBookings(Hooks):
    """Right: a booking has a number."""

    @hookimpl
    async def nagorik_book_slot(self, request: Any, context: Context) -> SlotBooking:
        booking = await super().nagorik_book_slot(request, context)
        return SlotBooking(booked=booking.booked, reference=f"S-{request.slot.id}" if booking.booked else None)


class HearsNothing(Hooks):
    def prove(self, request: Any, context: Context) -> None:
        raise AgencyRejected("message-not-signed")


class HearsOtherStates(Hooks):
    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        right = await super().nagorik_parse_callback(request, context)
        return right.model_copy(update={"status": AgencyStatus(state=ApplicationState.APPROVED, raw="PERMITTED")})


class BelievesAnybody(Hooks):
    def prove(self, request: Any, context: Context) -> None:
        json.loads(request.body or b"null") or self.refuse()

    def refuse(self) -> None:
        raise AgencyRejected("message-empty")


class BelievesAnySignature(Hooks):
    def prove(self, request: Any, context: Context) -> None:
        if not request.headers.get("x-signature"):
            raise AgencyRejected("message-not-signed")
        try:
            json.loads(request.body)
        except ValueError:
            raise AgencyRejected("message-broken") from None


class ProvesTheBeginning(Hooks):
    """Compares the signature of nothing but the first bytes."""

    proved: dict[str, bytes]

    def __init__(self) -> None:
        self.proved = {}

    def prove(self, request: Any, context: Context) -> None:
        try:
            super().prove(request, context)
        except NagorikError:
            mac = request.headers.get("x-signature", "")
            if self.proved.get(mac, b"-") != request.body[:FIRST_BYTES]:
                raise
            try:
                Told.model_validate_json(request.body)
            except ValueError:
                raise AgencyRejected("message-broken") from None
        self.proved[request.headers["x-signature"]] = request.body[:FIRST_BYTES]


class BelievesOldMessages(Hooks):
    def prove_fresh(self, told: Told, context: Context) -> None:
        """Whenever it was sent."""


class NamesReceipts(Hooks):
    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        self.prove(request, context)
        return PaymentNotice(payment="B-0001")


class TakesHints(Hooks):
    """Right before a till that signs nothing: a notice is a hint."""

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        try:
            return PaymentNotice(payment=json.loads(request.body)["payment"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise AgencyRejected("notice-broken") from None


class AlwaysUp(Hooks):
    @hookimpl
    async def nagorik_check_health(self, context: Context) -> Health:
        return Health(state=HealthState.UP)


class UpWhateverComes(Hooks):
    @hookimpl
    async def nagorik_check_health(self, context: Context) -> Health:
        try:
            return await super().nagorik_check_health(context)
        except NagorikError:
            return Health(state=HealthState.UP)


class ClosedWhenDown(Hooks):
    """Right: says of an office that does not answer that it is closed."""

    @hookimpl
    async def nagorik_check_health(self, context: Context) -> Health:
        try:
            return await super().nagorik_check_health(context)
        except NagorikError:
            return Health(state=HealthState.CLOSED)


class ClosedOnTuesdays(Hooks):
    """Says that the office is closed, whatever it answers on the first day of the simulation."""

    @hookimpl
    async def nagorik_check_health(self, context: Context) -> Health:
        right = await super().nagorik_check_health(context)
        closed = dhaka_date(context.clock.now()).weekday() == TUESDAY
        return Health(state=HealthState.CLOSED) if closed else right
