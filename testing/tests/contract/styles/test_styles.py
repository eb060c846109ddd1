"""A plugin that is right, in whatever style it is written, meets no false alarm."""

import time
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from nagorik import Operation
from nagorik.operations import Idempotency
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.matrix_runner import play_matrix
from nagorik_testing.contract.verdict import CheckStatus, Finding

import os
PROC=os.environ.get("PROC")
BY_REFERENCE: dict[str, Any] = {"writes": {Operation.SUBMIT: Idempotency.CLIENT_REFERENCE}}


class Style(NamedTuple):
    """A plugin, its office, and what its manifest says otherwise."""

    hooks: str
    office: str = "MarketOffice"
    plugin: dict[str, Any] = {}  # noqa: RUF012 - never changed
    service: dict[str, Any] = {}  # noqa: RUF012


STYLES = {
    "hooks in an object": Style("plugin:hooks"),
    "plain functions in several modules": Style("divided"),
    "a class around the client": Style("organised:through_client"),
    "frozen dataclasses": Style("organised:in_dataclasses"),
    "tables that are read when first needed": Style("organised:with_tables"),
    "upload, then file": Style("writes:uploads_first", "PaperOffice"),
    "upload, then file, to be looked up": Style("writes:uploads_first", "PaperOffice", service=BY_REFERENCE),
    "draft, then lodge": Style("writes:drafts_first", "DraftOffice"),
    "draft, then lodge, to be looked up": Style("writes:drafts_first", "DraftOffice", service=BY_REFERENCE),
    "a ticket first": Style("writes:reads_ticket", "TicketOffice"),
    "pending with a number": Style("writes:taken_in"),
    "pending without a number": Style(
        "writes:numbered_later", "LaterOffice", service={"lookup_grace": timedelta(minutes=15)}
    ),
    "doubles are noticed": Style(
        "writes:adopts_doubles",
        "DoublesOffice",
        plugin={"error_reader": "writes:read_double"},
        service=BY_REFERENCE,
    ),
    "a search of pages": Style("reads:reads_pages", "CrowdedOffice"),
    "reads side by side": Style("reads:asks_side_by_side", "SidesOffice"),
    "reads gathered, one absent": Style("reads:gathers", "SidesOffice"),
    "form fields": Style("wires:sends_fields", "FormOffice", service={"documents": ()}),
    "XML": Style("wires:speaks_xml", "XmlOffice", {"error_reader": "wires:read_xml_error"}, {"documents": ()}),
    "a session in a cookie": Style("plugin:hooks", "SessionOffice", {"login": "wires:open_session"}),
}




@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
async def test_good_plugin_meets_no_false_alarm(style, market):
    subject = market(style.hooks, style.office, plugin=style.plugin, service=style.service)
    began = time.process_time()
    found: list[Finding] = [one for offer in subject.manifest.offers async for one in play_matrix(subject, offer)]
    t1 = time.process_time() - began
    slow = {}
    for check in CHECKS:
        if check.family == "process" and not PROC: continue
        b = time.process_time()
        found += [one async for one in check.run(subject)]
        slow[check.id] = time.process_time() - b
    print(f"matrix {t1:.2f}", f"rest {time.process_time()-began-t1:.2f}", sorted(((round(v,2),k) for k,v in slow.items()), reverse=True)[:6])
    from collections import Counter
    print(Counter(str(one.status) for one in found))
    wrong = [(one.check, str(one.status), one.got, one.because) for one in found if one.status in {CheckStatus.FAILED, CheckStatus.NOT_REACHED}]
    for w in wrong: print(w)
    assert not wrong
