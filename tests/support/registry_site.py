"""Fake installed distributions: what pip leaves behind, written to a directory on ``sys.path``."""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from nagorik_platform.registry import PluginRecord, Quarantine, Registry

PLUGIN = """\
from nagorik.hookspecs import hookimpl


@hookimpl
async def nagorik_get_status(request, context):
    return request, context
"""


def manifest_of(plugin_id: str, *, services: int = 1, requires_api: str = "1.0", extra: str = "") -> str:
    head = f"""\
manifest_version = 1
id = "{plugin_id}"
requires_api = "{requires_api}"
name = {{ en = "Water Authority", bn = "পানি কর্তৃপক্ষ" }}
owners = [{{ name = "Integration team", contact = "integration@{plugin_id}.example" }}]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.{plugin_id}.example"]
{extra}
"""
    service = """
[[services]]
id = "{plugin_id}.service-{number}"
name = {{ en = "New connection", bn = "নতুন সংযোগ" }}
reads = ["status"]
"""
    return head + "".join(service.format(plugin_id=plugin_id, number=number) for number in range(services))


class Site:
    """A directory of installed distributions."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)

    def install(
        self,
        plugin_id: str = "wasa",
        *,
        distribution: str | None = None,
        version: str = "1.0.0",
        value: str | None = None,
        manifest: str | bytes | None = "",
        plugin: str | None = PLUGIN,
        files: Mapping[str, str] | None = None,
        entry_points: str | bytes | None = None,
        metadata: str | None = None,
    ) -> str:
        """Install one plugin and return its package's name. ``manifest=None`` leaves it out; ``""`` writes one."""
        distribution = distribution or f"nagorik-{plugin_id}"
        package = distribution.replace("-", "_")
        value = f"{package}.plugin" if value is None else value
        info = self.directory / f"{package}-{version}.dist-info"
        info.mkdir()
        if metadata is None:
            metadata = f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n\n# A README\nName: wrong\n"
        (info / "METADATA").write_text(metadata)
        if entry_points is None:
            entry_points = f"[console_scripts]\nx = y:z\n\n[nagorik.plugins]\n{plugin_id} = {value}\n"
        _write(info / "entry_points.txt", entry_points)
        (info / "RECORD").write_text("")
        root = self.directory / package
        root.mkdir(exist_ok=True)
        (root / "__init__.py").touch()
        if manifest is not None:
            _write(root / "plugin.toml", manifest or manifest_of(plugin_id))
        for name, content in {**({"plugin.py": plugin} if plugin is not None else {}), **(files or {})}.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        importlib.invalidate_caches()
        return package

    def discover(self, **options: object) -> Registry:
        return Registry.discover(path=[str(self.directory)], **options)  # type: ignore[arg-type]

    def refusal(self, plugin_id: str = "wasa", **options: object) -> Quarantine:
        """Why discovery keeps the plugin out."""
        record = self.discover(**options).record(plugin_id)
        assert record is not None
        assert record.quarantine is not None
        return record.quarantine

    def activation_refusal(self, plugin_id: str = "wasa") -> Quarantine:
        """Why the plugin cannot be used although discovery let it in."""
        registry = self.discover()
        assert registry.quarantined == ()
        refusal = registry.activate(plugin_id)
        assert isinstance(refusal, Quarantine)
        record = registry.record(plugin_id)
        assert isinstance(record, PluginRecord)
        assert record.quarantine == refusal
        return refusal


def _write(file: Path, content: str | bytes) -> None:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def make_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Site]]:
    """Makes directories on ``sys.path``, each before the ones made earlier."""
    before = set(sys.modules)

    def make(name: str) -> Site:
        site = Site(tmp_path / name)
        monkeypatch.syspath_prepend(str(site.directory))
        return site

    yield make
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        locations = [str(part) for part in getattr(sys.modules[name], "__path__", [])]
        if any(place.startswith(str(tmp_path)) for place in [file, *locations]):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def site(make_site: Callable[[str], Site]) -> Site:
    return make_site("site")


@pytest.fixture
def manifest_text() -> Callable[..., str]:
    return manifest_of


@pytest.fixture
def plugin_source() -> str:
    return PLUGIN
