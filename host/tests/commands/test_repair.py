"""A row whose journal is ahead of it becomes what the journal amounts to, and nothing else is repaired."""

import pytest
from host_site import rows

OFFICER = ("--officer", "A. Rahman", "--reason", "Two changes met.")
BEHIND = "row-behind"


def problems(ready):
    return {one["code"] for one in ready("audit", "verify", "--json").document["problems"]}


@pytest.fixture
def behind(ready, applied, place):
    """An application whose withdrawal was acknowledged and then overwritten by a claim, as the host once did."""
    (before,) = rows(place, "SELECT state, closed_at, entries, chain, progress FROM applications")
    assert ready("act", applied, "withdraw").code == 0
    rows(
        place,
        "UPDATE applications SET blocked = 'defect', due_at = NULL,"
        " state = ?, closed_at = ?, entries = ?, chain = ?, progress = ?",
        *before,
    )
    return applied


def test_overwritten_withdrawal_is_found_and_repaired_and_goes_on(ready, behind, place, world):
    assert BEHIND in problems(ready)
    repaired = ready("applications", "repair", behind, *OFFICER, "--json")
    assert (repaired.code, repaired.document) == (0, {"repaired": [behind], "refused": {}})
    assert problems(ready) == set()
    assert rows(place, "SELECT kind, subject, officer FROM decisions") == [("repair", behind, "A. Rahman")]
    world.run(world.carry)
    assert problems(ready) == set()
    assert ready("track", behind, "--json").document["state"] in {"withdrawn", "closed"}


def test_all_that_are_behind_are_repaired_at_once_and_nothing_else(ready, behind, place):
    assert ready("applications", "repair", "--all", *OFFICER, "--json").document["repaired"] == [behind]
    assert ready("applications", "repair", "--all", *OFFICER, "--json").document["repaired"] == []
    before = rows(place, "SELECT * FROM applications")
    refused = ready("applications", "repair", behind, *OFFICER)
    assert (refused.code, "journal is not ahead" in refused.err) == (1, True)
    assert rows(place, "SELECT * FROM applications") == before


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
    rows(place, tampered)
    before = rows(place, "SELECT * FROM applications")
    refused = ready("applications", "repair", behind, *OFFICER, "--json").document
    assert (refused["repaired"], list(refused["refused"])) == ([], [behind])
    assert rows(place, "SELECT * FROM applications") == before
    assert rows(place, "SELECT * FROM decisions") == []
