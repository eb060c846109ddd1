"""What a gateway says of a payment in its words, answers, attempts and notices: heeded, or a fault is named."""

from typing import Any

import pytest

from .conftest import COMPLETES, Fault, expect_fault, expect_right


def at(simulator: str, **others: Any) -> dict[str, Any]:
    """A till of another kind."""
    return {"simulator": simulator, **others}


def all_of(check: str, told: str, office: dict[str, Any] | None, *hooks: str) -> tuple[Fault, ...]:
    """Several plugins of which one thing is said."""
    return tuple(Fault(check, each, told, office) for each in hooks)


ORDERED, DAILY = at("OrderedTill"), at("DailyTill")
GREEDY, TWO_STEP = at("GreedyTill", plugin=COMPLETES), at("TwoStepTill", plugin=COMPLETES)
COUNTING = at("CountingTill", plugin=COMPLETES)
ONCE, SHARED, FAILING = at("OrderOnceTill"), at("SharedKeyTill"), at("FailingTill")
SIGNING = at("SigningTill")
PAGE, ATTEMPTS, FORGETFUL = at("PageTill"), at("AttemptsTill"), at("ForgetfulTill")
ALIKE, ALIKE_STATE = "only resembles a known one is taken for captured", "only resembles a known one is taken for"

FAULTS = (
    *all_of("payment/unknown-word", ALIKE, None, "ReadsWhatBegins", "ReadsWhatHolds", "ReadsShortWords"),
    *all_of("response/unknown-word", ALIKE_STATE, None, "ReadsStatesThatBegin", "ReadsShortStates"),
    *all_of(
        "response/unknown-word",
        "advise-payment: word with a word that only resembles a known one decides confirmed",
        at("BookOffice"),
        "ConfirmsWhatBegins",
        "ConfirmsWhatEnds",
    ),
    Fault(
        "response/unknown-word", "RefundsWhatBegins", "refund-payment: word with a word that only", at("TitlingTill")
    ),
    *all_of(
        "payment/F19-of-another",
        "an answer about another payment is taken for this one's",
        ORDERED,
        "ComparesNoOrders",
        "ComparesTheLookOfOrders",
    ),
    Fault("payment/F19-completed-twice", "RefusesWhenOvertaken", "already is told as refused", TWO_STEP),
    Fault("payment/F19-completed-twice", "FailsWhenOvertaken", "already is told as failed", TWO_STEP),
    Fault("payment/F19-completed-twice", "AsksThenCompletes", "completed twice at once leaves at the", GREEDY),
    *all_of(
        "payment/F19-refunded-twice",
        "a refund that is ordered already is told as",
        ONCE,
        "FailsRefundsWhenOvertaken",
        "RefusesRefundsWhenOvertaken",
    ),
    Fault("payment/F19-refunded-twice", "AsksThenRefunds", "ordered twice at once leaves", at("AnyOrderTill")),
    Fault(
        "payment/F19-never-failed",
        "TakesTornUpForExpired",
        "what the payer cancelled is told as expired",
        at("ExpiringTill"),
    ),
    Fault(
        "payment/F19-never-failed",
        "TakesCancelledForExpired",
        "what the payer cancelled is told as expired",
        at("CancellingTill"),
    ),
    *all_of(
        "payment/listed-as-taken",
        "fewer payments than the gateway says that there are is told as whole",
        COUNTING,
        "StopsAtAnEmptyPage",
        "StopsAtAShortPage",
    ),
    Fault("payment/payable-until", "SendsTooLate", "a later time to pay until than the gateway's page", PAGE),
    Fault("payment/payable-until", "ExpiresByItself", "told as expired before the time until which", PAGE),
    *all_of(
        "payment/told-by-all",
        "money that was taken twice, by two answers of the gateway, is told as taken once",
        DAILY,
        "CountsTheFirst",
        "CountsTheDearest",
    ),
    Fault("payment/told-by-all", "PassesOverWhatIsUnread", "one of several answers cannot be read", DAILY),
    *all_of(
        "payment/told-by-all", "while an attempt is open", ATTEMPTS, "ReadsTheLastAttempt", "ReadsTheFirstAttempt"
    ),
    Fault("payment/told-by-all", "AsksNoSlip", "a payment that is captured is told as unknown", FORGETFUL),
    Fault("payment/told-by-all", "WaitsWithoutAttempts", "that is expired is told as pending", FORGETFUL),
    *all_of("payment/F19-altered-notice", "a notice of somebody else", SHARED, "Hooks", "KnowsTheTrade"),
    Fault("payment/F19-altered-notice", "BelievesPaid", "with another signature is believed", SIGNING),
    Fault("payment/as-ordered", "ComesBackElsewhere", "body back holds an address that is neither"),
    Fault("payment/F19-as-taken", "PaidInAnHour", "or at a time that has not come"),
    Fault("payment/F19-refunded-as-given", "Hooks", "come to nothing is said to be under way", FAILING),
    Fault("payment/F19-refunded-as-given", "TakesFailedForRefunded", "to nothing is said to be made", FAILING),
)
RIGHT = (
    ("payment/unknown-word", "ReadsInAnyCase", None),
    ("response/unknown-word", "ReadsStatesInAnyCase", None),
    ("response/unknown-word", "ConfirmsBy", at("BookOffice")),
    ("response/unknown-word", "KnowsTitles", at("TitlingTill")),
    ("payment/F19-of-another", "ComparesOrders", ORDERED),
    ("payment/F19-completed-twice", "AsksThenCompletes", TWO_STEP),
    ("payment/F19-refunded-twice", "AsksThenRefunds", ONCE),
    ("payment/F19-never-failed", "KnowsEnds", at("ExpiringTill")),
    ("payment/F19-never-failed", "KnowsEnds", at("OneEndTill")),
    ("payment/listed-as-taken", "CountsTheList", COUNTING),
    ("payment/payable-until", "SendsToThePage", PAGE),
    ("payment/payable-until", "SendsInGoodTime", PAGE),
    ("payment/told-by-all", "AsksAllDates", DAILY),
    ("payment/told-by-all", "StopsAtMoney", DAILY),
    ("payment/told-by-all", "ReadsAllAttempts", ATTEMPTS),
    ("payment/told-by-all", "ReadsAllAttempts", FORGETFUL),
    ("payment/F19-altered-notice", "KnowsItsOffice", SHARED),
    ("payment/F19-altered-notice", "ProvesPaid", SIGNING),
    ("payment/as-ordered", "ComesBack", None),
    ("payment/F19-refunded-as-given", "KnowsFailedRefunds", FAILING),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(
    ("check", "hooks", "office"), RIGHT, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_plugin_that_heeds_it_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)
