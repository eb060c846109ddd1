"""A second write and a day's list: what is wrong with them is found and named, and what is right otherwise passes."""

from typing import Any

import pytest

from nagorik.operations import Idempotency, Operation
from nagorik_testing.contract.verdict import CheckStatus

from .conftest import COMPLETES, Fault, expect_fault, expect_right, found

TILL: dict[str, Any] = {"simulator": "TwoStepTill", "plugin": COMPLETES}
DATED = {**TILL, "simulator": "PunctualTill"}
TWICE, LISTED = "payment/F19-completed-twice", "payment/listed-as-taken"
FAULTS = (
    Fault(TWICE, "PaysAnew", "leaves at the gateway once more: slip", TILL),
    Fault(TWICE, "CompletedIsRefused", "is told as refused", TILL),
    Fault(
        TWICE,
        "CompletedIsFailed",
        "a payment that is completed already is told as failed",
        TILL,
    ),
    Fault(LISTED, "ListsAllDays", "the list of a day holds payments of another", TILL),
    Fault(LISTED, "ListsNextDay", "25 of 25 payments of a day are not in its list", TILL),
    *(
        Fault(LISTED, hooks, "listed as taken at another time than the question about it tells", DATED)
        for hooks in ("ListsByTheDay", "ListsInUtc")
    ),
    Fault(
        LISTED,
        "Completes",
        "a payment that was given back is no longer in the list of its day",
        {**TILL, "simulator": "ForgettingTill"},
    ),
    Fault(LISTED, "ListsWholeTaka", "the list of a day holds sums that were not taken on it", TILL),
)
PASSED_BY = (
    TWICE,
    LISTED,
    "payment/F19-as-taken",
    "payment/F19-never-failed",
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize("hooks", ["CompletesDated", "ListsToTheMinute"])
async def test_list_that_tells_the_minute_passes(hooks, permit_office):
    await expect_right(LISTED, hooks, DATED, permit_office)


@pytest.mark.parametrize("hooks", ["Completes", "CompletedIsCaptured"])
@pytest.mark.parametrize("check", PASSED_BY)
async def test_gateway_that_waits_to_be_told_passes(check, hooks, permit_office):
    await expect_right(check, hooks, TILL, permit_office)


async def test_gateway_that_is_told_once_is_not_told_again(permit_office):
    (gateway,) = COMPLETES["gateways"]
    once = gateway.model_copy(update={"writes": {**gateway.writes, Operation.COMPLETE_PAYMENT: Idempotency.NONE}})
    subject = permit_office("Completes", "GreedyTill", plugin={"gateways": (once,)})
    (*_, one) = await found(TWICE, subject)
    assert one.status is CheckStatus.NOT_APPLICABLE
