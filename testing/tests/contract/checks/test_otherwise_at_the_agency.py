"""What a plugin breaks in what passes between it and the agency, in another way than the one of ``test_checks``."""

from typing import Any, NamedTuple

import pytest

from nagorik_testing.contract.checks import watched_calls
from nagorik_testing.contract.verdict import CheckStatus

from .conftest import expect_right, found

pytestmark = pytest.mark.long


class Killer(NamedTuple):
    """A plugin that breaks the promise of a check, and what is said of it."""

    check: str
    hooks: str | None
    told: str
    office: dict[str, Any] | None = None
    offers: int = 1
    """Services and gateways that are broken so."""


def of(check: str, told: str, *hooks: str, office: dict[str, Any] | None = None) -> tuple[Killer, ...]:
    """Several plugins of which one thing is said."""
    return tuple(Killer(check, each, told, office) for each in hooks)


BY_REQUEST = "plugin:login_by_request"
READS_ENDED = "withholding:reads_ended_sessions"
UNAUTHORIZED: dict[str, Any] = {"simulator": "UnauthorizedOffice", "plugin": {"login": BY_REQUEST}}


def sessions(reader: str, login: str = BY_REQUEST) -> dict[str, Any]:
    """An office that ends sessions."""
    return {"simulator": "SessionsOffice", "plugin": {"login": login, "error_reader": reader}}


LISTING, NUMBERED = {"simulator": "ListingOffice"}, {"simulator": "NumberedTill"}
KEYLESS, ORDERING = {"simulator": "KeylessOffice"}, {"simulator": "OrderingTill"}
LEISURELY, TURNING = {"simulator": "LeisurelyTill"}, {"simulator": "TurnsAwayOffice"}
REFUSING = {"simulator": "RefusesPaymentsOffice"}

