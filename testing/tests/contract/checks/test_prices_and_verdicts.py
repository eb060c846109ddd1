"""Prices and verdicts: wrong ones of several kinds are found, and plugins that are right in another way pass."""

from typing import Any

import pytest

from nagorik.manifest import parse_manifest

from .conftest import HERE, PACKAGE, Fault, expect_fault, expect_right

SIZED: dict[str, Any] = {"simulator": "PricedOffice", "service": {"form": "forms:SizedForm"}}
STAFFED: dict[str, Any] = {"simulator": "PricedOffice", "service": {"form": "forms:StaffedForm"}}
LATER: dict[str, Any] = {
    "simulator": "LaterFeeOffice",
    "service": {"form": "forms:SizedForm", "fees": "fees.toml#staged"},
}
PARTS: dict[str, Any] = {**SIZED, "simulator": "PartsOffice"}
SHOP = parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes()).services[0]
SENT: dict[str, Any] = {
    "simulator": "PostingOffice",
    "plugin": {
        "services": tuple(
            SHOP.model_copy(update={"id": name, "form": "forms:SentForm"})
            for name in ("permits.shop", "permits.posted")
        )
    },
}
"""Two services with one form; who asks for the second gives an address for the post."""
ASKING: dict[str, Any] = {"service": {"asks": ("registry.check",)}}


FAULTS = (
    Fault("fees/as-demanded", "IgnoresDemand", "the agency demands another sum, and the old one is quoted", SIZED),
    Fault("fees/as-demanded", "LeavesServiceOut", "a part of the sum that the agency demands is quoted", SIZED),
    Fault("fees/as-demanded", "LeavesPoishaOut", "a part below a taka of the sum that the agency demands", SIZED),
    Fault("fees/as-demanded", "AddsFive", "a sum is quoted that the agency's answer does not name", SIZED),
    Fault("fees/as-demanded", "FixedLaterFee", "licence: the agency demands another sum", LATER),
    Fault("fees/as-demanded", "NoAmountDue", "licence: the agency's report names the sum that is due", LATER),
    Fault("fees/as-demanded", "LaterFeeBefore", "licence: a fee that falls due after filing", LATER),
    Fault("fees/quoted", "KnowsNoPriceForLarge", "the price of another size ends in a fault of the plugin", SIZED),
    Fault("fees/taken-by-agency", "AsksForSmall", "size: the agency wants another sum than is quoted", SIZED),
    Fault("fees/taken-by-agency", "PricesOneSize", "size: no price for a form that the agency takes", SIZED),
    Fault("fees/taken-by-agency", "FilesForTheCounter", "post: the agency wants another sum than is quoted", SENT, 2),
    Fault("fees/taken-by-agency", "FilesSmall", "size: two filings with different prices are sent alike", SIZED),
    Fault("fees/taken-by-agency", "ForgetsSize", "size: two filings with different prices are sent alike", SIZED),
    Fault("fees/holds", "GrowsAtMidnight", "a minute before a quote expires, the price is another", SIZED),
    Fault("fees/holds", "GrowsForTheLate", "a minute before a quote expires, the price is another", SIZED),
    Fault("fees/at-bounds", "OpensToday", "00:01 of a day that the form names has another answer", SIZED),
    Fault("fees/at-bounds", "NobodyAtTheLimit", "staff: no price, but input-rejected, at a figure", STAFFED),
    Fault("eligibility/nothing-assumed", "WantsNumber", "number: failed, the NID number not known"),
    Fault("eligibility/nothing-assumed", "AssumesWomen", "women: passed, the sex not known"),
    Fault("eligibility/nothing-assumed", "AssumesQuiet", "quiet: passed, loud not known", SIZED),
    Fault(
        "eligibility/nothing-assumed",
        "Trusting",
        "a citizen of whom no identifier is known is told that every criterion is met",
    ),
    Fault("eligibility/answered", "EnglishReasons", "the Bangla text of the criterion age holds no Bangla letter"),
    Fault("eligibility/answered", "NeedsNumber", "a citizen without identifiers is answered with plugin-fault"),
    Fault("eligibility/answered", "FilesWhenAsked", "asking leaves at the agency: application"),
    Fault("eligibility/at-birthdays", "ADayLate", "years: told otherwise only on the day after the birthday 21"),
    Fault("eligibility/at-birthdays", "AYearLate", "years: told otherwise from the birthday 22 on"),
    Fault("eligibility/as-answered", "BelievesSilence", "registered: passed, registry.check not asked", ASKING),
    Fault("eligibility/as-answered", "Shrugs", "registry.check answers no, and it decides nothing", ASKING),
    Fault("eligibility/as-answered", "FirstAnswer", "registry.check answers no, and it decides nothing", ASKING),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("fees/as-demanded", "Demands", SIZED),
    ("fees/as-demanded", "AddsUp", SIZED),
    ("fees/as-demanded", "RefusesOtherSums", SIZED),
    ("fees/as-demanded", "SumsParts", PARTS),
    ("fees/as-demanded", "LaterFee", LATER),
    ("fees/taken-by-agency", "DeclinesLarge", SIZED),
    ("fees/taken-by-agency", "CodesSizes", SIZED),
    ("fees/taken-by-agency", "PostsPermits", SENT),
    ("fees/taken-by-agency", "CodesSizes", SIZED),
    ("fees/holds", "HoldsToMidnight", SIZED),
    ("fees/at-bounds", "OpensInDhaka", SIZED),
    ("fees/at-bounds", "ShutAtNight", SIZED),
    ("fees/at-bounds", "UpToTheLimit", STAFFED),
    ("fees/at-bounds", "BelowTheLimit", STAFFED),
    ("eligibility/nothing-assumed", "AsksSex", {}),
    ("eligibility/at-birthdays", "ByAge", {}),
    ("eligibility/at-birthdays", "ToTheEndOfTheYear", {}),
    ("eligibility/as-answered", "Asks", ASKING),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)
