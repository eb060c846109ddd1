"""The demonstration: what it plays, what it tells, and what it says of itself."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from nagorik.cli import main
from nagorik_testing.demo.example import ExampleProblem, read_examples
from nagorik_testing.demo.telling import span

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "applications"


def copy(tmp_path: Path, name: str, **changes: object) -> Path:
    example = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    (tmp_path / "one.json").write_text(json.dumps({**example, **changes}), "utf-8")
    return tmp_path


def test_every_example_ends_as_its_file_expects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(EXAMPLES), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is True
    assert [entry["application"] for entry in told["applications"]] == sorted(
        path.stem for path in EXAMPLES.glob("*.json")
    )


def test_the_lost_answer_is_looked_up_and_filed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(copy(tmp_path, "02-lost-answer")), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["applications"]
    assert entry["looked_up"] is True
    assert entry["applications_at_agency"] == 1
    assert entry["fee"] == "345.00"
    assert entry["state"] == "closed"


def test_an_end_that_was_not_expected_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect = {"state": "rejected", "at_agency": 2}
    assert main(["demo", str(copy(tmp_path, "04-migration", expect=expect)), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is False
    assert told["applications"][0]["problems"] == [
        "state: expected rejected, got closed",
        "at_agency: expected 2, got 1",
    ]


def test_nobody_is_named_in_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo", str(EXAMPLES)])
    printed = capsys.readouterr()
    for path in EXAMPLES.glob("*.json"):
        applicant = json.loads(path.read_text("utf-8"))["applicant"]
        numbers = [item["value"] for item in applicant["identifiers"]]
        for secret in (applicant["name"]["en"], applicant["name"]["bn"], *numbers):
            assert secret not in printed.out + printed.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "one.json: not a valid example at the file"),
        ('{"title": 1}', "expect"),
        ("[]", "one.json: not a valid example at the file"),
    ],
)
def test_a_file_that_cannot_be_played_is_named_with_its_fields(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "one.json").write_text(content, "utf-8")
    with pytest.raises(ExampleProblem, match=r"one\.json") as caught:
        read_examples(tmp_path)
    assert told in str(caught.value)


def test_a_folder_without_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(tmp_path)]) == 2
    assert "no *.json files" in capsys.readouterr().err


def test_a_service_that_nobody_offers_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(copy(tmp_path, "04-migration", service="nid.teleport"))]) == 2
    assert "service-not-offered" in capsys.readouterr().err


def test_everybody_in_the_examples_is_synthetic() -> None:
    for named in read_examples(EXAMPLES):
        for identifier in named.example.applicant.identifiers:
            digits = identifier.value
            district = {10: digits[2:4], 13: digits[:2], 17: digits[4:6]}[len(digits)]
            assert district == "99", named.name


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=31, hours=1), "31 d 1 h"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(duration: timedelta, told: str) -> None:
    assert span(duration) == told
