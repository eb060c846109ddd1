"""The mutation score that a plugin keeps: of which code it speaks, whether gold follows, and what is said if not."""

import argparse
from dataclasses import replace
from datetime import date

import pytest

from nagorik.data_files import DataFileInvalid
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing.contract.command import command
from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator
from nagorik_testing.contract.mutation.plugin_code import sources_of
from nagorik_testing.contract.mutation.runner import MutantOutcome, MutantResult, MutationReport
from nagorik_testing.contract.mutation.score import (
    GOLD_CHANGES,
    MutationScore,
    dump_score,
    fingerprint,
    kept_score,
    parse_score,
    render_standing,
    score_of,
    standing_of,
)
from nagorik_testing.contract.subject import Subject
from nagorik_testing.simulator.base import installed_simulators

DAY = date(2026, 11, 24)
MUTANT = Mutant("wire.py", MutationOperator.DROPPED_FIELD, (7, 7), "changed")
DIFF = ('-    return {"amount": "১", "reason": reason}', '+    return {"amount": "১"}')


def report(by_suite=30, by_tests=8, survived=2, possible=73):
    outcomes = (
        [MutantOutcome.BY_SUITE] * by_suite
        + [MutantOutcome.BY_TESTS] * by_tests
        + [MutantOutcome.SURVIVED] * survived
    )
    results = tuple(MutantResult(MUTANT, DIFF, outcome) for outcome in outcomes)
    return MutationReport(results, possible=possible, with_tests=True, possible_in_data=min(possible, 9))


@pytest.fixture(scope="module")
def score():
    made = score_of("cashdesk", report(), on=DAY)
    assert made is not None
    return made


def test_score_comes_back_from_its_file_as_it_was(score):
    written = dump_score(score)
    assert parse_score(written.encode()) == score
    assert (score.noticed, score.score, score.measured_on) == (38, 0.95, DAY)
    assert (score.possible, score.possible_in_data) == (73, 9)
    assert [(one.file, one.line, one.operator, one.diff) for one in score.survivors] == [
        ("wire.py", 7, MutationOperator.DROPPED_FIELD, DIFF)
    ] * 2


def test_run_that_tried_nothing_has_no_score():
    assert score_of("cashdesk", report(0, 0, 0), on=DAY) is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("by_suite = 30", "by_suite = 32", "what was noticed"),
        ("possible = 73", "possible = 39", "what was noticed"),
        ("possible_in_data = 9", "possible_in_data = 74", "what was noticed"),
        ("tried = 40", "tried = 0", "tried: "),
        ('code = "sha256:', 'code = "md5:', "code: "),
        ("possible = 73", "possible = 73\nreason = 'equivalent'", "reason: "),
        ('operator = "dropped-field"', 'operator = ""', "survivors.0.operator: "),
    ],
)
def test_file_whose_figures_do_not_add_up_is_refused_by_place(score, old, new, problem):
    written = dump_score(score)
    assert old in written
    with pytest.raises(DataFileInvalid) as refused:
        parse_score(written.replace(old, new, 1).encode())
    assert f"mutation-score.toml: {problem}" in str(refused.value)


def test_nothing_is_short_of_gold_where_nine_of_ten_changes_of_this_code_were_noticed(score):
    standing = standing_of("cashdesk", score, None)
    assert (standing.score, standing.measured_now, standing.short_of_gold) == (score, False, "")
    (told,) = render_standing(standing)
    assert told.startswith(
        "Mutation score: 38 of 40 changes noticed (95%), of 73 possible (64 in Python, 9 in TOML), 30 by the suite;"
        " kept since 2026-11-24, "
    )
    assert standing_of("cashdesk", score_of("cashdesk", report(30, 6, 4), on=DAY), None).short_of_gold == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"code": f"sha256:{'0' * 64}"},
            "its code has changed since its mutation score was measured on 2026-11-24; ",
        ),
        ({"suite": "0.9.1"}, "its mutation score is of suite 0.9.1, and this is "),
        ({"plugin": "nid"}, "the score in mutation-score.toml is of plugin nid"),
        ({"by_suite": 27, "by_own_tests": 8, "survivors": 5}, "35 of 40 changes of its code were noticed, and gold "),
        ({"tried": 19, "by_suite": 9}, f"its mutation score is of 19 changes, and gold asks for {GOLD_CHANGES}; "),
    ],
)
def test_what_keeps_a_score_from_gold_is_said(score, changes, why):
    changes = dict(changes)
    survivors = score.survivors[:1] * changes.pop("survivors", len(score.survivors))
    kept = MutationScore(**{**score.model_dump(), **changes, "survivors": survivors})
    assert standing_of("cashdesk", kept, None).short_of_gold.startswith(why)


