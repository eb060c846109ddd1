"""Each check fails a plugin that breaks its promise, says how, and passes the plugins that keep it."""

from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from nagorik import Text
from nagorik.manifest import Limits, parse_manifest
from nagorik_testing.contract.checks import CHECKS, Check
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus, Finding

from .conftest import ASKED, COMPLETES, HERE, PACKAGE

pytestmark = pytest.mark.long


class Kill(NamedTuple):
    """What is broken, and what the check must say of it."""

    told: str
    hooks: str | None = None
    simulator: str = "PermitOffice"
    plugin: dict[str, Any] | None = None
    service: dict[str, Any] | None = None
    offers: int = 1
    """Services and gateways that are broken so."""


OWNED = {"form": "forms:OwnedForm"}
SIZED = {"form": "forms:SizedForm"}
STAFFED = {"form": "forms:StaffedForm"}
ROWS = {"form": "forms:ExpressForm", "fees": "fees.toml#rows"}
SHOP = parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes()).services[0]
TWO: dict[str, Any] = {
    "services": tuple(SHOP.model_copy(update={"id": f"permits.{name}"}) for name in ("shop", "stall"))
}
STAGED = {"form": "forms:SizedForm", "fees": "fees.toml#staged"}
ASKING = {"asks": ("registry.check",)}
CALLING = [check for check in CHECKS if check.family != "process"]
"""Checks that look at a plugin each by itself; those of its process share one look, and have tests of their own."""
BY_ID = {check.id: check for check in CALLING}
FAMILY: dict[str, Any] = {"form": "forms:FamilyForm"}
KILLS = {
    "catalogue/offer": Kill(
        "the Bangla text of the name holds no Bangla letter", service={"name": Text(bn="Permits", en="Permits")}
    ),
    "catalogue/simulator": Kill("the simulator does not say what of it is modelled", simulator="SilentOffice"),
    "catalogue/objects": Kill(
        "permit-office 1.0 offers an operation whose hook nagorik_find_submission it does not implement.",
        "WithoutFind",
    ),
    "catalogue/secret-settings": Kill(
        "the setting password is a secret by its name and not a SecretStr",
        plugin={"settings": "settings:OpenSettings"},
    ),
    "fees/as-demanded": Kill(
        "the agency demands another sum, and the old one is quoted", "IgnoresDemand", "PricedOffice", service=SIZED
    ),
    "fees/taken-by-agency": Kill(
        "size: the agency wants another sum than is quoted", "AsksForSmall", "PricedOffice", service=SIZED
    ),
    "fees/holds": Kill("a minute before a quote expires", "GrowsAtMidnight", "PricedOffice", service=SIZED),
    "fees/at-bounds": Kill(
        "staff: no price, but input-rejected, at a figure of the rules",
        "NobodyAtTheLimit",
        "PricedOffice",
        service=STAFFED,
    ),
    "eligibility/nothing-assumed": Kill("number: failed, the NID number not known", "WantsNumber"),
    "eligibility/at-birthdays": Kill("told otherwise only on the day after the birthday 21", "ADayLate"),
    "eligibility/as-answered": Kill("answers no, and it decides nothing", "Shrugs", service=ASKING),
    "eligibility/example-may-apply": Kill("the agency accepts the example, and the plugin refuses it: age", "Stern"),
    "eligibility/answered": Kill("a citizen born on 1960-02-29 is answered with plugin-fault", "AfraidOfLeapDays"),
    "eligibility/each-by-itself": Kill(
        "a citizen is told otherwise for what was said of the same number before", "KeptByNumber"
    ),
    "form/hostile-input": Kill(
        "nothing in name: AttributeError instead of InputRejected", service={"form": "forms:Crashing"}
    ),
    "form/one-encoding": Kill(
        "name in the other encoding of its letters is taken for something else",
        service={"form": "forms:AsTyped"},
    ),
    "fees/schedule": Kill("no tariff is effective on 2026-11-24", service={"fees": "fees.toml#over"}),
    "fees/quoted": Kill("the quote has expired when it is issued", "Expired"),
    "fees/tariff-days": Kill("the price for 2025-07-01 is not that of the tariff second", "YesterdaysPrice"),
    "submit/accepted": Kill("the simulator's example is rejected", "Refusing"),
    "submit/F17-replay": Kill(
        "the same key gives another reference; the same key leaves at the agency once more: application",
        simulator="KeylessOffice",
    ),
    "submit/papers-arrive": Kill("1 of photo never reached the agency", "LosesPapers"),
    "submit/fields-arrive": Kill("mobile changes nothing that is sent, nor a verdict or a fee", "ForgetsMobile"),
    "submit/whole-texts": Kill("of a long name only a part is sent", "CutsNames"),
    "submit/of-nobody-else": Kill("depends on who filed before", "RemembersNames"),
    "submit/nothing-made-up": Kill(
        "1 body licence holds a value for licence, which was left empty",
        "FillsInLicences",
        "FamilyOffice",
        service=FAMILY,
    ),
    "submit/same-bytes": Kill("submit made again sends another body filedOn", "DatesFilings"),
    "answer-correction/corrected": Kill("no field of the form, corrected, changes what is sent", "AnswersNothing"),
    "submit/question": Kill(
        "a question that the agency answers with an error is said to be answered with yes",
        "TakesErrorsForYes",
        "AskedOffice",
        service={"writes": ASKED},
    ),
    "find/found-again": Kill("among 30 others is definitely absent after the look-up grace", "FindsNothing"),
    "payment/F19-started-twice": Kill(
        "one payment leaves at the gateway once more: slip; one payment has two references",
        simulator="GenerousOffice",
    ),
    "payment/F19-as-taken": Kill(
        "outcome other-amount: captured is another amount than the gateway took, or nothing was taken", "OwnAmount"
    ),
    "payment/F19-never-failed": Kill("outcome cancel: reported as failed", "CancelledIsFailed"),
    "payment/F19-given-up": Kill("told as expired, and the gateway takes the money", "GivesUpByItself"),
    "payment/F19-of-another": Kill(
        "an answer about another payment is taken for this one's", simulator="NumberedTill"
    ),
    "payment/F19-another-currency": Kill("money in USD is told as money in BDT", simulator="NumberedTill"),
    "payment/F19-noticed-only": Kill("a notice is taken for proof that money was taken", "BelievesNotices"),
    "payment/payable-until": Kill(
        "the payer is told a later time to pay until than the gateway's page takes money", "SendsTooLate", "PageTill"
    ),
    "payment/told-by-all": Kill(
        "a payment is told as expired while an attempt is open", "ReadsTheLastAttempt", "AttemptsTill"
    ),
    "payment/confirmed-as-held": Kill(
        "a payment is said to be confirmed that the agency does not hold yet", "PendingIsConfirmed", "BookOffice"
    ),
    "payment/F19-refunded-as-given": Kill(
        "money is said to be given back that was not", "OrderedIsRefunded", "SlowTill"
    ),
    "payment/told-as-held": Kill(
        "the agency is said to hold a payment that it does not hold", "AlwaysPaid", "FeeOffice"
    ),
    "payment/F19-genuine-notice": Kill("a genuine notice is taken for another payment's", "NamesReceipts"),
    "payment/F19-altered-notice": Kill("a message with another signature is believed", "BelievesAnySignature"),
    "advise-payment/as-paid": Kill("another receipt number changes nothing that is sent", "TellsOwnPaymentId"),
    "payment/as-ordered": Kill("two amounts that differ in poisha are opened alike", "OpensWholeTaka"),
    "payment/unknown-payment": Kill("a payment that the gateway does not know is failed", "MissingIsFailed"),
    "payment/unknown-word": Kill("a word that is not known is taken for captured", "UnknownIsPaid"),
    "payment/instructed": Kill("the payer is told neither where nor how to pay", "SaysNothing"),
    "payment/F19-refunded-twice": Kill(
        "a refund that is ordered again leaves at the gateway once more: refund", simulator="GenerousOffice"
    ),
    "payment/F19-completed-twice": Kill(
        "a payment that is completed again leaves at the gateway once more: capture",
        "Completes",
        "GreedyTill",
        plugin=COMPLETES,
    ),
    "payment/listed-as-taken": Kill(
        "15 of 25 payments of a day are not in its list", "ListsOnePage", "TwoStepTill", plugin=COMPLETES
    ),
    "status/F18-forwards": Kill("outcome approve: approved is followed by in_review", "GoesBack"),
    "status/reports": Kill("outcome reject: rejected without a reason", "Unexplained"),
    "response/unknown-word": Kill("a word that is not known is taken for rejected", "Guesses"),
    "status/unknown-reference": Kill("a reference that the agency does not know is rejected", "MissingIsRejected"),
    "status/every-word": Kill("TAKEN BACK: the agency's word is not known", "ForgetsAWord", "BookOffice"),
    "response/of-another": Kill(
        "bookedUnder of somebody else is reported as ours", "TellsAnyBooking", "BookingOffice"
    ),
    "response/on-its-day": Kill(
        "goodTo that is today is reported like one that is over",
        "EndsOnTheLastDay",
        "LastDayOffice",
        service={"writes": ASKED},
    ),
    "submit/turns-with-the-agency": Kill(
        "another thing is told once a day that it names has begun",
        "EndsOnTheLastDay",
        "ExpiringOffice",
        service={"writes": ASKED},
    ),
    "catalogue/settings-used": Kill(
        "the setting branch is named nowhere in the code",
        plugin={"settings": "settings:BranchSettings"},
    ),
    "robustness/token-kept": Kill(
        "a new login 2 minutes after the last, and its token is good for twice as long",
        simulator="SessionsOffice",
        plugin={"login": "overlooking:login_for_a_minute", "error_reader": "withholding:reads_ended_sessions"},
        offers=2,
    ),
    "submit/as-judged": Kill(
        "age: whoever fails it is refused by permits.shop, and filed by permits.stall",
        "HoldsRulesForShops",
        plugin=TWO,
    ),
    "eligibility/as-the-agency-says": Kill(
        "allowed: pass, where the agency answers NOT YET", "TakesNotYetForYes", "KnowingOffice"
    ),
    "eligibility/each-of-another": Kill(
        "nid is another's, and the form is judged like the applicant's own",
        "OwnByBirth",
        "OwnersOffice",
        service=OWNED,
    ),
    "withdraw/as-held": Kill(
        "an application is said to be withdrawn after the agency's decision, and the agency goes on with it",
        "AlwaysWithdrawn",
        "DecidedOffice",
    ),
    "slots/as-free": Kill("free appointments of 26 are not offered", "ReadsOnePageOfSlots"),
    "book-slot/chosen": Kill("another appointment is booked than was chosen, or none", "BooksTheFirst"),
    "response/preserved": Kill("status: remark.bn is reported in part", "CutsRemarks"),
    "response/steady": Kill("status: at is reported otherwise of the same responses", "DatesByItsClock"),
    "response/fields-read": Kill("nothing reads query-payment: receipt", "WithoutReceipts"),
    "callback/as-asked": Kill("a message dates the state otherwise than the agency dates it", "DatesBySending"),
    "deliverable/as-asked": Kill("a page in the place of permit is kept as the document", "KeepsWhateverComes"),
    "payment/turned-away": Kill(
        "PAPERS MISSING: a payment that the agency has turned away is told as not confirmed yet",
        simulator="TurnsAwayOffice",
    ),
    "submit/refused-field": Kill(
        "mobile, refused by the agency, is told at another field",
        simulator="FieldsOffice",
        plugin={"error_reader": "withholding:crosses_fields"},
    ),
    "robustness/ended-session": Kill(
        "submit in a session that the agency has ended ends in credentials-rejected",
        simulator="SessionsOffice",
        plugin={"login": "plugin:login_by_request", "error_reader": "withholding:takes_ended_for_wrong"},
        offers=2,
    ),
    "callback/forged": Kill("a message that was altered in one byte is believed", "ProvesTheBeginning"),
    "health/asks": Kill("the answer is given without asking the agency", "AlwaysUp"),
    "privacy/shown": Kill("what quote returns shows personal data when it is printed", "NamesQuoteAfterCitizen"),
    "privacy/error-texts": Kill("submit repeats what the agency's refusal quotes", "Quoting"),
    "privacy/addresses": Kill("personal data in the query of GET /permits", "NumbersInQuery"),
    "robustness/stateless": Kill("eligibility answers otherwise after it was asked by somebody else", "Fickle"),
    "robustness/side-by-side": Kill("two citizens have one reference", "SameReceipt"),
    "robustness/no-polling": Kill("status takes 10 seconds of an agency that answers at once", "Polls"),
    "robustness/F20-blocks-the-loop": Kill("eligibility keeps the event loop for more than 250 ms", "BlocksLoop"),
    "robustness/F20-cancelled": Kill("status goes on when its call is cancelled", "WillNotStop"),
    "robustness/F20-exits": Kill("submit ends the process", "Exits"),
    "robustness/own-errors": Kill(
        "submit: an office that is shut ends in InputRejected, not in AgencyRejected",
        plugin={"error_reader": "broken:deaf"},
        offers=2,
    ),
}


