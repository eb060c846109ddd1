"""What validate tells of a package's data files, by file and entry."""

from datetime import date
from pathlib import Path

import pytest

from nagorik_testing.validation.checks import data_file_problems, validate_path

PLUGIN = Path(__file__).parents[3] / "plugins/cashdesk/src/nagorik_cashdesk"


@pytest.mark.parametrize(
    ("file", "content", "location", "told"),
    [
        ("messages.toml", '["a.b"]\nen = "x"', "a.b.bn", "required"),
        ("rules.toml", "[[age]]\nvalue = 18", "age.0.source", "required"),
        ("statuses.toml", '[[statuses]]\nwords = ["A"]\nstate = "gone"', "statuses.0.state", "write one of"),
        ("fitness_statuses.toml", "[", "", "not valid TOML"),
    ],
)
def test_problem_is_told_with_its_file(tmp_path: Path, file: str, content: str, location: str, told: str) -> None:
    (tmp_path / file).write_text(content, "utf-8")
    [(name, problem)] = data_file_problems(tmp_path)
    assert (name, problem.location) == (file, location)
    assert told in problem.message


def test_reason_is_looked_for_among_the_sentences(tmp_path: Path) -> None:
    (tmp_path / "messages.toml").write_text('["a.b"]\nen = "x"\nbn = "ক"', "utf-8")
    (tmp_path / "statuses.toml").write_text('[[statuses]]\nwords = ["A"]\nreason = "a.c"', "utf-8")
    [(name, problem)] = data_file_problems(tmp_path)
    assert (name, problem.message) == ("statuses.toml", "reason: there is no sentence a.c")


def test_other_files_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "myrules.toml").write_text("[", "utf-8")
    assert list(data_file_problems(tmp_path)) == []


def test_validate_tells_it(tmp_path: Path) -> None:
    for name in ("plugin.toml", "__init__.py", "plugin.py"):
        (tmp_path / name).write_text((PLUGIN / name).read_text("utf-8"), "utf-8")
    (tmp_path / "rules.toml").write_text("[[age]]\nvalue = 18", "utf-8")
    told = [finding for finding in validate_path(tmp_path, on=date(2026, 11, 24)) if "rules.toml" in finding.location]
    assert [(finding.severity, finding.location) for finding in told] == [("error", "rules.toml: age.0.source")]
