"""Hooks that break in another way what passes between them and the agency, and some that only look so."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any, ClassVar

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    AgencyUnavailable,
    ApplicationState,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    DefinitelyAbsent,
    Deliverable,
    EligibilityDecision,
    FormPart,
    Found,
    NagorikError,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Text,
    Token,
    Verdict,
    hookimpl,
)
from nagorik.values import dhaka_time
from permit_office.plugin import (
    STATES,
    Context,
    Filed,
    Hooks,
    Matches,
    criterion,
    login_by_request,
    status_of,
)
from permit_office.untruthful import Listing, Reporting

TURNS = 12
"""Turns of the event loop that something else takes meanwhile."""


class TakesTurns(Hooks):
    """Lets others have their turn while it files, as whoever looks something up does."""

    async def turns(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)


class KeepsTheFilingOnItself(TakesTurns):
    """Each citizen's application is sent for whoever came last."""

    filing: Any = None

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        self.filing = request
        await self.turns()
        return await super().nagorik_submit(self.filing, context)


class KeepsTheNameOnItself(TakesTurns):
    """Keeps one field of what is sent."""

    name = ""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        self.name = request.applicant.name.en
        await self.turns()
        return await super().nagorik_submit(request, context)

    def content(self, request):
        return {**super().content(request), "owner": self.name}


class KeepsTheAnswerOnItself(TakesTurns):
    filed: Any = None

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        self.filed = await super().file(context, content, papers)
        await self.turns()
        return self.filed


class HandsNumbersOut(TakesTurns):
    """Hands out the number that came last first."""

    numbers: ClassVar[list[Filed]] = []

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        self.numbers.append(await super().file(context, content, papers))
        await self.turns()
        return self.numbers.pop()


class FilesOneAfterAnother(TakesTurns):
    """Right: keeps a filing on itself, and lets nobody else file meanwhile."""

    filing: Any = None
    one_at_a_time: ClassVar[asyncio.Lock] = asyncio.Lock()

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        async with self.one_at_a_time:
            self.filing = request
            await self.turns()
            return await super().nagorik_submit(self.filing, context)


class KeepsFilingsApart(TakesTurns):
    """Right: keeps filings that are under way by their reference, and forgets them."""

    filings: ClassVar[dict[str, Any]] = {}

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        self.filings[request.client_reference] = request
        await self.turns()
        return await super().nagorik_submit(self.filings.pop(request.client_reference), context)


KEPT_SESSION: list[Token] = []


async def keeps_its_session(http: Any, settings: Any, clock: Any) -> Token:
    """Logs in once."""
    if not KEPT_SESSION:
        KEPT_SESSION.append(await login_by_request(http, settings, clock))
    return KEPT_SESSION[0]


def takes_ended_for_down(answer: Any) -> NagorikError | None:
    said = answer.document.get("error") if isinstance(answer.document, dict) else None
    return AgencyUnavailable(because="session") if said == "the session has ended" else None


def tells_wrong_from_ended(answer: Any) -> NagorikError | None:
    """Right: a wrong password is wrong."""
    said = answer.document.get("error") if isinstance(answer.document, dict) else None
    problems = {"the session has ended": CredentialProblem.EXPIRED, "the password": CredentialProblem.WRONG}
    return CredentialsRejected(problems[said]) if said in problems else None