USUAL: dict[str, Any] = {"simulator": "CountingOffice", "plugin": {"limits": Limits(logins=2)}}
OTHERWISE: dict[str, dict[str, Any]] = {
    "fees/as-demanded": {"hooks": "Demands", "simulator": "PricedOffice", "service": SIZED},
    "fees/taken-by-agency": {"hooks": "Demands", "simulator": "PricedOffice", "service": SIZED},
    "fees/at-bounds": {"hooks": "UpToTheLimit", "simulator": "PricedOffice", "service": STAFFED},
    "eligibility/as-answered": {"hooks": "Asks", "service": ASKING},
    "submit/nothing-made-up": {"hooks": "Family", "simulator": "FamilyOffice", "service": FAMILY},
    "status/every-word": {"simulator": "BookOffice"},
    "submit/as-judged": {"hooks": "HoldsRules", "plugin": TWO},
    "eligibility/each-of-another": {"hooks": "OwnForm", "simulator": "OwnersOffice", "service": OWNED},
    "eligibility/as-the-agency-says": {"hooks": "AsksWhetherTheyMay", "simulator": "KnowingOffice"},
    "submit/turns-with-the-agency": {
        "hooks": "AsksWhetherGood",
        "simulator": "ExpiringOffice",
        "service": {"writes": ASKED},
    },
    "payment/payable-until": {"hooks": "SendsToThePage", "simulator": "PageTill"},
    "payment/told-by-all": {"hooks": "ReadsAllAttempts", "simulator": "AttemptsTill"},
    "payment/confirmed-as-held": {"simulator": "BookOffice"},
    "payment/F19-of-another": {"hooks": "ReadsWhoseItIs", "simulator": "NumberedTill"},
    "payment/F19-another-currency": {"hooks": "ReadsWhoseItIs", "simulator": "NumberedTill"},
    "payment/told-as-held": {"hooks": "TellsFee", "simulator": "FeeOffice"},
    "payment/turned-away": {"hooks": "HeedsTurnedAway", "simulator": "TurnsAwayOffice"},
    "submit/refused-field": {
        "simulator": "FieldsOffice",
        "plugin": {"limits": Limits(), "error_reader": "withholding:reads_fields"},
    },
    "robustness/token-kept": {
        "simulator": "SessionsOffice",
        "plugin": {
            "limits": Limits(),
            "login": "overlooking:login_for_most_of_a_session",
            "error_reader": "withholding:reads_ended_sessions",
        },
    },
    "robustness/ended-session": {
        "simulator": "SessionsOffice",
        "plugin": {
            "limits": Limits(),
            "login": "plugin:login_by_request",
            "error_reader": "withholding:reads_ended_sessions",
        },
    },
    "submit/question": {
        "hooks": "Asking",
        "simulator": "AskedOffice",
        "service": {"writes": ASKED},
    },
    "payment/F19-completed-twice": {"hooks": "Completes", "simulator": "TwoStepTill", "plugin": COMPLETES},
    "payment/listed-as-taken": {"hooks": "Completes", "simulator": "TwoStepTill", "plugin": COMPLETES},
}
"""Checks that see nothing at the usual office, and the plugin and office that they pass."""
WITHOUT_EXAMPLE = {check.id for check in CHECKS if check.family == "catalogue"} | {
    "fees/schedule",
    "health/asks",
}
"""Checks that file nothing."""


