"""Lists, look-ups, workers and agencies: what an operator sees of the whole, and nothing of any citizen."""

from datetime import UTC, datetime, timedelta

import pytest
from host_site import EXAMPLES, at_work, rows

from nagorik_host.commands import running
from nagorik_host.store.schema import microseconds

NUMBER = "19901234567890123"


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
    rows(place, "UPDATE applications SET blocked = 'defect', due_at = NULL WHERE service = 'nid.migration'")
    late = microseconds(running.now() - timedelta(hours=1))
    rows(place, "UPDATE applications SET due_at = ?, hold_code = 'ineligible' WHERE service = 'nid.reissue'", late)
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


@pytest.mark.parametrize("limit", ["0", "1001", "9" * 5000, "many"])
def test_list_is_of_as_many_rows_as_there_may_be(ready, limit):
    for words in (("applications", "list"), ("payments", "list"), ("cases", "list"), ("inbox", "list")):
        refused = ready(*words, f"--limit={limit}")
        assert (refused.code, refused.out) == (2, "")
        assert "argument --limit: a number from 1 to 1000" in refused.err


def test_name_that_is_misspelt_is_no_empty_list(ready, two):
    listed, retried = ("applications", "list"), ("cases", "retry", "--dry-run")
    for words, told in (
        ((*listed, "--state", "in-review"), "did you mean in_review?"),
        ((*listed, "--service", "nid.reisue"), "there is no --service nid.reisue; did you"),
        ((*listed, "--service", "nid.reissue", "--service", NUMBER), "no such --service; "),
        ((*listed, "--plugin", "nidd"), "did you mean nid?"),
        ((*listed, "--blocked", "defects"), "did you mean defect?"),
        (("payments", "list", "--gateway", "cashdesk.counte"), "did you mean cashdesk.counter?"),
        ((*retried, "--plugin", "nope"), "there is no --plugin nope; there are: "),
        ((*retried, "--code", "defekt"), "did you mean defect?"),
    ):
        refused = ready(*words, "--json")
        assert (refused.code, refused.out, told in refused.err) == (2, "", True)


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


def test_application_is_found_by_what_names_it_and_not_by_whose_it_is(ready, two, world, place):
    application = world.closed()
    told = ready("track", application, "--json").document
    payment = told["payments"][0]["payment"]
    for name in (application.upper(), told["client_reference"], told["agency_reference"], payment):
        (found,) = ready("applications", "search", name, "--json").document["applications"]
        assert found["application"] == application
    # An agency may call two applications alike.
    reference, other = told["agency_reference"], two["nid.reissue"]
    ((hashed,),) = rows(place, "SELECT agency_reference FROM applications WHERE id = ?", application)
    rows(place, "UPDATE applications SET agency_reference = ? WHERE id = ?", hashed, other)
    assert sorted(ids(ready("applications", "search", reference, "--json"))) == sorted([application, other])
    for name in ("0099000202", "+8801300000202", "UDAHORON NAGORIK 202"):
        found = ready("applications", "search", name, "--json")
        assert (found.code, found.document["applications"]) == (1, [])
    assert "No application is found by a citizen's name" in ready("applications", "search", "absent").out


def test_payments_are_listed(ready, world):
    application = world.closed()
    listed = ready("payments", "list", "--json").document
    (payment,) = listed["payments"]
    assert (payment["application"], payment["gateway"]) == (application, "cashdesk.counter")
    assert (payment["amount"], listed["next"]) == ("345.00 BDT", None)
    wanted = ("--gateway", "cashdesk.counter", "--state", payment["state"])
    assert payment["payment"] in ready("payments", "list", *wanted).out
    assert ready("payments", "list", "--opened-after", "2030-01-01", "--json").document["payments"] == []
    assert ready("payments", "list", "--state", "unknown").out.startswith("There are no such payments. ")


def test_workers_are_told_from_those_that_are_lost(ready, applied, place):
    assert ready("workers").out.startswith("No worker was heard of within a day.")
    at_work(place, "counter-1", datetime.now(UTC))
    at_work(place, "counter-2", datetime.now(UTC) - timedelta(hours=3))
    rows(place, "UPDATE applications SET lease = 'counter-2', lease_until = 0, due_at = NULL")
    workers = ready("workers", "--json").document["workers"]
    shown = [(one["name"], one["is_alive"], one["in_hand"]) for one in workers]
    assert shown == [("counter-1", True, {}), ("counter-2", False, {"nid": 1})]
    assert "1 nid" in ready("workers").out


def test_agencies_are_told(ready, place, applied):
    now = running.now()
    down, probe = microseconds(now - timedelta(hours=2)), microseconds(now + timedelta(minutes=10))
    statement = (
        "INSERT INTO agencies (plugin, failures, down_since, probe_at, cause, probes, violations)"
        " VALUES ('nid', 7, ?, ?, 'name-unknown', 1, 0)"
    )
    rows(place, statement, down, probe)
    (nid,) = ready("agencies", "--json").document["agencies"]
    assert [nid[name] for name in ("plugin", "failures", "due", "waiting", "in_flight")] == ["nid", 7, 1, 0, 0]
    assert microseconds(datetime.fromisoformat(nid["down_since"])) == down
    assert microseconds(datetime.fromisoformat(nid["probe_at"])) == probe
    assert "name-unknown" in ready("agencies").out
    refused = ready("agencies", "--try-again", "nid")
    assert (refused.code, "no agency of that id" in refused.err) == (2, True)
    rows(place, "UPDATE agencies SET cause = 'credentials-wrong'")
    assert ready("agencies", "--try-again", "nid").code == 0
    (nid,) = ready("agencies", "--json").document["agencies"]
    assert microseconds(datetime.fromisoformat(nid["probe_at"])) < probe
