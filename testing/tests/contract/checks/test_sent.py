"""What is sent, held against the form: faults of several kinds are found, and plugins right in another way pass."""

from typing import Any

import pytest

from nagorik_testing.contract.verdict import CheckStatus

from .conftest import Fault, expect_fault, expect_right, found

FAMILY: dict[str, Any] = {"form": "forms:FamilyForm"}
IN_ORDER: dict[str, Any] = {"simulator": "WaresOffice", "service": {"form": "forms:WaresForm"}}
IN_NO_ORDER: dict[str, Any] = {"simulator": "WaresOffice", "service": {"form": "forms:WaresInNoOrder"}}
FAULTS = (
    Fault("submit/fields-arrive", "CutsNames", "two values of name are sent alike"),
    Fault("submit/fields-arrive", "Scatters", "mobile is sent at another place for another value"),
    Fault("submit/fields-arrive", "AsksPriceByRoad", "address.road changes nothing that is sent"),
    Fault("submit/fields-arrive", "SortsWares", "two values of wares are sent alike", IN_ORDER),
    Fault(
        "submit/fields-arrive",
        "Family",
        "every note that is filled in is refused by the agency",
        {"simulator": "KnowsNoNotes", "service": FAMILY},
    ),
    Fault("submit/whole-texts", "ListsThreeWares", "of a long wares only a part is sent", IN_ORDER),
    Fault("submit/whole-texts", "ListsWaresOfAPage", "of a long wares only a part is sent", IN_ORDER),
    Fault("submit/papers-arrive", "LosesPapers", "two documents deed with other content are sent alike"),
    Fault("submit/papers-arrive", "MislabelsPapers", "the document photo of type image/png arrives as"),
    Fault("submit/papers-arrive", "AltersPapers", "documents with bytes that were not handed in: 1"),
    Fault("submit/papers-arrive", "NamesPapersOnly", "of photo never reached the agency"),
    Fault("submit/papers-arrive", "LosesPapers", "of documents of each kind, 1 of photo never reached the agency"),
    Fault("submit/nothing-made-up", "CrossesRoadAndName", "1 body name holds the address.road, and no place holds"),
    Fault("submit/whole-texts", "TakesLettersApart", "1 body name holds text that is not in NFC"),
    Fault("submit/papers-arrive", "FilesUnderTheFirst", "the document deed is filed as another if"),
    Fault("submit/papers-arrive", "FilesDeeds", "the document photo is filed as deed"),
    Fault("submit/papers-arrive", "SendsPapersTwice", "the document deed arrives more than once"),
    Fault("submit/whole-texts", "WritesBanglaNumbers", "1 body nid holds a number of 17 digits in Bangla"),
    Fault("submit/whole-texts", "MarksTexts", "1 body name holds invisible characters"),
    Fault("submit/same-bytes", "NumbersAdvices", "advise-payment made again sends another body reference"),
    Fault(
        "answer-correction/corrected",
        "AnswersWithoutPapers",
        "another paper deed, handed in later, is sent like the first",
    ),
    Fault("privacy/addresses", "NamesInPath", "personal data in the query of GET /permits/"),
    Fault("privacy/addresses", "PhonesInHeaders", "personal data in the header x-contact of GET /permits/"),
    *(
        Fault(check, hooks, told, {"simulator": "FamilyOffice", "service": FAMILY})
        for check, hooks, told in (
            ("submit/whole-texts", "CutsNotes", "of a long note only a part is sent"),
            ("submit/whole-texts", "CutsNotesAtCommas", "of a long note only a part is sent"),
            (
                "submit/whole-texts",
                "WritesStrokesAsHyphens",
                "1 body road holds the address.road with a hyphen for",
            ),
            ("submit/whole-texts", "KeepsLatinLetters", "of a long address.road only a part is sent"),
            ("submit/whole-texts", "WritesNotesAsTitles", "1 body note holds the note in other letters than its"),
            ("submit/whole-texts", "MonthFirst", "opened: 1 body opened holds the month before the day"),
            ("submit/whole-texts", "GuessesOrder", "opened: 1 body opened holds the month before the day"),
            ("submit/nothing-made-up", "CrossesParents", "1 body father holds the mother, and no place holds the"),
            ("submit/nothing-made-up", "FilesFatherTwice", "1 body mother holds the father, and no place holds"),
            ("submit/whole-texts", "WritesAsciiRoads", "of a long address.road only a part is sent"),
            ("privacy/addresses", "LicenceInQuery", "personal data in the query of GET /permits"),
            ("privacy/addresses", "LicenceWithoutSigns", "personal data in the query of GET /permits"),
            ("submit/of-nobody-else", "KeepsNotes", "1 body note depends on who filed before"),
            ("submit/of-nobody-else", "KeepsFirstNote", "1 body note depends on who filed before"),
            ("submit/of-nobody-else", "FilesPapersOfBefore", "depends on who filed before"),
            ("eligibility/answered", "StopsAtAGap", "a citizen without licence, who has filled in the form"),
            ("submit/nothing-made-up", "NotesParents", "1 body note holds a value for note, which was left empty"),
        )
    ),
    Fault(
        "submit/nothing-made-up",
        "SpeaksForTheLoud",
        "1 body note holds a value for note, which was left empty",
        {"simulator": "FamilyOffice", "service": {"form": "forms:KindForm"}},
    ),
    Fault("advise-payment/as-paid", "CutsReceiptNumbers", "the receipt number is not sent whole"),
    Fault("advise-payment/as-paid", "TellsWholeTaka", "two amounts that differ in poisha are sent alike"),
    Fault("advise-payment/as-paid", "TellsDayInUtc", "1 body paidOn holds the day in UTC"),
    Fault("advise-payment/as-paid", "TellsHourInUtc", "1 body paidAt holds the hour in UTC and does not say so"),
    Fault("advise-payment/as-paid", "NamesApplicantAsPayer", "1 body payer names another than the payer"),
    Fault("advise-payment/as-paid", "CutsPayersOfReceipts", "of a long name of the payer 1 body payer holds a part"),
    Fault("payment/as-ordered", "CutsPayers", "of a long name of the payer 1 body payer holds a part"),
    Fault("payment/as-ordered", "CutsShort", "of a long name of the payer 1 body payer holds a part"),
    Fault("payment/as-ordered", "CallsOneNumber", "1 body phone holds a mobile number that is not the payer's"),
    Fault("payment/as-ordered", "GivesWholeTakaBack", "two refunds that differ in poisha are sent alike"),
    Fault("payment/as-ordered", "PrintsEnglishTwice", "the purpose is sent twice in English in 1 body purpose"),
    Fault("payment/as-ordered", "GivesBackInEnglish", "the reason is sent in English alone"),
    Fault("payment/as-ordered", "ForgetsPayer", "was not told who pays", {"simulator": "NamingTill"}),
    Fault("payment/instructed", "TellsOwnNumber", "the payer is told the platform's number of the payment"),
    Fault("payment/instructed", "TellsSumAlike", "the sum is told in Bangla in the digits of the other language"),
    Fault("payment/instructed", "TellsSumInBangla", "the sum is told in English in the digits of the other language"),
)
RIGHT = (
    ("submit/fields-arrive", "JudgesByRoad"),
    ("submit/fields-arrive", "JoinsLines"),
    ("submit/fields-arrive", "DraftsFirst"),
    ("submit/fields-arrive", "Signs"),
    ("submit/papers-arrive", "HashesPapers"),
    ("submit/papers-arrive", "HashesPapers"),
    ("submit/papers-arrive", "ListsPapers"),
    ("submit/whole-texts", "WritesShortBanglaNumbers"),
    ("submit/same-bytes", "Signs"),
    ("submit/same-bytes", "StampsBills"),
    ("submit/same-bytes", "DrawsTickets"),
    ("answer-correction/corrected", "AnswersWithPartOfTheForm"),
    ("privacy/addresses", "BirthDateInQuery"),
    ("advise-payment/as-paid", "Advice"),
    ("payment/as-ordered", "Till"),
    ("payment/as-ordered", "SpeaksEnglishAlone"),
    ("payment/as-ordered", "CallsThePayer"),
    ("payment/as-ordered", "PartsPayers"),
    ("payment/instructed", "TellsBothNumbers"),
    ("payment/instructed", "TellsSum"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, permit_office):
    await expect_right(check, hooks, None, permit_office)


@pytest.mark.parametrize(("hooks", "office"), [("ListsWares", IN_ORDER), ("SortsWares", IN_NO_ORDER)])
async def test_list_is_sent_in_the_order_that_it_has(hooks, office, permit_office):
    await expect_right("submit/fields-arrive", hooks, office, permit_office)


@pytest.mark.parametrize(
    ("hooks", "office"), [("ListsWares", IN_ORDER), ("NumbersWares", IN_ORDER), ("SortsWares", IN_NO_ORDER)]
)
async def test_list_that_is_sent_whole_passes(hooks, office, permit_office):
    await expect_right("submit/whole-texts", hooks, office, permit_office)


@pytest.mark.parametrize(
    "hooks",
    [
        *("Family", "WritesInLines", "DayFirst", "ParentsTogether", "KeepsWhoFiled", "DayInQuery"),
        *("SaysNotGiven", "NamesOnePaper", "ListsPapersOfShops", "KeepsStrokesAlone"),
    ],
)
@pytest.mark.parametrize(
    "check",
    [
        "submit/whole-texts",
        "submit/nothing-made-up",
        "submit/of-nobody-else",
        "privacy/addresses",
    ],
)
async def test_other_ways_to_write_a_form_pass(check, hooks, permit_office):
    await expect_right(check, hooks, {"simulator": "FamilyOffice", "service": FAMILY}, permit_office)


async def test_what_the_form_itself_puts_in_a_gap_is_nobodys_guess(permit_office):
    service = {"form": "forms:OwnNoteForm"}
    await expect_right(
        "submit/nothing-made-up", "Family", {"simulator": "FamilyOffice", "service": service}, permit_office
    )


async def test_text_may_be_sent_in_capitals(permit_office):
    await expect_right(
        "submit/whole-texts",
        "WritesNotesInCapitals",
        {"simulator": "FamilyOffice", "service": FAMILY},
        permit_office,
    )


async def test_papers_that_are_named_as_no_kind_are_looked_at_for_their_content_alone(permit_office):
    (one, _) = await found("submit/papers-arrive", permit_office("NamesNoKinds"))
    assert one.status is CheckStatus.PASSED


async def test_report_names_no_path_that_names_a_citizen(permit_office):
    (failed,) = [one for one in await found("privacy/addresses", permit_office("NamesInPath")) if one.failed]
    assert "NAGORIK" not in failed.got
