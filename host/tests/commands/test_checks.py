"""``nagorik doctor`` says what is wrong with a host and what to do."""

from datetime import UTC, datetime, timedelta

import pytest
from host_site import at_work, rows
from sqlalchemy import text

from nagorik_host.commands import checks
from nagorik_host.commands.checks import examine, outage_hint
from nagorik_host.store.overview import OVERDUE
from nagorik_host.store.schema import microseconds
from nagorik_platform.agency_client.retry_table import NOT_SENT, Failure
from nagorik_platform.cli.checks import FINE, NOTE, WARNING, WRONG, DoctorStatus

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SECRET = "hunter2hunter2"
KEPT_OUT = '[["nid", "too-many-faults", "2026-11-24T03:58:00+00:00", "2026-11-24T04:02:00+00:00"]]'


def found(at: datetime = NOW) -> dict[str, tuple[DoctorStatus, str]]:
    return {check.name: (check.status, check.message) for check in examine(at)}


def test_no_host_is_a_note(place):
    (place / "nagorik.toml").unlink()
    assert found() == {"host": (NOTE, "no host is set up here: neither nagorik.toml nor NAGORIK_HOST_…")}


def test_sound_host_is_fine(ready, place, agencies):
    known = found()
    assert known["host settings"] == (FINE, "from nagorik.toml")
    assert known["host keys"] == (FINE, "first wraps what is new")
    assert known["host database"][0] is FINE
    assert known["host workers"] == (NOTE, "none is at work")
    assert {status for status, _ in known.values()} == {FINE, NOTE}


def test_settings_database_and_keys_that_are_wrong_or_absent_are_named(place):
    (place / "keys.txt").unlink()
    known = found()
    assert known["host keys"][0] is WRONG
    assert known["host database"] == (WRONG, "there is no database yet: nagorik db upgrade makes it")
    assert not (place / "nagorik.db").exists()
    (place / "nagorik.toml").write_text(f'databse = "{SECRET}"\n')
    assert found() == {"host settings": (WRONG, "databse: there is no field databse; did you mean database?")}


@pytest.mark.parametrize("mode", [0o602, 0o640])
def test_keys_that_others_can_read_or_change_are_refused_by_every_command(ready, place, mode):
    (place / "keys.txt").chmod(mode)
    refused = "keys_file: other users can read or change the file: chmod 600 it"
    assert found()["host keys"] == (WRONG, refused)
    done = ready("audit", "verify")
    assert (done.code, done.err) == (2, f"nagorik: {refused}\n")
    (place / "keys.txt").chmod(0o400)
    assert ready("audit", "verify").code == 0


@pytest.mark.parametrize("held", [0, 1])
def test_workers_are_known_by_their_heartbeat(ready, applied, place, held):
    at_work(place, "counter-2", NOW - timedelta(hours=3))
    rows(place, "UPDATE applications SET due_at = ?", microseconds(NOW - OVERDUE))
    known = found()
    assert known["host workers"] == (WARNING, "none is at work")
    assert known["host queue"] == (WARNING, "1 applications have been due for more than 15 minutes, nid 1")
    at_work(place, "counter-1", NOW)
    rows(place, "UPDATE applications SET lease = 'counter-2', lease_until = 0, due_at = NULL WHERE ?", held)
    known = found()
    assert known["host workers"] == (FINE, "1 at work")
    message = f"not heard of since 2026-11-24T01:00+00:00; {held} in hand"
    assert known["host worker counter-2"] == (WARNING if held else NOTE, message)


def test_what_is_down_blocked_stopped_or_left_unread_is_named(ready, applied, place):
    rows(
        place,
        "REPLACE INTO agencies (plugin, failures, down_since, cause, probes, violations)"
        " VALUES ('nid', 7, ?, 'certificate-expired', 0, 0)",
        microseconds(NOW - timedelta(hours=2)),
    )
    rows(place, "UPDATE applications SET blocked = 'defect', due_at = NULL")
    rows(
        place,
        "INSERT INTO payment_cases (id, gateway, day, kind, found_at, opened_at, sealed)"
        " VALUES ('a', 'cashdesk.counter', '2026-11-24', 'missing-here', 0, 0, x'')",
    )
    rows(
        place,
        "INSERT INTO inbox (id, offer, message, received_at, due_at, lost_looks, sealed)"
        " VALUES ('m', 'nid.reissue', 'm', ?, 0, 0, x'00')",
        microseconds(NOW - OVERDUE),
    )
    ready("stop", "plugin", "nid", "--reason-en", "x", "--reason-bn", "ক", "--officer", "A. Rahman")
    known = found()
    assert known["host payments"] == (WARNING, "1 differences from the gateways' books wait")
    why = "down since 2026-11-24T02:00+00:00: certificate-expired, 7 calls in vain"
    assert known["host agency nid"] == (WARNING, why)
    assert outage_hint("certificate-expired") in {check.hint for check in examine(NOW)}
    assert known["host blocked"] == (WARNING, "1 applications: defect")
    assert known["host cases"] == (NOTE, "1 applications wait for an officer")
    assert known["host inbox"] == (WARNING, "1 messages have waited to be read for more than 15 minutes")
    assert known["host plugin nid"][0] is WARNING


@pytest.mark.parametrize("cause", [*NOT_SENT, "credentials-expired", "read-timeout", "word-of-a-plugin"])
def test_what_to_do_follows_from_why_an_agency_is_down(cause):
    hint = outage_hint(cause)
    assert hint.endswith("It is probed now and then; its queue waits and drains at its pace.")
    is_known = cause.startswith("credentials") or cause in NOT_SENT - {Failure.CONNECT, Failure.POOL_TIMEOUT}
    assert (len(hint.split(". ")) > 1) == is_known


def test_server_that_stands_still_with_a_connection_open_is_told_in_time(place, ready_postgresql, monkeypatch):
    """As a frozen server does: it took the connection, and a question to it is never answered."""
    (place / "nagorik.toml").write_text(f'keys_file = "keys.txt"\nallow = ["nid"]\ndatabase = "{ready_postgresql}"\n')
    monkeypatch.setattr(checks, "DATABASE_SECONDS", 1.0)

    def hang(transaction):
        return transaction.connection.scalar(text("SELECT 'x' FROM pg_sleep(3600)"))

    monkeypatch.setattr(checks, "list_suspensions", hang)
    assert found()["host database"] == (WRONG, "it did not answer within 1 s")


def test_plugin_that_a_worker_keeps_out_is_named_with_the_time_of_its_next_try(ready, place, agencies):
    now = datetime.now(UTC)
    at_work(place, "dhaka-1", now + timedelta(minutes=30), kept_out=KEPT_OUT)
    message = (
        "dhaka-1 keeps nid out since 2026-11-24T03:58+00:00 (too-many-faults);"
        " it is tried again at 2026-11-24T04:02+00:00"
    )
    assert ("host plugin nid", message) in {(check.name, check.message) for check in examine(now)}
    assert message in " ".join(ready("plugins").out.split())
    document = next(one for one in ready("plugins", "--json").document["plugins"] if one["id"] == "nid")
    assert [one["worker"] for one in document["kept_out_by"]] == ["dhaka-1"]