async def findings(check: Check, subject: Subject) -> list[Finding]:
    return [found async for found in check.run(subject)]


def test_every_check_has_a_plugin_that_it_fails():
    assert set(KILLS) == set(BY_ID)
    assert len(BY_ID) == len(CALLING)


@pytest.mark.parametrize("check", CALLING, ids=lambda check: check.id)
async def test_check_passes_a_plugin_that_keeps_its_promises(check, permit_office):
    subject = permit_office(**{**USUAL, **OTHERWISE.get(check.id, {})})
    found = await findings(check, subject)
    assert {one.offer for one in found} == {None} or len(found) == len(subject.manifest.offers)
    assert [(one.status, one.got) for one in found if one.failed] == []
    assert CheckStatus.PASSED in {one.status for one in found}


@pytest.mark.parametrize("check_id", KILLS)
async def test_check_fails_a_plugin_that_breaks_its_promise(check_id, permit_office):
    check, kill = BY_ID[check_id], KILLS[check_id]
    subject = permit_office(kill.hooks, kill.simulator, plugin=kill.plugin, service=kill.service)
    failed = [one for one in await findings(check, subject) if one.status is CheckStatus.FAILED]
    assert len(failed) == kill.offers
    assert failed[0].check == check_id
    assert kill.told in failed[0].got
    assert failed[0].because == check.why


