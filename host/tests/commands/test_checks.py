"""``nagorik doctor`` says what is wrong with a host and what to do."""

import sqlite3
import stat
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from nagorik_host.commands import checks
from nagorik_host.commands.checks import examine, outage_hint
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.overview import OVERDUE
from nagorik_host.store.schema import microseconds
from nagorik_platform.agency_client.retry_table import NOT_SENT, Failure
from nagorik_platform.cli.checks import DoctorStatus

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SECRET = "hunter2hunter2"


def found(at: datetime = NOW) -> dict[str, tuple[DoctorStatus, str]]:
    return {check.name: (check.status, check.message) for check in examine(at)}


def put(place, statement: str, *values: object) -> None:
    connection = sqlite3.connect(place / "nagorik.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_no_host_is_a_note(place):
    (place / "nagorik.toml").unlink()
    assert found() == {"host": (DoctorStatus.NOTE, "no host is set up here: neither nagorik.toml nor NAGORIK_HOST_…")}


def test_sound_host_is_fine(ready, place, agencies):
    told = found()
    assert told["host settings"] == (DoctorStatus.FINE, "from nagorik.toml")
    assert told["host keys"] == (DoctorStatus.FINE, "first wraps what is new")
    assert told["host database"][0] is DoctorStatus.FINE
    assert told["host workers"] == (DoctorStatus.NOTE, "none is at work")
    assert {status for status, _ in told.values()} == {DoctorStatus.FINE, DoctorStatus.NOTE}


def test_settings_that_are_wrong_are_told_by_name(place):
    (place / "nagorik.toml").write_text(f'databse = "{SECRET}"\n')
    assert found() == {
        "host settings": (DoctorStatus.WRONG, "databse: there is no field databse; did you mean database?")
    }


def test_database_and_keys_that_are_absent_are_wrong(place):
    (place / "keys.txt").unlink()
    told = found()
    assert told["host keys"][0] is DoctorStatus.WRONG
    assert told["host database"] == (DoctorStatus.WRONG, "there is no database yet: nagorik db upgrade makes it")
    assert not (place / "nagorik.db").exists()


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o640, 0o660])
def test_keys_that_others_can_read_or_change_are_refused_by_every_command(ready, place, mode):
    (place / "keys.txt").chmod(mode)
    refused = "keys_file: other users can read or change the file: chmod 600 it"
    assert found()["host keys"] == (DoctorStatus.WRONG, refused)
    done = ready("audit", "verify")
    assert (done.code, done.err) == (2, f"nagorik: {refused}\n")
    (place / "keys.txt").chmod(0o400)
    assert ready("audit", "verify").code == 0


def test_database_and_documents_are_made_for_their_user_and_told_of_where_others_can_read_them(ready, place):
    assert stat.S_IMODE((place / "nagorik.db").stat().st_mode) == 0o600
    (place / "nagorik.db").chmod(0o666)
    (place / "nagorik-documents").mkdir(mode=0o755, exist_ok=True)
    told = [(one.name, one.status) for one in examine(NOW) if one.message == "other users can read or change it"]
    assert told == [("host documents", DoctorStatus.WARNING), ("host database", DoctorStatus.WARNING)]


@pytest.mark.parametrize("beat", [timedelta(seconds=5), timedelta(hours=1)])
def test_workers_are_counted_by_their_heartbeat(ready, applied, place, beat):
    at = microseconds(NOW - beat)
    missed_at = microseconds(NOW - beat + LEASE)
    put(
        place,
        "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names)"
        " VALUES ('w', 'w', ?, ?, ?, 'first')",
        at,
        at,
        missed_at,
    )
    put(place, "UPDATE applications SET due_at = ?", microseconds(NOW - OVERDUE))
    told = found()
    if beat < timedelta(minutes=1):
        assert told["host workers"] == (DoctorStatus.FINE, "1 at work")
    else:
        assert told["host workers"] == (DoctorStatus.WARNING, "none is at work")
    assert told["host queue"] == (
        DoctorStatus.WARNING,
        "1 applications have been due for more than 15 minutes, nid 1",
    )


