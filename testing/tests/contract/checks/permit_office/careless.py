"""Hooks that lose, alter or misplace what they send, each in one way; and hooks that are right in another way."""

import hashlib
import unicodedata
from typing import Any

from nagorik import (
    Accepted,
    AgencyStatus,
    EligibilityDecision,
    FormPart,
    PaymentAdvice,
    PaymentStarted,
    Text,
    Verdict,
    WireModel,
    hookimpl,
)
from nagorik.values import to_bangla_digits
from permit_office.plugin import Bill, Context, Filed, Hooks, Matches, Refund, criterion, status_of

LONGEST = 9


class Content(Hooks):
    """Writes the content of an application otherwise."""

    def content(self, request: Any) -> dict[str, str]:
        return self.written(super().content(request))

    def written(self, content: dict[str, str]) -> dict[str, str]:
        return content


class ForgetsMobile(Content):
    def written(self, content):
        return {name: value for name, value in content.items() if name != "mobile"}


class CutsNames(Content):
    def written(self, content):
        return {**content, "name": content["name"][:LONGEST]}


class Scatters(Content):
    """Takes the last digit of a number for the number of its place."""

    def written(self, content):
        mobile = content.pop("mobile")
        return {**content, f"mobile{mobile[-1]}": mobile}


class AsksPriceByRoad(Content):
    """Tells the office the road to be told a price, and not to file."""

    def written(self, content):
        return {name: value for name, value in content.items() if name != "road"}

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Any:
        query = {"clientReference": hashlib.sha256(request.form.address.road.encode()).hexdigest()[:8]}
        await context.http.read("price", "GET", "/permits", params=query, expect=Matches)
        right = await super().nagorik_quote_fees(request, context)
        line = right.lines[0].model_copy(update={"code": f"permit-{query['clientReference']}"})
        return right.model_copy(update={"lines": (line,)})


class JudgesByRoad(Content):
    """Right: the road decides who may apply, and goes nowhere."""

    def written(self, content):
        return {name: value for name, value in content.items() if name != "road"}

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        inside = request.form is None or request.form.address.road == "নমুনা সড়ক"
        return EligibilityDecision(criteria=(criterion("road", Verdict.PASS if inside else Verdict.FAIL),))


class JoinsLines(Content):
    """Right: name and road in one line, and in capitals."""

    def written(self, content):
        line = f"{content.pop('name')}, {content.pop('road')}".upper()
        return {**content, "line": line}


class DraftsFirst(Hooks):
    """Right: a draft is opened under a number of the office's own, and the rest is filed with that."""

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        first = {"clientReference": content["clientReference"]}
        draft = await super().file(context, first, [])
        parts = self.parts({**content, "draft": draft.number}, papers)
        return await context.http.write("lodge", "POST", "/permits", parts=parts, expect=Filed)


