"""What an agency gives as its reason reaches whoever asks, sealed on the way and erased with the rest."""

import json
import sqlite3
from datetime import date, timedelta
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
    Quote,
    QuoteLine,
    Rejected,
    Text,
    Verdict,
)
from nagorik.model.fee import FeeDue, Source
from nagorik.values import Money

VALUE = "CANARY-VALUE-77"
"""What the citizen filled in, which no refusal may repeat."""
NAMED = "CANARY-NAME Rahima Khatun"
NUMBER = "19752692594888888"
REASON = Text(en=f"{NAMED} already has a well, NID {NUMBER}.", bn="রহিমা খাতুনের কূপ আগে থেকেই আছে।")
SOURCE = Source(title="Wells Act 2018, section 4", as_of=date(2018, 7, 1), verified=True)
HOSTILE = "\x1b[31mred\x1b[0m\nstate: \u202eevil\u2028next\x9b2J\ttab\x00 end"


def criterion(name: str, verdict: Verdict, text: str = "Rule", source: Source | None = None) -> Criterion:
    return Criterion(id=name, verdict=verdict, text=Text(en=f"{text} {name}.", bn=f"নিয়ম {name}।"), source=source)


def price(*lines: tuple[str, int, int]):
    def at(now, stage):
        made = tuple(
            QuoteLine(code=code, text=Text(en=code.title(), bn="খাত"), amount=Money.taka(amount), vat=Money.taka(vat))
            for code, amount, vat in lines
        )
        return Quote(
            id="quote-1",
            stage=stage,
            lines=made,
            total=Money.taka(sum(amount + vat for _, amount, vat in lines)),
            due=FeeDue.BEFORE_SUBMISSION,
            issued_at=now,
            expires_at=now + timedelta(days=30),
            source=SOURCE,
        )

    return at


def status(state: ApplicationState | None, **given) -> AgencyStatus:
    return AgencyStatus(state=state, raw=given.pop("raw", "RAW-WORD"), **given)


def field(name: str, code: str = "office.wrong", text: str = "Not a plot of this district") -> FieldProblem:
    return FieldProblem(pointer=f"/form/{name}", code=code, text=Text(en=f"{text}.", bn="এই জেলার দাগ নয়।"))


@pytest.fixture
def worked(answers, ready, place):
    """Takes an application in, works on it, and gives its id."""

    answers.QUOTE = price()
    answers.SUBMIT = Accepted(reference="WELL-1", status=status(ApplicationState.SUBMITTED))

    def work() -> str:
        given = {
            "service": "office.well",
            "applicant": {"name": {"en": "PORIKKHA NAGORIK"}, "birth_date": "2001-02-03"},
            "form": {"depth": "120", "plot": VALUE},
            "consent": {"fee_ceiling": {"poisha": 5_000_000}, "days": 30},
        }
        Path("well.json").write_text(json.dumps(given), "utf-8")
        taken = ready("apply", "well.json", "--json")
        assert taken.code == 0, taken.err
        ran = ready("worker", "--once")
        assert ran.code == 0, ran.err
        assert "CANARY" not in ran.out + ran.err
        return taken.document["applications"][0]["application"]

    return work


@pytest.mark.parametrize("kind", ["rejected", "raised"])
def test_reason_of_a_refusal_is_told_to_the_citizen_as_it_was_given(worked, answers, ready, kind):
    answers.SUBMIT = {
        "rejected": Rejected(reason_code="office.has-one", reason=REASON),
        "raised": AgencyRejected("office.has-one", reason=REASON),
    }[kind]
    application = worked()
    told = ready("track", application, "--json").document
    (refusal,) = told["refusals"]
    assert (refusal["operation"], refusal["code"]) == ("submit", "office.has-one")
    assert refusal["reason"] == {"en": REASON.en, "bn": REASON.bn}
    assert told["ended_as"]["code"] == "rejected_at_intake"
    assert told["what_to_do"][0]["en"] == "Read the reason. Apply or ask again if you can correct it."
    text = ready("track", application).out
    assert f"The reason given:\n  «{REASON.bn}»\n  «{REASON.en}»" in text
    assert "need not do anything" not in text
    assert next(line for line in told["timeline"] if line["code"] == "office.has-one")["text"]["en"] == (
        f"The agency did not accept the application. «{REASON.en}»"
    )


def test_officer_sees_the_reason_without_numbers(worked, answers, ready):
    answers.SUBMIT = Rejected(reason_code="office.has-one", reason=REASON)
    application = worked()
    for words in (("cases", "show", application), ("cases", "show", application, "--json")):
        out = ready(*words).out
        assert f"{NAMED} already has a well, NID •••." in out
        assert NUMBER not in out


def test_refused_fields_are_named_by_their_labels_and_never_by_their_value(worked, answers, ready):
    answers.SUBMIT = InputRejected([field("plot"), field("depth", "missing", "Depth in feet: Please fill this in")])
    application = worked()
    told = ready("track", application, "--json").document
    assert told["waits_for"]["code"] == "input-rejected"
    (refusal,) = told["refusals"]
    assert [(one["pointer"], one["code"], one["label"]) for one in refusal["fields"]] == [
        ("/form/plot", "office.wrong", {"en": "Plot number", "bn": "দাগ নম্বর"}),
        ("/form/depth", "missing", {"en": "Depth in feet", "bn": "গভীরতা, ফুট"}),
    ]
    assert refusal["fields"][1]["text"]["en"] == "Please fill this in."
    result = ready("track", application)
    assert "    Plot number: Not a plot of this district." in result.out
    assert "  – দাগ নম্বর: এই জেলার দাগ নয়।" in result.out
    assert VALUE not in result.out + json.dumps(told)
    assert "Something in the form has to be corrected" in result.out
    assert "need not do anything" not in result.out


