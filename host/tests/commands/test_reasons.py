"""What an agency gives as its reason reaches whoever asks, sealed on the way and erased with the rest."""

import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    Criterion,
    EligibilityDecision,
    FieldProblem,
    InputRejected,
    Rejected,
    Text,
    Verdict,
)
from nagorik.model.fee import Source

VALUE = "CANARY-VALUE-77"
"""What the citizen filled in, which no refusal may repeat."""
NAMED = "CANARY-NAME Rahima Khatun"
NUMBER = "19752692594888888"
REASON = Text(en=f"{NAMED} already has a well, NID {NUMBER}.", bn="রহিমা খাতুনের কূপ আগে থেকেই আছে।")
SOURCE = Source(title="Wells Act 2018, section 4", as_of=date(2018, 7, 1), verified=True)
HOSTILE = "\x1b[31mred\x1b[0m\nstate: \u202eevil\u2028next\x9b2J\ttab\x00 end"


def criterion(name: str, verdict: Verdict, text: str, source: Source | None = None) -> Criterion:
    return Criterion(id=name, verdict=verdict, text=Text(en=text, bn=f"নিয়ম {name}।"), source=source)


def status(state: ApplicationState, **given) -> AgencyStatus:
    return AgencyStatus(state=state, raw=given.pop("raw", "RAW-WORD"), **given)


def field(name: str, text: str) -> FieldProblem:
    return FieldProblem(pointer=f"/form/{name}", code="office.wrong", text=Text(en=text, bn="এই জেলার দাগ নয়।"))


@pytest.fixture
def worked(answers, ready, take_in):
    """Takes an application in, works on it, and gives its id."""

    answers.SUBMIT = Accepted(reference="WELL-1", status=status(ApplicationState.SUBMITTED))

    def work() -> str:
        application = take_in("office.well", {"depth": "120", "plot": VALUE})
        ran = ready("worker", "--once")
        assert ran.code == 0, ran.err
        assert "CANARY" not in ran.out + ran.err
        return application

    return work


@pytest.mark.parametrize(
    "refused",
    [Rejected(reason_code="office.has-one", reason=REASON), AgencyRejected("office.has-one", reason=REASON)],
    ids=["rejected", "raised"],
)
def test_reason_of_a_refusal_is_told_to_the_citizen_as_given_and_to_an_officer_without_numbers(
    worked, answers, ready, refused
):
    answers.SUBMIT = refused
    application = worked()
    told = ready("track", application, "--json").document
    (refusal,) = told["refusals"]
    assert (refusal["operation"], refusal["code"], told["ended_as"]["code"]) == (
        "submit",
        "office.has-one",
        "rejected_at_intake",
    )
    assert refusal["reason"] == {"en": REASON.en, "bn": REASON.bn}
    text = ready("track", application).out
    assert f"The reason given:\n  «{REASON.bn}»\n  «{REASON.en}»" in text
    assert f"The agency did not accept the application. «{REASON.en}»" in text
    assert "Read the reason. Apply or ask again if you can correct it." in text
    for words in ((), ("--json",)):
        out = ready("cases", "show", application, *words).out
        assert f"{NAMED} already has a well, NID •••." in out
        assert NUMBER not in out


def test_refused_fields_are_named_by_their_labels_and_never_by_their_value(worked, answers, ready):
    answers.SUBMIT = InputRejected([field("plot", "Not a plot of this district.")])
    application = worked()
    told = ready("track", application, "--json").document
    assert told["waits_for"]["code"] == "input-rejected"
    assert told["refusals"][0]["fields"][0]["label"] == {"en": "Plot number", "bn": "দাগ নম্বর"}
    result = ready("track", application)
    assert "  – দাগ নম্বর: এই জেলার দাগ নয়।\n    Plot number: Not a plot of this district." in result.out
    assert VALUE not in result.out + json.dumps(told)
    assert "need not do anything" not in result.out


def test_status_tells_the_reason_and_the_officers_remark_each_as_whose_it_is(worked, answers, ready):
    said = status(ApplicationState.REJECTED, reason=REASON, remark=HOSTILE, final=True)
    answers.SUBMIT = Accepted(reference="WELL-1", status=said)
    application = worked()
    told = ready("track", application, "--json").document
    assert told["agency_says"]["reason"] == {"en": REASON.en, "bn": REASON.bn}
    assert told["agency_says"]["remark"] == "[31mred[0m state: evil next2J tab end"
    citizen, officer = ready("track", application).out, ready("cases", "show", application).out
    assert f"The reason that the agency gives:\n  «{REASON.bn}»\n  «{REASON.en}»\n" in citizen
    for page in (citizen, officer):
        assert "In the agency's own words:\n  «[31mred[0m state: evil next2J tab end»\n" in page
        assert not set("\x1b\u202e\u2028\x9b\x00\t") & set(page)
    assert ("RAW-WORD" in citizen, "«RAW-WORD»" in officer) == (False, True)


def test_criterion_that_does_not_hold_is_told_with_its_source(worked, answers, ready):
    fails = criterion("one-well", Verdict.FAIL, "You have a well already.", SOURCE)
    criteria = (criterion("resident", Verdict.PASS, "Rule resident."), fails)
    answers.ELIGIBILITY = EligibilityDecision(criteria=criteria)
    application = worked()
    told = ready("track", application, "--json").document["eligibility"]
    assert (told["result"], told["decisive"], len(told["criteria"])) == ("ineligible", True, 2)
    text = ready("track", application).out
    assert text.count("    You have a well already.\n") == 1
    assert "Wells Act 2018, section 4, ১ জুলাই ২০১৮ · 1 July 2018 (যাচাই করা · verified)" in text
    assert "Rule resident." not in text


def every_byte(place: Path) -> bytes:
    connection = sqlite3.connect(place / "nagorik.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file() and path.name != "given.json")


@pytest.mark.parametrize("kind", ["refusal", "fields", "status", "criterion"])
def test_reason_is_sealed_in_the_books_and_gone_with_the_key(worked, answers, ready, place, kind):
    match kind:
        case "refusal":
            answers.SUBMIT = Rejected(reason_code="office.has-one", reason=REASON)
        case "fields":
            answers.SUBMIT = InputRejected([field("plot", NAMED)])
        case "status":
            refused = status(ApplicationState.REJECTED, reason=REASON, remark=NAMED, raw=NAMED, final=True)
            answers.SUBMIT = Accepted(reference="WELL-1", status=refused)
        case "criterion":
            answers.ELIGIBILITY = EligibilityDecision(criteria=(criterion("one-well", Verdict.FAIL, NAMED),))
    application = worked()
    assert NAMED in ready("track", application).out
    kept = every_byte(place)
    for word in (NAMED, "CANARY", NUMBER, "রহিমা"):
        assert word.encode() not in kept
        assert json.dumps(word)[1:-1].encode() not in kept
    assert b"/form/plot" not in kept
    if kind in {"fields", "criterion"}:
        assert ready("act", application, "withdraw").code == 0
    erased = ready("erase", application)
    assert erased.code == 0, erased.err
    for words in (("track", application), ("track", application, "--json"), ("cases", "show", application)):
        gone = ready(*words)
        assert gone.code != 0
        assert "CANARY" not in gone.out + gone.err
    assert ready("audit", "verify").code == 0