def test_what_is_down_blocked_or_stopped_is_told(ready, applied, place):
    down = microseconds(NOW - timedelta(hours=2))
    put(place, "DELETE FROM agencies")
    put(
        place,
        "INSERT INTO agencies (plugin, failures, down_since, cause, probes, violations)"
        " VALUES ('nid', 7, ?, 'certificate-expired', 0, 0)",
        down,
    )
    put(place, "UPDATE applications SET blocked = 'defect', due_at = NULL")
    put(
        place,
        "INSERT INTO payment_cases (id, gateway, day, kind, found_at, opened_at, sealed)"
        " VALUES ('a', 'cashdesk.counter', '2026-11-24', 'missing-here', 0, 0, x'')",
    )
    ready("stop", "plugin", "nid", "--reason-en", "x", "--reason-bn", "ক", "--officer", "A. Rahman")
    told = found()
    assert told["host payments"] == (
        DoctorStatus.WARNING,
        "1 differences from the gateways' books wait",
    )
    assert told["host agency nid"] == (
        DoctorStatus.WARNING,
        "down since 2026-11-24T02:00+00:00: certificate-expired, 7 calls in vain",
    )
    assert outage_hint("certificate-expired") in {check.hint for check in examine(NOW)}
    assert told["host blocked"] == (DoctorStatus.WARNING, "1 applications: defect")
    assert told["host cases"] == (DoctorStatus.NOTE, "1 applications wait for an officer")
    assert told["host plugin nid"][0] is DoctorStatus.WARNING


@pytest.mark.parametrize("cause", [*NOT_SENT, "credentials-expired", "read-timeout", "word-of-a-plugin"])
def test_what_to_do_follows_from_why_an_agency_is_down(cause):
    hint = outage_hint(cause)
    assert hint.endswith("It is probed now and then; its queue waits and drains at its pace.")
    known = cause.startswith("credentials") or cause in NOT_SENT - {Failure.CONNECT, Failure.POOL_TIMEOUT}
    assert (len(hint.split(". ")) > 1) == known


@pytest.mark.parametrize(("held", "status"), [(False, DoctorStatus.NOTE), (True, DoctorStatus.WARNING)])
def test_worker_that_was_lost_is_told_from_those_at_work(ready, applied, place, held, status):
    for name, beat in (("counter-1", NOW), ("counter-2", NOW - timedelta(hours=3))):
        statement = (
            "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names)"
            " VALUES (?, ?, ?, ?, ?, 'first')"
        )
        put(place, statement, name, name, microseconds(beat), microseconds(beat), microseconds(beat + LEASE))
    if held:
        put(place, "UPDATE applications SET lease = 'counter-2', lease_until = 0, due_at = NULL")
    told = found()
    assert told["host workers"] == (DoctorStatus.FINE, "1 at work")
    message = f"not heard of since 2026-11-24T01:00+00:00; {int(held)} in hand"
    assert told["host worker counter-2"] == (status, message)


@pytest.fixture
def on_postgresql(place, ready_postgresql) -> str:
    (place / "nagorik.toml").write_text(f'keys_file = "keys.txt"\nallow = ["nid"]\ndatabase = "{ready_postgresql}"\n')
    return ready_postgresql


def test_server_that_stands_still_with_a_connection_open_is_told_in_time(on_postgresql, monkeypatch):
    """As a frozen server does: it took the connection, and a question to it is never answered."""
    monkeypatch.setattr(checks, "DATABASE_SECONDS", 1.0)

    def hang(transaction):
        return transaction.connection.scalar(text("SELECT 'x' FROM pg_sleep(3600)"))

    monkeypatch.setattr(checks, "list_suspensions", hang)
    assert found()["host database"] == (DoctorStatus.WRONG, "it did not answer within 1 s")


def test_messages_that_no_worker_reads_are_a_warning(ready, place, applied):
    assert found()["host inbox"] == (
        DoctorStatus.FINE,
        "0 messages have waited to be read for more than 15 minutes",
    )
    put(
        place,
        "INSERT INTO inbox (id, offer, message, received_at, due_at, lost_looks, sealed)"
        " VALUES ('m', 'nid.reissue', 'm', ?, ?, 0, x'00')",
        microseconds(NOW - OVERDUE),
        microseconds(NOW),
    )
    assert found()["host inbox"] == (
        DoctorStatus.WARNING,
        "1 messages have waited to be read for more than 15 minutes",
    )


def test_plugin_that_a_worker_keeps_out_is_told_until_when(ready, place, agencies):
    kept_out = '[["nid", "too-many-faults", "2026-11-24T03:58:00+00:00", "2026-11-24T04:02:00+00:00"]]'
    at = microseconds(datetime.now(UTC) + timedelta(minutes=30))
    put(
        place,
        "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names, kept_out)"
        " VALUES ('w', 'dhaka-1', ?, ?, ?, 'first', ?)",
        at,
        at,
        at,
        kept_out,
    )
    message = (
        "dhaka-1 keeps nid out since 2026-11-24T03:58+00:00 (too-many-faults);"
        " it is tried again at 2026-11-24T04:02+00:00"
    )
    told = {(check.name, check.message) for check in examine(datetime.now(UTC))}
    assert ("host plugin nid", message) in told
    shown = ready("plugins")
    assert message in " ".join(shown.out.split())
    document = next(one for one in ready("plugins", "--json").document["plugins"] if one["id"] == "nid")
    assert [one["worker"] for one in document["kept_out_by"]] == ["dhaka-1"]
