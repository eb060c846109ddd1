"""What is told, held against the office's answers: faults of several kinds are found, and right plugins pass."""

from typing import Any

import pytest

from .conftest import ASKED, BY_ID, COMPLETES, Fault, expect_fault, expect_right, found

pytestmark = pytest.mark.long

BOOK = {"simulator": "BookOffice"}
TILL: dict[str, Any] = {"simulator": "TwoStepTill", "plugin": COMPLETES}
COMPARED: dict[str, Any] = {"simulator": "ComparingOffice", "service": {"writes": ASKED}}


LISTING: dict[str, Any] = {"simulator": "HoldersOffice", "service": {"writes": ASKED}}
LAST, FIRST, UNSAID = (
    {"simulator": office, "service": {"writes": ASKED}}
    for office in ("LastDayOffice", "FirstDayOffice", "SilentlyExpiringOffice")
)
BOOKING: dict[str, Any] = {"simulator": "BookingOffice"}
SLIPS: dict[str, Any] = {"simulator": "SlipOffice"}
EARLY_SLIPS: dict[str, Any] = {"simulator": "AlwaysSlipOffice"}
LEFT_OUT_OF_A_LIST = "submit: permits: of a longer list not every entry is told"
UNDER_ANOTHER = "status: bookedUnder of somebody else is told as ours, in deliverables.kind"
BESIDE_ANOTHER = "brings a paper beside one word, and not beside another"
IN_A_SENTENCE = "status: since is told in another zone, in a sentence"
IS_OVER, TO_COME = (f"submit: goodTo that is today is told like one {when}" for when in ("that is over", "to come"))

