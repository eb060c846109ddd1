"""Many applications that the host left alone are let go on at once, by why, whose, what for and since when."""

from datetime import datetime, timedelta

import pytest
from host_site import rows

from nagorik_host.store import cases
from nagorik_host.store.schema import microseconds

OFFICER = ("--officer", "A. Rahman", "--reason", "The plugin is mended.")
START = datetime.fromisoformat("2026-11-24T09:00+06:00")


def blocked(place):
    return {one: rest for one, *rest in rows(place, "SELECT id, blocked, due_at FROM applications")}


@pytest.fixture
def left_alone(ready, world, place):
    """Applications by name, each left alone for a reason of its own."""

    async def several(host):
        return [await world.apply_as(host, number) for number in range(6)]

    names = ("old", "late", "other-code", "other-service", "erased", "waiting")
    found = dict(zip(names, world.run(several), strict=True))
    codes = {"other-code": "service-not-offered", "erased": "erased", "waiting": "plugin-changed"}
    for number, (name, identity) in enumerate(found.items()):
        rows(
            place,
            "UPDATE applications SET blocked = ?, due_at = NULL, updated_at = ?, service = ? WHERE id = ?",
            codes.get(name, "defect"),
            microseconds(START + timedelta(days=number)),
            "nid.correction" if name == "other-service" else "nid.reissue",
            identity,
        )
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--code", "defect", "--since", "2026-11-25"), {"late", "other-service"}),
        (("--service", "nid.correction"), {"other-service"}),
        (("--plugin", "nid"), {"old", "late", "other-code", "other-service"}),
        (("--all",), {"old", "late", "other-code", "other-service"}),
    ],
)
def test_what_is_meant_goes_on_and_nothing_else(ready, left_alone, place, monkeypatch, words, expected):
    monkeypatch.setattr(cases, "PAGE", 2)
    before = blocked(place)
    told = ready("cases", "retry", *words, "--dry-run", "--json").document
    assert (told["applications"], told["retried"]) == (len(expected), 0)
    assert sum(one["number"] for one in told["by_code_and_service"]) == len(expected)
    assert blocked(place) == before
    done = ready("cases", "retry", *words, *OFFICER, "--json").document
    assert (done["applications"], done["retried"]) == (len(expected), len(expected))
    after = blocked(place)
    changed = {name for name, identity in left_alone.items() if after[identity] != before[identity]}
    assert changed == expected
    assert all(after[left_alone[name]][0] is None and after[left_alone[name]][1] is not None for name in expected)
    kept = ready("cases", "decisions", "--json").document["decisions"]
    assert [one["kind"] for one in kept] == (["look-again"] if expected else [])
    assert all(one["subject"].startswith(f"{len(expected)} applications") for one in kept)


def test_what_is_not_clear_is_refused(ready, left_alone, place):
    before = blocked(place)
    for words, why in (
        (OFFICER, "say which"),
        (("--all", "--code", "defect", *OFFICER), "say which"),
        (("--code", "defect", "--officer", " ", "--reason", "x"), "an officer's name and a reason"),
        (("--code", "plugin-changed", *OFFICER), "--accept-plugin"),
        (("--since", "yesterday", *OFFICER), "not a date such as"),
    ):
        refused = ready("cases", "retry", *words)
        assert (refused.code, why in refused.err) == (2, True)
    assert blocked(place) == before
