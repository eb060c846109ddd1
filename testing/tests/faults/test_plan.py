import pytest

from nagorik_testing import AnswerLost, FaultPlan, Ledger, MaintenancePage, SimulatedClock

FILE = "POST /files"


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan(Ledger(SimulatedClock()), [FILE, "GET /files/{number}"])


def test_fault_meets_the_nth_match_and_those_after_it(plan):
    plan.add(FILE, AnswerLost(), first=2, count=2)
    met = [plan.take(operation, None) is not None for operation in (FILE, "GET /files/{number}", FILE, FILE, FILE)]
    assert met == [False, False, True, True, False]


def test_fault_without_count_lasts(plan):
    plan.add("*", AnswerLost(), count=None)
    assert all(plan.take(FILE, None) for _ in range(5))


def test_rule_for_a_client_reference_or_its_alias_spares_the_others(plan):
    plan.add(FILE, AnswerLost(), client_reference="client-2")
    plan.add(FILE, MaintenancePage(), client_reference="ref-c")
    rules = [plan.take(FILE, reference) for reference in ("ref-a", None, "ref-b", "ref-c")]
    met = [None if rule is None else rule.fault for rule in rules]
    assert met == [None, None, AnswerLost(), MaintenancePage()]


def test_first_rule_wins_and_the_other_still_counts(plan):
    plan.add(FILE, AnswerLost())
    plan.add(FILE, MaintenancePage(), first=2)
    assert [plan.take(FILE, None).fault, plan.take(FILE, None).fault] == [AnswerLost(), MaintenancePage()]


def test_operation_that_does_not_exist_is_refused_with_a_hint(plan):
    with pytest.raises(ValueError, match=r"no operation POST /file; did you mean POST /files\?"):
        plan.add("POST /file", AnswerLost())


def test_fault_that_never_happened_is_named(plan):
    rule = plan.add(FILE, AnswerLost(), first=2)
    plan.take(FILE, None)
    assert plan.unused == (rule,)
    plan.take(FILE, None)
    assert plan.unused == ()
