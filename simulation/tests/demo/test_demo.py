"""The demonstration: what it plays, what it tells, and what it says of itself."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from nagorik.data_files import DataFileInvalid
from nagorik_platform.cli import main
from nagorik_simulation.demo.closing import span
from nagorik_simulation.demo.example import ExampleProblem, read_examples
from nagorik_testing.simulator.base import installed_simulators

pytestmark = pytest.mark.long

INSTALLED = ", ".join(installed_simulators())
EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "applications"


def copy(tmp_path: Path, name: str, **changes: object) -> Path:
    example = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    (tmp_path / "one.json").write_text(json.dumps({**example, **changes}), "utf-8")
    return tmp_path


def test_examples_of_a_folder_are_told_by_the_names_of_their_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # That each of the installed examples ends as its file expects is what the front page's command shows.
    names = ["04-migration", "08-too-young", "bmet-05-too-old"]
    for name in names:
        shutil.copy(EXAMPLES / f"{name}.json", tmp_path)
    assert main(["demo", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is True
    assert [entry["application"] for entry in told["applications"]] == names


def test_the_lost_answer_is_looked_up_and_filed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(copy(tmp_path, "02-lost-answer")), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["applications"]
    assert entry["looked_up"] is True
    assert entry["applications_at_agency"] == 1
    assert entry["fee"] == "345.00"
    assert entry["state"] == "closed"


def test_refusal_is_told_with_its_reason_and_the_fee_with_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy(tmp_path, "09-refused")
    assert main(["demo", str(folder), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["applications"]
    told = entry["explanation"]
    assert told["ended_as"]["code"] == "rejected"
    assert told["agency_says"]["remark"] == "জমা দেওয়া কাগজপত্রে আবেদনের সত্যতা প্রমাণিত হয় না"
    assert told["reason_missing"] is False
    assert [(fee["total"], fee["vat"], fee["paid"]) for fee in told["fees"]] == [("115.00", "15.00", True)]
    assert main(["demo", str(folder)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "fee Tk 115 = Correction of other stored data, 1st time Tk 100 + VAT Tk 15" in shown
    assert "সংস্থার নিজের কথায়: «জমা দেওয়া কাগজপত্রে আবেদনের সত্যতা প্রমাণিত হয় না»" in shown


def test_one_payment_of_an_application_can_be_scripted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn_up = {"simulator": "cashdesk", "payment": 1, "outcome": "cancel"}
    again = {"hold": "payment-cancelled", "action": "pay-again"}
    assert main(["demo", str(copy(tmp_path, "01-correction", scripted=[torn_up], citizen=[again]))]) == 0
    assert capsys.readouterr().out.count("waits for the citizen: payment cancelled") == 1


def test_a_missed_appointment_is_taken_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(copy(tmp_path, "passport-04-missed"))]) == 0
    printed = capsys.readouterr().out
    first, second = (line for line in printed.splitlines() if "has the appointment" in line)
    assert "25 Nov 09:30, Uttara, Dhaka" in first
    assert "29 Nov" in second
    assert printed.count("waits for the citizen: appearance required") == 1


def test_who_may_not_apply_is_told_why_by_the_agency_that_was_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(copy(tmp_path, "bmet-02-expiring"))]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "আপনারটির মেয়াদ ৩১ জানুয়ারি ২০২৭ পর্যন্ত" in printed


def test_a_batch_that_fills_up_is_followed_by_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(copy(tmp_path, "bmet-03-batch-full"))]) == 0
    printed = capsys.readouterr().out
    assert printed.count("does not get the appointment of") == 1
    assert printed.count("has the appointment of 06 Dec 09:00, TTC Chattogram") == 1


def test_without_an_appointment_in_the_file_nobody_books(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = copy(tmp_path, "passport-04-missed", appointments=[], scripted=[])
    assert main(["demo", str(quiet)]) == 0
    assert "has the appointment" not in capsys.readouterr().out


def test_an_appointment_is_chosen_once_the_agency_shows_those_that_are_free(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slots = "GET /sim/epassport/api/v1/registrations/{reference}/slots"
    down = {"simulator": "passport", "operation": slots, "fault": {"fault": "status", "status": 500}}
    assert main(["demo", str(copy(tmp_path, "passport-04-missed", faults=[down]))]) == 0
    printed = capsys.readouterr().out
    assert printed.count("has the appointment") == 2


def test_an_officer_settles_a_payment_and_the_fee_is_paid_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(copy(tmp_path, "passport-03-payer-name"))]) == 0
    printed = capsys.readouterr().out
    assert printed.count("payment refund_requested") == 1
    assert printed.count("payment refunded") == 1
    assert printed.count("payment captured") == 2
    assert "2 payments taken, each once, by the gateway's own ledger; Tk 5,750 not given back." in printed


def test_without_an_officer_a_payment_in_question_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect = {"state": "awaiting_payment", "hold": "payment-under-investigation", "at_agency": 1}
    waiting = copy(tmp_path, "passport-03-payer-name", officers=[], expect=expect)
    assert main(["demo", str(waiting), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["as_expected"] is True


def test_an_application_that_is_opened_at_night_waits_until_the_agency_opens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(copy(tmp_path, "brta-02-at-night"))]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if line.startswith(("24 Nov", "25 Nov"))]
    assert "the agency is closed: nothing is sent before 25 Nov 08:00" in told[0]
    assert told[0].startswith("24 Nov 23:10")
    assert all(line.startswith("25 Nov 08:0") for line in told[1:])


def test_an_application_is_opened_at_once_if_its_time_is_past(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(copy(tmp_path, "brta-06-tax-token", opens="09:00"))]) == 0
    assert "24 Nov 10:00" in capsys.readouterr().out


def test_an_end_that_was_not_expected_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect = {"state": "rejected", "at_agency": 2}
    assert main(["demo", str(copy(tmp_path, "04-migration", expect=expect)), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is False
    assert told["applications"][0]["problems"] == [
        "state: expected rejected, got closed",
        "at_agency: expected 2, got 1",
    ]


def test_nobody_is_named_in_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in EXAMPLES.glob("*01-*.json"):  # one of each agency's
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert main(["demo", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    played = sorted(tmp_path.glob("*.json"))
    assert len(played) > 3
    for path in played:
        assert path.stem in printed.out
        applicant = json.loads(path.read_text("utf-8"))["applicant"]
        numbers = [item["value"] for item in applicant["identifiers"]]
        for secret in (applicant["name"]["en"], applicant["name"]["bn"], *numbers):
            assert secret not in printed.out + printed.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{\n", "one.json: not valid JSON: look at line 2"),
        ('{"title": 1}', "expect"),
        ("[]", "one.json: write an object, in braces"),
    ],
)
def test_a_file_that_cannot_be_played_is_named_with_its_fields(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "one.json").write_text(content, "utf-8")
    with pytest.raises(DataFileInvalid, match=r"one\.json") as caught:
        read_examples(tmp_path)
    assert told in str(caught.value)


def test_a_folder_without_files_is_told_as_it_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words, folder in (([], "examples/applications"), (["."], "."), ([str(tmp_path)], str(tmp_path))):
        assert main(["demo", *words]) == 2
        assert capsys.readouterr().err == f"nagorik: there are no *.json files in {folder}\n"


def test_a_service_that_nobody_offers_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(copy(tmp_path, "04-migration", service="nid.teleport"))]) == 2
    told = "one.json: service: service-not-offered (unknown-service)"
    assert told in capsys.readouterr().err


NOWHERE = {"simulator": "nowhere", "outcome": "approve"}
LOST = {"simulator": "nid", "operation": "*", "fault": {"fault": "answer-lost"}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"gateway": "nowhere.wallet"}, "gateway: service-not-offered (unknown-service)"),
        ({"gateway": "nid.migration"}, "gateway: service-not-offered (not-a-gateway)"),
        ({"service": "cashdesk.counter"}, "service: service-not-offered (not-a-service)"),
        ({"scripted": [NOWHERE]}, f"scripted.0.simulator: not one of {INSTALLED}"),
        ({"scripted": [{**NOWHERE, "simulator": "nid"}, NOWHERE]}, "scripted.1.simulator: not one of"),
        ({"scripted": [{"simulator": "nid", "outcome": "vanish"}]}, "scripted.0.outcome: not one of approve"),
        ({"scripted": [{**NOWHERE, "durations": {"review": -1}}]}, "scripted.0.durations.review: write 0.0 or more"),
        (
            {"scripted": [{**NOWHERE, "durations": {"review": 1e30}}]},
            "scripted.0.durations.review: write 1000000000.0 or less",
        ),
        ({"faults": [{**LOST, "simulator": "nowhere"}]}, f"faults.0.simulator: not one of {INSTALLED}"),
        ({"faults": [{**LOST, "operation": "GET /nowhere"}]}, "faults.0.operation: not one of *, GET"),
        ({"faults": [{**LOST, "fault": {"fault": "meteor"}}]}, "faults.0.fault: write as 'fault' one of '"),
        (
            {"faults": [{**LOST, "fault": {"fault": "status", "status": 9999}}]},
            "faults.0.fault.status.status: write 599 or less",
        ),
    ],
)
def test_what_no_simulator_knows_is_told_with_its_file_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], told: str
) -> None:
    assert main(["demo", str(copy(tmp_path, "04-migration", **changes))]) == 2
    captured = capsys.readouterr().err
    assert captured.startswith("nagorik: one.json: ")
    assert told in captured


def test_fields_of_a_form_that_is_refused_are_named_and_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = {"birth_date": "1976-11-24", "nid": "1234567"}
    assert main(["demo", str(copy(tmp_path, "04-migration", form=form)), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("nagorik: one.json: /form/nid: ")
    assert "; /form/new_address: " in captured.err
    assert "1234567" not in captured.out + captured.err


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_called_json_and_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "one.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "gone")
    else:
        os.mkfifo(path)
    with pytest.raises(DataFileInvalid, match=r"one\.json: not a readable file"):
        read_examples(tmp_path)


def test_name_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")).write_text("{}", "utf-8")
    with pytest.raises(ExampleProblem, match="name is not UTF-8"):
        read_examples(tmp_path)


def test_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    content = (EXAMPLES / "04-migration.json").read_bytes()
    (tmp_path / "one.json").write_bytes(b"\xef\xbb\xbf" + content)
    assert read_examples(tmp_path)[0].example.service == "nid.migration"


def test_file_steers_neither_the_terminal_nor_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy(tmp_path, "08-too-young", expect={"state": "draft", "hold": "[/red]", "at_agency": 0})
    (tmp_path / "one.json").rename(tmp_path / "[b]\x1b[31mone.json")
    assert main(["demo", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "[b][31mone: hold: expected [/red], got ineligible" in told
    assert "\x1b[31m" not in told


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


def test_nothing_is_lost_or_doubled_when_the_worker_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(copy(tmp_path, "04-migration")), "--kill"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("kill -9") == 1
    assert "has just filed one" in printed
    assert printed.count("the look-up found it at the agency") == 1
    row = next(line for line in printed.splitlines() if line.startswith("one "))
    assert row.endswith(" 1")
    assert "closed, looked up" in row


def test_killed_worker_leaves_the_rest_as_the_file_expects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = []
    for words in ([], ["--kill"]):
        assert main(["demo", str(copy(tmp_path, "09-refused")), "--json", *words]) == 0
        (entry,) = json.loads(capsys.readouterr().out)["applications"]
        ends.append({name: entry[name] for name in ("fee", "state", "waits_for", "applications_at_agency")})
    assert ends[0] == ends[1]


def test_without_the_portal_nothing_is_left_running(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nagorik_simulation.demo.command.find_spec", lambda _: None)
    assert main(["demo", "--serve"]) == 2
    assert capsys.readouterr().err == "nagorik: --serve needs the desk: pip install nagorik-portal\n"


@pytest.mark.parametrize("pace", ["0.5", "-1", "100001", "nan", "fast"])
def test_time_goes_no_slower_than_the_machines(capsys: pytest.CaptureFixture[str], pace: str) -> None:
    assert main(["demo", "--serve", "--pace", pace]) == 2
    assert "--pace: " in capsys.readouterr().err
