"""What is easily overlooked of a question or an answer: several kinds are found, and other right ways pass."""

from typing import Any

import pytest

from nagorik.manifest import parse_manifest
from nagorik_testing.contract.verdict import CheckStatus

from .conftest import ASKED, HERE, PACKAGE, Fault, expect_fault, expect_right, found

STAGED: dict[str, Any] = {"form": "forms:SizedForm", "fees": "fees.toml#staged"}
STAGES: dict[str, Any] = {"simulator": "StagesOffice", "service": STAGED}
BOOK: dict[str, Any] = {"simulator": "BookOffice"}
LATER: dict[str, Any] = {"simulator": "LaterFeeOffice", "service": STAGED}

DELIVERED, COLLECTED, IF_URGENT, AT_THE_OFFICE, NOTED, EXPLAINED, PARENTS = (
    {"service": {"form": f"forms:{form}"}}
    for form in (
        *("DeliveredForm", "CollectedForm", "CollectedIfUrgent", "UrgentAtTheOffice"),
        *("NotedForm", "ExplainedForm", "EitherParentForm"),
    )
)
EXPIRING: dict[str, Any] = {"simulator": "ExpiringOffice", "service": {"writes": ASKED}}
DESK: dict[str, Any] = {"plugin": {"settings": "settings:DeskSettings"}}
BRANCH: dict[str, Any] = {"plugin": {"settings": "settings:BranchSettings"}}
GRACE: dict[str, Any] = {"simulator": "GraceOffice", "service": {"form": "forms:SizedForm"}}
ROWS: dict[str, Any] = {
    "simulator": "ExpressOffice",
    "service": {"form": "forms:ExpressForm", "fees": "fees.toml#rows"},
}
SHOP = parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes()).services[0]
TWO: dict[str, Any] = {
    "plugin": {"services": tuple(SHOP.model_copy(update={"id": f"permits.{name}"}) for name in ("shop", "stall"))}
}
"""Two services with one form and one rule."""
KNOWING: dict[str, Any] = {"simulator": "KnowingOffice"}
ON_THE_LAST_DAY = "on the day on which a duration of the rules ends"
TOO_SOON = "another thing is told once a day that it names has begun"
READ_NOWHERE, AS_IT_WAS = (
    "branch is named nowhere in the code",
    "desk is another, and what is sent is as it was",
)
LEFT_OUT = "changes nothing that is sent where delivery is regular"

