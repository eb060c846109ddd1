"""The run as one page that needs nothing beside itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nagorik import Text
from nagorik_testing.contract.checks import Check
from nagorik_testing.contract.codes import BY_CODE, FaultText, code_of
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.mutation.score import render_standing
from nagorik_testing.contract.render import unplayed_by_reason
from nagorik_testing.contract.report import Report, document_of, in_matrix
from nagorik_testing.contract.verdict import Grade
from nagorik_testing.contract.waivers import CheckOutcome, Judged

_MARKS: Final = {
    CheckOutcome.PASSED: ("✓", "passed"),
    CheckOutcome.FAILED: ("✗", "failed"),
    CheckOutcome.WARNING: ("!", "warning"),
    CheckOutcome.NOTE: ("i", "note"),
    CheckOutcome.WAIVED: ("W", "waived"),
    CheckOutcome.NOT_APPLICABLE: ("–", "not applicable"),
}


_GRADES: Final = {
    Grade.MOCK: "a simulated agency, in one process with the plugin",
    Grade.LOOPBACK: "a simulated agency, over real sockets of one machine",
    Grade.LIVE: "the agency’s own sandbox",
}
_BANGLA: Final = re.compile(r"[ঀ-৿]")


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The operations of one offer, or those of the plugin as a whole, against the fault rows.

    Attributes:
        name: The service's or gateway's, or the plugin's.
        id: Likewise.
        evidence: How the wire format is known.
        lines: An operation with one cell for each row; ``None`` where the row was not played.
    """

    name: Text
    id: str
    evidence: str
    lines: tuple[tuple[str, tuple[Judged | None, ...]], ...]


def render_page(report: Report) -> str:
    """The page, in English with the Bangla names beside the English ones. No script, nothing from elsewhere."""
    environment = Environment(
        loader=PackageLoader("nagorik_testing.contract", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    judged = report.judgement.judged
    return environment.get_template("report.html.jinja").render(
        report=report,
        document=document_of(report),
        failures=report.judgement.failures,
        causes=[(cause, report.judgement.consequences(cause)) for cause in report.judgement.causes],
        maps=_heat_maps(report),
        score=tuple(render_standing(report.score)),
        unplayed=unplayed_by_reason(report),
        rows=ROWS,
        others=[each for each in judged if not in_matrix(each)],
        marks=_MARKS,
        outcomes=tuple(CheckOutcome),
        code=code_of,
        explained=explanation_of,
        anchor=anchor_of,
        grades=_GRADES,
        said=_by_language(report.modelled),
    )


def explanation_of(check: str) -> "Check | FaultText | None":
    """Why a check is made and what an author does about it, for a page that is opened far from the documentation."""
    return BY_CODE.get(code_of(check))


def anchor_of(judged: Judged) -> str:
    """The place of a check on the page."""
    return f"{judged.finding.check}@{judged.finding.offer or 'plugin'}"


def _by_language(said: str) -> tuple[tuple[str, str], ...]:
    """The parts of a sentence in two languages, each with its tag."""
    return tuple(("bn" if _BANGLA.search(part) else "en", part.strip()) for part in said.split(" / "))


def _heat_maps(report: Report) -> Iterator[HeatMap]:
    manifest, judged = report.manifest, report.judgement.judged
    for offer in manifest.offers:
        yield HeatMap(offer.name, offer.id, (offer.evidence or manifest.evidence).value, _lines(offer.id, judged))
    yield HeatMap(manifest.name, manifest.id, manifest.evidence.value, _lines(None, judged))


def _lines(offer: str | None, judged: tuple[Judged, ...]) -> tuple[tuple[str, tuple[Judged | None, ...]], ...]:
    found = {each.finding.check: each for each in judged if each.finding.offer == offer and in_matrix(each)}
    played = sorted({check.partition("/")[0] for check in found})
    return tuple((operation, tuple(found.get(f"{operation}/{row.id}") for row in ROWS)) for operation in played)
