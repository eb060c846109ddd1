"""What is easily overlooked of a question or an answer: faults of several kinds are found, and other right ways pass."""

from typing import Any

import pytest

from .conftest import Fault, expect_fault, expect_right

STAGED: dict[str, Any] = {"form": "forms:SizedForm", "fees": "fees.toml#staged"}
STAGES: dict[str, Any] = {"simulator": "StagesOffice", "service": STAGED}
LATER: dict[str, Any] = {"simulator": "LaterFeeOffice", "service": STAGED}

FAULTS = (
    Fault("slots/as-free", "LeavesTheLastDayOut", "on the last day of the time that was asked for is not offered"),
    Fault("slots/as-free", "BeginsTomorrow", "on the first day of the time that was asked for is not offered"),
    Fault("slots/as-free", "LeavesADayOut", "on the last day of the time that was asked for is not offered"),
    Fault("fees/due-as-demanded", "QuotesByTheSchedule", "licence: the agency names the sum that is due, and", LATER),
    Fault("payment/told-as-held", "LaterFee", "in a word by which it asks for the next", STAGES),
    Fault("payment/told-as-held", "TellsStages", "the latest payment, and holds an earlier one alone", LATER),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("slots/as-free", "AsksByDay", {}),
    ("payment/told-as-held", "TellsStages", STAGES),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)
