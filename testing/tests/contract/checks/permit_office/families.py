"""Hooks that file a longer form, each with one fault; and some that write it in another way, which is right, too."""

import re
from dataclasses import replace
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import EligibilityDecision, FormPart, hookimpl
from nagorik.values import to_ascii_digits
from nagorik_testing import content_of
from permit_office.plugin import Context, Hooks, Matches
from permit_office.simulator import PermitOffice


class Family(Hooks):
    """Right: each field under its own name, days as ISO 8601 has them."""

    def content(self, request: Any) -> dict[str, str]:
        form = request.form
        return {
            **super().content(request),
            "father": form.father,
            "mother": form.mother,
            "opened": self.day(form.opened),
            **self.further(form),
        }

    def day(self, day: Any) -> str:
        return str(day.isoformat())

    def further(self, form: Any) -> dict[str, str]:
        return {name: value for name, value in (("note", form.note), ("licence", form.licence)) if value}


class WritesInLines(Family):
    """Right: the office takes lines of 35 signs."""

    def further(self, form):
        note = form.note or ""
        lines = [note[at : at + 35] for at in range(0, len(note), 35)]
        return {
            **{f"note{number}": line for number, line in enumerate(lines)},
            **({"licence": form.licence} if form.licence else {}),
        }


class DayFirst(Family):
    """Right: days as they are written in Bangladesh, with the hour at which they begin."""

    def day(self, day):
        return f"{day.day}.{day.month}.{day:%y} 00:00"


class ParentsTogether(Family):
    """Right: one place for both parents."""

    def content(self, request):
        content = super().content(request)
        return {**content, "parents": f"{content.pop('father')} & {content.pop('mother')}"}


class KeepsWhoFiled(Family):
    """Right on the wire: what is kept of a citizen is sent for nobody else."""

    names: ClassVar[list[str]] = []

    def content(self, request):
        self.names.append(request.form.name)
        return super().content(request)


class CutsNotes(Family):
    def further(self, form):
        return {name: value[:30] for name, value in super().further(form).items()}


class CutsNotesAtCommas(Family):
    def further(self, form):
        return {name: value.partition(",")[0] for name, value in super().further(form).items()}


class WritesStrokesAsHyphens(Family):
    def content(self, request):
        content = super().content(request)
        return {**content, "road": content["road"].replace("/", "-")}


class KeepsStrokesAlone(Family):
    """Right: of the signs in an address the office takes strokes and hyphens."""

    def content(self, request):
        content = super().content(request)
        return {**content, "road": re.sub(r"[^\w\s/-]", " ", content["road"])}


class KeepsLatinLetters(Family):
    """Cuts what takes more than 120 bytes."""

    def content(self, request):
        content = super().content(request)
        return {**content, "road": content["road"].encode()[:120].decode("utf-8", "ignore")}


class WritesNotesAsTitles(Family):
    def further(self, form):
        return {name: value.title() for name, value in super().further(form).items()}


class WritesNotesInCapitals(Family):
    """Right: the office's machine has no other letters."""

    def further(self, form):
        return {name: value.upper() for name, value in super().further(form).items()}


class MonthFirst(Family):
    def day(self, day):
        return f"{day:%m/%d/%Y}"


class GuessesOrder(Family):
    """Puts the greater number first."""

    def day(self, day):
        greater, lesser = max(day.day, day.month), min(day.day, day.month)
        return f"{greater:02}-{lesser:02}-{day.year}"


class CrossesParents(Family):
    def content(self, request):
        content = super().content(request)
        return {**content, "father": content["mother"], "mother": content["father"]}


class FilesFatherTwice(Family):
    def content(self, request):
        content = super().content(request)
        return {**content, "mother": content["father"]}


class CrossesRoadAndName(Hooks):
    def content(self, request):
        content = super().content(request)
        return {**content, "name": content["road"], "road": content["name"]}


class KeepsNotes(Family):
    """Sends the last note that was given where none is."""

    kept: ClassVar[dict[str, str]] = {}

    def further(self, form):
        self.kept.update(super().further(form))
        return dict(self.kept)


class KeepsFirstNote(Family):
    """Sends each note with all that come after it."""

    kept: ClassVar[list[str]] = []

    def further(self, form):
        self.kept += [form.note] if form.note else []
        return {**super().further(form), **({"note": self.kept[-1]} if self.kept else {})}


