"""What an error of the contract's may hold when it comes from a plugin: codes, places and sentences, and nobody."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    FieldProblem,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
    ServiceNotOffered,
    SettingsRejected,
)
from nagorik.values.sentences import Text
from nagorik_platform.contract_errors import known_error

NID = "1990123456789"
TEXT = Text(bn="ভুল।", en="Wrong.")
TELLING = (
    NID,
    f"nid-{NID}",
    f"NID {NID} of Rahima Khatun",
    "১৯৯০১২৩৪৫৬৭৮৯",
    "+880 1712-345678",
    "rahima@example.com",
    "https://agency.example/files?token=abc",
    "eyJhbGciOiJIUzI1NiJ9.eyJuaWQiOiIx",
    "q8Zr2nVb5Yc1Xw7Lk9Jh3Gf6",
)
MAKERS: dict[str, Callable[[str], NagorikError]] = {
    "violation": ContractViolation,
    "violation-place": lambda word: ContractViolation(f"does-not-fit: $.{word} missing"),
    "step": lambda word: OutcomeUnknown(step=word, because="x"),
    "outcome-because": lambda word: OutcomeUnknown(step="x", because=word),
    "reason-code": AgencyRejected,
    "pointer": lambda word: InputRejected([problem(pointer=f"/form/{word}")]),
    "field-code": lambda word: InputRejected([problem(code=word)]),
    "fault": lambda word: PluginFault(word, plugin="nid"),
    "fault-plugin": lambda word: PluginFault("x", plugin=word),
    "fault-exception": lambda word: PluginFault("x", plugin="nid", exception=word),
    "fault-where": lambda word: PluginFault("x", plugin="nid", where=f"{word}:3 in f"),
    "setting-name": lambda word: SettingsRejected([word], plugin="nid"),
    "setting-reason": lambda word: SettingsRejected(["x"], plugin="nid", reasons={"x": word}),
    "setting-reason-name": lambda word: SettingsRejected(["x"], plugin="nid", reasons={word: "x"}),
    "unavailable": lambda word: AgencyUnavailable(because=word),
    "not-offered": ServiceNotOffered,
}


def is_known(error: BaseException) -> bool:
    return known_error(error) is not None


def problem(**members: Any) -> FieldProblem:
    return FieldProblem(**({"pointer": "/form/nid", "code": "nid.length", "text": TEXT} | members))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("word", TELLING)
def test_no_member_of_an_error_tells_of_anybody(make: Callable[[str], NagorikError], word: str) -> None:
    assert is_known(make("ordinary"))
    assert not is_known(make(word))


@pytest.mark.parametrize("word", TELLING)
def test_what_is_said_to_the_citizen_is_left_as_it_is(word: str) -> None:
    said = Text(bn=f"না: {word}।", en=f"No: {word}.")
    for error in (AgencyRejected("x", reason=said), InputRejected([problem(text=said)])):
        assert is_known(error)
        assert word not in f"{error} {error!r} {error.message}"


@pytest.mark.parametrize(
    "error",
    [
        ContractViolation("not-json"),
        ContractViolation("http-502"),
        ContractViolation("does-not-fit: $.items.0.state missing, $.by.•••.due int_parsing and 3 more"),
        ContractViolation("does-not-fit: $ model_type"),
        ContractViolation("does-not-fit: in 2400000 places"),
        OutcomeUnknown(step="apply+pay", because="read-timeout"),
        InputRejected([]),
        InputRejected([problem(pointer=""), problem(pointer="/form/plots/0/khatian~1no")]),
        AgencyRejected(
            "nid.locked", reason=Text(bn="২৪/১১/২০২৬ পর্যন্ত।", en="Until 24/11/2026; the fee is 1,15,000.00 taka.")
        ),
        AgencyRejected("x", reason=Text(bn="১৬১০৫", en="Call 16105, or see https://www.epassport.gov.bd/faq.")),
        PluginFault("raised", plugin="nid", exception="•••", where="rules/age.py:41 in Judge.<locals>.<lambda>"),
        PluginFault("raised", plugin="nid", exception="ValidationError"),
        SettingsRejected(["base_url"], plugin="nid", reasons={"base_url": "not-https"}),
        DuplicateApplication(NID),
        CredentialsRejected(),
        RateLimited(retry_after=1.5),
        RateLimited(retry_after=3),
        AgencyClosed(datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_errors_are_for_passes(error: NagorikError) -> None:
    assert is_known(error)


class Own(AgencyRejected):
    code = NID


def altered(error: NagorikError, **members: object) -> NagorikError:
    vars(error).update(members)
    return error


@pytest.mark.parametrize(
    "error",
    [
        NagorikError(),
        Own("x"),
        ValueError("x"),
        altered(DuplicateApplication("x"), reference=7),
        altered(RateLimited(), retry_after=NID),
        altered(RateLimited(), retry_after=float("inf")),
        altered(AgencyUnavailable(), because=None),
    ],
)
def test_what_only_looks_like_an_error_of_the_contracts_is_none(error: BaseException) -> None:
    assert not is_known(error)
