"""Whose form it is: looking at the birth date alone, or at either, is found; looking at both in any way passes."""

from typing import Any

import pytest

from .conftest import Fault, expect_fault, expect_right

CHECK = "eligibility/each-of-another"
OWNED: dict[str, Any] = {"simulator": "OwnersOffice", "service": {"form": "forms:OwnedForm"}}
TOLD = {
    "OwnAlways": "own: passed for a form that is another's",
    "OwnByBirth": "nid is another's, and the form",
    "OwnByEither": "birth_date is another's, and the form",
}


@pytest.mark.parametrize("hooks", TOLD)
async def test_form_that_is_judged_by_a_part_of_whose_it_is_is_found(hooks, permit_office):
    await expect_fault(Fault(CHECK, hooks, TOLD[hooks], OWNED), permit_office)


@pytest.mark.parametrize("hooks", ["OwnForm", "RefusesStrangers"])
async def test_form_that_is_judged_by_all_of_it_passes(hooks, permit_office):
    await expect_right(CHECK, hooks, OWNED, permit_office)