class AbsentWithoutASession(Hooks):
    """Takes a search that it is not let to for one that finds nothing."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, query = context.clock.now(), {"clientReference": request.client_reference}
        found = await context.http.read_or_none(
            "search", "GET", "/permits", params=query, expect=Matches, absent=(401, 404)
        )
        for filed in found.items if found else ():
            return Found(reference=filed.number, status=status_of(filed))
        return DefinitelyAbsent(as_of=asked)


class JudgesOnce(Hooks):
    """Nobody is judged twice."""

    judged: ClassVar[set[str]] = set()

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        right = await super().nagorik_check_eligibility(request)
        number = request.applicant.nid.value
        again = number in self.judged
        self.judged.add(number)
        fresh = criterion("once", Verdict.FAIL if again else Verdict.PASS)
        return EligibilityDecision(criteria=(*right.criteria, fresh))


class NumbersPayments(Hooks):
    """Counts payments by itself."""

    payments: ClassVar[list[str]] = []

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        right = await super().nagorik_start_payment(request, context)
        self.payments.append(request.payment)
        return right.model_copy(update={"reference": f"N-{len(self.payments)}"})


class GetsTired(Hooks):
    """Limits by itself how often it is asked."""

    asked = 0

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        type(self).asked += 1
        if self.asked > 2:
            raise AgencyUnavailable(because="limit")
        return await super().nagorik_get_status(request, context)


class HidesErrors(Hooks):
    """Nothing is known, whatever the office says."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        try:
            return await super().nagorik_get_status(request, context)
        except NagorikError:
            return AgencyStatus(state=None, raw="-")


class PendingInDoubt(Hooks):
    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        try:
            return await super().nagorik_query_payment(request, context)
        except AgencyRejected:
            return PaymentReport(state=PaymentState.PENDING)


def repeats_the_office(answer: Any) -> NagorikError | None:
    said = answer.document.get("error") if isinstance(answer.document, dict) else None
    return AgencyRejected(said) if said == "the office is shut" else None


def takes_refused_logins_for_down(answer: Any) -> NagorikError | None:
    return AgencyUnavailable(because="login") if answer.status == 401 else None


def takes_shut_for_down(answer: Any) -> NagorikError | None:
    said = answer.document.get("error") if isinstance(answer.document, dict) else None
    return AgencyUnavailable(because="shut") if said == "the office is shut" else None


class Searches(Hooks):
    """Reads all that the office lists, and takes the first that ``is_it``."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, query = context.clock.now(), {"clientReference": request.client_reference, "page": "1"}
        listing = await context.http.read("search", "GET", "/permits", params=query, expect=Listing)
        for filed in listing.items:
            if self.is_it(filed, request):
                return Found(reference=filed.number, status=status_of(filed))
        return DefinitelyAbsent(as_of=self.holds_for(asked, context))

    def is_it(self, filed: Any, request: Any) -> bool:
        return bool(filed.client_reference == request.client_reference)

    def holds_for(self, asked: Any, context: Context) -> Any:
        return asked


class ComparesBeginnings(Searches):
    def is_it(self, filed, request):
        return filed.client_reference[:12] == request.client_reference[:12]


class FindsWhatBeginsSo(Searches):
    """As a search of the agency does that wants no whole reference."""

    def is_it(self, filed, request):
        return filed.client_reference.startswith(request.client_reference)


class FindsWhatWasFiledThen(Searches):
    """Takes what was filed in the same minute for what is sought."""

    def is_it(self, filed, request):
        return abs(filed.since - request.sent_at) < timedelta(minutes=1)


class ComparesLettersAlone(Searches):
    """Leaves the numbers of a reference to those who wrote it."""

    def is_it(self, filed, request):
        return self.letters(filed.client_reference) == self.letters(request.client_reference)

    def letters(self, reference: str) -> str:
        return "".join(sign for sign in reference if sign.isalpha())


class AbsentAfterwards(Searches):
    """Says for when it holds once the answer is there."""

    def holds_for(self, asked, context):
        return context.clock.now()


class AbsentInDhaka(Searches):
    """Reads the clock of the wall as if it hung in Greenwich."""

    def holds_for(self, asked, context):
        return dhaka_time(asked).replace(tzinfo=UTC)


class AbsentTheDayBefore(Searches):
    def holds_for(self, asked, context):
        return asked - timedelta(days=1)


class PromisesAtFiling(Hooks):
    """Says of what has only come in that it is permitted."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_submit(request, context)
        return Accepted(
            reference=right.reference, status=AgencyStatus(state=ApplicationState.APPROVED, raw="RECEIVED")
        )


