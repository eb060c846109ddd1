"""Whether a change of a plugin's code is noticed: by the suite, by its own tests, or by nothing."""

import argparse
import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest

import nagorik_cashdesk
from nagorik.operations import Idempotency, Operation
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.command import command
from nagorik_testing.contract.mutation import plugin_code
from nagorik_testing.contract.mutation.look import parts_of
from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator
from nagorik_testing.contract.mutation.plugin_code import MutationUnusable, source_of, sources_of
from nagorik_testing.contract.mutation.runner import (
    MutantOutcome,
    MutantResult,
    MutationReport,
    Workbench,
    choose,
    mutate,
    render_mutation,
)
from nagorik_testing.contract.render_page import render_page
from nagorik_testing.contract.report import Report, document_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import run_suite
from nagorik_testing.contract.waivers import judge

pytestmark = pytest.mark.long

DAY = date(2026, 11, 24)

OWN_TEST = """\
from importlib.resources import files
from types import SimpleNamespace

from nagorik import Money, Text
from nagorik_cashdesk.wire import to_refund


def test_reason_reaches_the_counter():
    request = SimpleNamespace(amount=Money(poisha=1000), reason=Text(en="Paid twice", bn="দুবার"))
    assert to_refund(request)["reason"] == "দুবার / Paid twice"


def test_file_of_the_till_is_laid_out():
    assert '"cashdesk.counter"' in files("nagorik_cashdesk").joinpath("settlement.toml").read_text("utf-8")
"""


