"""An officer says that the database was restored from a copy, and later that it has caught up."""

from datetime import UTC, datetime

from host_site import EXAMPLES, at_work

from nagorik_host.commands.checks import examine
from nagorik_platform.cli.checks import WARNING

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SIGNED = ("--officer", "A. Rahman", "--reason", "The disk burned.")


def kinds(ready, application: str) -> list[str]:
    return [line["kind"] for line in ready("track", application, "--json").document["timeline"]]


def test_restored_books_are_in_doubt_until_they_have_caught_up(ready, applied):
    assert ready("db", "restored", *SIGNED, "--json").document == {"applications": 1}
    assert "database-restored" in kinds(ready, applied)
    shown = ready("track", applied).out
    assert "প্ল্যাটফর্মের তথ্য একটি পুরোনো অনুলিপি থেকে ফিরিয়ে আনা হয়েছে।" in shown
    assert [check.status for check in examine(NOW) if check.name == "host restored"] == [WARNING]
    assert ready("db", "caught-up", *SIGNED).code == 0
    assert "host restored" not in {check.name for check in examine(NOW)}
    again = ready("db", "caught-up", *SIGNED)
    assert (again.code, "nothing to catch up with" in again.err) == (2, True)
    decided = ready("cases", "decisions", "--json").document["decisions"]
    assert [(one["kind"], one["subject"]) for one in decided] == [
        ("caught-up", "database"),
        ("restored", "1 applications"),
    ]
    assert ready("audit", "verify").code == 0


def test_what_is_applied_while_catching_up_is_in_doubt(ready):
    assert ready("db", "restored", *SIGNED).code == 0
    application = ready("apply", EXAMPLES / "nid-reissue.json", "--json").document["applications"][0]["application"]
    assert "database-restored" in kinds(ready, application)


def test_it_needs_an_officer_and_a_reason_and_workers_stopped(ready, applied, place):
    for action in ("restored", "caught-up"):
        assert ready("db", action, "--officer", " ", "--reason", "x").code == 2
        assert ready("db", action).code == 2
    at_work(place, "w", datetime.now(UTC))
    refused = ready("db", "restored", *SIGNED)
    assert (refused.code, "stop all workers" in refused.err) == (3, True)
    assert "database-restored" not in kinds(ready, applied)
