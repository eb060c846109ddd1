"""The run as a JUnit file, which every CI server shows."""

import re
from typing import Final
from xml.etree import ElementTree as ET

from nagorik_testing.contract.report import Report, explained_at
from nagorik_testing.contract.waivers import Judged, Outcome

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def junit_of(report: Report) -> bytes:
    """The file's content: a ``testsuite`` for each family, a ``testcase`` for each check of each offer."""
    root = ET.Element("testsuites", name=f"nagorik contract {report.manifest.id}", time=f"{report.seconds:.1f}")
    for family in report.families:
        judged = [each for each in report.judgement.judged if each.family == family]
        failed = sum(each.outcome is Outcome.FAILED for each in judged)
        skipped = sum(each.outcome in {Outcome.WAIVED, Outcome.NOT_APPLICABLE} for each in judged)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=family,
            tests=str(len(judged)),
            failures=str(failed),
            errors="0",
            skipped=str(skipped),
        )
        for each in judged:
            _add(suite, each, report.manifest.id)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _add(suite: ET.Element, judged: Judged, plugin: str) -> None:
    finding = judged.finding
    case = ET.SubElement(suite, "testcase", classname=finding.offer or plugin, name=finding.check, time="0")
    if judged.outcome is Outcome.FAILED:
        failure = ET.SubElement(case, "failure", message=_clean(finding.because or finding.title))
        failure.text = _clean(
            f"{finding.title}\nexpected  {finding.expected}\ngot       {finding.got}\n"
            f"because   {finding.because}\nsee       {explained_at(finding.check)}"
        )
    elif judged.waiver is not None:
        ET.SubElement(
            case, "skipped", message=_clean(f"waived until {judged.waiver.expires}: {judged.waiver.reason}")
        )
    elif judged.outcome is Outcome.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=_clean(finding.because))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