LIMITS_OF_LOGINS = {
    "as the agency allows": (Limits(logins=2), []),
    "in less of the time": (Limits(logins=1, login_period=timedelta(minutes=30)), []),
    "in more of the time": (Limits(logins=2, login_period=timedelta(hours=2)), []),
    "more": (Limits(logins=3), ["and limits.logins lets 3 be made"]),
    "as many in less of the time": (
        Limits(logins=2, login_period=timedelta(minutes=40)),
        ["and limits.logins lets 4 be made"],
    ),
}


@pytest.mark.parametrize("kind", LIMITS_OF_LOGINS)
async def test_declared_logins_are_held_against_any_stretch_of_the_agencys_time(kind, permit_office):
    declared, told = LIMITS_OF_LOGINS[kind]
    subject = permit_office(simulator="CountingOffice", plugin={"limits": declared})
    (found,) = await findings(BY_ID["catalogue/simulator"], subject)
    assert [found.got.rpartition(", ")[2]] * found.failed == told


async def test_limit_of_logins_that_no_simulator_keeps_is_failed(permit_office):
    (found,) = await findings(BY_ID["catalogue/simulator"], permit_office(plugin={"limits": Limits(logins=2)}))
    assert found.got == "limits.logins is declared, and the simulator counts no logins"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("OptionsExchanged", ["the titles of the options ground-floor and upstairs are exchanged"]),
        ("OptionsExchangedInPart", ["the titles of the options moved-upstairs and widened are exchanged"]),
        ("FieldsExchanged", ["the titles of the fields owner_name and tenant_name are exchanged"]),
        ("OptionsCalledOtherwise", []),
        ("NamedAlike", []),
    ],
)
async def test_each_others_titles_are_failed_and_other_titles_are_not(form, told, permit_office):
    (found, _) = await findings(BY_ID["catalogue/offer"], permit_office(service={"form": f"forms:{form}"}))
    assert [found.got] * found.failed == told