def arguments(*words):
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return parser.parse_args(words)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Workbench("cashdesk", tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def baseline(bench):
    return bench.baseline


def change(bench, path, old, new):
    source = bench.sources[path]
    assert source.count(old) == 1
    line = source[: source.index(old)].count("\n") + 1
    return Mutant(path, MutationOperator.WORD, (line, line), source.replace(old, new))


def test_simulator_is_never_changed(bench):
    assert set(bench.sources) == {"__init__.py", "plugin.py", "wire.py", "plugin.toml", "settlement.toml"}
    assert {mutant.path for mutant in bench.mutants()} == {"plugin.py", "wire.py", "settlement.toml"}


def test_plugin_is_changed_whose_simulator_is_in_a_package_of_its_own(monkeypatch):
    elsewhere = {"cashdesk": SimpleNamespace(value="nagorik_cashdesk_office.simulator:Simulator")}
    monkeypatch.setattr(plugin_code, "installed_simulators", lambda: elsewhere)
    assert {path for path in sources_of("cashdesk") if path.endswith(".py")} == {
        "__init__.py",
        "plugin.py",
        "simulator.py",
        "wire.py",
    }


IMPORTED_BY_THE_SIMULATOR = """\
import sys
from pathlib import Path
from types import SimpleNamespace

from nagorik_testing.contract.mutation import look


def subject(plugin):
    sys.path.insert(0, sys.argv[1])
    import nagorik_odd.codes  # as a simulator does that borrows the plugin's words

    return SimpleNamespace(
        manifest=SimpleNamespace(offers=()), registry=SimpleNamespace(activate=lambda plugin: None)
    )


look._subject, look.parts_of = subject, lambda subject: ()
print(look.measure("odd", Path(sys.argv[1], "nagorik_odd")).reached["codes.py"])
"""


def test_module_that_the_simulator_imports_is_reached_by_all_that_runs(tmp_path):
    """It runs once in a process, when the simulator is imported, and before anything of the suite."""
    (tmp_path / "nagorik_odd").mkdir()
    (tmp_path / "nagorik_odd" / "codes.py").write_text('DONE = "0000"\n', "utf-8")
    script = tmp_path / "imported.py"
    script.write_text(IMPORTED_BY_THE_SIMULATOR, "utf-8")
    words = [sys.executable, str(script), str(tmp_path)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "{1: frozenset({-1})}\n"


def test_only_what_runs_a_line_is_run_again_for_it(bench, baseline):
    assert baseline.failing == frozenset()
    every = list(range(len(baseline.parts)))
    body = change(bench, "plugin.py", "return PaymentReport(state=PaymentState.UNKNOWN)", "return None")
    asked = {baseline.parts[place].check for place in baseline.places_of(body)}
    assert "payment/unknown-payment" in asked
    assert "payment/F19-refunded-twice" not in asked
    table = change(bench, "wire.py", '"PAID": PaymentState', '"PAIDx": PaymentState')
    layout = change(bench, "settlement.toml", '"cashdesk.counter"', '"cashdesk.counterx"')
    assert sorted(baseline.places_of(table)) == sorted(baseline.places_of(layout)) == every


@pytest.mark.parametrize(
    ("old", "new", "noticed_by"),
    [
        ("state=PaymentState.UNKNOWN)", "state=PaymentState.EXPIRED)", "payment/unknown-payment"),
        ("return PaymentReport(state=PaymentState.UNKNOWN)", "return  PaymentReport(state=PaymentState.UNKNOWN)", ""),
    ],
    ids=["a harm", "no change"],
)
def test_change_that_a_citizen_would_feel_is_noticed_by_the_check_for_it(bench, baseline, old, new, noticed_by):
    result = bench.try_out(change(bench, "plugin.py", old, new))
    assert result.noticed_by == noticed_by
    assert result.outcome is (MutantOutcome.BY_SUITE if noticed_by else MutantOutcome.SURVIVED)


@pytest.mark.parametrize(
    ("line", "noticed_by"),
    [("raise ValueError", None), ("import os\nos._exit(3)", "the suite comes to no end")],
    ids=["raises", "ends its process"],
)
def test_plugin_that_can_no_longer_be_loaded_is_noticed(bench, baseline, line, noticed_by):
    first = min(line for line, places in baseline.reached["wire.py"].items() if -1 in places)
    source = f"{bench.sources['wire.py']}\n{line}\n"
    result = bench.try_out(Mutant("wire.py", MutationOperator.WORD, (first, first), source))
    assert result.outcome is MutantOutcome.BY_SUITE
    assert noticed_by in {None, result.noticed_by}


def test_line_that_nothing_runs_is_reported(bench, baseline):
    never = replace(change(bench, "plugin.py", "if payment is None:", "if payment:"), lines=(10_000, 10_000))
    assert bench.try_out(never).outcome is MutantOutcome.NOT_RUN


def test_write_that_is_declared_safe_is_a_read_already(bench, baseline):
    opened = replace(
        change(bench, "plugin.py", 'context.http.write("open"', 'context.http.read("open"'),
        operator=MutationOperator.WRITE_AS_READ,
    )
    assert not baseline.is_the_same(opened)  # the till honours a key
    safe = replace(baseline, parts=tuple(replace(part, is_safe=True) for part in baseline.parts))
    assert safe.is_the_same(opened)
    assert not safe.is_the_same(replace(opened, operator=MutationOperator.WORD))


@pytest.mark.parametrize(
    ("writes", "safe"),
    [
        ({Operation.SUBMIT: Idempotency.SAFE}, {"submit", "status"}),
        ({Operation.SUBMIT: Idempotency.SAFE, Operation.WITHDRAW: Idempotency.NONE}, {"submit"}),
    ],
)
def test_question_comes_before_other_operations_and_stays_safe(writes, safe):
    offer = SimpleNamespace(id="office.question", writes=writes)
    subject = SimpleNamespace(
        manifest=SimpleNamespace(offers=[offer]),
        callable_operations=lambda _: {Operation.SUBMIT, Operation.STATUS},
    )
    assert {part.check for part in parts_of(subject) if part.is_safe} == safe


def test_own_tests_are_put_before_the_changed_code(bench, baseline, tmp_path):
    (tmp_path / "test_refund.py").write_text(OWN_TEST, "utf-8")
    bench.check_own_tests(tmp_path)
    never = (10_000, 10_000)  # as if the suite ran nothing of it
    for file, old, new, outcome in (
        ("wire.py", '"reason": f"', '"reasons": f"', MutantOutcome.BY_TESTS),
        ("wire.py", '"PAID": PaymentState', '"PAIDx": PaymentState', MutantOutcome.NOT_RUN),
    ):
        assert bench.try_out(replace(change(bench, file, old, new), lines=never), tmp_path).outcome is outcome


@pytest.mark.parametrize(
    ("test", "why"), [("def test_it():\n    assert False\n", "they fail"), ("", "there are none")]
)
def test_own_tests_that_prove_nothing_are_refused(bench, tmp_path, test, why):
    (tmp_path / "test_own.py").write_text(test, "utf-8")
    with pytest.raises(MutationUnusable, match=why):
        bench.check_own_tests(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"def f(:\n"])
@pytest.mark.parametrize(("file", "language"), [("odd.py", "Python"), ("odd.toml", "TOML")])
def test_file_that_is_no_python_or_toml_is_named(tmp_path, content, file, language):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(MutationUnusable, match=rf"{file} of plugin odd is no {language} in UTF-8"):
        source_of("odd", tmp_path / file)


def test_same_code_is_changed_in_the_same_ways_and_each_kind_has_its_turn(bench):
    mutants = bench.mutants()
    in_data = [mutant for mutant in mutants if mutant.in_data]
    share = len(in_data) / len(mutants)
    for number in (20, 40, 90):
        assert abs(sum(mutant.in_data for mutant in choose(mutants)[:number]) - number * share) <= 1
    assert {mutant.operator for mutant in choose(in_data)[:3]} == {mutant.operator for mutant in in_data}
    mutants = [mutant for mutant in mutants if not mutant.in_data]
    kinds = {mutant.operator for mutant in mutants}
    chosen = choose(mutants)[: len(kinds)]
    assert chosen == choose(list(mutants))[: len(kinds)]
    assert len(kinds) == 10
    assert {mutant.operator for mutant in chosen} == kinds
    assert len(choose(mutants)) == len(mutants) > 0


def test_report_tells_the_score_and_every_survivor_with_its_harm():
    mutant = Mutant("rules.py", MutationOperator.BOUNDARY, (7, 7), "age <= 18\n")
    diff = ("-age < 18", "+age <= 18")
    results = (
        MutantResult(mutant, diff, MutantOutcome.BY_SUITE, "eligibility/answered"),
        MutantResult(mutant, diff, MutantOutcome.BY_TESTS),
        MutantResult(mutant, diff, MutantOutcome.SURVIVED),
        MutantResult(mutant, diff, MutantOutcome.NOT_RUN),
    )
    report = MutationReport(results, possible=40, with_tests=True, possible_in_data=15)
    assert (report.score, report.by_operator()) == (0.5, {MutationOperator.BOUNDARY: (2, 4)})
    first, *rest = render_mutation(report)
    assert first == (
        "Mutation: 2 of 4 changes were noticed (50%), of 40 possible (25 in Python, 15 in TOML):"
        " 1 by the suite, 1 by its own tests"
    )
    assert rest == [
        "  boundary     2 of 4",
        "",
        "survived  boundary  rules.py:7",
        "  -age < 18",
        "  +age <= 18",
        "  who stands on the very boundary gets the opposite",
        "",
        "survived  boundary  rules.py:7",
        "  -age < 18",
        "  +age <= 18",
        "  nothing runs this line",
        "  who stands on the very boundary gets the opposite",
    ]
    assert MutationReport((), possible=0, with_tests=False).score == 1.0


def test_every_change_is_told_of_and_the_plugin_stays_as_it_is():
    (folder,) = map(Path, nagorik_cashdesk.__path__)
    before = {path: path.read_bytes() for kind in ("*.py", "*.toml") for path in folder.rglob(kind)}
    heard = []
    mutation = mutate("cashdesk", 3, progress=lambda done, of: heard.append((done, of)))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert {path: path.read_bytes() for path in before} == before

    subject = Subject.installed(CashDeskSimulator)
    results = asyncio.run(run_suite(subject, families={"catalogue"}, checks=CHECKS))
    report = Report(subject, judge(results, (), on=DAY), on=DAY, seconds=1.0, mutation=mutation)
    told = document_of(report)["mutation"]
    assert (told["tried"], told["possible"] > 40, told["own_tests"]) == (3, True, False)
    noticed = [one for one in told["changes"] if one["noticed_by"]]
    assert all(one["diff"] and one["file"] in {"plugin.py", "wire.py", "settlement.toml"} for one in told["changes"])
    page = unescape(render_page(report))
    assert f"{len(noticed)} of 3 changes were noticed" in page
    assert all((one["diff"][0] in page) is (one["noticed_by"] is None) for one in told["changes"])


@pytest.mark.parametrize(
    "words",
    [
        ("cashdesk", "--tests", "."),
        ("cashdesk", "--mutate", "--loopback"),
        ("cashdesk", "--mutate", "--family", "payment"),
        ("cashdesk", "--mutate", "--live", "https://sandbox.agency.example"),
        ("cashdesk", "--mutate", "--tests", "no-such-folder"),
        ("--all", "--mutate", "--tests", "."),
    ],
)
def test_words_that_do_not_go_together_are_refused(words, capsys):
    assert command.run(arguments(*words)) == 2
    assert "--mutate" in (told := capsys.readouterr().err) or "--tests" in told
