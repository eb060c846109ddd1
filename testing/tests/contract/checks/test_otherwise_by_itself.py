"""What a plugin breaks by itself, in another way than the plainest; and what comes near, and is right."""

from typing import Any

import pytest

from nagorik import Text
from nagorik.manifest import DocumentKind

from .conftest import COMPLETES, Fault, expect_fault, expect_right, found

PRICED: dict[str, Any] = {"simulator": "PricedOffice", "service": {"form": "forms:SizedForm"}}
HEADS: dict[str, Any] = {
    "simulator": "PricedOffice",
    "service": {"form": "forms:StaffedForm", "fees": "own_fees.toml#heads"},
}


def service(**changed: Any) -> dict[str, Any]:
    return {"service": changed}


def plugin(**changed: Any) -> dict[str, Any]:
    return {"plugin": changed}


def fees(schedule: str) -> dict[str, Any]:
    return service(fees=f"own_fees.toml#{schedule}")


def form(name: str, **office: Any) -> dict[str, Any]:
    return {**office, **service(form=name)}


def settings(name: str) -> dict[str, Any]:
    return plugin(settings=f"own_models:{name}")


DEED = DocumentKind(kind="deed")
DEED_AGAIN = DocumentKind(kind="deed", required=True)
FAULTS = (
    Fault("catalogue/offer", "Hooks", "Unlabelled.floor has no Label", form("forms:Unlabelled")),
    Fault("catalogue/offer", "Hooks", "permit is listed twice", service(deliverables=("permit", "permit"))),
    Fault("catalogue/simulator", "Hooks", "and limits.logins is not declared", {"simulator": "CountingOffice"}),
    Fault("catalogue/objects", "Hooks", "is not a subclass of AgencySettings", plugin(settings="forms:ShopForm")),
    Fault("catalogue/objects", "Hooks", "settings are refused: colour", {"simulator": "StrictOffice"}),
    Fault("catalogue/objects", "MisspellsFind", "implements nagorik_find_submision, and there is no such hook"),
    Fault("catalogue/objects", "ForgetsTheMark", "has the function nagorik_get_status without @hookimpl"),
    Fault("catalogue/objects", "AnswersWithoutWaiting", "implements nagorik_check_eligibility without async def"),
    Fault("catalogue/objects", "NamesItsArgumentsItself", "with the argument application, which is not passed"),
    Fault(
        "catalogue/objects", "ListsPaymentsToo", "nagorik_list_payments, but its manifest offers no operation for it"
    ),
    Fault(
        "catalogue/objects",
        "Hooks",
        "offers an operation whose hook nagorik_complete_payment it does not implement",
        {"plugin": COMPLETES},
    ),
    Fault("catalogue/offer", "Hooks", "deed is listed twice", service(documents=(DEED, DEED_AGAIN))),
    Fault(
        "catalogue/offer",
        "Hooks",
        "deed is listed twice",
        service(documents=(DEED, DEED_AGAIN), deliverables=()),
    ),
    Fault(
        "catalogue/objects",
        "Hooks",
        "permit_office.forms:NoSuchForm, which is not there",
        service(form="forms:NoSuchForm"),
    ),
    Fault(
        "catalogue/objects",
        "Hooks",
        "own_models:NotAForm does not derive from Form",
        service(form="own_models:NotAForm"),
    ),
    Fault(
        "catalogue/objects",
        "Hooks",
        "plugin:read_error is not a coroutine function",
        plugin(login="plugin:read_error"),
    ),
    Fault(
        "catalogue/objects",
        "Hooks",
        "cannot be called with http, settings, clock",
        plugin(login="own_faults:logs_in_without_settings"),
    ),
    Fault("catalogue/objects", "Hooks", "plugin:FEES cannot be called", plugin(error_reader="plugin:FEES")),
    Fault(
        "catalogue/objects",
        "Hooks",
        "is a coroutine function, which is not awaited",
        plugin(error_reader="own_faults:reads_later"),
    ),
    Fault(
        "catalogue/objects",
        "Hooks",
        "cannot be called with answer",
        plugin(error_reader="own_faults:reads_with_settings"),
    ),
    Fault("catalogue/secret-settings", "Hooks", "the setting merchant_key is a secret", settings("UnmaskedKey")),
    Fault("catalogue/secret-settings", "Hooks", "the setting signing_secret is a secret", settings("MaskedAtWill")),
    Fault("catalogue/secret-settings", "Hooks", "the setting passphrase is a secret", settings("PassphraseSettings")),
    Fault(
        "catalogue/secret-settings", "Hooks", "the setting account.password is a secret", settings("AccountSettings")
    ),
    Fault("catalogue/secret-settings", "Hooks", "the setting tokens is a secret", settings("SecretsByBranch")),
    Fault("catalogue/objects", "Hooks", "refused: branch", settings("NeedsABranch")),
    Fault("catalogue/objects", "Hooks", "refused: password", settings("ShortPasswords")),
    Fault("catalogue/objects", "Hooks", "refused: password", settings("FewerSettings")),
    Fault("catalogue/objects", "Hooks", "refused: password", {"simulator": "NumberedOffice"}),
    Fault("catalogue/simulator", "Hooks", "does not say what of it is modelled", {"simulator": "BlankOffice"}),
    Fault("catalogue/simulator", "Hooks", "not said in Bangla", {"simulator": "EnglishOffice"}),
    Fault("catalogue/simulator", "Hooks", "not said in English", {"simulator": "HalfSaidOffice"}),
    Fault("catalogue/simulator", "Hooks", "not said in Bangla", {"simulator": "FiguresOffice"}),
    Fault("catalogue/offer", "Hooks", "there is no summary", service(summary=None)),
    Fault(
        "catalogue/offer",
        "Hooks",
        "the English text of the summary holds Bangla letters",
        service(summary=Text(bn="অনুমতি দেয়।", en="অনুমতি দেয়।")),
    ),
    Fault(
        "catalogue/offer",
        "Hooks",
        "the Bangla text of the name holds no Bangla letter",
        service(name=Text(bn="Permit ১", en="Permit 1")),
    ),
    Fault("fees/quoted", "SaysItInBanglaTwice", "the English text of the line permit holds Bangla letters"),
    Fault("fees/quoted", "FiguresForBangla", "the Bangla text of the line permit holds no Bangla letter"),
    Fault("fees/quoted", "EnglishForTheLarge", "the Bangla text of the line permit holds no Bangla letter", PRICED),
    Fault("fees/schedule", "Hooks", "no tariff is effective on 2026-11-24", fees("later")),
    Fault("fees/schedule", "Hooks", "no tariff is effective on 2026-11-24", fees("gap")),
    Fault("fees/quoted", "QuotesFromTheDayBefore", "the quote is issued before it is asked for"),
    Fault("fees/quoted", "HoldsForTenYears", "for more than 366 days"),
    Fault("fees/quoted", "DatedTomorrow", "the quote is issued in the future"),
    Fault("fees/quoted", "HoldsUntilNewYear", "has expired when it is issued, asked for at 23:59 on 2027-01-24"),
    Fault("fees/quoted", "HoldsUntilSix", "has expired when it is issued, asked for at 23:59 on 2026-11-24"),
    Fault("fees/quoted", "OpensABill", "a quote leaves at the agency: slip"),
    Fault("fees/quoted", "FilesTheLarge", "a quote leaves at the agency: application", PRICED),
    Fault("fees/quoted", "TwoQuotes", "the same question at the same instant gives two quotes"),
    Fault("fees/quoted", "EnglishPrices", "the Bangla text of the line permit holds no Bangla letter"),
    Fault("fees/quoted", "AsksForEachRow", "a quote takes 5 requests"),
    Fault("fees/schedule", "Hooks", "source of the tariff hearsay has no date", service(fees="fees.toml#undated")),
    Fault("fees/quoted", "DrawsItsNumbers", "the same instant gives two quotes"),
    Fault("fees/quoted", "DearerWhenAskedAgain", "asked twice has two prices"),
    Fault("fees/quoted", "FirstComeFirstServed", "the same instant gives two quotes"),
    Fault("fees/quoted", "DueByTurns", "asked twice has two prices"),
    Fault("fees/schedule", "Hooks", "the Bangla text of the note of the tariff first holds no", fees("english")),
    Fault("fees/schedule", "Hooks", "dated 2062-11-24, which has not come", fees("ahead")),
    Fault("fees/schedule", "Hooks", "the English text of the row licence", fees("row")),
    Fault("fees/schedule", "FromMemory", "the source of the quote has no date", service(fees=None)),
    Fault("fees/tariff-days", "ByTheDayInUtc", "the price for 2025-07-01 is not that of the tariff second"),
    Fault("fees/tariff-days", "ADayLongerAtTheOldPrice", "the price for 2025-07-01 is not that of the tariff second"),
    Fault("fees/tariff-days", "ByTheHeadAsItWas", "the price for 2025-07-01 is not that of the tariff second", HEADS),
    Fault("fees/tariff-days", "BreaksOnTheFirstDay", "a call ends in plugin-fault"),
    Fault(
        "eligibility/example-may-apply", "LikeTheExample", "accepts another citizen's, and the plugin refuses it: sex"
    ),
    Fault("eligibility/example-may-apply", "NeedsTheForm", "refuses it before the form is filled in: age"),
    Fault("eligibility/example-may-apply", "NotThisYear", "refuses it: campaign"),
    Fault("eligibility/example-may-apply", "ShortNumbersOnly", "refuses it: card"),
    Fault("eligibility/answered", "RegistersTheRefused", "asking leaves at the agency: application"),
    Fault("eligibility/answered", "RegistersTheUndecided", "asking leaves at the agency: application"),
    Fault("eligibility/answered", "BillsWhenAsked", "asking leaves at the agency: slip"),
    Fault("form/one-encoding", "Hooks", "mobile in Bangla digits is refused", form("own_models:PhoneAsText")),
    Fault("form/one-encoding", "Hooks", "mobile in Bangla digits is refused", form("forms:AsciiOnly")),
    Fault(
        "form/one-encoding",
        "Hooks",
        "mobile in Bangla digits is taken for something else",
        form("own_models:PhoneAsTyped"),
    ),
    Fault(
        "form/one-encoding",
        "Hooks",
        "opened_on in Bangla digits is refused",
        form("own_models:StrictDates", simulator="PricedOffice"),
    ),
    Fault(
        "form/one-encoding",
        "Hooks",
        "staff in Bangla digits is refused",
        form("own_models:CountedStaff", simulator="CountingStaffOffice"),
    ),
    Fault(
        "form/one-encoding",
        "Hooks",
        "mobile in Bangla digits is taken for something else",
        form("own_models:MistakesDigits"),
    ),
    Fault("form/one-encoding", "Hooks", "address.road in the other encoding", form("own_models:AddressAsTyped")),
    Fault(
        "form/one-encoding",
        "Hooks",
        "name in the other encoding of its letters is taken for",
        form("own_models:HalfComposed"),
    ),
    Fault(
        "form/one-encoding",
        "Hooks",
        "name in the other encoding of its letters is refused",
        form("own_models:RefusesOtherKeyboards"),
    ),
    Fault(
        "form/one-encoding",
        "Hooks",
        "note in the other encoding of its letters is taken for",
        form("own_models:NoteAsTyped"),
    ),
    Fault("privacy/shown", "Talkative", "eligibility writes personal data into the log"),
    Fault("privacy/shown", "LogsInBangla", "eligibility writes personal data"),
    Fault("privacy/shown", "LogsInGroups", "eligibility writes personal data"),
    Fault("privacy/shown", "LogsNames", "status writes personal data"),
    Fault("privacy/shown", "LogsPayers", "start-payment writes personal data"),
    Fault("privacy/shown", "LogsBytes", "eligibility writes personal data"),
    Fault("privacy/shown", "LogsInMembers", "eligibility writes personal data"),
    Fault("privacy/shown", "SourceIsTheCitizen", "what quote returns shows personal data"),
    Fault("privacy/shown", "PlacesAreNamedAfterThem", "what slots returns shows personal data"),
    Fault("privacy/shown", "NumbersQuotesInHex", "what quote returns shows personal data"),
    Fault("privacy/shown", "PasswordInAField", "status writes personal data into the log", offers=2),
    Fault("privacy/shown", "PasswordInAQuery", "eligibility sends a secret in an address"),
    Fault("privacy/error-texts", "PasswordInAnError", "status repeats what the agency's refusal quotes", offers=2),
    Fault("privacy/error-texts", "LogsRefusals", "submit repeats what the agency's refusal quotes"),
)
TWICE_OTHERWISE = (DEED, DocumentKind(kind="permit"))
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("catalogue/objects", "NamesHooksOtherwise", {}),
    ("catalogue/offer", "Hooks", service(documents=TWICE_OTHERWISE)),
    ("catalogue/objects", "Hooks", plugin(error_reader="own_faults:knows_a_refusal")),
    ("catalogue/secret-settings", "Hooks", settings("MaskedOtherwise")),
    ("catalogue/secret-settings", "Hooks", settings("BranchSettings")),
    ("catalogue/objects", "Hooks", settings("ManyDefaults")),
    ("catalogue/simulator", "Hooks", {"simulator": "TwoParagraphsOffice"}),
    ("catalogue/offer", "Hooks", service(name=Text(bn="এ৪ কাগজে অনুমতি", en="Permit on A4"))),
    ("fees/quoted", "QuotesAPlate", {}),
    ("fees/schedule", "Hooks", fees("ending")),
    ("fees/quoted", "HoldsForAMinute", {}),
    ("fees/quoted", "HoldsForAYear", {}),
    ("fees/quoted", "AsksThrice", {}),
    ("fees/quoted", "NumbersByTheInstant", {}),
    ("fees/schedule", "Hooks", fees("ending")),
    ("fees/tariff-days", "NoPriceOnTheFirstDay", {}),
    ("fees/tariff-days", "ByTheHead", HEADS),
    ("eligibility/example-may-apply", "CannotTellAnything", {}),
    ("eligibility/answered", "LooksUpWhenAsked", {}),
    ("form/one-encoding", "Hooks", form("own_models:PhoneInAsciiText")),
    ("form/one-encoding", "Hooks", form("own_models:ReadDates", simulator="PricedOffice")),
    ("form/one-encoding", "Hooks", form("own_models:ComposedByItself")),
    ("privacy/shown", "LogsLengths", {}),
    ("privacy/shown", "RefundsAreNumbered", {}),
    ("privacy/error-texts", "Hooks", plugin(error_reader="own_faults:knows_a_refusal")),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)


@pytest.mark.parametrize("reader", ["rejects_with_details", "rejects_with_the_message", "rejects_with_remarks"])
async def test_refusal_that_is_repeated_is_found_at_every_offer(reader, permit_office):
    subject = permit_office(simulator="ExplainingOffice", plugin={"error_reader": f"own_faults:{reader}"})
    told = {one.offer: one.got for one in await found("privacy/error-texts", subject) if one.failed}
    assert told.keys() == {"permits.shop", "permits.till"}
    assert "status repeats what the agency's refusal quotes" in told["permits.shop"]
