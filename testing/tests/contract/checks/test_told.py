"""What is told, held against the office's answers: faults of several kinds are found, and right plugins pass."""

from typing import Any

import pytest

from .conftest import ASKED, COMPLETES, Fault, expect_fault, expect_right

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
LEFT_OUT_OF_A_LIST = "submit: permits: of a longer list not every entry is reported"
UNDER_ANOTHER = "status: bookedUnder of somebody else is reported as ours, in deliverables.kind"
BESIDE_ANOTHER = "brings a document beside one word"
IN_A_SENTENCE = "status: since is reported in another zone, in a sentence"
IS_OVER, TO_COME = (
    f"submit: goodTo that is today is reported like one {when}" for when in ("that is over", "to come")
)

OF_MONEY = ("response/preserved", "response/unknown-word", "response/steady")
FAULTS = (
    Fault("response/preserved", "CountsWholeTaka", "query-payment: amount with one poisha more is not reported so"),
    Fault("response/preserved", "ShowsTheFirstTen", "slots: slots: of a longer list not every entry is reported"),
    Fault("response/preserved", "RoundsHours", "status: since a minute earlier is not reported a minute earlier"),
    Fault("response/preserved", "TakesTakenForEnded", "two words that refuse", {"simulator": "AskedOffice"}),
    Fault("response/preserved", "ShowsSeatsInFullRooms", "slots: slots.free is reported as another number"),
    Fault("response/unknown-word", "EndsWithUnknownWords", "word with a word that is not known decides final"),
    Fault("response/steady", "DrawsNumbers", "submit: 1 body folder, sent, is left to chance"),
    Fault("response/preserved", "MixesLanguages", "status: remark.bn is reported in the place of the other language"),
    Fault(
        "response/preserved", "TellsBanglaTwice", "status: remark.bn is reported in the place of the other language"
    ),
    Fault("response/preserved", "TellsTheFirstSentence", "status: remark.bn is reported in part"),
    Fault("response/preserved", "LosesLetters", "status: remark.bn is reported in part"),
    Fault(
        "response/preserved",
        "AsksForWholeTaka",
        "start-payment: an amount is reported in one language alone",
    ),
    Fault("response/preserved", "ShowsTheLast", "slots: slots: an entry is reported by itself and not beside others"),
    Fault("response/preserved", "TakesDaysForMonths", "status: since is reported with its day and month confused"),
    Fault("response/preserved", "NamesTheDayInUtc", "status: since in the small hours is reported as the day before"),
    Fault("response/preserved", "InAnotherZone", "status: since is reported in another zone"),
    Fault(
        "response/unknown-word",
        "ConfirmsAnythingButPending",
        "word with a word that is not known decides confirmed",
        BOOK,
    ),
    Fault(
        "response/preserved",
        "RefusesAlike",
        "submit: word: two words that refuse are reported alike",
        {"simulator": "AskedOffice"},
    ),
    Fault(
        "response/preserved",
        "NamesTheFirstThatDiffers",
        "is reported by itself and not beside another",
        COMPARED,
    ),
    Fault("response/preserved", "CutsReceipts", "query-payment: receipt is reported alike with another last digit"),
    Fault("response/preserved", "LosesLettersOfReceipts", "query-payment: receipt is reported in part"),
    Fault("response/preserved", "WritesReceiptsWithoutSigns", "query-payment: receipt is reported in part"),
    Fault("response/preserved", "CountsReceipts", "query-payment: receipt is reported in part"),
    Fault(
        "response/preserved",
        "CutsReceiptsOnceCompleted",
        "complete-payment: receipt is reported alike with another",
        TILL,
    ),
    Fault(
        "response/preserved",
        "CutsReceiptsOfTheDay",
        "list-payments: items.receipt is reported alike with another",
        TILL,
    ),
    Fault(
        "response/preserved",
        "ListsWholeTaka",
        "list-payments: items.amount with one poisha more is not reported so",
        TILL,
    ),
    Fault("response/preserved", "ListsInUtc", "list-payments: items.at", TILL),
    Fault("response/preserved", "NamesTheHourInUtc", IN_A_SENTENCE),
    Fault("response/preserved", "NamesTheHourOfTwelveInUtc", IN_A_SENTENCE),
    Fault("response/preserved", "NamesTheFirstPermits", LEFT_OUT_OF_A_LIST, LISTING),
    Fault("response/preserved", "NamesPermitsInALine", LEFT_OUT_OF_A_LIST, LISTING),
    Fault("response/of-another", "TellsAnyBooking", UNDER_ANOTHER, BOOKING),
    Fault("response/of-another", "TellsBookingsOfPlatforms", UNDER_ANOTHER, BOOKING),
    Fault("response/preserved", "TellsOfSlipsOnReview", f"status: slip {BESIDE_ANOTHER}", EARLY_SLIPS),
    Fault("response/preserved", "ReadsSlipWordsAtFiling", f"status: slipWord {BESIDE_ANOTHER}", EARLY_SLIPS),
    Fault("response/on-its-day", "EndsOnTheLastDay", IS_OVER, LAST),
    Fault("response/on-its-day", "DoubtsTheLastDay", IS_OVER, LAST),
    Fault("response/on-its-day", "BeginsTheDayAfter", TO_COME, FIRST),
    Fault(
        "response/on-its-day",
        "ComparesTheDay",
        "submit: goodTo decides what is reported, and the simulator does",
        UNSAID,
    ),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("response/preserved", "ExplainsRemarks", {}),
    ("response/preserved", "PassesRemarksOn", BOOK),
    ("response/preserved", "RefusesInItsStatus", {"simulator": "AskedOffice"}),
    ("response/preserved", "TakesNoPoisha", {}),
    ("response/preserved", "Instructing", {}),
    ("response/preserved", "RefusesLongPages", {}),
    ("response/preserved", "ReadsPages", {"simulator": "PagedOffice"}),
    ("response/preserved", "DatesByDay", {}),
    ("response/preserved", "TellsDhakaTime", BOOK),
    ("response/unknown-word", "Advising", BOOK),
    ("response/preserved", "TellsEachRefusal", {"simulator": "AskedOffice"}),
    ("response/preserved", "TellsCodesApart", {"simulator": "AskedOffice"}),
    ("response/preserved", "NamesWhatDiffers", COMPARED),
    ("response/preserved", "StopsAtTheName", COMPARED),
    ("response/preserved", "NamesTheTill", {}),
    ("response/preserved", "Hooks", {"simulator": "SlipTill"}),
    ("response/preserved", "RefusesInItsStatus", {"simulator": "AskedOffice"}),
    ("response/preserved", "ListsToTheMinute", TILL),
    ("response/preserved", "NamesTheHour", {}),
    ("response/preserved", "NamesTheHourOfTwelve", {}),
    ("response/preserved", "NamesPermits", LISTING),
    ("response/preserved", "NamesTheFirstPermitsAndHowManyMore", LISTING),
    ("response/of-another", "TellsBookings", BOOKING),
    ("response/of-another", "Hooks", BOOKING),
    ("response/of-another", "ReadsPages", {"simulator": "PagedOffice"}),
    ("response/preserved", "TellsOfSlips", SLIPS),
    ("response/preserved", "TellsOfSlipsByState", EARLY_SLIPS),
    ("response/preserved", "ForgetsSlipsAtTheEnd", EARLY_SLIPS),
    ("response/on-its-day", "ComparesTheDay", LAST),
    ("response/on-its-day", "AsksWhetherGood", UNSAID),
    ("response/on-its-day", "BeginsOnTheDay", FIRST),
    *((check, "Completes", TILL) for check in OF_MONEY),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)