class NamesPapersOnly(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return [FormPart("papers", ",".join(paper.kind for paper in request.documents))]


class HashesPapers(Hooks):
    """Right: the papers lie elsewhere, and the office is told their hashes."""

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return [FormPart(paper.kind, paper.sha256) for paper in request.documents]


class Papers(Hooks):
    """Names each paper otherwise."""

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        documents = request.documents
        return [FormPart(self.named(paper, documents), paper, filename=paper.kind) for paper in documents]

    def named(self, paper: Any, documents: Any) -> str:
        raise NotImplementedError


class FilesUnderTheFirst(Papers):
    def named(self, paper, documents):
        return documents[0].kind


class FilesDeeds(Papers):
    def named(self, paper, documents):
        return "deed"


class NamesNoKinds(Papers):
    """Right: the office looks at each paper to see what it is."""

    def named(self, paper, documents):
        return "paper"


class SendsPapersTwice(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return [*await super().papers(request, context), *await super().papers(request, context)]


class ListsPapers(Hooks):
    """Right: the office takes a list in JSON, in the order of the alphabet."""

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        listed = sorted(({"kind": one.name, "sha256": one.content.sha256} for one in papers), key=str)
        sent = {**content, "papers": listed}
        return await context.http.write("file", "POST", "/permits", json=sent, expect=Filed)


class TakesLettersApart(Content):
    def written(self, content):
        return {**content, "name": unicodedata.normalize("NFD", content["name"])}


class WritesBanglaNumbers(Content):
    def written(self, content):
        return {**content, "nid": to_bangla_digits(content["nid"])}


class MarksTexts(Content):
    """Copies a byte order mark in front of each text."""

    def written(self, content):
        return {name: f"\ufeff{value}" if name == "name" else value for name, value in content.items()}


class WritesShortBanglaNumbers(Content):
    """Right: the office wants the floor in Bangla digits, and a joiner belongs to the way Bangla is written."""

    def written(self, content):
        return {**content, "floor": to_bangla_digits("12"), "mark": "র‍্যাব"}


class NumbersInQuery(Hooks):
    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        query = {"clientReference": request.client_reference, "nid": request.form.nid.value}
        await context.http.read("search", "GET", "/permits", params=query, expect=Matches)
        return await super().nagorik_find_submission(request, context)


class NamesInPath(Hooks):
    async def ask(self, context: Context, number: str) -> Filed:
        return await super().ask(context, number)

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}"
        params = {"payer": request.applicant.name.en}
        return status_of(await context.http.read("status", "GET", path, params=params, expect=Filed))


class PhonesInHeaders(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path, headers = f"/permits/{request.agency_reference}", {"X-Contact": request.form.mobile.e164}
        return status_of(await context.http.read("status", "GET", path, headers=headers, expect=Filed))


class BirthDateInQuery(Hooks):
    """Right: the office tells of an application to who knows the date of birth."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path, params = f"/permits/{request.agency_reference}", {"dob": request.applicant.birth_date.isoformat()}
        return status_of(await context.http.read("status", "GET", path, params=params, expect=Filed))


class DatesFilings(Hooks):
    """Writes the day of the attempt into the application."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        content = {"clientReference": request.client_reference, **self.content(request)}
        content["filedOn"] = request.on.isoformat()
        filed = await self.file(context, content, await self.papers(request, context))
        return Accepted(reference=filed.number, status=status_of(filed))


class NumbersAdvices(Hooks):
    """Counts the messages of a payment."""

    told = 0

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        self.told += 1
        path = f"/permits/{request.agency_reference}/payment"
        content = {"reference": f"{request.receipt.reference}-{self.told}"}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        return PaymentAdvice(confirmed=told.word == "PAID")


class StampsBills(Hooks):
    """Gives a bill the hour at which it is opened."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        opened = context.clock.now().isoformat()
        content = {"payment": request.payment, "amount": request.amount.plain(), "openedAt": opened}
        bill = await context.http.write("open", "POST", "/bills", json=content, expect=Bill)
        return PaymentStarted(reference=bill.receipt, instructions=Text(bn="কাউন্টারে দিন", en="Pay at the counter"))


class Signs(Hooks):
    """Right: each attempt has a nonce and the time in its signature."""

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        now = context.clock.now().isoformat()
        signed = {"timestamp": now, "nonce": now[::-1], "signature": hashlib.sha256(now.encode()).hexdigest()}
        parts = self.parts({**content, **signed}, papers)
        headers = {"X-Time": now, "X-Signature": signed["signature"]}
        return await context.http.write("file", "POST", "/permits", parts=parts, headers=headers, expect=Filed)


class Ticket(WireModel):
    ticket: str


class DrawsTickets(Hooks):
    """Right: files with a ticket that the office gives out for each attempt."""

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        drawn = await context.http.read("ticket", "GET", "/ticket", expect=Ticket)
        parts = self.parts({**content, "ticket": drawn.ticket}, papers)
        return await context.http.write("file", "POST", "/permits", parts=parts, expect=Filed)


class AnswersNothing(Hooks):
    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}/papers"
        return status_of(await context.http.write("papers", "POST", path, json={}, expect=Filed))


class AnswersWithoutPapers(Hooks):
    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}/papers"
        content = self.content(request)
        return status_of(await context.http.write("papers", "POST", path, json=content, expect=Filed))


class AnswersWithPartOfTheForm(Hooks):
    """Right: the office asks for the name again and for the papers, and for nothing else."""

    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}/papers"
        papers = [paper.sha256 for paper in request.documents]
        content = {"name": request.form.name, "papers": papers}
        return status_of(await context.http.write("papers", "POST", path, json=content, expect=Filed))
