"""Lists, look-ups, workers and agencies: what an operator sees of the whole, and nothing of any citizen."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nagorik_host.commands import running
from nagorik_host.store.schema import microseconds

NUMBER = "19901234567890123"
EXAMPLES = Path(__file__).parents[3] / "examples" / "host"


def put(place: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(place / "nagorik.db")
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


@pytest.fixture
def two(ready) -> dict[str, str]:
    """The ids of two applications, by service."""
    taken = ready("apply", EXAMPLES, "--json").document["applications"]
    return {one["file"].removesuffix(".json").replace("-", ".", 1): one["application"] for one in taken}


def ids(result) -> list[str]:
    assert result.code == 0
    return [one["application"] for one in result.document["applications"]]


def test_applications_are_listed_by_what_is_asked(ready, two, place):
    assert set(ids(ready("applications", "list", "--json"))) == set(two.values())
    put(place, "UPDATE applications SET blocked = 'defect', due_at = NULL WHERE service = 'nid.migration'")
    late = microseconds(running.now() - timedelta(hours=1))
    put(place, "UPDATE applications SET due_at = ?, hold_code = 'ineligible' WHERE service = 'nid.reissue'", late)
    reissue, migration = [two["nid.reissue"]], [two["nid.migration"]]
    for words, expected in (
        (("--service", "nid.reissue"), reissue),
        (("--service", "nid.reissue", "--service", "nid.migration", "--open"), [*reissue, *migration]),
        (("--plugin", "nid", "--state", "draft"), [*reissue, *migration]),
        (("--plugin", "land"), []),
        (("--blocked", "defect"), migration),
        (("--hold", "ineligible"), reissue),
        (("--overdue",), reissue),
        (("--opened-after", "2026-11-01"), [*reissue, *migration]),
        (("--opened-before", "01/11/2026"), []),
    ):
        assert sorted(ids(ready("applications", "list", *words, "--json"))) == sorted(expected), words


@pytest.mark.parametrize(
    "words",
    [("applications", "list"), ("payments", "list"), ("cases", "list"), ("cases", "decisions"), ("inbox", "list")],
)
@pytest.mark.parametrize("limit", ["0", "-1", "1001", "99999999999999999999", "9" * 5000, "many"])
def test_list_is_of_as_many_rows_as_there_may_be(ready, words, limit):
    assert ready(*words, "--limit", "1000").code == 0
    refused = ready(*words, f"--limit={limit}")
    assert (refused.code, refused.out) == (2, "")
    assert "argument --limit: a number from 1 to 1000" in refused.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("applications", "list", "--state", "in-review"), "did you mean in_review?"),
        (("applications", "list", "--service", "nid.reisue"), "there is no --service nid.reisue; did you"),
        (("applications", "list", "--service", "nid.reissue", "--service", NUMBER), "no such --service; "),
        (("applications", "list", "--plugin", "nidd"), "did you mean nid?"),
        (("applications", "list", "--blocked", "defects"), "did you mean defect?"),
        (("payments", "list", "--gateway", "cashdesk.counte"), "did you mean cashdesk.counter?"),
        (("cases", "retry", "--plugin", "nope", "--dry-run"), "there is no --plugin nope; there are: "),
        (("cases", "retry", "--code", "defekt", "--dry-run"), "did you mean defect?"),
    ],
)
def test_name_that_is_misspelt_is_no_empty_list(ready, two, words, told):
    for more in ((), ("--json",)):
        refused = ready(*words, *more)
        assert (refused.code, refused.out) == (2, "")
        assert told in refused.err


def test_list_goes_on_where_a_page_ended(ready, two):
    first = ready("applications", "list", "--limit", "1", "--json").document
    second = ready("applications", "list", "--limit", "1", "--after", first["next"], "--json").document
    (one,), (other,) = first["applications"], second["applications"]
    assert {one["application"], other["application"]} == set(two.values())
    shown = ready("applications", "list", "--limit", "1").out
    assert f"--after {first['next']}\n" in shown
    refused = ready("applications", "list", "--after", "x")
    assert (refused.code, "--after takes the place" in refused.err) == (2, True)
    assert ready("applications", "list", "--state", "revoked").out.startswith("There are no such applications. ")


def test_application_is_found_by_what_names_it(ready, world):
    application = world.closed()
    told = ready("track", application, "--json").document
    names = (
        application,
        application.upper(),
        told["client_reference"],
        told["agency_reference"],
        told["payments"][0]["payment"],
    )
    for name in names:
        (found,) = ready("applications", "search", name, "--json").document["applications"]
        assert found["application"] == application
        assert found["state"] == "closed"
    assert application in ready("applications", "search", told["agency_reference"]).out


def test_application_is_not_found_by_whose_it_is(ready, applied):
    for name in ("0099000202", "+8801300000202", "UDAHORON NAGORIK 202"):
        found = ready("applications", "search", name, "--json")
        assert (found.code, found.document["applications"]) == (1, [])
    shown = ready("applications", "search", "absent")
    assert shown.code == 1
    assert "No application is found by a citizen's name" in shown.out


def test_search_by_other_keys_finds_nothing_out_and_says_so(ready, applied, place):
    (place / "keys.txt").write_text(ready("keys", "new", "other").out)
    result = ready("applications", "search", "NGK-0000000000000000")
    assert result.code != 0
    assert "Nothing is found" not in result.out
    assert "keys" in result.err


def test_two_applications_that_an_agency_calls_alike_are_both_found(ready, two, world, place):
    application = world.closed()
    reference = ready("track", application, "--json").document["agency_reference"]
    statement = "UPDATE applications SET agency_reference = (SELECT agency_reference FROM applications WHERE id = ?)"
    put(place, f"{statement} WHERE id = ?", application, two["nid.reissue"])
    found = ids(ready("applications", "search", reference, "--json"))
    assert set(found) == {application, two["nid.reissue"]}


def test_payments_are_listed(ready, world):
    application = world.closed()
    listed = ready("payments", "list", "--json").document
    (payment,) = listed["payments"]
    assert (payment["application"], payment["gateway"]) == (application, "cashdesk.counter")
    assert (payment["amount"], listed["next"]) == ("345.00 BDT", None)
    assert payment["captured_at"] is not None
    for words, number in (
        (("--gateway", "cashdesk.counter", "--state", payment["state"]), 1),
        (("--state", "unknown"), 0),
        (("--opened-after", "2030-01-01"), 0),
    ):
        assert len(ready("payments", "list", *words, "--json").document["payments"]) == number
    assert payment["payment"] in ready("payments", "list").out
    assert ready("payments", "list", "--state", "unknown").out.startswith("There are no such payments. ")


def test_workers_are_told_from_those_that_are_lost(ready, two, place):
    assert ready("workers").out.startswith("No worker was heard of within a day.")
    now = datetime.now(UTC)
    for name, beat in (("counter-1", now), ("counter-2", now - timedelta(hours=3))):
        statement = (
            "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names)"
            " VALUES (?, ?, ?, ?, ?, 'first')"
        )
        began, until = microseconds(now - timedelta(days=1)), microseconds(beat + timedelta(minutes=1))
        put(place, statement, name, name, began, microseconds(beat), until)
    held = "UPDATE applications SET lease = 'counter-2', lease_until = 0, due_at = NULL WHERE service = 'nid.reissue'"
    put(place, held)
    alive, lost = ready("workers", "--json").document["workers"]
    assert (alive["name"], alive["is_alive"], alive["in_hand"]) == ("counter-1", True, {})
    assert (lost["name"], lost["is_alive"], lost["in_hand"]) == ("counter-2", False, {"nid": 1})
    assert "1 nid" in ready("workers").out


def test_agencies_are_told(ready, place):
    assert ready("agencies").out.startswith("Nothing is queued for any agency.")
    ready("apply", EXAMPLES)
    now = running.now()
    down, probe = microseconds(now - timedelta(hours=2)), microseconds(now + timedelta(minutes=10))
    put(
        place,
        "INSERT INTO agencies (plugin, failures, down_since, probe_at, cause, probes, violations)"
        " VALUES ('cashdesk', 7, ?, ?, 'name-unknown', 1, 0)",
        down,
        probe,
    )
    paced = microseconds(now + timedelta(minutes=10))
    put(place, "INSERT INTO agencies (plugin, failures, probes, violations) VALUES ('nid', 0, 0, 0)")
    put(place, "INSERT INTO paces (plugin, next_at) VALUES ('nid', ?)", paced)
    put(place, "UPDATE applications SET due_at = ? WHERE service = 'nid.reissue'", down)
    cashdesk, nid = ready("agencies", "--json").document["agencies"]
    assert (cashdesk["plugin"], cashdesk["failures"], cashdesk["due"]) == ("cashdesk", 7, 0)
    assert microseconds(datetime.fromisoformat(cashdesk["down_since"])) == down
    assert microseconds(datetime.fromisoformat(cashdesk["probe_at"])) == probe
    assert (nid["plugin"], nid["due"], nid["waiting"], nid["in_flight"]) == ("nid", 2, 0, 0)
    shown = ready("agencies").out
    refused = ready("agencies", "--try-again", "cashdesk")
    assert (refused.code, "no agency of that id" in refused.err) == (2, True)
    put(place, "UPDATE agencies SET cause = 'credentials-wrong' WHERE plugin = 'cashdesk'")
    assert ready("agencies", "--try-again", "cashdesk").code == 0
    cashdesk, _ = ready("agencies", "--json").document["agencies"]
    assert microseconds(datetime.fromisoformat(cashdesk["probe_at"])) < probe
    assert "name-unknown" in shown
