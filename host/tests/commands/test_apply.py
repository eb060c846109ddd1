"""Tables, keys, files: how a host begins and takes applications in."""

import json
import os
from pathlib import Path

import pytest
from host_site import EXAMPLES, NUMBER, rows

from nagorik_host import Host
from nagorik_host.store.schema import REVISION

SECRET = "hunter2hunter2"


def example(**changes) -> dict:
    given = json.loads((EXAMPLES / "nid-reissue.json").read_text("utf-8")) | changes
    return {name: value for name, value in given.items() if value is not None}


def with_paper(file: str, kind: str = "utility-bill") -> dict:
    """An application for a service that takes documents."""
    given = json.loads((EXAMPLES / "nid-migration.json").read_text("utf-8"))
    return given | {"documents": [{"kind": kind, "file": file}]}


def written(name: str, content: object) -> Path:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_database_is_made_by_upgrade_alone(nagorik, place):
    absent = nagorik("cases", "list")
    assert (absent.code, absent.err) == (3, "nagorik: there is no database yet: nagorik db upgrade makes it\n")
    assert not (place / "nagorik.db").exists()
    assert nagorik("db", "upgrade").out == f"The database went from empty to revision {REVISION}.\n"
    assert nagorik("db", "upgrade", "--json").document == {"before": REVISION, "after": REVISION}


def test_database_of_another_release_is_refused_with_what_to_do(ready, place):
    rows(place, "UPDATE alembic_version SET version_num = '9999'")
    for words in (("worker", "--once"), ("apply", EXAMPLES), ("cases", "list"), ("audit", "verify")):
        result = ready(*words)
        assert result.code == 3
        assert f"the database is at revision 9999 and this host needs {REVISION}: nagorik db upgrade" in result.err
    assert "made by a later release" in ready("db", "upgrade").err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{\n\n", "bad.json: not valid JSON: look at line 3"),
        (example(service=None), "bad.json: service: this field is required"),
        (
            example(applicant={"name": {"en": "A"}, "birth_date": SECRET}),
            "bad.json: applicant.birth_date: write a date such as 2026-11-24",
        ),
        (example(form={"nid": SECRET}), "bad.json: /form/birth_date: "),
        (
            example(service="nid.reisue"),
            "bad.json: service: service-not-offered (unknown-service); did you mean nid.reissue?",
        ),
        (
            example(service=SECRET),
            "bad.json: service: service-not-offered (unknown-service); nagorik services and",
        ),
        (
            example(service="land.mutation"),
            "bad.json: service: service-not-offered (not-allowed); nagorik services and nagorik plugins list",
        ),
        (
            example(gateway="nid.counter"),
            "bad.json: gateway: service-not-offered (unknown-service); did you mean cashdesk.counter?",
        ),
        (with_paper("large"), "documents.0.file: Utility bill: larger than 20 MB."),
        (
            with_paper(str(EXAMPLES / "nid-reissue.json")),
            "documents.0.file: Utility bill: the file is not in the folder of the application.",
        ),
        (
            with_paper("bad.json") | {"documents": [with_paper("x")["documents"][0]] * 201},
            "documents: give at most 200",
        ),
        (example(title={"en": "T" * 1_000_000, "bn": "ক"}), "bad.json: larger than 1000000 bytes"),
        (example(consent={"days": SECRET, "fee_ceiling": SECRET}), "consent.fee_ceiling: write an object, in braces"),
    ],
)
def test_file_that_is_wrong_is_told_by_field_and_others_are_taken(ready, content, told):
    folder = written("in/bad.json", content).parent
    os.mkfifo(folder / "pipe.json")
    (folder / "nowhere.json").symlink_to("/dev/zero")
    with (folder / "large").open("wb") as large:
        large.truncate(20_000_001)
    written("in/good.json", example())
    result = ready("apply", folder)
    assert result.code == 1
    assert told in result.err
    assert SECRET not in result.out + result.err
    assert "good.json" in result.out
    assert "bad.json" not in result.out


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("client_reference", NUMBER),
        ("client_reference", "UDC-0099-000-202"),
        ("client_reference", "A-0099000202-7"),
        ("payer", {"name": "KARIM 01711-223344"}),
    ],
)
def test_number_in_what_receipts_and_lists_show_is_refused_in_both_languages(ready, field, given):
    done = ready("apply", written("in/bad.json", example(**{field: given})))
    assert done.code == 2
    assert f"{field}: It holds a National ID, birth registration or telephone number, " in done.err
    assert "এতে এনআইডি, জন্ম নিবন্ধন বা ফোন নম্বর, বা ঠিকানা আছে।" in done.err
    assert "01711" not in done.out + done.err
    assert str(given) not in done.out + done.err


def test_defect_that_one_file_brings_to_light_is_reported_and_others_are_taken(ready, monkeypatch):
    for name in ("one", "two", "three"):
        folder = written(f"in/{name}.json", example(client_reference=f"UDC-{name}")).parent
    keep = Host.apply_all

    async def apply_all(self, given):
        if any(one.client_reference == "UDC-two" for one in given):
            raise OverflowError(SECRET)
        return await keep(self, given)

    monkeypatch.setattr(Host, "apply_all", apply_all)
    result = ready("apply", folder, "--json")
    assert result.code == 3
    assert [one["result"] for one in result.document["applications"]] == ["taken", "taken", "failed"]
    result = ready("apply", folder)
    assert result.code == 3
    assert "two.json: not taken in, for no fault of the file: OverflowError at test_apply.py:" in result.err
    assert SECRET not in result.out + result.err
    assert "one.json" in result.out
    assert "three.json" in result.out


@pytest.mark.parametrize("path", ["absent.json", "empty"])
def test_nothing_to_take_in_is_a_wrong_argument(ready, path):
    Path("empty").mkdir()
    assert ready("apply", path).code == 2


def test_operator_who_acts_for_the_citizen_is_told(ready):
    consent = example()["consent"] | {"acting": "centre-0042/operator-7"}
    applied = ready("apply", written("given/one.json", example(consent=consent)), "--json")
    told = ready("track", applied.document["applications"][0]["application"]).out
    assert "Acting for the citizen: centre-0042/operator-7." in told
    assert "নাগরিকের পক্ষে কাজ করেছেন: centre-0042/operator-7।" in told
    for number in (NUMBER, "A. Rahman"):
        refused = ready("apply", written("given/two.json", example(consent=consent | {"acting": number})))
        assert "consent.acting: write the host's own id of them, such as " in refused.out + refused.err
        assert number not in refused.out + refused.err
