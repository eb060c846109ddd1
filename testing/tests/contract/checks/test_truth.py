"""What a plugin says, held against the agency's book, board, till and messages."""

from typing import Any

import pytest

from nagorik import Operation
from nagorik.operations import Idempotency
from nagorik_land.simulator import LandSimulator
from nagorik_platform import Platform
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus

from .conftest import BY_ID, Fault, expect_fault, expect_right, found

WRITES = (
    Operation.ANSWER_CORRECTION,
    Operation.ADVISE_PAYMENT,
    Operation.WITHDRAW,
    Operation.BOOK_SLOT,
)
ASKED: dict[str, Any] = {
    "simulator": "AskedOffice",
    "service": {"writes": {Operation.SUBMIT: Idempotency.SAFE, **dict.fromkeys(WRITES, Idempotency.NATIVE)}},
}
BOOK = {"simulator": "BookOffice"}
TERSE, FEE, BEHIND = {"simulator": "TerseOffice"}, {"simulator": "FeeOffice"}, {"simulator": "BehindOffice"}
TIMED = {"simulator": "TimedTill"}
NUMBERED, DATED = {"simulator": "NumberedTill"}, {"simulator": "DatedTill"}
FULL, NAMING, WAITING = {"simulator": "FullDaysOffice"}, {"simulator": "NamingTill"}, {"simulator": "WaitingTill"}


KEYLESS: dict[str, Any] = {"simulator": "KeylessOffice"}
GENEROUS: dict[str, Any] = {"simulator": "GenerousOffice"}

