"""Working, tracking, deciding, stopping: what an operator does every day."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from urllib.request import urlopen

import pytest
from host_site import EXAMPLES, NUMBER, rows, sealed

from nagorik_host.store.cases import PLUGIN_CHANGED

OFFICER = ("--officer", "A. Rahman", "--reason", "seen at the counter")
REASON = ("--reason-en", "The agency moves house.", "--reason-bn", "সংস্থা দপ্তর বদলাচ্ছে।", "--officer", "A. Rahman")


def taken_in(ready) -> str:
    """The id of an application that is taken in now: no worker has seen it."""
    return ready("apply", EXAMPLES / "nid-reissue.json", "--json").document["applications"][0]["application"]


def started(**variables: str) -> subprocess.Popen[str]:
    """A worker in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from nagorik_platform.cli import main; raise SystemExit(main())", "worker"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def test_worker_carries_what_is_due_and_says_what_it_composes(ready, agencies, applied):
    result = ready("worker", "--once", "--name", "counter-1")
    assert result.code == 0
    assert "Worker counter-1: 8 services of 2 plugins." in result.out
    assert "  nid: nagorik-nid 1.0.0" in result.out
    assert "kept out" not in result.out
    assert result.out.endswith("Stopped; nothing is in hand.\n")
    told = ready("track", applied, "--json").document
    assert told["state"] == "awaiting_payment"
    (payment,) = told["payments"]
    assert (payment["gateway"], payment["amount"]) == ("cashdesk.counter", "345.00 BDT")
    assert "opened" in {line["kind"] for line in told["timeline"]}


def test_second_signal_ends_a_worker_at_once_and_it_tells_what_was_in_hand(ready, applied, place):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (place / "nagorik.toml").open("a") as file:
            file.write("[plugins.nid]\negress = ['127.0.0.1']\n[plugins.nid.settings]\n")
            file.write(f"base_url = '{address}'\nusername = 'u'\npassword = 'p'\n")
        process = started()
        silent.settimeout(60)
        call, _ = silent.accept()
        with call:
            process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 3, (out, err)
    *_, ending, application, stopped = out.splitlines()
    assert ending.startswith("Ending at once. 1 applications are in hand")
    assert (application.strip(), stopped) == (applied, "Stopped; 1 calls were given up.")
    # It has given the application back: nobody has to wait for a lease to run out.
    assert rows(place, "SELECT id FROM workers") == []


def test_whole_timeline_is_told_in_both_languages(ready, world):
    application = world.closed()
    told = ready("track", application, "--json").document
    assert (told["state"], told["waits_for"], told["next"]) == ("closed", None, None)
    codes = [line["code"] for line in told["timeline"]]
    wanted = ["opened", "eligible", "quote-received", "payment-opened", "captured", "submitted", "issued", "closed"]
    assert [code for code in codes if code in wanted] == wanted
    assert all(line["text"]["en"] and line["text"]["bn"] for line in told["timeline"])
    assert told["agency_reference"].startswith("NIDW-")
    shown = ready("track", told["client_reference"].lower()).err
    assert shown == "nagorik: the database holds no application by this id or reference\n"
    shown = ready("track", told["client_reference"]).out
    assert "এই আবেদনের কাজ শেষ, কিছুই আর বাকি নেই।" in shown
    assert "২৪ নভেম্বর ২০২৬, সকাল ১০:" in shown
    assert "24 November 2026, 10:" in shown


def test_officer_finds_looks_and_decides(ready, world):
    assert ready("cases", "list").out == "Nothing waits for an officer. কর্মকর্তার জন্য কিছু অপেক্ষায় নেই।\n"
    application = world.in_manual_review()
    (item,) = ready("cases", "list", "--json").document["items"]
    assert item["application"] == application
    assert application in ready("cases", "list").out
    seen = ready("cases", "show", application, "--json").document
    assert "in_review" in seen["may_become"]
    assert "•" in seen["applicant"] or "*" in seen["applicant"]
    assert all(identifier.split()[1] != NUMBER for identifier in seen["identifiers"])
    assert "nid" in seen["form_fields"]
    assert "--to may be" in ready("cases", "show", application).out
    for words, why in (
        ((), "nothing-to-decide: "),
        (("--payment", "x"), "payment-and-state-required"),
        (("--payment", "x", "--payment-to", "refunded"), "no-such-payment"),
        (("--reference", "NIDW-1"), "reference-without-state"),
        (("--to", "in_review"), "reference-required"),
        (("--look-again",), "is not blocked"),
        (("--accept-plugin",), "does not wait for a decision on another release"),
    ):
        refused = ready("cases", "decide", application, *OFFICER, *words)
        assert (refused.code, why in refused.err) == (2, True)
    for words in ((), ("--officer", " ", "--reason", "x")):
        assert ready("cases", "decide", application, "--to", "withdrawn", *words).code == 2
    decided = ready("cases", "decide", application, *OFFICER, "--to", "withdrawn", "--json")
    assert (decided.code, decided.document["state"]) == (0, "closed")
    assert ready("cases", "list", "--json").document["number"] == 0
    line = ready("track", application, "--json").document["timeline"][-2]
    assert line["text"]["en"].startswith("An officer decided. ")


