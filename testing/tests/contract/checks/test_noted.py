"""What an office says beside the state: what is hidden, misread or kept back is found, and right plugins pass."""

from typing import Any

import pytest

from .conftest import ASKED, Fault, expect_fault, expect_right

NOTING: dict[str, Any] = {"simulator": "NotingOffice"}
WHOLE: dict[str, Any] = {"simulator": "WholeOffice", "service": {"writes": ASKED}}
CHECKS = (
    "response/preserved",
    "response/preserved",
    "response/preserved",
    "response/of-another",
    "response/fields-read",
)

FAULTS = (
    Fault("response/preserved", "HidesTheCase", "status: note is reported in the place of case", NOTING),
    Fault("response/preserved", "HearsInEnglish", "status: the Bangla text in reason.bn holds English words", NOTING),
    Fault("response/preserved", "HearsInUtc", "status: hears is reported in another zone, in a sentence", NOTING),
    Fault(
        "response/preserved",
        "SlipForThePermit",
        "status: slip: what it issues is reported in the place of the rest",
        NOTING,
    ),
    Fault("response/of-another", "TakesAnyBooking", "status: booked_by of somebody else is reported as ours", NOTING),
    Fault("response/fields-read", "KeepsTheSeat", "nothing reads book-slot: seat", NOTING),
    Fault("response/fields-read", "TellsAsIfWhole", "nothing reads submit: whole", WHOLE),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *((check, "Noting", NOTING) for check in CHECKS),
    ("response/preserved", "QuotesTheHall", NOTING),
    ("response/fields-read", "TellsWhetherWhole", WHOLE),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)
