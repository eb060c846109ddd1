"""What is told, held against the office's answers: faults of several kinds are found, and right plugins pass."""

from typing import Any, NamedTuple

import pytest

from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.checks.told import TOLD
from nagorik_testing.contract.verdict import CheckStatus, Finding

BY_ID = {check.id: check for check in CHECKS}
BOOK = {"simulator": "BookOffice"}


class Fault(NamedTuple):
    """A plugin that breaks the promise of a check, and what is said of it."""

    check: str
    hooks: str
    told: str
    office: dict[str, Any] | None = None


FAULTS = (
    Fault("told/text", "MixesLanguages", "status: remark.bn is told in the place of the other language"),
    Fault("told/text", "LosesLetters", "status: remark.bn is told in part"),
    Fault("told/money", "AsksForWholeTaka", "start-payment: an amount is told to the poisha in one language alone"),
    Fault("told/money", "OpensWholeTaka", "start-payment: two amounts that differ by a poisha are sent alike"),
    Fault("told/lists", "ShowsTheLast", "slots: slots: an entry is told by itself and not beside others"),
    Fault("told/instants", "TakesDaysForMonths", "status: since is told with its day and month confused"),
    Fault("told/instants", "InAnotherZone", "status: since is told in another zone"),
    Fault(
        "told/unheard-of", "ConfirmsAnythingButPending", "word with a word that nobody knows decides confirmed", BOOK
    ),
    Fault("told/numbers", "CutsReceipts", "query-payment: receipt is told alike with another last digit"),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("told/text", "ExplainsRemarks", {}),
    ("told/text", "PassesRemarksOn", BOOK),
    ("told/text", "RefusesInItsStatus", {"simulator": "AskedOffice"}),
    ("told/money", "TakesNoPoisha", {}),
    ("told/money", "Instructing", {}),
    ("told/lists", "RefusesLongPages", {}),
    ("told/lists", "ReadsPages", {"simulator": "PagedOffice"}),
    ("told/instants", "DatesByDay", {}),
    ("told/instants", "TellsDhakaTime", BOOK),
    ("told/unheard-of", "RefusesUnknownWords", BOOK),
    ("told/unheard-of", "Advising", BOOK),
    ("told/numbers", "NamesTheTill", {}),
    ("told/numbers", "RefusesInItsStatus", {"simulator": "AskedOffice"}),
)


async def found(check_id: str, subject) -> list[Finding]:
    return [finding async for finding in BY_ID[check_id].run(subject)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    findings = await found(fault.check, permit_office(fault.hooks, **(fault.office or {})))
    failed = [one for one in findings if one.status is CheckStatus.FAILED]
    assert len(failed) == 1
    assert fault.told in failed[0].got


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    findings = await found(check, permit_office(hooks, **office))
    assert [(one.status, one.got) for one in findings if one.failed] == []
    assert CheckStatus.PASSED in {one.status for one in findings}


@pytest.mark.parametrize(
    "hooks", ["CutsRemarks", "CountsWholeTaka", "ShowsTheFirstTen", "RoundsHours", "CutsReceipts"]
)
async def test_fault_is_told_by_one_rule_alone(hooks, permit_office):
    subject = permit_office(hooks)
    failed = [one.check for check in TOLD for one in await found(check.id, subject) if one.failed]
    assert len(failed) == 1
