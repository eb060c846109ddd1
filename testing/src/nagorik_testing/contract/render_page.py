"""The run as one page that needs nothing beside itself."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nagorik_testing.contract.codes import BY_CODE, code_of
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.render import render_failure
from nagorik_testing.contract.report import CELLS, Report, document_of
from nagorik_testing.contract.verdict import Grade
from nagorik_testing.contract.waivers import CheckOutcome, Judged

_MARKS: Final = {
    CheckOutcome.PASSED: "✓",
    CheckOutcome.FAILED: "✗",
    CheckOutcome.WARNING: "!",
    CheckOutcome.NOTE: "i",
    CheckOutcome.WAIVED: "W",
    CheckOutcome.NOT_APPLICABLE: "–",
}
_GRADES: Final = {
    Grade.MOCK: "a simulated agency, in one process with the plugin",
    Grade.LOOPBACK: "a simulated agency, over real sockets of one machine",
    Grade.LIVE: "the agency’s own sandbox",
}


def render_page(report: Report) -> str:
    """Return the page, in English with the Bangla names beside it. No script, nothing from elsewhere."""
    environment = Environment(
        loader=PackageLoader("nagorik_testing.contract", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(
        report=report,
        judgement=report.judgement,
        document=document_of(report),
        notes=tuple(report.notes()),
        maps=tuple(_heat_maps(report)),
        rows=ROWS,
        others=[each for each in report.judgement.judged if each.finding.check not in CELLS],
        marks=_MARKS,
        code=code_of,
        # The page is opened far from the documentation.
        explained=lambda check: BY_CODE.get(code_of(check)),
        lines=_lines,
        anchor=lambda judged: f"{judged.finding.check}@{judged.finding.offer or 'plugin'}",
        grade=_GRADES[report.subject.grade],
    )


def _lines(judged: Judged) -> tuple[str, ...]:
    """Return the lines of a failure; a traceback names paths of this machine, and stays out."""
    origin = judged.finding.origin and judged.finding.origin._replace(raised="")
    return render_failure(replace(judged.finding, origin=origin), judged.because_of)


def _heat_maps(report: Report) -> Iterator[tuple[Any, dict[str, list[Judged | None]]]]:
    """Return each offer, and the plugin as a whole, with a cell of each fault for each operation that was played."""
    manifest = report.manifest
    for offer in (*manifest.offers, manifest):
        whose = None if offer is manifest else offer.id
        found = {each.finding.check: each for each in report.judgement.judged if each.finding.offer == whose}
        operations = sorted({check.partition("/")[0] for check in found if check in CELLS})
        if operations:
            yield offer, {one: [found.get(f"{one}/{row.id}") for row in ROWS] for one in operations}