def test_other_release_of_a_plugin_waits_for_an_officer(ready, applied, place):
    rows(place, "UPDATE applications SET plugin_version = 'nagorik-nid 0.5.0'")
    # What is blocked is not due, so that this worker stops at once and calls nobody.
    shown = ready("worker", "--once").out
    assert "1 applications of nagorik-nid 0.5.0 → nagorik-nid 1.0.0: wait for an officer" in shown
    (item,) = ready("cases", "list", "--json").document["items"]
    assert (item["application"], item["blocked"]) == (applied, PLUGIN_CHANGED)
    assert "--accept-plugin" in ready("cases", "list").out
    assert ready("cases", "show", applied, "--json").document["blocked"]["code"] == PLUGIN_CHANGED
    assert ready("track", applied, "--json").document["blocked"]["code"] == "set-aside"
    done = ready("cases", "decide", applied, *OFFICER, "--accept-plugin", "--json")
    assert done.document == {"plugin": "nid", "before": "nagorik-nid 0.5.0", "after": "nagorik-nid 1.0.0"}
    assert "officer_let_go_on" in done.err
    (kept,) = ready("cases", "decisions", "--json").document["decisions"]
    assert (kept["kind"], kept["subject"]) == ("accept-plugin", "nagorik-nid 0.5.0 → nagorik-nid 1.0.0")
    assert ready("track", applied, "--json").document["blocked"] is None


def test_defect_is_looked_at_again(ready, applied, place):
    rows(place, "UPDATE applications SET blocked = 'defect', due_at = NULL")
    assert ready("cases", "list", "--json").document["items"][0]["blocked"] == "defect"
    done = ready("cases", "decide", applied, *OFFICER, "--look-again", "--json")
    assert done.document == {"application": applied, "was_blocked": "defect"}
    (kept,) = ready("cases", "decisions", "--json").document["decisions"]
    assert (kept["kind"], kept["subject"], kept["reason"]) == ("look-again", applied, "seen at the counter")
    told = ready("track", applied, "--json").document
    assert told["blocked"] is None
    assert told["next"] is not None


def test_citizen_corrects_consents_withdraws_and_reads_what_is_not_open(ready, applied, place):
    form, consent = place / "form.json", place / "consent.json"
    form.write_text(json.dumps({"delivery": "regular"}))
    assert ready("act", applied, "corrected", "--form", form).code == 0
    consent.write_text(json.dumps({"fee_ceiling": {"poisha": 50000, "currency": "BDT"}, "days": 30}))
    done = ready("act", applied, "consent", "--consent", consent, "--json")
    assert done.code == 0
    assert [line["kind"] for line in done.document["timeline"]].count("consent-given") == 1
    consent.write_text(json.dumps({"days": 30}))
    refused = ready("act", applied, "consent", "--consent", consent)
    assert refused.err == "nagorik: consent.json: fee_ceiling: this field is required\n"
    refused = ready("act", applied, "received")
    assert "nothing-to-receive: You cannot do this now: nothing has been issued" in refused.err
    for words in (
        *(("received",), ("go-on",), ("pay-again",), ("corrected",), ("consent",)),
        *(("withdraw", "--form", form), ("corrected", "--form", "absent.json")),
    ):
        assert ready("act", applied, *words).code == 2
    assert ready("act", applied, "withdraw", "--json").document["state"] == "closed"