def test_plugin_without_a_score_is_told_how_to_measure_one():
    standing = standing_of("cashdesk", None, None)
    assert standing.score is None
    assert "nagorik contract cashdesk --mutate 20 --tests DIR --score mutation-score.toml" in standing.short_of_gold
    assert list(render_standing(standing)) == []


def test_as_many_changes_as_there_are_will_do(score):
    few = score_of("cashdesk", report(9, 1, 0, possible=10), on=DAY)
    assert standing_of("cashdesk", few, None).short_of_gold == ""


def test_what_a_run_measures_counts_before_what_is_kept_and_a_glance_does_not(score):
    worse = score_of("cashdesk", report(20, 0, 20), on=DAY)
    assert standing_of("cashdesk", score, worse).short_of_gold.startswith("20 of 40 changes")
    glance = score_of("cashdesk", report(0, 0, 1), on=DAY)
    assert standing_of("cashdesk", score, glance) == standing_of("cashdesk", score, None)
    assert standing_of("cashdesk", None, glance).short_of_gold.startswith("its mutation score is of 1 changes")


SOURCE = '"""Says."""\nLIMIT = 18\n\n\ndef may(age):\n    """Whether."""\n    return age >= LIMIT\n'


@pytest.mark.parametrize(
    "same",
    [
        SOURCE.replace("LIMIT = 18", "LIMIT = 18  # of the Act"),
        SOURCE.replace("Whether.", "Whether somebody may."),
        SOURCE.replace('"""Says."""\n', ""),
        SOURCE.replace("age >= LIMIT", "(age\n        >= LIMIT)"),
    ],
)
def test_words_about_the_code_are_not_the_code(same):
    assert same != SOURCE
    assert fingerprint({"rules.py": same}) == fingerprint({"rules.py": SOURCE})


@pytest.mark.parametrize(
    "other",
    [
        {"rules.py": SOURCE.replace("18", "19")},
        {"rules.py": SOURCE.replace(">=", ">")},
        {"rules.py": SOURCE.replace("18", '"18"')},
        {"rules.py": SOURCE.replace("18", "18.0")},
        {"age.py": SOURCE},
        {"rules.py": SOURCE, "wire.py": ""},
    ],
)
def test_any_other_code_is_another(other):
    assert fingerprint(other) != fingerprint({"rules.py": SOURCE})


@pytest.mark.parametrize(("data", "same"), [("years  = 18 # of the Act", True), ("years = 19", False), ("", False)])
def test_score_is_of_what_a_data_file_says(data, same):
    usual = fingerprint({"rules.py": SOURCE, "rules.toml": "years = 18"})
    assert (fingerprint({"rules.py": SOURCE, "rules.toml": data}) == usual) is same


def test_score_is_of_the_plugins_own_modules_and_data_files_and_not_of_itself():
    assert set(sources_of("cashdesk")) == {"__init__.py", "plugin.py", "wire.py", "plugin.toml", "settlement.toml"}


def test_score_is_kept_beside_the_manifest(score, tmp_path):
    subject = Subject.installed(CashDeskSimulator)
    record = subject.registry.record("cashdesk")

    class Elsewhere:
        @staticmethod
        def record(plugin):
            return replace(record, directory=tmp_path) if plugin == "cashdesk" else None

    moved = replace(subject, registry=Elsewhere())
    assert kept_score(moved) is None
    (tmp_path / "mutation-score.toml").write_text(dump_score(score), "utf-8")
    assert kept_score(moved) == score


def test_every_score_that_a_shipped_plugin_keeps_is_one_that_gold_asks_for():
    """Whether it is of the code as it is today is told by each run of the suite; a plugin without one is silver."""
    measured = set()
    for plugin, found in installed_simulators().items():
        kept = kept_score(Subject.installed(found.load()))
        if kept is None:
            continue
        measured.add(kept.plugin)
        assert kept.plugin == plugin
        today = kept.model_copy(update={"code": fingerprint(sources_of(plugin))})
        assert standing_of(plugin, today, None).short_of_gold == ""
    assert {"cashdesk", "land", "nid", "passport"} <= measured


@pytest.mark.parametrize(
    "words", [("cashdesk", "--score", "kept.toml"), ("--all", "--mutate", "--score", "kept.toml")]
)
def test_score_without_changes_or_of_several_plugins_is_refused(words, capsys):
    parser = argparse.ArgumentParser()
    command.configure(parser)
    assert command.run(parser.parse_args(words)) == 2
    assert "--score goes with --mutate, and is of one plugin" in capsys.readouterr().err
