"""Styles of putting code together: a client class, frozen dataclasses, tables that are read when first needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Criterion,
    DefinitelyAbsent,
    EligibilityDecision,
    FormPart,
    Found,
    Text,
    Verdict,
    WireModel,
    hookimpl,
)
from plugin_styles.plugin import Context, Filed, Matches, Stalls, status_of

OPEN = Text(bn="কোনো বাজারে জায়গা আছে।", en="A market has room.")


class MarketClient:
    """All that can be asked of the market office, for one call."""

    def __init__(self, context: Context) -> None:
        self._http = context.http
        self.asked_at = context.clock.now()

    async def file(self, content: Mapping[str, str], papers: Any) -> Filed:
        parts = [FormPart(name, text) for name, text in content.items()]
        parts += [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in papers]
        return await self._http.write("file", "POST", "/applications", parts=parts, expect=Filed)

    async def search(self, reference: str) -> tuple[Filed, ...]:
        query = {"clientReference": reference}
        return (await self._http.read("search", "GET", "/applications", params=query, expect=Matches)).items

    async def show(self, number: str) -> Filed:
        return await self._http.read("status", "GET", f"/applications/{number}", expect=Filed)


class ThroughClient(Stalls):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        filed = await MarketClient(context).file(self.content(request), request.documents)
        return Accepted(reference=filed.number, status=status_of(filed))

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        client = MarketClient(context)
        found = await client.search(request.client_reference)
        if not found:
            return DefinitelyAbsent(as_of=client.asked_at)
        return Found(reference=found[0].number, status=status_of(found[0]))

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return status_of(await MarketClient(context).show(request.agency_reference))


@dataclass(frozen=True, slots=True)
class Licence:
    """What the agency says of one application, in the plugin's own words."""

    number: str
    word: str
    since: datetime
    remark: str | None

    @classmethod
    def of(cls, filed: Filed) -> "Licence":
        return cls(filed.number, filed.word, filed.since, filed.remark)

    @property
    def status(self) -> AgencyStatus:
        return status_of(Filed(number=self.number, word=self.word, since=self.since, remark=self.remark))


class InDataclasses(Stalls):
    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        licence = Licence.of(await self.file(request, context))
        return Accepted(reference=licence.number, status=licence.status)

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return Licence.of(await self.ask(request.agency_reference, context)).status


_table: dict[str, ApplicationState] | None = None
_CODES: dict[str, str] = {}


def table() -> dict[str, ApplicationState]:
    """The agency's words, read when they are first needed."""
    global _table  # noqa: PLW0603 - the style that is tried
    if _table is None:
        rows = (files(__package__) / "words.csv").read_text("utf-8").split()
        _table = {word: ApplicationState(state) for word, _, state in (row.partition(",") for row in rows)}
    return _table


def code_of(market: str) -> str:
    """The agency's code of a market; the codes are put together when the first is asked for."""
    if not _CODES:
        _CODES.update({f"বাজার {number}": f"M{number}" for number in range(20)})
    return _CODES.get(market, market)


@cache
def final_words() -> frozenset[str]:
    return frozenset({"LICENSED", "REFUSED"})


class WithTables(Stalls):
    """Reads its tables lazily, in all three ways; they hold nothing of a call."""

    def content(self, request: Any) -> dict[str, str]:
        return {**super().content(request), "market": code_of(request.form.market)}

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        filed = await self.ask(request.agency_reference, context)
        told = {"state": table().get(filed.word), "final": filed.word in final_words()}
        return status_of(filed).model_copy(update=told)


class Markets(WireModel):
    codes: dict[str, str]


_markets: Markets | None = None


class WithAgencysTable(Stalls):
    """Asks the agency once for its codes of markets, which are the same for everybody."""

    async def file(self, request: Any, context: Context) -> Filed:
        global _markets  # noqa: PLW0603 - the style that is tried
        if _markets is None:
            _markets = await context.http.read("markets", "GET", "/markets", expect=Markets)
        content = {**self.content(request), "market": _markets.codes.get(request.form.market, request.form.market)}
        parts = [FormPart(name, text) for name, text in content.items()]
        parts += [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        return await context.http.write("file", "POST", "/applications", parts=parts, expect=Filed)


class JudgesByRegister(Stalls):
    """Asks the agency before it judges."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        decision = await super().nagorik_check_eligibility(request)
        markets = await context.http.read("markets", "GET", "/markets", expect=Markets)
        known = Criterion(id="open", verdict=Verdict.PASS if markets.codes else Verdict.FAIL, text=OPEN)
        return EligibilityDecision(criteria=(*decision.criteria, known))


through_client, in_dataclasses, with_tables = ThroughClient(), InDataclasses(), WithTables()
with_agencys_table, judges_by_register = WithAgencysTable(), JudgesByRegister()