class RemembersNames(Hooks):
    """Files under the name of the citizen before."""

    before = ""

    def content(self, request):
        content = super().content(request)
        kept, type(self).before = self.before or content["name"], content["name"]
        return {**content, "remark": kept}


class FillsInLicences(Family):
    def further(self, form):
        return {**super().further(form), "licence": form.licence or "TRAD-0000000"}


class NotesParents(Family):
    """Takes another answer for the one that was not given."""

    def further(self, form):
        return {**super().further(form), "note": form.note or form.mother}


class SpeaksForTheLoud(Family):
    """Says something for those alone who chose."""

    def further(self, form):
        note = {"note": "by day"} if form.loud and not form.note else {}
        return {**super().further(form), "kind": "LOUD" if form.loud else "QUIET", **note}


class SaysNotGiven(Family):
    """Right: the office's own words for a field that was left empty."""

    def further(self, form):
        return {"note": form.note or "N/A", "licence": form.licence or "not given"}


class NamesOnePaper(Family):
    """Right: one place takes either, and says which."""

    def further(self, form):
        return {"paper": form.licence or form.note or ""}


class ListsPapersOfShops(Family):
    """Right: entries move up where one is missing."""

    def further(self, form):
        given = [value for value in (form.licence, form.note) if value]
        return {f"papers.{number}": value for number, value in enumerate(given)}


class StopsAtAGap(Family):
    """Names no further criterion once one cannot be met."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        right = await super().nagorik_check_eligibility(request)
        gap = request.form is not None and request.form.licence is None
        return EligibilityDecision(criteria=right.criteria[:1]) if gap else right


class FilesPapersOfBefore(Family):
    """Files a citizen's papers with those of the one before."""

    last: ClassVar[list[FormPart]] = []

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        own = await super().papers(request, context)
        before, type(self).last = self.last, own
        return [*own, *before]


class WritesAsciiRoads(Family):
    def content(self, request):
        content = super().content(request)
        return {**content, "road": to_ascii_digits(content["road"])}


class LicenceInQuery(Family):
    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        query = {"clientReference": request.client_reference, **self.asked(request.form)}
        await context.http.read("search", "GET", "/permits", params=query, expect=Matches)
        return await super().nagorik_find_submission(request, context)

    def asked(self, form: Any) -> dict[str, str]:
        return {"licence": form.licence}


class LicenceWithoutSigns(LicenceInQuery):
    def asked(self, form):
        return {"q": form.licence.replace("/", "").lower()}


class DayInQuery(LicenceInQuery):
    """Right: when a shop was opened, and where the office's file is, leads to nobody."""

    def asked(self, form):
        return {"opened": form.opened.isoformat(), "shelf": "B-1204"}


class SortsWares(Hooks):
    """Right of a form whose wares stand in no order, and wrong of one in which the citizen put them in theirs."""

    def content(self, request: Any) -> Any:
        return {**super().content(request), "wares": self.listed(request.form.wares)}

    def listed(self, wares: Any) -> Any:
        return "; ".join(sorted(wares))


class ListsWares(SortsWares):
    """Right."""

    def listed(self, wares):
        return "; ".join(wares)


class ListsThreeWares(SortsWares):
    def listed(self, wares):
        return "; ".join(wares[:3])


class ListsWaresOfAPage(SortsWares):
    """Drops what has no room in its line."""

    def listed(self, wares):
        return "; ".join(wares)[:40]


class NumbersWares(SortsWares):
    """Right: each of the wares in a place of its own."""

    def content(self, request):
        wares = {f"ware{number}": ware for number, ware in enumerate(request.form.wares)}
        return {**Hooks.content(self, request), **wares}


class WaresOffice(PermitOffice):
    def example(self, service: str, citizen: Any) -> Any:
        right = super().example(service, citizen)
        return replace(right, form={**right.form, "wares": ["rice", "lentils"]})


class FamilyOffice(PermitOffice):
    def example(self, service: str, citizen: Any) -> Any:
        right = super().example(service, citizen)
        form = {
            **right.form,
            "father": citizen.father.en,
            "mother": citizen.mother.en,
            "opened": "2020-06-11",
            "licence": "TRAD/DHK/123456",
            "address": {"road": "নমুনা সড়ক ১২, বাসা ৩"},
        }
        return replace(right, form=form)


class KnowsNoNotes(FamilyOffice):
    """Refuses a form with a field that it does not know."""

    async def file(self, request: Request) -> Response:
        if "note" in await content_of(request):
            return JSONResponse({"error": "the office is shut"}, 400)
        return await super().file(request)
