import os
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from nagorik_platform.registry import (
    Admission,
    PluginRecord,
    PluginSource,
    PluginState,
    QuarantineCode,
    Registry,
)
from nagorik_platform.registry.reading import is_compatible


def test_a_sound_plugin_is_discovered_without_being_imported(site: Any) -> None:
    package = site.install()
    registry = site.discover()
    (record,) = registry.records
    assert (record.id, record.source.label, record.state) == ("wasa", "nagorik-wasa 1.0.0", PluginState.DISCOVERED)
    assert record.manifest.services[0].id == "wasa.service-0"
    assert (record.package, record.directory) == (package, site.directory / package)
    assert package not in sys.modules


def test_the_default_is_what_python_would_import(site: Any) -> None:
    site.install("seen-on-sys-path")
    record = Registry.discover(admission=Admission(allow=frozenset({"seen-on-sys-path"}))).record("seen-on-sys-path")
    assert record is not None
    assert record.usable


def test_500_plugins_with_5000_services_are_known_without_one_import(site: Any, manifest_text: Any) -> None:
    packages = {
        site.install(f"p{number}", manifest=manifest_text(f"p{number}", services=10)) for number in range(500)
    }
    registry = site.discover()
    assert len(registry.usable) == 500
    assert len(registry.services()) == 5000
    assert registry.owner_of("p499.service-9") == registry.record("p499")
    assert not [name for name in sys.modules if name.partition(".")[0] in packages]


def test_refuses_a_plugin_without_manifest(site: Any) -> None:
    site.install(manifest=None)
    refusal = site.refusal()
    assert refusal.code is QuarantineCode.MANIFEST_MISSING
    assert refusal.reason == "nagorik-wasa 1.0.0 has no readable plugin.toml in its package nagorik_wasa."
    assert refusal.hint == "Put plugin.toml beside the package's __init__.py and have the build include it."


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no_such_package.plugin", "names the module no_such_package.plugin, but there is no no_such_package"),
        ("single_file", "names single_file, which is no regular package that is unpacked on disk"),
        ("shared_space", "names shared_space, which is no regular package that is unpacked on disk"),
        ("sys", "names sys, which is no regular package that is unpacked on disk"),
    ],
)
def test_refuses_an_entry_point_that_leads_to_no_package(site: Any, value: str, why: str) -> None:
    (site.directory / "single_file.py").write_text("raise AssertionError('imported')")
    (site.directory / "shared_space").mkdir()
    site.install("wasa", value=value)
    record = Registry.discover(admission=Admission(allow=frozenset({"wasa"}))).record("wasa")
    assert record is not None
    assert record.quarantine is not None
    assert record.quarantine.code is QuarantineCode.MANIFEST_MISSING
    assert record.quarantine.reason == f"nagorik-wasa 1.0.0 {why}, so its plugin.toml cannot be found."


def test_finds_a_manifest_below_a_namespace_package(site: Any, manifest_text: Any) -> None:
    inner = site.directory / "bd_gov" / "wasa"
    inner.mkdir(parents=True)
    (inner / "__init__.py").write_text("raise AssertionError('imported')")
    (inner / "plugin.toml").write_text(manifest_text("wasa"), encoding="utf-8")
    site.install("wasa", value="bd_gov.wasa.plugin")
    record = site.discover().record("wasa")
    assert record.usable
    assert (record.package, record.directory) == ("bd_gov.wasa", inner)