def test_status_tells_the_reason_and_the_officers_remark_each_as_whose_it_is(worked, answers, ready):
    said = status(ApplicationState.REJECTED, reason=REASON, remark="নথিতে  দাগ মেলে না\n(স্বাক্ষর)", final=True)
    answers.SUBMIT = Accepted(reference="WELL-1", status=said)
    application = worked()
    told = ready("track", application, "--json").document
    assert told["agency_says"]["reason"] == {"en": REASON.en, "bn": REASON.bn}
    assert told["agency_says"]["remark"] == "নথিতে দাগ মেলে না (স্বাক্ষর)"
    text = ready("track", application).out
    assert f"The reason that the agency gives:\n  «{REASON.bn}»\n  «{REASON.en}»\n" in text
    assert "In the agency's own words:\n  «নথিতে দাগ মেলে না (স্বাক্ষর)»\n" in text
    assert "RAW-WORD" not in text
    assert "«RAW-WORD»" in ready("cases", "show", application).out


def test_criterion_that_does_not_hold_is_told_with_its_source(worked, answers, ready):
    criteria = (
        criterion("resident", Verdict.PASS),
        criterion("one-well", Verdict.FAIL, "You have a well already:", SOURCE),
        criterion("debts", Verdict.CANNOT_TELL),
    )
    answers.ELIGIBILITY = EligibilityDecision(criteria=criteria)
    application = worked()
    told = ready("track", application, "--json").document["eligibility"]
    assert (told["result"], told["decisive"]) == ("ineligible", True)
    assert [(one["id"], one["verdict"]) for one in told["criteria"]] == [
        ("resident", "pass"),
        ("one-well", "fail"),
        ("debts", "cannot-tell"),
    ]
    assert told["criteria"][1]["source"] == {
        "title": "Wells Act 2018, section 4",
        "as_of": "2018-07-01",
        "verified": True,
    }
    text = ready("track", application).out
    assert text.count("    You have a well already: one-well.\n") == 1
    assert "Wells Act 2018, section 4, ১ জুলাই ২০১৮ · 1 July 2018 (যাচাই করা · verified)" in text
    assert "Rule resident." not in text
    assert "Read the reasons; correct the form if something in it is wrong." in text
    assert "need not do anything" not in text


def test_fee_is_told_line_by_line_and_the_sum_checks(worked, answers, ready):
    answers.QUOTE = price(("survey", 1000, 150), ("boring", 234567, 35185), ("stamp", 20, 0))
    application = worked()
    told = ready("track", application, "--json").document
    (fee,) = told["fees"]
    assert [(line["code"], line["amount"], line["vat"]) for line in fee["lines"]] == [
        ("survey", "1000.00", "150.00"),
        ("boring", "234567.00", "35185.00"),
        ("stamp", "20.00", "0.00"),
    ]
    added = sum(Money.taka(line[part]).poisha for line in fee["lines"] for part in ("amount", "vat"))
    assert (fee["total"], fee["vat"], fee["paid"]) == ("270922.00", "35335.00", False)
    assert added == Money.taka(fee["total"]).poisha
    text = ready("track", application).out
    assert "খাত · Survey: ১,০০০ টাকা · Tk 1,000 + ভ্যাট · VAT ১৫০ টাকা · Tk 150" in text
    assert "খাত · Stamp: ২০ টাকা · Tk 20\n" in text
    assert "মোট · Total: ২,৭০,৯২২ টাকা · Tk 2,70,922 (এর মধ্যে ভ্যাট · of it VAT ৩৫,৩৩৫ টাকা" in text


def test_what_somebody_wrote_steers_no_terminal_and_forges_no_line(worked, answers, ready):
    text = Text(en=HOSTILE, bn=HOSTILE)
    answers.SUBMIT = Accepted(
        reference="WELL-1",
        status=status(ApplicationState.REJECTED, reason=text, remark=HOSTILE, raw=HOSTILE, final=True),
    )
    application = worked()
    for words in (("track", application), ("cases", "show", application)):
        out = ready(*words).out
        assert not set("\x1b\u202e\u2028\x9b\x00\t") & set(out)
        assert "«[31mred[0m state: evil next2J tab end»" in out
        document = json.loads(ready(*words, "--json").out)
        assert document["agency_says"]["remark"] == "[31mred[0m state: evil next2J tab end"


def every_byte(place: Path) -> bytes:
    connection = sqlite3.connect(place / "nagorik.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file() and path.name != "well.json")


@pytest.mark.parametrize("kind", ["refusal", "fields", "status", "criterion"])
def test_reason_is_sealed_in_the_books_and_gone_with_the_key(worked, answers, ready, place, kind):
    match kind:
        case "refusal":
            answers.SUBMIT = Rejected(reason_code="office.has-one", reason=REASON)
        case "fields":
            answers.SUBMIT = InputRejected([field("plot", text=NAMED)])
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
