"""A plugin that is right, in whatever style it is written, meets no false alarm."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from nagorik import Operation
from nagorik.manifest import DocumentKind
from nagorik.operations import Idempotency
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.checks.check import CheckFamily
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import play_matrix
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus, Finding

pytestmark = pytest.mark.long

BY_REFERENCE: dict[str, Any] = {"writes": {Operation.SUBMIT: Idempotency.CLIENT_REFERENCE}}
MANY_PAPERS: dict[str, Any] = {
    "documents": tuple(DocumentKind(kind=kind) for kind in ("deed", "map", "photo", "tax", "water"))
}
NO_PAPERS: dict[str, Any] = {"documents": ()}


class Style(NamedTuple):
    """A plugin, its office, in what it differs from the plainest, and what its manifest says otherwise.

    Attributes:
        hooks: Where they are.
        office: The simulator.
        differs: The operations that are done in another way: the faults are played to those.
        watched: Whether it could leave a trace in its process.
        plugin: Members of the manifest.
        service: Members of the service.
    """

    hooks: str
    office: str = "MarketOffice"
    differs: str = "submit"
    watched: bool = False
    plugin: dict[str, Any] | None = None
    service: dict[str, Any] | None = None


STYLES = {
    "hooks in an object": Style("plugin:hooks", differs="eligibility find"),
    "plain functions in several modules": Style("divided", differs="find submit"),
    "a class around the client": Style("organised:through_client", differs="status"),
    "frozen dataclasses": Style("organised:in_dataclasses", differs="status"),
    "tables that are read when first needed": Style("organised:with_tables", differs="status", watched=True),
    "a table of the agency's": Style("organised:with_agencys_table", "CodedOffice"),
    "verdicts by the agency's table": Style("organised:judges_by_register", "CodedOffice", "eligibility"),
    "upload, then file": Style("writes:uploads_first", "PaperOffice"),
    "upload, then file, to be looked up": Style("writes:uploads_first", "PaperOffice", service=BY_REFERENCE),
    "uploads side by side, then file": Style(
        "writes:uploads_at_once", "ManyPapersOffice", watched=True, service=MANY_PAPERS
    ),
    "draft, then lodge": Style("writes:drafts_first", "DraftOffice"),
    "draft, then lodge, to be looked up": Style("writes:drafts_first", "DraftOffice", service=BY_REFERENCE),
    "a prepared draft, then lodge": Style("writes:prepares_draft", "ScratchOffice"),
    "a prepared draft, then lodge, to be looked up": Style(
        "writes:prepares_draft", "ScratchOffice", service=BY_REFERENCE
    ),
    "a time, a request's number and a nonce in the body": Style("writes:stamps_filings", service=BY_REFERENCE),
    "look up, then file": Style("writes:looks_first", service=BY_REFERENCE),
    "JSON of another library": Style("writes:writes_json_itself", "PaperlessOffice", service=NO_PAPERS),
    "file, then read": Style("writes:reads_what_it_filed"),
    "file, then read, to be looked up": Style("writes:reads_what_it_filed", service=BY_REFERENCE),
    "a ticket first": Style("writes:reads_ticket", "TicketOffice"),
    "pending with a number": Style("writes:taken_in", differs="status submit"),
    "pending without a number": Style(
        "writes:numbered_later",
        "LaterOffice",
        differs="find submit",
        service={"lookup_grace": timedelta(minutes=15)},
    ),
    "doubles are noticed": Style(
        "writes:adopts_doubles",
        "DoublesOffice",
        plugin={"error_reader": "writes:read_double"},
        service=BY_REFERENCE,
    ),
    "a line in the log": Style("honest:logs_what_it_does", watched=True),
    "a helper in a thread": Style("honest:helps_in_a_thread", watched=True),
    "a look-up more than is needed": Style("honest:looks_up_first"),
    "a search of pages": Style("reads:reads_pages", "CrowdedOffice", "find"),
    "reads side by side": Style("reads:asks_side_by_side", "SidesOffice", "status"),
    "reads gathered, one absent": Style("reads:gathers", "SidesOffice", "status", watched=True),
    "form fields": Style("wires:sends_fields", "FormOffice", service=NO_PAPERS),
    "XML": Style(
        "wires:speaks_xml",
        "XmlOffice",
        differs="status submit",
        plugin={"error_reader": "wires:read_xml_error"},
        service=NO_PAPERS,
    ),
    "a session in a cookie": Style("plugin:hooks", "SessionOffice", "submit", plugin={"login": "wires:open_session"}),
}
CONCERNED = {
    "eligibility": {CheckFamily.ELIGIBILITY},
    "find": {CheckFamily.SUBMISSION},
    "status": {CheckFamily.STATUS},
    "submit": {CheckFamily.SUBMISSION, CheckFamily.PRIVACY},
}
"""The families that an operation is looked at by; of what is done as in the plainest style, nothing is."""
OF_PAGES = "find/found-again"
ALARMS = frozenset({CheckStatus.FAILED, CheckStatus.NOT_REACHED})


async def findings(subject: Subject, style: Style) -> AsyncIterator[Finding]:
    differs = {Operation(name) for name in style.differs.split()}
    (service,) = subject.manifest.services
    narrowed = service.model_copy(
        update={
            "reads": tuple(each for each in service.reads if each in differs),
            "writes": {each: kind for each, kind in service.writes.items() if each in differs},
        }
    )
    async for finding in play_matrix(subject, narrowed):
        yield finding
    families = {CheckFamily.ROBUSTNESS}.union(*(CONCERNED[each] for each in differs))
    families |= {CheckFamily.PROCESS} if style.watched else set()
    for check in CHECKS:
        if check.family not in families or (check.id == OF_PAGES and Operation.FIND not in differs):
            continue
        async for finding in check.run(subject):
            yield finding


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
async def test_good_plugin_meets_no_false_alarm(style, market):
    subject = market(style.hooks, style.office, plugin=style.plugin, service=style.service)
    found = [finding async for finding in findings(subject, style)]
    assert [(one.check, one.got, one.because) for one in found if one.status in ALARMS] == []
    played = {one.check.partition("/")[0] for one in found if one.status is CheckStatus.PASSED}
    assert set(style.differs.split()) <= played


class Fault(NamedTuple):
    """A plugin of a style with a fault, a row of the matrix, and what is said of it there."""

    hooks: str
    office: str
    check: str
    got: str
    because: str = ""


FAULTS = (
    Fault("takes_draft_for_filed", "DraftOffice", "submit/F09", "Pending", "the call succeeded"),
    Fault("takes_draft_for_filed", "DraftOffice", "submit/F10", "Pending", "the call succeeded"),
    Fault("uploads_again", "PaperOffice", "submit/F09", "Accepted", "the key changed between attempts"),
    Fault("stops_at_trouble", "CrowdedOffice", "find/F05", "DefinitelyAbsent", "the call succeeded"),
    Fault("stops_at_trouble", "CrowdedOffice", "find/F13-missing", "DefinitelyAbsent", "the call succeeded"),
    Fault("reads_each_page_twice", "CrowdedOffice", "find/F01", "Found", "4 requests"),
    Fault("never_numbered", "MarketOffice", "status/F00", "an application that is pending is not found within"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.hooks}-{fault.check}")
async def test_fault_in_such_a_style_is_found(fault, market):
    subject = market(f"careless:{fault.hooks}", fault.office)
    (service,), operation = subject.manifest.services, Operation(fault.check.partition("/")[0])
    narrowed = service.model_copy(
        update={
            "reads": tuple(each for each in service.reads if each is operation),
            "writes": {each: kind for each, kind in service.writes.items() if each is operation},
        }
    )
    rows = [row for row in ROWS if row.id == fault.check.partition("/")[2]]
    played = [one async for one in play_matrix(subject, narrowed, {operation}, rows)]
    (found,) = [one for one in played if one.status in ALARMS]
    assert found.check == fault.check
    assert fault.got in found.got
    assert fault.because in found.because