def test_refuses_a_package_inside_an_archive(site: Any, manifest_text: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    egg = site.directory / "nagorik_zipped-1.0.0-py3.11.egg"
    with zipfile.ZipFile(egg, "w") as archive:
        archive.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 1.0\nName: nagorik-zipped\nVersion: 1.0.0\n")
        archive.writestr("EGG-INFO/entry_points.txt", "[nagorik.plugins]\nzipped = zipped_package.plugin\n")
        archive.writestr("zipped_package/__init__.py", "raise AssertionError('imported')")
        archive.writestr("zipped_package/plugin.toml", manifest_text("zipped"))
    monkeypatch.syspath_prepend(str(egg))
    (refusal,) = Registry.discover(path=[str(egg)]).quarantined
    assert refusal.code is QuarantineCode.MANIFEST_MISSING
    assert refusal.reason == (
        "nagorik-zipped 1.0.0 names zipped_package, which is no regular package that is unpacked on disk, so its"
        " plugin.toml cannot be found."
    )


def test_refuses_a_manifest_that_breaks_the_format_and_says_everything(site: Any, manifest_text: Any) -> None:
    site.install(manifest=manifest_text("wasa").replace("evidence", "evidense").replace("as_of", "as_off"))
    refusal = site.refusal()
    assert refusal.code is QuarantineCode.MANIFEST_INVALID
    for told in ("nagorik-wasa 1.0.0", "evidense; did you mean evidence?", "as_off; did you mean as_of?"):
        assert told in refusal.reason
    assert refusal.hint == "Correct it; nagorik validate nagorik-wasa lists every problem."


@pytest.mark.parametrize("manifest", [b"\xff\xfe", b"a = ", b"[" * 5000])
def test_refuses_a_manifest_that_is_not_toml(site: Any, manifest: bytes) -> None:
    site.install(manifest=manifest)
    assert site.refusal().code is QuarantineCode.MANIFEST_INVALID


def test_refuses_a_manifest_with_another_id(site: Any, manifest_text: Any) -> None:
    site.install("wasa", manifest=manifest_text("desa"))
    refusal = site.refusal()
    assert refusal.code is QuarantineCode.ID_MISMATCH
    assert refusal.reason == "nagorik-wasa 1.0.0 registers the plugin wasa, but its plugin.toml says id desa."


@pytest.mark.parametrize(
    ("requires", "offered", "usable"),
    [
        ("1.0", "1.0", True),
        ("1.0", "1.7", True),
        ("1.2", "1.2", True),
        ("1.3", "1.2", False),
        ("1.10", "1.9", False),
        ("1.9", "1.10", True),
        ("1.0", "2.0", False),
        ("2.0", "1.9", False),
    ],
)
def test_a_plugin_needs_the_same_major_and_no_later_minor(
    site: Any, manifest_text: Any, requires: str, offered: str, usable: bool
) -> None:
    site.install(manifest=manifest_text("wasa", requires_api=requires))
    record = site.discover(api_version=offered).record("wasa")
    assert record.usable is usable
    if not usable:
        assert record.quarantine.code is QuarantineCode.API_INCOMPATIBLE
        assert record.quarantine.reason == (
            f"nagorik-wasa 1.0.0 was written for hook API {requires}, and this core offers {offered}."
        )


def test_a_later_cores_field_is_told_as_a_matter_of_version(site: Any, manifest_text: Any) -> None:
    site.install(manifest=manifest_text("wasa", requires_api="1.8", extra='invented_in_1_8 = "x"'))
    assert site.refusal().code is QuarantineCode.API_INCOMPATIBLE


def test_two_distributions_with_one_id_are_both_refused(site: Any) -> None:
    site.install("wasa", version="1.0.0")
    site.install("wasa", distribution="other-wasa", version="2.1.0")
    site.install("desa")
    registry = site.discover()
    assert [record.id for record in registry.usable] == ["desa"]
    assert [(refusal.code, refusal.reason) for refusal in registry.quarantined] == [
        (
            QuarantineCode.CONFLICT_ID,
            "nagorik-wasa 1.0.0 claims the plugin id wasa, and so does other-wasa 2.1.0; all of them are kept out.",
        ),
        (
            QuarantineCode.CONFLICT_ID,
            "other-wasa 2.1.0 claims the plugin id wasa, and so does nagorik-wasa 1.0.0; all of them are kept out.",
        ),
    ]
    assert registry.owner_of("wasa.service-0").quarantine.code is QuarantineCode.CONFLICT_ID


@pytest.mark.parametrize("denied", ["nagorik-wasa", "Other_Wasa"])
def test_a_conflict_is_settled_by_denying_one_distribution(site: Any, denied: str) -> None:
    site.install("wasa")
    site.install("wasa", distribution="other-wasa")
    registry = site.discover(admission=Admission(deny=frozenset({denied})))
    assert len(registry.records) == 2
    (used,) = registry.usable
    assert used == registry.record("wasa") == registry.owner_of("wasa.service-0")
    assert used.source.distribution == {"nagorik-wasa": "other-wasa", "Other_Wasa": "nagorik-wasa"}[denied]


def test_one_distribution_found_twice_is_no_conflict_and_the_first_on_the_path_counts(
    make_site: Callable[[str], Any],
) -> None:
    old, new = make_site("old"), make_site("new")
    old.install("wasa", version="0.9.0")
    new.install("wasa", version="1.0.0")
    registry = Registry.discover(path=[str(new.directory), str(old.directory)])
    assert [record.source.label for record in registry.records] == ["nagorik-wasa 1.0.0"]
    assert registry.quarantined == ()


def test_refuses_what_the_host_denies_and_reads_nothing_of_it(site: Any) -> None:
    site.install(manifest=b"broken")
    refusal = site.refusal(admission=Admission(deny=frozenset({"wasa"})))
    assert refusal.code is QuarantineCode.DENIED
    assert "nagorik-wasa 1.0.0 is kept out by the host" in refusal.reason


def test_refuses_what_the_host_does_not_list(site: Any) -> None:
    site.install("wasa")
    site.install("desa")
    registry = site.discover(admission=Admission(allow=frozenset({"desa"})))
    assert [record.id for record in registry.usable] == ["desa"]
    (refusal,) = registry.quarantined
    assert refusal.code is QuarantineCode.NOT_ALLOWED
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 is kept out by the host: plugin id wasa is not on the host's allow list."
    )