KILLERS = (
    Killer("robustness/side-by-side", "KeepsTheAnswerOnItself", "two citizens have one reference"),
    Killer("robustness/side-by-side", "KeepsTheFilingOnItself", "is not sent as it is sent"),
    Killer("robustness/side-by-side", "KeepsTheNameOnItself", "is not sent as it is sent"),
    Killer("robustness/side-by-side", "HandsNumbersOut", "a citizen is handed the number of another's application"),
    Killer(
        "robustness/ended-session",
        None,
        "status in a session that the agency has ended ends in credentials-rejected",
        sessions(READS_ENDED, "at_the_agency:keeps_its_session"),
    ),
    Killer(
        "robustness/ended-session",
        None,
        "status in a session that the agency has ended ends in agency-unavailable",
        sessions("at_the_agency:takes_ended_for_down"),
        offers=2,
    ),
    Killer(
        "robustness/ended-session",
        "AbsentWithoutASession",
        "find in a session that the agency has ended ends in another result",
        UNAUTHORIZED,
    ),
    Killer("robustness/F20-blocks-the-loop", "Computes", "withdraw keeps the event loop for more than"),
    Killer("robustness/F20-blocks-the-loop", "WaitsForAThread", "refund-payment keeps the event loop for more than"),
    Killer("robustness/F20-blocks-the-loop", "OpensPapers", "deliverable keeps the event loop for more than"),
    Killer("robustness/F20-exits", "RaisesSystemExit", "query-payment ends the process"),
    *of(
        "robustness/F20-exits",
        "status ends the process",
        "Interrupts",
        "EndsWhenDown",
        "TerminatesItself",
        "RaisesASignal",
        "Aborts",
    ),
    Killer("robustness/F20-exits", "LeavesWithoutThePaper", "deliverable ends the process"),
    Killer("robustness/no-polling", "LooksAgain", "status takes 6 requests"),
    Killer("robustness/no-polling", "WaitsForTheMoney", "query-payment takes 6 seconds of an agency"),
    Killer("robustness/no-polling", "SleepsForReal", "status takes 10 seconds of an agency that answers at once"),
    Killer("robustness/no-polling", "WaitsForThePaper", "deliverable takes 20 seconds of an agency that answers"),
    Killer("robustness/stateless", "JudgesOnce", "eligibility answers otherwise after it was asked by somebody else"),
    Killer("robustness/stateless", "NumbersPayments", "start-payment answers otherwise after it was asked by"),
    Killer("robustness/stateless", "GetsTired", "status answers otherwise after it was asked by somebody else"),
    Killer("robustness/own-errors", "HidesErrors", "an office that is shut ends in AgencyStatus, not in AgencyRej"),
    Killer("robustness/own-errors", "PendingInDoubt", "an office that is shut ends in PaymentReport, not in Agency"),
    Killer(
        "robustness/own-errors",
        None,
        "an office that is shut ends in AgencyUnavailable, not in AgencyRejected",
        {"plugin": {"error_reader": "at_the_agency:takes_shut_for_down"}},
        offers=2,
    ),
    Killer(
        "robustness/own-errors",
        None,
        "an office that is shut ends in ContractViolation, not in AgencyRejected",
        {"plugin": {"error_reader": "at_the_agency:repeats_the_office"}},
        offers=2,
    ),
    Killer(
        "robustness/own-errors",
        None,
        "a login that is refused ends in AgencyUnavailable, not in CredentialsRejected",
        sessions("at_the_agency:takes_refused_logins_for_down"),
        offers=2,
    ),
    *of(
        "find/found-again",
        "an application that was not filed is found",
        "ComparesBeginnings",
        "FindsWhatBeginsSo",
        "FindsWhatWasFiledThen",
        "ComparesLettersAlone",
        office=LISTING,
    ),
    Killer(
        "find/found-again",
        "AbsentAfterwards",
        "an absence is said to hold for later than the agency was asked",
        LISTING,
    ),
    Killer(
        "find/found-again", "AbsentInDhaka", "an absence is said to hold for an instant that has not come", LISTING
    ),
    Killer("find/found-again", "AbsentTheDayBefore", "an absence is said to hold for another day", LISTING),
    Killer("status/F18-forwards", "PromisesAtFiling", "outcome approve: approved is followed by submitted"),
    Killer("status/F18-forwards", "PermitsInTime", "outcome reject: approved is followed by rejected"),
    Killer("status/F18-forwards", "ApprovesWhatIsCorrected", "outcome correction: approved is followed by in_review"),
    Killer("status/reports", "IssuesCopies", "permit-copy is issued and not among the deliverables"),
    Killer("status/reports", "IssuesAReceipt", "receipt is issued and not among the deliverables"),
    Killer("status/reports", "IssuesALetter", "letter is issued and not among the deliverables"),
    Killer("status/reports", "IssuesAtFiling", "slip is issued and not among the deliverables"),
    Killer("status/reports", "BlankWords", "the agency's word after status is empty"),
    Killer("status/reports", "DatesFilingsAhead", "the state after filing is dated in the future"),
    Killer("status/reports", "DatesByPromise", "the state after status is dated in the future"),
    Killer("status/reports", "DatesFindingsAhead", "the state after find is dated in the future"),
    Killer("status/reports", "ExplainsInEnglish", "the Bangla text of the reason of reject holds no Bangla letter"),
    Killer("status/reports", "ExplainsRefusals", "outcome correction: correction_requested without a reason"),
    Killer("status/reports", "ExplainsInBangla", "the English text of the reason of reject holds Bangla letters"),
    Killer("status/unknown-reference", "Missing", "a reference that the agency does not know is submitted"),
    Killer("status/unknown-reference", "MissingBreaks", "does not know ends in a fault of the plugin"),
    Killer("status/unknown-reference", "MissingIsAsBefore", "a reference that the agency does not know is"),
    Killer("response/unknown-word", "RefusesUnheardOf", "a word that is not known is refused"),
    Killer("response/unknown-word", "DropsUnheardOf", "a word that is not known is not kept in raw"),
    Killer("response/unknown-word", "LooksForParts", "a word that is not known is taken for submitted"),
    *of(
        "submit/F17-replay",
        "two attempts at once leave at the agency twice: application",
        "LooksFirst",
        "RemembersFilings",
        office=KEYLESS,
    ),
    Killer("submit/F17-replay", "NumbersSteps", "two attempts at once with one key have two references"),
    *of(
        "submit/accepted",
        "no request of the submission carries the client reference",
        "LowersReferences",
        "CutsReferences",
        "NamesReferencesOtherwise",
    ),
    Killer("submit/F17-replay", "NumbersSteps", "the same key leaves at the agency once more: application"),
    Killer("submit/F17-replay", "CountsAttempts", "the same key and the same form end in"),
    Killer("submit/papers-arrive", "StripsPapers", "documents with bytes that were not handed in"),
    Killer("submit/papers-arrive", "WritesLinesOtherwise", "documents with bytes that were not handed in"),
    Killer("submit/papers-arrive", "ReadsTheFirstPiece", "documents with bytes that were not handed in"),
    Killer("submit/papers-arrive", "CallsPapersBinary", "type application/pdf arrives as application/octet-stream"),
    Killer("submit/papers-arrive", "LeavesTypesOut", "the document photo of type image/png arrives as no type"),
    Killer("submit/papers-arrive", "TypesByKind", "the document deed of type image/png arrives as application/pdf"),
    *of(
        "payment/F19-of-another",
        "an answer about another payment is taken for this one's",
        "ComparesHalf",
        "BelievesTheReceipt",
        office=NUMBERED,
    ),
    Killer("payment/F19-of-another", "BreaksOnOthers", "a call ends in plugin-fault", NUMBERED),
    Killer(
        "payment/turned-away",
        "TakesRefusalForNotYet",
        "a payment that the agency has turned away is told as not confirmed yet",
        REFUSING,
    ),
    Killer(
        "payment/turned-away",
        "TurnsRefusedAway",
        "PAPERS MISSING: a payment that the agency has turned away is told as not confirmed yet",
        TURNING,
    ),
    Killer("payment/F19-started-twice", "NamesBillsByAmount", "another amount leaves at the gateway once more: slip"),
    *of(
        "payment/F19-started-twice",
        "a payment that was begun is begun with another amount",
        "AsksTheFirstAmount",
        "TakesTheOpenBill",
    ),
    *of(
        "payment/F19-started-twice",
        "one payment leaves at the gateway once more: slip; one payment has two references",
        "NamesBillsByTheMinute",
        "NamesEachBillAnew",
    ),
    Killer("payment/F19-altered-notice", "ReadsNoticesByHand", "ends in a fault of the plugin"),
    Killer("payment/F19-altered-notice", "ProvesWhatIsSigned", "is believed"),
    *of(
        "payment/F19-refunded-twice",
        "a refund that is ordered again leaves at the gateway once more: refund",
        "OrdersAnew",
        "OrdersByTheDay",
        office=ORDERING,
    ),
    Killer("payment/unknown-payment", "Unknown", "a payment that the gateway does not know is pending"),
    Killer("payment/unknown-payment", "MissingIsOver", "a payment that the gateway does not know is expired"),
    Killer("payment/unknown-payment", "MissingBillBreaks", "does not know ends in a fault of the plugin"),
    Killer("payment/F19-given-up", "GivesUpAfterAnHour", "told as cancelled, and the gateway takes", LEISURELY),
    Killer("payment/F19-given-up", "GivesUpInItsWords", "told as cancelled, and the gateway takes", LEISURELY),
    Killer("payment/F19-given-up", "NeverBegins", "told as expired, and the gateway takes the money", LEISURELY),
    *of(
        "payment/F19-noticed-only",
        "a notice is taken for proof that money was taken",
        "Noticing",
        "BelievesAfterAWhile",
        "BelievesWhenTheTillIsDown",
    ),
)
NEAR: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("robustness/side-by-side", "FilesOneAfterAnother", {}),
    ("robustness/side-by-side", "KeepsFilingsApart", {}),
    ("robustness/ended-session", "Hooks", UNAUTHORIZED),
    ("robustness/ended-session", "Hooks", sessions("at_the_agency:tells_wrong_from_ended")),
    ("payment/F19-refunded-twice", "OrdersByThePayment", ORDERING),
    ("payment/F19-noticed-only", "TakesHints", {}),
)


@pytest.mark.parametrize("killer", KILLERS, ids=lambda killer: f"{killer.check}-{killer.hooks or killer.told}")
async def test_plugin_that_breaks_a_promise_in_another_way_is_found_and_named(killer, permit_office, monkeypatch):
    monkeypatch.setattr(watched_calls, "LONGEST_BLOCK", 0.1)  # nobody has to wait here for longer
    findings = await found(killer.check, permit_office(killer.hooks, **(killer.office or {})))
    failed = [one for one in findings if one.status is CheckStatus.FAILED]
    assert [one.check for one in failed] == [killer.check] * killer.offers
    assert killer.told in failed[0].got


@pytest.mark.parametrize(("check", "hooks", "office"), NEAR)
async def test_plugin_that_only_looks_so_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)