@pytest.mark.parametrize(
    ("reader", "status"),
    [
        ("points_right", CheckStatus.PASSED),
        ("points_to_a_group", CheckStatus.PASSED),
        ("always_points_to_the_name", CheckStatus.NOT_APPLICABLE),
        ("points_astray", CheckStatus.FAILED),
    ],
)
async def test_refusal_is_told_at_its_field_or_at_none(permit_office, reader, status):
    subject = permit_office(simulator="NamingRefusals", plugin={"error_reader": f"refusals:{reader}"})
    found = await findings(BY_ID["submit/refused-field"], subject)
    assert [one.status for one in found] == [status, CheckStatus.NOT_APPLICABLE]


async def test_form_that_repeats_what_was_written_is_failed(permit_office):
    (found, _) = await findings(BY_ID["form/hostile-input"], permit_office(service={"form": "forms:Echoing"}))
    assert found.status is CheckStatus.FAILED
    assert "a list in name: the refusal repeats it" in found.got
    assert "Q7Z9" not in found.got


async def test_form_that_changes_what_was_handed_in_is_failed(permit_office):
    (found, _) = await findings(BY_ID["form/hostile-input"], permit_office(service={"form": "forms:Tidying"}))
    assert found.status is CheckStatus.FAILED
    assert "a number in address.road: what was handed in is changed" in found.got