class PermitsInTime(Hooks):
    """Has its own idea of how long the office takes."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        right = await super().nagorik_get_status(request, context)
        over = right.state is ApplicationState.IN_REVIEW and context.clock.now() - right.at > timedelta(days=1)
        return right.model_copy(update={"state": ApplicationState.APPROVED}) if over else right


class ApprovesWhatIsCorrected(Hooks):
    """Takes an answer to a correction for the end of it."""

    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> AgencyStatus:
        right = await super().nagorik_answer_correction(request, context)
        return right.model_copy(update={"state": ApplicationState.APPROVED})


class Issuing(Reporting):
    def say(self, right):
        return right.model_copy(update={"deliverables": self.issued(right)})

    def issued(self, right: AgencyStatus) -> tuple[Deliverable, ...]:
        return right.deliverables


class IssuesCopies(Issuing):
    def issued(self, right):
        return tuple(each.model_copy(update={"kind": f"{each.kind}-copy"}) for each in right.deliverables)


class IssuesAReceipt(Issuing):
    """Right away, and beside the permit."""

    def issued(self, right):
        return (*right.deliverables, Deliverable(kind="receipt", delivery="download"))


class IssuesALetter(Issuing):
    """For those whom the office refuses."""

    def issued(self, right):
        refused = right.state is ApplicationState.REJECTED
        return (Deliverable(kind="letter", delivery="counter"),) if refused else right.deliverables


class IssuesAtFiling(Hooks):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_submit(request, context)
        slip = Deliverable(kind="slip", delivery="download")
        return Accepted(reference=right.reference, status=right.status.model_copy(update={"deliverables": (slip,)}))


class BlankWords(Reporting):
    def say(self, right):
        return right.model_copy(update={"raw": " "})


class DatesFilingsAhead(Hooks):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_submit(request, context)
        at = dhaka_time(right.status.at).replace(tzinfo=UTC)
        return Accepted(reference=right.reference, status=right.status.model_copy(update={"at": at}))


class DatesByPromise(Reporting):
    """Dates a review with the day on which it should be over."""

    def say(self, right):
        reviewed = right.state is ApplicationState.IN_REVIEW
        return right.model_copy(update={"at": right.at + timedelta(days=30)}) if reviewed else right


class DatesFindingsAhead(Hooks):
    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_find_submission(request, context)
        if not isinstance(right, Found):
            return right
        at = right.status.at + timedelta(hours=6)
        return right.model_copy(update={"status": right.status.model_copy(update={"at": at})})


class ExplainsInEnglish(Reporting):
    def say(self, right):
        return right.model_copy(update={"reason": right.reason and Text(bn=right.reason.en, en=right.reason.en)})


class ExplainsRefusals(Reporting):
    """Says nothing of what is missing."""

    def say(self, right):
        wanted = right.state is ApplicationState.CORRECTION_REQUESTED
        return right.model_copy(update={"reason": None}) if wanted else right


class ExplainsInBangla(Reporting):
    def say(self, right):
        return right.model_copy(update={"reason": right.reason and Text(bn=right.reason.bn, en=right.reason.bn)})


class Missing(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}"
        filed = await context.http.read_or_none("status", "GET", path, expect=Filed)
        return self.missing(request) if filed is None else self.seen(status_of(filed))

    def seen(self, status: AgencyStatus) -> AgencyStatus:
        return status

    def missing(self, request: Any) -> AgencyStatus:
        return AgencyStatus(state=ApplicationState.SUBMITTED, raw="-")


class MissingBreaks(Missing):
    def missing(self, request):
        return {}[request.agency_reference]


class MissingIsAsBefore(Missing):
    """Tells the last that it was told."""

    last: ClassVar[list[AgencyStatus]] = []

    def seen(self, status):
        self.last.append(status)
        return status

    def missing(self, request):
        return self.last[-1] if self.last else AgencyStatus(state=ApplicationState.WITHDRAWN, raw="-")


class RefusesUnheardOf(Hooks):
    async def ask(self, context: Context, number: str) -> Filed:
        filed = await super().ask(context, number)
        if status_of(filed).state is None:
            raise ContractViolation("status-word")
        return filed


class DropsUnheardOf(Reporting):
    def say(self, right):
        return right if right.state else right.model_copy(update={"raw": "UNKNOWN"})


class LooksForParts(Hooks):
    """Takes a word for another that it holds."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        filed = await self.ask(context, request.agency_reference)
        for word in STATES:
            if word in filed.word:
                known = status_of(filed.model_copy(update={"word": word}))
                return known.model_copy(update={"raw": filed.word})
        return status_of(filed)