def test_denial_wins_over_permission(site: Any) -> None:
    site.install("wasa")
    admission = Admission(allow=frozenset({"wasa"}), deny=frozenset({"wasa"}))
    assert site.refusal(admission=admission).code is QuarantineCode.DENIED


@pytest.mark.parametrize(
    ("plugin_id", "value", "why"),
    [
        ("wasa", "nagorik-wasa.plugin", "wasa = nagorik-wasa.plugin, whose value is not module or module:object"),
        ("wasa", "a.b:", "wasa = a.b:, whose value is not module or module:object"),
        ("wasa", "", "wasa = , whose value is not module or module:object"),
        ("Wasa", "nagorik_Wasa.plugin", "Wasa = nagorik_Wasa.plugin, whose name is not a plugin id"),
    ],
)
def test_refuses_a_malformed_entry_point(site: Any, plugin_id: str, value: str, why: str) -> None:
    site.install(plugin_id, value=value)
    site.install("desa")
    registry = site.discover()
    assert [record.id for record in registry.usable] == ["desa"]
    (refusal,) = registry.quarantined
    assert refusal.code is QuarantineCode.ENTRY_POINT_INVALID
    assert refusal.reason == f"nagorik-{plugin_id} 1.0.0 has the entry point {why}."


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"entry_points": "[nagorik.plugins]\nwasa\n"}, "its entry_points.txt is malformed"),
        ({"entry_points": b"[nagorik.plugins]\nwasa = \xff\n"}, "its entry_points.txt cannot be read"),
        ({"metadata": "Metadata-Version: 2.4\n"}, "its METADATA has no name or no version"),
        ({"metadata": ""}, "its METADATA has no name or no version"),
    ],
)
def test_one_unreadable_distribution_stops_no_other(site: Any, broken: dict[str, Any], why: str) -> None:
    site.install("wasa", **broken)
    site.install("desa")
    registry = site.discover()
    assert [record.id for record in registry.usable] == ["desa"]
    (refusal,) = registry.quarantined
    assert refusal.code is QuarantineCode.DISTRIBUTION_UNREADABLE
    assert why in refusal.reason
    assert refusal.hint == "Install the distribution again."


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ("#" * 256_001, "plugin.toml: larger than 256000 bytes"),
        (f"{'a.' * 100_000}a = 1", "plugin.toml: nested too deeply"),
        (f"a = {'9' * 5_000}", "plugin.toml: a number has too many digits: look at line 1"),
        (f"a = {'[' * 100_000}", "plugin.toml: nested too deeply"),
    ],
)
def test_manifest_that_would_keep_the_reader_busy_is_refused(site: Any, manifest: str, why: str) -> None:
    site.install(manifest=manifest)
    refusal = site.refusal()
    assert refusal.code is QuarantineCode.MANIFEST_INVALID
    assert refusal.reason == f"nagorik-wasa 1.0.0 has a manifest that cannot be used: {why}."