TOLD_OF_MONEY = ("told/money", "told/lists", "told/instants", "told/unheard-of", "told/numbers", "told/steady")
FAULTS = (
    Fault("told/text", "MixesLanguages", "status: remark.bn is told in the place of the other language"),
    Fault("told/text", "TellsBanglaTwice", "status: remark.bn is told in the place of the other language"),
    Fault("told/text", "TellsTheFirstSentence", "status: remark.bn is told in part"),
    Fault("told/text", "LosesLetters", "status: remark.bn is told in part"),
    Fault("told/money", "AsksForWholeTaka", "start-payment: an amount is told to the poisha in one language alone"),
    Fault("told/lists", "ShowsTheLast", "slots: slots: an entry is told by itself and not beside others"),
    Fault("told/instants", "TakesDaysForMonths", "status: since is told with its day and month confused"),
    Fault("told/instants", "NamesTheDayInUtc", "status: since in the small hours is told as the day before"),
    Fault("told/instants", "InAnotherZone", "status: since is told in another zone"),
    Fault(
        "told/unheard-of", "ConfirmsAnythingButPending", "word with a word that nobody knows decides confirmed", BOOK
    ),
    Fault(
        "told/refusals",
        "RefusesAlike",
        "submit: word: two words that refuse are told alike",
        {"simulator": "AskedOffice"},
    ),
    Fault(
        "told/refusals",
        "NamesTheFirstThatDiffers",
        "is told by itself and not beside another",
        COMPARED,
    ),
    Fault("told/numbers", "CutsReceipts", "query-payment: receipt is told alike with another last digit"),
    Fault("told/numbers", "LosesLettersOfReceipts", "query-payment: receipt is told in part"),
    Fault("told/numbers", "WritesReceiptsWithoutSigns", "query-payment: receipt is told without its hyphen"),
    Fault("told/numbers", "CountsReceipts", "query-payment: receipt is told without the zeros that it begins with"),
    Fault("told/numbers", "CutsReceiptsOnceCompleted", "complete-payment: receipt is told alike with another", TILL),
    Fault("told/numbers", "CutsReceiptsOfTheDay", "list-payments: items.receipt is told alike with another", TILL),
    Fault("told/money", "ListsWholeTaka", "list-payments: items.amount with one poisha more is not told so", TILL),
    Fault("told/instants", "ListsInUtc", "list-payments: items.at", TILL),
    Fault("told/instants", "NamesTheHourInUtc", IN_A_SENTENCE),
    Fault("told/instants", "NamesTheHourOfTwelveInUtc", IN_A_SENTENCE),
    Fault("told/lists", "NamesTheFirstPermits", LEFT_OUT_OF_A_LIST, LISTING),
    Fault("told/lists", "NamesPermitsInALine", LEFT_OUT_OF_A_LIST, LISTING),
    Fault("told/ours", "TellsAnyBooking", UNDER_ANOTHER, BOOKING),
    Fault("told/ours", "TellsBookingsOfPlatforms", UNDER_ANOTHER, BOOKING),
    Fault("told/papers", "TellsOfSlipsOnReview", f"status: slip {BESIDE_ANOTHER}", EARLY_SLIPS),
    Fault("told/papers", "ReadsSlipWordsAtFiling", f"status: slipWord {BESIDE_ANOTHER}", EARLY_SLIPS),
    Fault("told/on-its-day", "EndsOnTheLastDay", IS_OVER, LAST),
    Fault("told/on-its-day", "DoubtsTheLastDay", IS_OVER, LAST),
    Fault("told/on-its-day", "BeginsTheDayAfter", TO_COME, FIRST),
    Fault("told/on-its-day", "ComparesTheDay", "submit: goodTo decides what is told, and the simulator does", UNSAID),
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
    ("told/instants", "NamesTheDay", {}),
    ("told/instants", "TellsDhakaTime", BOOK),
    ("told/unheard-of", "RefusesUnknownWords", BOOK),
    ("told/unheard-of", "Advising", BOOK),
    ("told/refusals", "TellsEachRefusal", {"simulator": "AskedOffice"}),
    ("told/refusals", "TellsCodesApart", {"simulator": "AskedOffice"}),
    ("told/refusals", "NamesWhatDiffers", COMPARED),
    ("told/refusals", "StopsAtTheName", COMPARED),
    ("told/numbers", "NamesTheTill", {}),
    ("told/numbers", "Hooks", {"simulator": "SlipTill"}),
    ("told/numbers", "RefusesInItsStatus", {"simulator": "AskedOffice"}),
    ("told/instants", "ListsToTheMinute", TILL),
    ("told/instants", "NamesTheHour", {}),
    ("told/instants", "NamesTheHourOfTwelve", {}),
    ("told/lists", "NamesPermits", LISTING),
    ("told/lists", "NamesTheFirstPermitsAndHowManyMore", LISTING),
    ("told/ours", "TellsBookings", BOOKING),
    ("told/ours", "Hooks", BOOKING),
    ("told/ours", "ReadsPages", {"simulator": "PagedOffice"}),
    ("told/papers", "TellsOfSlips", SLIPS),
    ("told/papers", "TellsOfSlipsByState", EARLY_SLIPS),
    ("told/papers", "ForgetsSlipsAtTheEnd", EARLY_SLIPS),
    ("told/on-its-day", "ComparesTheDay", LAST),
    ("told/on-its-day", "AsksWhetherGood", UNSAID),
    ("told/on-its-day", "BeginsOnTheDay", FIRST),
    *((check, "Completes", TILL) for check in TOLD_OF_MONEY),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)


@pytest.mark.parametrize(
    "hooks", ["CutsRemarks", "CountsWholeTaka", "ShowsTheFirstTen", "RoundsHours", "CutsReceipts"]
)
async def test_fault_is_told_by_one_rule_alone(hooks, permit_office):
    subject = permit_office(hooks)
    rules = [check for check in BY_ID.values() if check.id.startswith("told/")]
    failed = {check.id: check for check in rules for one in await found(check.id, subject) if one.failed}
    by_themselves = [check for check in failed.values() if not failed.keys() & set(check.presupposes)]
    assert len(by_themselves) == 1