FAULTS = (
    Fault("slots/as-free", "LeavesTheLastDayOut", "of a shorter time that is asked for, not all"),
    Fault("slots/as-free", "BeginsTomorrow", "of a shorter time that is asked for, not all"),
    Fault("slots/as-free", "LeavesADayOut", "of a shorter time that is asked for, not all"),
    Fault("fees/as-demanded", "QuotesByTheSchedule", "licence: the agency names the sum that is due, and", LATER),
    Fault("payment/told-as-held", "LaterFee", "in a word by which it asks for the next", STAGES),
    Fault("payment/told-as-held", "TellsStages", "the latest payment, and holds an earlier one alone", LATER),
    *(
        Fault("submit/papers-arrive", hooks, "of two documents deed, 1 of deed never reached")
        for hooks in ("KeepsTheLastOfAKind", "KeepsTheFirstOfAKind")
    ),
    Fault("submit/papers-arrive", "SendsTheFirstPapers", "of 10 documents deed, 5 of deed never reached"),
    Fault("submit/papers-arrive", "BreaksAtTheSixth", "10 documents deed end in a"),
    Fault("submit/papers-arrive", "BreaksAtASecond", "two documents deed end in a"),
    Fault("status/every-word", "CutsLongRemarks", "a part of what the officer wrote is reported in RECEIVED", BOOK),
    Fault("status/every-word", "LosesLatinWords", "a part of what the officer wrote is reported in RECEIVED", BOOK),
    Fault("status/every-word", "ExplainsRefusalsAlone", "nothing of what the officer wrote is reported in REC", BOOK),
    Fault("response/unknown-word", "GuessesForStalls", "status: a word that is not known is taken for rejected", TWO),
    Fault("catalogue/settings-used", "NamesTheMainBranch", READ_NOWHERE, BRANCH),
    Fault(
        "catalogue/settings-used", "ReadsTheDeskForNothing", "desk is another, and what is sent is as it was", DESK
    ),
    Fault("fees/holds", "InGrace", "a minute before a quote expires, the price is another", GRACE),
    Fault("fees/holds", "HoldsForAWeekInGrace", "a minute before a quote expires, the price is another", GRACE),
    *(
        Fault(
            "submit/as-judged", hooks, "age: whoever fails it is refused by permits.shop, and filed by permits", TWO
        )
        for hooks in ("HoldsRulesForShops", "HoldsRulesOnceFiled", "WarnsTheYoung")
    ),
    *(
        Fault("eligibility/as-the-agency-says", hooks, told, KNOWING)
        for hooks, told in (
            ("TakesNotYetForYes", "allowed: pass, where the agency answers NOT YET"),
            ("FailsTheUnknown", "allowed: fail, where the agency answers UNKNOWN"),
            ("PassesTheUnheardOf", "a word that is not known is taken for a yes"),
            ("PassesWhomever", "whatever the agency answers, the same is told"),
            ("Hooks", "the agency says who may apply, and is not asked"),
        )
    ),
    *(
        Fault("fees/taken-by-agency", hooks, "size large, speed express: the agency wants another sum", ROWS)
        for hooks in ("MistypesARow", "HurriesAllForOneSum", "AddsForEachChoice")
    ),
    Fault("fees/at-bounds", "LateOnTheLastDay", f"but contract-violation, {ON_THE_LAST_DAY}", GRACE),
    Fault("fees/at-bounds", "RefusesTheLastDay", f"but input-rejected, {ON_THE_LAST_DAY}", GRACE),
    Fault("fees/at-bounds", "BreaksOnTheLastDay", f"a fault of the plugin {ON_THE_LAST_DAY}", GRACE),
    Fault("submit/fields-arrive", "CollectsTheUrgent", f"collection {LEFT_OUT}", DELIVERED),
    Fault("submit/fields-arrive", "CollectsTheUrgent", f"collection {LEFT_OUT}", COLLECTED),
    Fault("submit/fields-arrive", "SendsNotesOfTheUrgent", f"note {LEFT_OUT}", NOTED),
    Fault("submit/fields-arrive", "SendsNotesOfTheUrgent", f"note {LEFT_OUT}", EXPLAINED),
    Fault(
        "submit/fields-arrive",
        "SendsNotesOfTheRegular",
        "note changes nothing that is sent where delivery is urgent",
        NOTED,
    ),
    Fault("submit/fields-arrive", "SendsTheRestToTheOffice", f"collection {LEFT_OUT}", DELIVERED),
    Fault("submit/fields-arrive", "KnowsTheRoadsOfTheUrgent", f"address.road {LEFT_OUT}", DELIVERED),
    *(
        Fault(
            "submit/turns-with-the-agency",
            hooks,
            "another thing is told once a day that it names has begun",
            EXPIRING,
        )
        for hooks in ("EndsOnTheLastDay", "DoubtsTheLastDay", "EndsWithTheMonthBefore")
    ),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("slots/as-free", "AsksByDay", {}),
    ("payment/told-as-held", "TellsStages", STAGES),
    ("submit/papers-arrive", "HashesPapers", {}),
    ("submit/papers-arrive", "ListsPapers", {}),
    ("submit/papers-arrive", "RefusesThickFiles", {}),
    ("submit/papers-arrive", "TakesOneOfAKind", {}),
    ("status/every-word", "PassesRemarksOn", BOOK),
    ("status/every-word", "NumbersRemarks", BOOK),
    ("fees/holds", "HoldsForTodayInGrace", GRACE),
    ("fees/taken-by-agency", "ByRows", ROWS),
    ("fees/taken-by-agency", "DeclinesLargeExpress", ROWS),
    ("submit/as-judged", "HoldsRules", TWO),
    ("submit/as-judged", "Hooks", TWO),
    ("eligibility/as-the-agency-says", "AsksWhetherTheyMay", KNOWING),
    ("eligibility/as-the-agency-says", "TakesKnownWordsAlone", KNOWING),
    ("fees/at-bounds", "InGrace", GRACE),
    ("fees/at-bounds", "RefusesTheLate", GRACE),
    ("catalogue/settings-used", "NamesTheDesk", DESK),
    ("catalogue/settings-used", "NamesTheDeskTwice", DESK),
    ("submit/turns-with-the-agency", "AsksWhetherGood", EXPIRING),
    ("submit/turns-with-the-agency", "ComparesTheDay", EXPIRING),
    ("submit/fields-arrive", "Delivers", DELIVERED),
    ("submit/fields-arrive", "CollectsTheUrgent", IF_URGENT),
    ("submit/fields-arrive", "SendsNotes", EXPLAINED),
    ("submit/fields-arrive", "NamesOneParent", PARENTS),
    ("submit/fields-arrive", "CollectsTheUrgent", AT_THE_OFFICE),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)


async def test_day_on_which_the_agency_says_nothing_else_is_not_judged(permit_office):
    subject = permit_office("EndsOnTheLastDay", **{**EXPIRING, "simulator": "SilentlyExpiringOffice"})
    told = [one.because for one in await found("submit/turns-with-the-agency", subject)]
    assert told[0] == "no answer of the agency's turns on a day that it names"


@pytest.mark.parametrize(
    ("login", "told"),
    [
        ("login_for_a_minute", "a new login 2 minutes after the last, and its token is good for twice as long"),
        (
            "login_for_hours_in_seconds",
            "a new login 2 minutes after the last, and its token is good for twice as long",
        ),
        ("login_until_soon", "a new login 90 minutes after the last, and its token is good for twice as long"),
        ("login_for_most_of_a_session", ""),
    ],
)
async def test_token_is_used_for_most_of_its_time(login, told, permit_office):
    plugin = {"login": f"overlooking:{login}", "error_reader": "withholding:reads_ended_sessions"}
    office, till = await found("robustness/token-kept", permit_office(simulator="SessionsOffice", plugin=plugin))
    assert (office.got, till.got) == (told, told)
    assert {office.status, till.status} == {CheckStatus.FAILED if told else CheckStatus.PASSED}
