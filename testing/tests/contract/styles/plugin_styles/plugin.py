"""The plainest style: the hooks are methods of one object, and each makes one request. Others derive from it."""

from typing import Any

from pydantic import AwareDatetime, Field

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    CallContext,
    Criterion,
    DefinitelyAbsent,
    Deliverable,
    EligibilityDecision,
    FormPart,
    Found,
    Text,
    Verdict,
    WireModel,
    hookimpl,
)
from nagorik_toolkit.bangladesh import age_on

Context = CallContext[Any]
STATES = {
    "RECEIVED": ApplicationState.SUBMITTED,
    "INSPECTION": ApplicationState.IN_REVIEW,
    "LICENSED": ApplicationState.ISSUED,
    "REFUSED": ApplicationState.REJECTED,
}
REFUSED = Text(bn="বাজার দপ্তর অনুমতি দেয়নি।", en="The market office refused.")
GROWN = Text(bn="বয়স আঠারো হতে হবে।", en="The applicant is 18 or older.")
NUMBERED = Text(bn="এনআইডি নম্বর লাগবে।", en="The applicant has an NID number.")


class Filed(WireModel):
    number: str = Field(pattern=r"^ST-[0-9]{6}$")
    word: str
    since: AwareDatetime
    remark: str | None = None


class Matches(WireModel):
    items: tuple[Filed, ...]


def status_of(filed: Filed) -> AgencyStatus:
    state = STATES.get(filed.word)
    licensed, refused = state is ApplicationState.ISSUED, state is ApplicationState.REJECTED
    return AgencyStatus(
        state=state,
        raw=filed.word,
        at=filed.since,
        reason=REFUSED if refused else None,
        remark=filed.remark,
        deliverables=(Deliverable(kind="licence", delivery="counter"),) if licensed else (),
        final=licensed or refused,
    )


class Stalls:
    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        born = request.applicant.birth_date
        grown = born <= request.on and age_on(born, request.on) >= 18
        numbered = Verdict.CANNOT_TELL if request.applicant.nid is None else Verdict.PASS
        return EligibilityDecision(
            criteria=(
                Criterion(id="age", verdict=Verdict.PASS if grown else Verdict.FAIL, text=GROWN),
                Criterion(id="nid", verdict=numbered, text=NUMBERED),
            )
        )

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        filed = await self.file(request, context)
        return Accepted(reference=filed.number, status=status_of(filed))

    async def file(self, request: Any, context: Context) -> Filed:
        texts = [FormPart(name, text) for name, text in self.content(request).items()]
        papers = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        return await context.http.write("file", "POST", "/applications", parts=[*texts, *papers], expect=Filed)

    def content(self, request: Any) -> dict[str, str]:
        form = request.form
        return {
            "clientReference": request.client_reference,
            "nid": form.nid.value,
            "stall": form.stall,
            "market": form.market,
        }

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked = context.clock.now()
        query = {"clientReference": request.client_reference}
        found = await context.http.read("search", "GET", "/applications", params=query, expect=Matches)
        for filed in found.items:
            return Found(reference=filed.number, status=status_of(filed))
        return DefinitelyAbsent(as_of=asked)

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return status_of(await self.ask(request.agency_reference, context))

    async def ask(self, number: str, context: Context) -> Filed:
        return await context.http.read("status", "GET", f"/applications/{number}", expect=Filed)


hooks = Stalls()