def test_officer_stops_a_service_and_lets_it_go_on(ready, applied):
    assert "Nothing is stopped." in ready("stop").out
    assert ready("stop", "service", "nid.reissue").code == 2
    assert "did you mean nid.reissue?" in ready("stop", "service", "nid.reisue", *REASON).err
    assert ready("stop", "plugin", "nidd", *REASON).code == 2
    assert "The agency moves house." in ready("stop", "service", "nid.reissue", *REASON).out
    shown = {one["id"]: one["suspended"] for one in ready("services", "--json").document["services"]}
    assert shown["nid.reissue"]["reason"]["en"] == "The agency moves house."
    assert shown["nid.migration"] is None
    assert "সংস্থা দপ্তর বদলাচ্ছে।" in ready("track", applied).out
    (stop,) = ready("stop", "--json").document["stopped"]
    assert (stop["kind"], stop["name"], stop["officer"]) == ("service", "nid.reissue", "A. Rahman")
    assert ready("resume", "service", "nid.reissue", "--officer", "A. Rahman").code == 0
    assert ready("resume", "service", "nid.reissue", "--officer", "A. Rahman").code == 2
    assert ready("stop", "--json").document["stopped"] == []
    assert "suspended" not in ready("services").out
    told = ready("cases", "decisions", "--json").document["decisions"]
    assert [(one["kind"], one["subject"], one["officer"]) for one in told] == [
        ("resume", "service nid.reissue", "A. Rahman"),
        ("stop", "service nid.reissue", "A. Rahman"),
    ]
    assert "The agency moves house." in ready("cases", "decisions").out


def test_audit_finds_what_was_changed(ready, world, place):
    application = world.closed()
    sound = ready("audit", "verify", "--json")
    assert sound.code == 0
    assert (sound.document["applications"], sound.document["problems"]) == (1, [])
    assert ready("audit", "verify").out.startswith("1 applications, ")
    rows(
        place,
        "UPDATE journal SET outline = replace(outline, '34500', '00') WHERE entry > 3 AND outline LIKE '%34500%'",
    )
    found = ready("audit", "verify", "--json")
    assert found.code == 1
    assert found.document["problems"][0]["application"] == application
    assert application in ready("audit", "verify").err


def test_database_is_held_against_what_was_kept_outside(ready, applied, place):
    assert "nagorik audit anchor" in ready("audit", "verify").out
    kept = place / "anchor.jsonl"
    kept.write_text(ready("audit", "anchor").out)
    shutil.copy(place / "nagorik.db", place / "older.db")
    assert ready("apply", EXAMPLES / "nid-migration.json").code == 0
    with kept.open("a") as file:
        file.write(ready("audit", "anchor").out)
    assert applied
    sound = ready("audit", "verify", "--anchor", kept, "--json")
    assert (sound.code, sound.document["anchors"], sound.document["applications"]) == (0, 2, 2)
    (place / "nagorik.db-wal").unlink(missing_ok=True)
    shutil.copy(place / "older.db", place / "nagorik.db")
    assert ready("audit", "verify").code == 0
    found = ready("audit", "verify", "--anchor", kept, "--json")
    assert found.code == 1
    assert [problem["code"] for problem in found.document["problems"]] == ["anchor-missed"]


def test_erasure_leaves_a_journal_that_verifies_and_nothing_to_read(ready, world, place):
    application = world.closed()
    applied = taken_in(ready)
    assert sealed(place)
    refused = ready("erase", applied)
    assert (refused.code, "the application is not closed" in refused.err) == (2, True)
    assert ready("erase").code == 2
    for days in ("0", "36501", "9" * 30):
        assert ready("erase", "--closed-for", days).code == 2
    assert ready("erase", application).out == "1 applications are erased.\n"
    assert not sealed(place)
    gone = ready("track", application)
    assert (gone.code, "this citizen's data were erased" in gone.err) == (2, True)
    audit = ready("audit", "verify", "--json")
    assert (audit.code, audit.document["applications"]) == (0, 2)


