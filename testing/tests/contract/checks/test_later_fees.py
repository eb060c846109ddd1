"""A fee that is demanded after filing is played like any other, or the level is withheld."""

from typing import Any

import pytest

from nagorik import Operation
from nagorik_testing.contract.matrix_runner import play_matrix
from nagorik_testing.contract.verdict import CheckStatus

from .conftest import Fault, expect_fault, expect_right

STAGED: dict[str, Any] = {"form": "forms:SizedForm", "fees": "fees.toml#staged"}
SURVEYED: dict[str, Any] = {"simulator": "SurveyedOffice", "service": STAGED}
CONFIRMED, AS_PAID = "payment/confirmed-as-held", "advise-payment/as-paid"


async def played(subject: Any) -> dict[str, Any]:
    """What the faults of an advice of payment find."""
    offer = subject.manifest.services[0]
    return {each.check: each async for each in play_matrix(subject, offer, {Operation.ADVISE_PAYMENT})}


async def test_later_fee_that_is_advised_well_passes(permit_office):
    found = await played(permit_office("AfterSurvey", **SURVEYED))
    assert {(one.check, one.got) for one in found.values() if one.failed} == set()
    assert found["advise-payment/F02"].status is CheckStatus.PASSED


@pytest.mark.parametrize(("hooks", "row"), [("TakesRefusedForYes", "F09"), ("TakesWrongForYes", "F10")])
async def test_fault_of_a_later_fee_is_found(hooks, row, permit_office):
    found = (await played(permit_office(hooks, **SURVEYED)))[f"advise-payment/{row}"]
    assert found.status is CheckStatus.FAILED
    assert found.got.startswith("stage licence: ")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(CONFIRMED, "ConfirmsLaterFeeAtOnce", "stage licence: a payment is said to be confirmed", SURVEYED),
        Fault(AS_PAID, "SendsWholeTakaOfLaterFee", "stage licence: two amounts that differ in poisha", SURVEYED),
    ],
    ids=lambda fault: fault.hooks,
)
async def test_payment_check_finds_a_fault_of_a_later_fee(fault, permit_office):
    await expect_fault(fault, permit_office)
    await expect_right(fault.check, "AfterSurvey", SURVEYED, permit_office)


@pytest.mark.parametrize("simulator", ["LaterFeeOffice", "SurveyedOffice"])
async def test_stage_that_the_tariff_names_and_no_report_asks_for_is_not_played(simulator, permit_office):
    found = (await played(permit_office("Demands", simulator, service=STAGED)))["advise-payment/F00"]
    assert found.status is CheckStatus.NOT_REACHED
    assert found.got.startswith("stage licence: ")