async def test_money_that_is_captured_before_it_is_taken_is_failed(permit_office):
    (_, found) = await findings(BY_ID["payment/F19-as-taken"], permit_office("CapturedAtOnce"))
    assert found.status is CheckStatus.FAILED
    assert "outcome cancel: captured is another amount than the gateway took, or nothing was taken" in found.got


async def test_hook_that_leaves_a_task_behind_is_failed(permit_office):
    (found, _) = await findings(BY_ID["robustness/F20-cancelled"], permit_office("LeavesTasks"))
    assert found.status is CheckStatus.FAILED
    assert found.got == "status leaves a task behind"


async def test_errors_that_no_simulator_shows_are_not_proved(permit_office):
    (found, _) = await findings(BY_ID["robustness/own-errors"], permit_office(simulator="UnspokenOffice"))
    assert found.status is CheckStatus.NOT_REACHED
    assert found.got == "the simulator gives no example of the agency's own errors"


@pytest.mark.parametrize("check", [check for check in CHECKS if check.id not in WITHOUT_EXAMPLE], ids=lambda c: c.id)
async def test_nothing_passes_for_a_service_without_an_example(check, permit_office):
    (found, *_) = await findings(check, permit_office(simulator="WordlessOffice"))
    assert found.status in {CheckStatus.NOT_REACHED, CheckStatus.NOT_APPLICABLE}
    assert found.status is CheckStatus.NOT_APPLICABLE or "no example of permits.shop" in found.got


async def test_check_leaves_the_plugin_out_of_quarantine(permit_office):
    subject = permit_office("NeedsNumber")
    for _ in range(6):
        await findings(BY_ID["eligibility/answered"], subject)
    assert subject.registry.quarantined == ()


def test_every_text_is_a_sentence_and_every_check_names_its_failure_modes():
    for check in CHECKS:
        assert check.why.endswith(".")
        assert check.modes
        assert list(check.modes) == sorted(set(check.modes))
        assert check.fix.endswith(".")
        assert check.title
        assert check.expected