def test_file_of_an_erased_application_is_not_taken_in_anew_in_silence(ready, world, place):
    file = place / "again.json"
    file.write_bytes((EXAMPLES / "nid-reissue.json").read_bytes())

    application = ready("apply", file, "--json").document["applications"][0]["application"]
    rows(place, "UPDATE applications SET closed_at = updated_at, due_at = NULL")
    assert ready("erase", application).code == 0
    again = ready("apply", file, "--json")
    assert again.code == 2
    (told,) = again.document["applications"]
    assert (told["result"], told["application"]) == ("refused", None)
    assert "taken in before, and erased since" in told["problem"]
    assert len(rows(place, "SELECT id FROM applications")) == 1
    # Nothing tells which application it was.
    ((kept,),) = rows(place, "SELECT reference FROM erased_references")
    assert application not in kept
    file.write_text(file.read_text().replace("{", '{"client_reference": "COUNTER-1-2",', 1))
    assert ready("apply", file).code == 0


def test_what_was_erased_stands_in_no_file_of_the_database(ready, world, place):
    application = world.closed()
    ((wrapped, draft),) = rows(
        place, "SELECT data_key, draft FROM applications JOIN payloads ON application = id WHERE id = ?", application
    )
    # Somebody else has the database open, as a worker has: its log is not cut off by the last who leaves.
    with closing(sqlite3.connect(place / "nagorik.db")) as other:
        other.execute("SELECT count(*) FROM applications").fetchall()
        ready("apply", EXAMPLES / "nid-migration.json")
        assert ready("erase", application).code == 0
        left = b"".join(path.read_bytes() for path in place.glob("nagorik.db*"))
        assert len(left) > 10_000
        assert (wrapped in left, draft in left) == (False, False)


def test_document_without_an_owner_or_missing_is_found(ready, world, place):
    application = world.closed()
    folder, owned = place / "nagorik-documents", sealed(place)
    assert owned
    orphan = asyncio.run(world.documents.put("photo", "text/plain", b"of no one")).id
    unfinished = folder / "unfinished" / ("0" * 32)
    unfinished.write_bytes(b"half")
    os.utime(unfinished, (0, 0))
    young = ready("audit", "documents", "--json")
    assert (young.code, young.document["orphans"], young.document["unfinished"]) == (0, 0, 1)
    os.utime(folder / orphan[:2] / orphan, (0, 0))
    assert "1 belong to no application; 0 were removed." in ready("audit", "documents").out
    removed = ready("audit", "documents", "--remove", "--json")
    assert (removed.code, removed.document["removed"], removed.document["unfinished"]) == (0, 1, 1)
    assert sealed(place) == owned

    owned.pop().unlink()
    found = ready("audit", "documents", "--json")
    assert (found.code, found.document["missing"]) == (1, {application: 1})
    assert f"{application}: 1 of its documents are missing" in ready("audit", "documents").err
    assert ready("erase", application).code == 0
    assert ready("audit", "documents").code == 0


def test_retention_erases_what_has_been_closed_for_long(ready, world, place, monkeypatch):
    world.closed()
    applied = taken_in(ready)
    rows(place, "UPDATE applications SET closed_at = 1000000 WHERE closed_at IS NOT NULL")
    assert ready("erase", "--closed-for", "36500", "--json").document == {"erased": 0, "documents_untold": []}
    monkeypatch.setenv("NAGORIK_HOST_RETENTION_DAYS", "30")
    assert ready("erase", "--json").document == {"erased": 1, "documents_untold": []}
    assert ready("erase", "--json").document == {"erased": 0, "documents_untold": []}
    assert ready("track", applied).code == 0


def test_worker_serves_its_metrics_and_tells_its_supervisor(ready, place, agencies, applied):
    settings = (place / "nagorik.toml").read_text()
    (place / "nagorik.toml").write_text(f'metrics = "127.0.0.1:0"\n{settings}')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(place / "notify"))
        supervisor.settimeout(60)
        process = started(NOTIFY_SOCKET=str(place / "notify"))
        try:
            assert process.stdout is not None
            address = ""
            for line in process.stdout:
                if line.startswith("Metrics: "):
                    address = line.split()[1].removesuffix("/metrics,")
                if line.startswith("Working."):
                    break
            assert supervisor.recv(100) == b"READY=1"
            for path in ("live", "ready"):
                with urlopen(f"{address}/{path}", timeout=60) as answer:  # noqa: S310 - a process of this test
                    assert answer.status == 200
            with urlopen(f"{address}/metrics", timeout=60) as answer:  # noqa: S310
                body = answer.read().decode()
            assert "nagorik_database_up 1.0" in body
            assert NUMBER not in body
            assert applied not in body
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
        assert supervisor.recv(100) == b"STOPPING=1"
    assert process.returncode == 0, err