FAULTS = (
    Fault("payment/F19-as-taken", "OverlooksThePoint", "captured is another amount than the gateway took"),
    Fault("status/reports", "IssuesOtherThings", "licence is issued and not among the deliverables"),
    Fault("status/reports", "DatedAhead", "the state after status is dated in the future"),
    Fault("deliverable/as-asked", "TrimsPapers", "what is kept is not what the agency sent, byte for byte"),
    Fault("status/every-word", "NeverFinal", "REFUSED: the state is not said to be final", BOOK),
    Fault("status/every-word", "FinalTooSoon", "REVIEW: the state is said to be final, and the agency goes on", BOOK),
    Fault("status/every-word", "InAnotherZone", "the state is dated otherwise than the agency dates it", BOOK),
    Fault("status/every-word", "DropsRemarks", "REFUSED: what the officer wrote is not passed on", BOOK),
    Fault("status/every-word", "OwnWords", "raw is not the agency's word", BOOK),
    Fault("deliverable/as-asked", "WritesCovers", "what is kept is not what the agency sent, byte for byte"),
    Fault(
        "submit/question",
        "AsksNobodysNumber",
        "whatever is asked, and whatever the agency decides, is said to be answered",
        ASKED,
    ),
    Fault("submit/question", "LosesItsAnswer", "what an answer hands out is said to have come to nothing", ASKED),
    Fault("payment/confirmed-as-held", "NeverConfirms", "is never confirmed", BOOK),
    Fault("payment/confirmed-as-held", "RoundsDown", "the agency is told of another amount than was paid", BOOK),
    Fault("payment/F19-refunded-as-given", "NeverRefunded", "money that was given back is said not to be"),
    Fault(
        "payment/F19-refunded-as-given",
        "Hooks",
        "money that was given back is said not to be",
        {"simulator": "NumberingTill"},
    ),
    Fault("find/found-again", "ReadsOnePage", "is definitely absent after the look-up", {"simulator": "PagedOffice"}),
    Fault("find/found-again", "AbsentTomorrow", "an absence is said to hold for an instant that has not come"),
    Fault("find/found-again", "CachesByAddress", "an application that was not filed is found"),
    Fault("find/found-again", "TakesAnyOnThePage", "another reference than the filing", {"simulator": "PagedOffice"}),
    Fault("status/every-word", "OneReason", "REFUSED: the reason is the one that is given for PAPERS MISSING", TERSE),
    Fault("status/every-word", "OneReasonInOneLanguage", "the reason is the one that is given for", TERSE),
    Fault("payment/told-as-held", "AsksAgain", "a fee is asked for that the agency holds already", FEE),
    Fault("payment/told-as-held", "InventsFee", "a fee is told that the agency's answer does not hold", FEE),
    Fault("payment/told-as-held", "FeeOfNoStage", "a fee is told without the stage at which it is due", FEE),
    Fault(
        "payment/F19-refunded-as-given", "OrderedIsRefunded", "money is said to be given back that was not", WAITING
    ),
    Fault(
        "payment/F19-never-failed",
        "CancelledIsUnknown",
        "outcome cancel: a word that the gateway has for it is told as unknown",
    ),
    Fault("payment/F19-as-taken", "HidesPayer", "the gateway says who paid, and it is not passed on", NAMING),
    Fault("payment/F19-as-taken", "ShortensPayer", "another payer is named than the gateway names", NAMING),
    Fault("payment/F19-as-taken", "Hooks", "the gateway says when it took the money, and it is not passed", TIMED),
    Fault("payment/F19-as-taken", "PaidNow", "the money is said to be taken at another time than the", TIMED),
    Fault("payment/F19-as-taken", "PaidWithoutNumber", "the payment's number again when it is paid, and it is not"),
    Fault("payment/F19-as-taken", "BegunWithoutNumber", "the gateway numbers the payment when it is begun, and the"),
    Fault(
        "payment/F19-another-currency", "TakesAnyCurrencyForTaka", "money in USD is told as money in BDT", NUMBERED
    ),
    Fault("payment/F19-another-currency", "TakesRupeesForTaka", "money in INR is told as money in BDT", NUMBERED),
    *(
        Fault("payment/F19-never-failed", hooks, said, DATED)
        for hooks, said in (
            ("AsksForToday", "a payment that was captured is unknown days later"),
            ("AsksForToday", "asked about a day later: a word that the gateway has for it is told as unknown"),
            ("AsksForTheFirstDate", "begun before midnight: a word that the gateway has for it is told as unknown"),
        )
    ),
    Fault("submit/F17-replay", "Hooks", "two attempts at once leave at the agency twice: application", KEYLESS),
    Fault("submit/accepted", "Nameless", "no request of the submission carries the client reference"),
    Fault("find/found-again", "FindsAnything", "an application that was not filed is found"),
    Fault("payment/F19-started-twice", "Hooks", "another amount leaves at the gateway once more: slip", GENEROUS),
    Fault("payment/F19-started-twice", "Hooks", "a payment that was begun is begun with another amount", GENEROUS),
    Fault("payment/F19-altered-notice", "Gullible", "forged notice 1 is believed"),
    Fault("callback/as-asked", "HearsOtherStates", "another state than the agency tells when it is asked"),
    Fault("payment/unknown-word", "KeepsTheWord", "the gateway's own word for a payment is not passed on"),
    Fault("find/found-again", "Hooks", "does not hold is reported as definitely absent", BEHIND),
    Fault("find/found-again", "AbsentInAnyCase", "is reported as definitely absent", BEHIND),
    Fault("slots/as-free", "Hooks", "an appointment that has no place is offered", FULL),
    Fault("slots/as-free", "GuessesOnePlace", "appointments are offered that the agency does not give out", FULL),
    Fault("eligibility/each-by-itself", "OnceEligible", "for what was said of the same number before"),
    Fault("eligibility/each-by-itself", "KeptForDays", "who was asked about two days ago is told what was true then"),
    Fault("withdraw/as-held", "NeverWithdrawn", "an application that is withdrawn at once is said not to be"),
    Fault("withdraw/as-held", "StandsAsFiled", "a withdrawal at once reports another state"),
    Fault(
        "withdraw/as-held",
        "WithdrawnOnceRefused",
        "is said to be withdrawn after the agency's decision, and the agency goes on with it",
        {"simulator": "DecidedOffice"},
    ),
    Fault("slots/as-free", "SlotsInAnotherZone", "appointments are offered that the agency does not give out"),
    Fault("slots/as-free", "OnePlaceLeft", "another number of places than are left"),
    Fault("book-slot/chosen", "AlwaysBooked", "an appointment that is gone is said to be booked"),
    Fault("book-slot/chosen", "GoneIsAnError", "an appointment that is gone ends in agency-rejected"),
    Fault("callback/as-asked", "HearsNothing", "ends in agency-rejected"),
    Fault("callback/forged", "BelievesAnySignature", "a message with another's signature is believed"),
    Fault("callback/forged", "BelievesOldMessages", "a message that is too late is believed"),
    Fault("payment/F19-genuine-notice", "HearsNothing", "a genuine notice ends in agency-rejected"),
    Fault("payment/F19-altered-notice", "TakesHints", "a message without its signature is believed"),
    Fault("health/asks", "UpWhateverComes", "an agency that cannot be reached is said to be up"),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("status/every-word", "DatesByDay", BOOK),
    ("status/every-word", "PassesRemarksOn", BOOK),
    ("deliverable/as-asked", "UnwrapsPapers", {"simulator": "WrappedPaperOffice"}),
    ("submit/question", "Asking", ASKED),
    ("submit/question", "RefusesInItsStatus", ASKED),
    ("submit/question", "AnswersAtOnce", ASKED),
    ("payment/confirmed-as-held", "Advising", BOOK),
    ("payment/F19-refunded-as-given", "Hooks", {"simulator": "SlowTill"}),
    ("status/every-word", "OwnReasons", TERSE),
    ("payment/told-as-held", "TellsFee", FEE),
    ("payment/told-as-held", "Hooks", FEE),
    ("payment/F19-refunded-as-given", "Hooks", WAITING),
    ("payment/F19-refunded-as-given", "NamesRefunds", {"simulator": "NumberingTill"}),
    ("payment/F19-as-taken", "NamesPayer", NAMING),
    ("payment/F19-as-taken", "NumberedByNobody", {}),
    ("payment/F19-as-taken", "SaysWhenItWasPaid", TIMED),
    ("payment/F19-never-failed", "Hooks", {}),
    ("payment/F19-of-another", "DoubtsOthersPayments", NUMBERED),
    ("payment/F19-another-currency", "DoubtsOthersPayments", NUMBERED),
    ("payment/F19-noticed-only", "TakesHints", {"simulator": "UnsignedTill"}),
    ("payment/F19-given-up", "CancelledIsUnknown", {}),
    ("payment/F19-never-failed", "AsksEachDate", DATED),
    ("find/found-again", "HeedsCompleteness", BEHIND),
    ("find/found-again", "AbsentBefore", BEHIND),
    ("slots/as-free", "LeavesFullOut", FULL),
    ("eligibility/each-by-itself", "KeptAges", {}),
    ("find/found-again", "ReadsPages", {"simulator": "PagedOffice"}),
    ("withdraw/as-held", "Withdrawing", {"simulator": "DecidedOffice"}),
    ("withdraw/as-held", "RefusesWhenDecided", {"simulator": "DecidedOffice"}),
    ("slots/as-free", "NumbersBookings", {}),
    ("book-slot/chosen", "NumbersBookings", {}),
    ("callback/as-asked", "DatesByDay", {}),
    ("callback/forged", "DatesByDay", {}),
    ("payment/F19-genuine-notice", "TakesHints", {"simulator": "UnsignedTill"}),
    ("health/asks", "ClosedWhenDown", {}),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)


