"""What an office says beside the state: what is hidden, misread or kept back is found, and right plugins pass."""

from typing import Any

import pytest

from nagorik import Operation
from nagorik_testing.contract.checks.answers.left_out import LeavesTold, ShownResource

from .conftest import ASKED, Fault, expect_fault, expect_right

NOTING: dict[str, Any] = {"simulator": "NotingOffice"}
WHOLE: dict[str, Any] = {"simulator": "WholeOffice", "service": {"writes": ASKED}}
CHECKS = ("told/text", "told/lists", "told/instants", "told/ours", "told/left-out")

FAULTS = (
    Fault("told/text", "HidesTheCase", "status: note is told in the place of case", NOTING),
    Fault("told/text", "HearsInEnglish", "status: the Bangla text in reason.bn holds English words", NOTING),
    Fault("told/instants", "HearsInUtc", "status: hears is told in another zone, in a sentence", NOTING),
    Fault("told/lists", "SlipForThePermit", "status: slip: what it issues is told in the place of the rest", NOTING),
    Fault("told/ours", "TakesAnyBooking", "status: booked_by of somebody else is told as ours", NOTING),
    Fault("told/left-out", "KeepsTheSeat", "nothing follows from book-slot: seat", NOTING),
    Fault("told/left-out", "TellsAsIfWhole", "nothing follows from submit: whole", WHOLE),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *((check, "Noting", NOTING) for check in CHECKS),
    ("told/text", "QuotesTheHall", NOTING),
    ("told/left-out", "TellsWhetherWhole", WHOLE),
)
STATUS, LOOK_UP = (ShownResource(Operation.STATUS, resource) for resource in ("permits", "look-ups"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)


def test_remark_that_one_answer_tells_and_another_keeps_back_is_left_out():
    leaves = LeavesTold(
        remarks={"note"}, held_back={(LOOK_UP, "note"): "submit: note", (LOOK_UP, "name"): "submit: name"}
    )
    assert dict(leaves.left_out()) == {"submit: note": {"note"}}
    leaves.passed_on.add((LOOK_UP, "note"))
    assert dict(leaves.left_out()) == {}


def test_yes_or_no_is_left_out_where_only_another_end_is_refused_for_it():
    accepted, rejected = (LOOK_UP._replace(result=result) for result in ("Accepted", "Rejected"))
    leaves = LeavesTold(
        told={LOOK_UP},
        idle={(accepted, "whole"): "submit: whole"},
        yes_or_no={(accepted, "whole")},
        heeded={(rejected, "whole")},
    )
    assert dict(leaves.left_out()) == {"submit: whole": {"whole"}}
    leaves.heeded.add((STATUS, "whole"))
    assert dict(leaves.left_out()) == {}