class LooksFirst(Hooks):
    """Files only what a search does not find, at an office that heeds no key."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        query = {"clientReference": request.client_reference}
        found = await context.http.read("before", "GET", "/permits", params=query, expect=Matches)
        for filed in found.items:
            return Accepted(reference=filed.number, status=status_of(filed))
        return await super().nagorik_submit(request, context)


class RemembersFilings(Hooks):
    """Files what it has not filed yet, as far as it remembers."""

    filed: ClassVar[dict[str, Any]] = {}

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        if request.client_reference not in self.filed:
            self.filed[request.client_reference] = await super().nagorik_submit(request, context)
        return self.filed[request.client_reference]


class LowersReferences(Hooks):
    def parts(self, content, papers):
        return super().parts({**content, "clientReference": content["clientReference"].lower()}, papers)


class CutsReferences(Hooks):
    """The office's field has room for ten signs."""

    def parts(self, content, papers):
        return super().parts({**content, "clientReference": content["clientReference"][:10]}, papers)


class NamesReferencesOtherwise(Hooks):
    def parts(self, content, papers):
        reference = content.pop("clientReference")
        return super().parts({**content, "yourReference": reference}, papers)


class NumbersSteps(Hooks):
    """Each attempt has a number, and so a key of its own."""

    attempts: ClassVar[Iterator[int]] = iter(range(10**6))

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        step = f"file-{next(self.attempts)}"
        return await context.http.write(step, "POST", "/permits", parts=self.parts(content, papers), expect=Filed)


class CountsAttempts(Hooks):
    """Each attempt says which it is."""

    attempts: ClassVar[Iterator[int]] = iter(range(10**6))

    def content(self, request):
        return {**super().content(request), "attempt": str(next(self.attempts))}


class Rewrites(Hooks):
    """Reads each paper, and sends what it makes of it."""

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return [
            FormPart(paper.kind, await self.content_of(paper, context), paper.kind, self.type_of(paper))
            for paper in request.documents
        ]

    async def content_of(self, paper: Any, context: Context) -> bytes:
        return b"".join([piece async for piece in context.documents.open(paper)])

    def type_of(self, paper: Any) -> str | None:
        return str(paper.media_type)


class StripsPapers(Rewrites):
    async def content_of(self, paper, context):
        return (await super().content_of(paper, context)).strip()


class WritesLinesOtherwise(Rewrites):
    async def content_of(self, paper, context):
        return (await super().content_of(paper, context)).replace(b"\n", b"\r\n")


class ReadsTheFirstPiece(Rewrites):
    async def content_of(self, paper, context):
        async for piece in context.documents.open(paper):
            return piece
        return b""


class CallsPapersBinary(Rewrites):
    def type_of(self, paper):
        return "application/octet-stream"


class LeavesTypesOut(Rewrites):
    def type_of(self, paper):
        return None


class TypesByKind(Rewrites):
    """Knows which type a kind of paper usually has."""

    def type_of(self, paper):
        return {"deed": "application/pdf", "photo": "image/png"}[paper.kind]