async def test_notices_that_prove_nothing_are_not_held_to_a_signature(permit_office):
    await expect_right("payment/F19-altered-notice", "TakesHints", {"simulator": "UnsignedTill"}, permit_office)


@pytest.mark.parametrize("check", ["callback/as-asked", "callback/forged", "payment/F19-genuine-notice"])
async def test_messages_that_no_simulator_shows_are_not_proved(check, permit_office):
    findings = await found(check, permit_office(simulator="WordlessTill"))
    (told,) = [one.got for one in findings if one.status is CheckStatus.NOT_REACHED]
    assert told.startswith("the simulator gives no genuine")


async def test_breakdown_over_forged_messages_is_told_once_and_leaves_the_plugin_out_of_quarantine(permit_office):
    subject = permit_office("BelievesAnybody")
    (failed,) = [one for one in await found("callback/forged", subject) if one.failed]
    assert "ends in a fault of the plugin" in failed.got
    assert subject.registry.quarantined == ()


async def test_fee_of_a_later_stage_that_no_status_asks_for_is_found(monkeypatch):
    usual = Platform.get_status

    async def without_fee(platform, draft, references):
        return (await usual(platform, draft, references)).model_copy(update={"fee_due": None})

    subject = Subject.installed(LandSimulator)
    (mutation,) = [offer for offer in subject.manifest.offers if offer.id == "land.mutation"]
    check = BY_ID["payment/told-as-held"]
    assert await check.examine(subject, mutation) == []

    monkeypatch.setattr(Platform, "get_status", without_fee)

    found = await check.examine(subject, mutation)
    assert found == ["NOTICE_DUE: the agency waits for a fee that no status asks for"]
