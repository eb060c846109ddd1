"""A row whose journal is ahead of it becomes what the journal amounts to, and nothing else is repaired."""

import sqlite3

import pytest

OFFICER = ("--officer", "A. Rahman", "--reason", "Two changes met.")
BEHIND = "row-behind"


def execute(place, statement, *values):
    connection = sqlite3.connect(place / "nagorik.db")
    with connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(statement, values).fetchall()
    connection.close()
    return rows


def problems(ready):
    return {one["code"] for one in ready("audit", "verify", "--json").document["problems"]}


@pytest.fixture
def behind(ready, applied, place):
    """An application whose withdrawal was acknowledged and then overwritten by a claim, as the host once did."""
    (before,) = execute(place, "SELECT * FROM applications")
    assert ready("act", applied, "withdraw").code == 0
    was = [before[name] for name in ("state", "closed_at", "entries", "chain", "progress")]
    execute(
        place,
        "UPDATE applications SET blocked = 'defect', due_at = NULL,"
        " state = ?, closed_at = ?, entries = ?, chain = ?, progress = ?",
        *was,
    )
    return applied


def test_overwritten_withdrawal_is_found_and_repaired_and_goes_on(ready, behind, place, world):
    assert BEHIND in problems(ready)
    repaired = ready("applications", "repair", behind, *OFFICER, "--json")
    assert (repaired.code, repaired.document) == (0, {"repaired": [behind], "refused": {}})
    assert problems(ready) == set()
    (decision,) = execute(place, "SELECT * FROM decisions")
    assert (decision["kind"], decision["subject"], decision["officer"]) == ("repair", behind, "A. Rahman")
    world.run(world.carry)
    assert problems(ready) == set()
    assert ready("track", behind, "--json").document["state"] in {"withdrawn", "closed"}


def test_all_that_are_behind_are_repaired_at_once(ready, behind, place):
    assert ready("applications", "repair", "--all", *OFFICER, "--json").document["repaired"] == [behind]
    assert ready("applications", "repair", "--all", *OFFICER, "--json").document["repaired"] == []


def test_application_that_is_not_behind_is_left_as_it_is(ready, applied, place):
    before = execute(place, "SELECT * FROM applications")
    refused = ready("applications", "repair", applied, *OFFICER)
    assert (refused.code, "journal is not ahead" in refused.err) == (1, True)
    assert [tuple(row) for row in execute(place, "SELECT * FROM applications")] == [tuple(row) for row in before]


@pytest.mark.parametrize(
    "tampered",
    [
        "UPDATE journal SET outline = '{}' WHERE entry = 2",
        "UPDATE applications SET chain = x'00'",
        "UPDATE applications SET entries = 0",
        "UPDATE applications SET lease = 'worker'",
        "DELETE FROM journal WHERE entry = 1",
    ],
)
def test_what_no_host_has_left_like_that_is_refused(ready, behind, place, tampered):
    execute(place, tampered)
    before = execute(place, "SELECT * FROM applications")
    refused = ready("applications", "repair", behind, *OFFICER, "--json").document
    assert (refused["repaired"], list(refused["refused"])) == ([], [behind])
    assert [tuple(row) for row in execute(place, "SELECT * FROM applications")] == [tuple(row) for row in before]
    assert execute(place, "SELECT * FROM decisions") == []