def test_manifest_that_is_a_pipe_is_none(site: Any) -> None:
    site.install(manifest=None)
    os.mkfifo(site.directory / "nagorik_wasa" / "plugin.toml")
    assert site.refusal().code is QuarantineCode.MANIFEST_MISSING


def test_unreadable_distributions_of_others_do_not_matter(site: Any) -> None:
    site.install("wasa")
    site.install("other", entry_points=b"[console_scripts]\nx = \xff\n")
    assert [record.id for record in site.discover().records] == ["wasa"]


def test_owner_of_knows_who_offers_what(site: Any, manifest_text: Any) -> None:
    site.install("wasa", manifest=manifest_text("wasa", services=2))
    site.install("desa", manifest=None)
    registry = site.discover()
    assert registry.owner_of("wasa.service-1") == registry.record("wasa")
    assert registry.owner_of("wasa.no-such") is None
    assert registry.owner_of("nobody.service-0") is None
    assert registry.owner_of("desa.anything") == registry.record("desa")
    offer = registry.offer("wasa.service-1")
    assert offer is not None
    assert offer.name.en == "New connection"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(order=st.permutations(["a", "b", "c", "d"]))
def test_the_order_on_the_path_changes_nothing(make_site: Callable[[str], Any], order: list[str]) -> None:
    sites = {name: make_site(f"order-{name}") for name in "abcd"}
    for name, plugin_id in zip("abcd", "xxyw", strict=True):
        if not list(sites[name].directory.iterdir()):
            sites[name].install(plugin_id, distribution=f"{name}-{plugin_id}")
    registries = [Registry.discover(path=[str(sites[name].directory) for name in names]) for names in ("abcd", order)]
    assert registries[0].records == registries[1].records
    assert [record.id for record in registries[0].records] == ["w", "x", "x", "y"]


@settings(deadline=None)
@given(st.permutations([("a", "1", "p"), ("a", "2", "p"), ("b", "1", "q"), ("c", "1", "r")]))
def test_the_order_of_records_changes_nothing(order: list[tuple[str, str, str]]) -> None:
    records = [PluginRecord(PluginSource(plugin_id, dist, version, "m")) for plugin_id, version, dist in order]
    registry = Registry(records)
    assert [record.source.version for record in registry.records] == ["1", "2", "1", "1"]
    speaker = registry.record("a")
    assert speaker is not None
    assert speaker.source.version == "1"


@given(major=st.integers(0, 30), minor=st.integers(0, 30), more=st.integers(0, 30), other=st.integers(0, 30))
def test_a_core_serves_its_major_and_every_earlier_minor(major: int, minor: int, more: int, other: int) -> None:
    assert is_compatible(f"{major}.{minor}", f"{major}.{minor + more}")
    assert not is_compatible(f"{major}.{minor + more + 1}", f"{major}.{minor}")
    assert (major == other) or not is_compatible(f"{other}.{minor}", f"{major}.{minor + more}")
