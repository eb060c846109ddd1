"""An application's workflow: refused when it does not hold together, and climbed by time alike however one looks."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError
from small_agency import Registry

from nagorik.data_files import DataFileInvalid
from nagorik_testing import ApplicationBook, Refusal, SimulatedClock, Workflow

GOOD = {
    "begins": "RECEIVED",
    "outcomes": ["approve", "reject", "papers", "stall"],
    "states": {"RECEIVED": "গৃহীত", "REVIEW": "যাচাই", "PAPERS": "কাগজ", "DONE": "সম্পন্ন", "REFUSED": "বাতিল"},
    "remarks": {"PAPERS": "ঠিকানার প্রমাণ", "REFUSED": "মেলেনি"},
    "durations": {"intake": "P1D", "review": {"URGENT": "P2D", "otherwise": "P9D"}, "papers": "scripted"},
    "steps": [
        {"from": "RECEIVED", "to": "REVIEW", "after": "intake"},
        {"from": "REVIEW", "outcomes": ["stall"]},
        {"from": "REVIEW", "outcomes": ["papers"], "once": True, "to": "PAPERS"},
        {"from": "REVIEW", "outcomes": ["reject"], "to": "REFUSED", "after": "review"},
        {"from": "REVIEW", "to": "DONE", "after": "review"},
        {"from": "PAPERS", "to": "REFUSED", "after": "papers"},
    ],
    "actions": {
        "hand-in": {"by": "applicant", "from": ["PAPERS"], "to": "REVIEW", "effect": "papers"},
        "approve": {"from": ["REVIEW", "PAPERS"], "to": "DONE"},
    },
}
DAY = timedelta(days=1)


class Office(Registry):
    outcomes = tuple(GOOD["outcomes"])

    def open_office(self):
        super().open_office()
        self.book = ApplicationBook(self, Workflow.model_validate(GOOD), numbers="A-###")


@pytest.fixture
def office():
    return Office()


def states(case):
    return [entry.state for entry in case.history]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"begins": "NOWHERE"}, "there is no state NOWHERE"),
        ({"steps": [{"from": "RECEIVED", "to": "REVUE"}]}, "there is no state REVUE"),
        ({"steps": [*GOOD["steps"], {"from": "DONE", "outcomes": ["bribe"]}]}, "there is no outcome bribe"),
        ({"steps": [*GOOD["steps"], {"from": "DONE", "to": "REVIEW", "after": "tea"}]}, "there is no stage tea"),
        ({"states": GOOD["states"] | {"ISLAND": "দ্বীপ"}}, "nothing leads to ISLAND"),
        ({"durations": GOOD["durations"] | {"review": {"URGENT": "P2D"}}}, "review says no duration otherwise"),
        ({"remarks": {"NOWHERE": "x"}}, "there is no state NOWHERE"),
        ({"decisions": {"granted": ["NOWHERE"]}}, "there is no state NOWHERE"),
        ({"decisions": {"granted": ["DONE"], "refused": ["DONE"]}}, "DONE is more than one decision"),
        ({"decisions": {"postponed": ["DONE"]}}, "decisions.postponed"),
        ({"actions": {"fly": {"from": ["SKY"], "to": "DONE"}}}, "there is no state SKY"),
        ({"actions": {"nothing": {"from": [], "to": "DONE"}}}, "actions.nothing.from"),
        ({"stages": {}}, "stages"),
    ],
)
def test_course_that_does_not_hold_together_is_refused(change, problem):
    with pytest.raises(ValidationError, match=problem):
        Workflow.model_validate(GOOD | change)


def test_file_of_a_workflow_that_does_not_hold_together_is_refused_by_name(tmp_path):
    file = tmp_path / "workflow.toml"
    file.write_text('begins = "NOWHERE"\nstates = { RECEIVED = "গৃহীত" }\n', "utf-8")
    with pytest.raises(DataFileInvalid, match=r"^workflow\.toml: .*there is no state NOWHERE"):
        Workflow.read(file)


def test_states_are_entered_at_their_own_times_however_late_one_looks(office):
    case = office.book.file(None)
    began = office.clock.now()
    office.clock.advance(100 * DAY)
    office.book.get(case.number)
    assert [(entry.state, entry.at - began) for entry in case.history] == [
        ("RECEIVED", 0 * DAY),
        ("REVIEW", 1 * DAY),
        ("DONE", 10 * DAY),
    ]
    assert case.word == "সম্পন্ন"


def test_trait_shortens_a_stage(office):
    case = office.book.file(None, traits=["URGENT"])
    office.clock.advance(3 * DAY)
    assert office.book.get(case.number).state == "DONE"


def test_question_is_asked_once_and_its_answer_taken_once(office):
    office.script.set("ref-1", "papers")
    case = office.book.file(None, client_reference="ref-1")
    office.clock.advance(30 * DAY)
    assert office.book.get(case.number).state == "PAPERS"
    assert case.remarks == "ঠিকানার প্রমাণ"
    for _ in range(2):
        office.book.hand_in(case, "hand-in", {"documents": ["receipt"]})
    with pytest.raises(Refusal, match="status") as refused:
        office.book.hand_in(case, "hand-in", {"documents": ["another"]})
    assert refused.value.status == 409
    office.clock.advance(9 * DAY)
    office.book.get(case.number)
    assert states(case) == ["RECEIVED", "REVIEW", "PAPERS", "REVIEW", "DONE"]
    assert office.ledger.effect_counts == {"application": 1, "papers": 1}


def test_stage_that_is_only_scripted_ends_as_scripted(office):
    office.script.set("*", "papers", durations={"papers": 5 * DAY}, values={"remarks": "মূল কপি দিন"})
    case = office.book.file(None)
    office.clock.advance(6 * DAY)
    assert states(office.book.get(case.number)) == ["RECEIVED", "REVIEW", "PAPERS", "REFUSED"]
    assert case.history[2].remarks == "মূল কপি দিন"
    with pytest.raises(ValueError, match="as long as is scripted"):
        case.workflow.length("papers")


def test_marker_in_any_text_scripts_by_hand_and_an_unknown_one_does_nothing(office):
    stalled = office.book.file(None, content={"rows": [{"note": "please sim:stall"}]})
    usual = office.book.file(None, content={"note": "sim:bribe"})
    office.clock.advance(100 * DAY)
    assert [office.book.get(case.number).state for case in (stalled, usual)] == ["REVIEW", "DONE"]


def test_action_out_of_its_states_is_refused_and_leaves_nothing(office):
    case = office.book.file(None)
    with pytest.raises(Refusal) as refused:
        office.book.act(case, "approve")
    assert (refused.value.status, refused.value.message) == (409, "the application is RECEIVED")
    assert states(case) == ["RECEIVED"]


@given(
    looks=st.integers(2, 9),
    outcome=st.sampled_from(GOOD["outcomes"]),
    steps=st.lists(
        st.one_of(st.timedeltas(timedelta(0), 12 * DAY), st.sampled_from(list(GOOD["actions"]))), max_size=8
    ),
)
def test_however_often_one_looks_the_course_is_the_same(looks, outcome, steps):
    def play(look):
        office = Office(clock=SimulatedClock())
        office.script.set("*", outcome)
        case = office.book.file(None)
        for step in steps:
            if isinstance(step, str):
                settled = office.book.get(case.number)
                if office.book.allows(settled, step):
                    office.book.act(settled, step)
            else:
                for _ in range(look):
                    office.clock.advance(step // look)
                    office.book.get(case.number)
                office.clock.advance(step - step // look * look)
        office.book.get(case.number)
        return case.history

    once, often = play(1), play(looks)
    assert [entry.state for entry in once] == [entry.state for entry in often]
    assert all(first.at <= second.at for first, second in pairwise(once))
    assert {entry.state for entry in once} <= set(GOOD["states"])
