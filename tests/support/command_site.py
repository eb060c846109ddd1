"""Fake installed distributions for the command: plugins, contributed commands, and a way to run it."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nagorik_platform.cli import main
from nagorik_platform.registry import Registry

HOOKS = "from nagorik.hookspecs import hookimpl\n\n"
PLUGIN = f"{HOOKS}@hookimpl\nasync def nagorik_get_status(request, context):\n    return request, context\n"

FEES = """
[connection]
title = { en = "New connection", bn = "নতুন সংযোগ" }
rounding = "whole-taka-half-up"
vat = { rate = "0.15", included = false, per = "line" }
dimensions = { delivery = ["regular", "urgent"] }

[[connection.tariffs]]
id = "circular-2020"
standing = "effective"
effective_from = 2020-01-01
effective_to = 2027-06-30
source = { title = "Circular 7", as_of = 2020-01-01, verified = true }
rows = [
  { code = "fee", text = { en = "Fee", bn = "ফি" }, amount = "450", when = { delivery = "regular" } },
  { code = "fee", text = { en = "Fee", bn = "ফি" }, amount = "900", when = { delivery = "urgent" } },
  { code = "post", text = { en = "Postage", bn = "ডাক" }, amount = "60", vat_exempt = true },
]

[[connection.tariffs]]
id = "local-page"
standing = "disputed"
source = { title = "A local office's page", verified = false }
note = { en = "Names no circular.", bn = "কোনো পরিপত্রের উল্লেখ নেই।" }
rows = [{ code = "fee", text = { en = "Fee", bn = "ফি" }, amount = "500" }]
"""

MANIFEST = """\
manifest_version = 1
id = "{id}"
requires_api = "{api}"
name = {{ en = "Water Authority", bn = "পানি কর্তৃপক্ষ" }}
owners = [{{ name = "Integration team", contact = "integration@wasa.example" }}]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.wasa.example"]
{extra}

[[services]]
id = "{id}.connection"
name = {{ en = "New connection", bn = "নতুন সংযোগ" }}
summary = {{ en = "A pipe to the house.", bn = "বাড়িতে পানির সংযোগ।" }}
reads = ["status"]
documents = ["holding-tax-receipt"]
processing = "P15D"
legal_basis = ["Water Supply Act 1996"]
deliverables = ["water-connection"]
{fees}
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document that was printed, without any escape sequence."""
        assert "\x1b" not in self.out
        return json.loads(self.out)


class Site:
    """A directory of installed distributions, first on ``sys.path``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()

    def install(self, distribution: str, entry_points: str, files: Mapping[str, str], version: str = "1.0.0") -> Path:
        """One distribution with one package of the same name; returns the package's directory."""
        package = distribution.replace("-", "_")
        info = self.directory / f"{package}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(entry_points)
        (info / "RECORD").write_text("")
        root = self.directory / package
        root.mkdir(exist_ok=True)
        for name, content in {"__init__.py": "", **files}.items():
            (root / name).write_text(content, encoding="utf-8")
        importlib.invalidate_caches()
        return root

    def plugin(
        self,
        plugin_id: str = "wasa",
        *,
        api: str = "1.0",
        extra: str = "",
        fees: str = 'fees = "fees.toml#connection"',
        files: Mapping[str, str] | None = None,
        manifest: str | None = None,
    ) -> Path:
        """A water authority's plugin."""
        text = MANIFEST.format(id=plugin_id, api=api, extra=extra, fees=fees) if manifest is None else manifest
        distribution = f"nagorik-{plugin_id}"
        entry = f"[nagorik.plugins]\n{plugin_id} = {distribution.replace('-', '_')}.plugin\n"
        return self.install(
            distribution, entry, {"plugin.toml": text, "plugin.py": PLUGIN, "fees.toml": FEES, **(files or {})}
        )

    def command(self, name: str, source: str, *, distribution: str | None = None, value: str = "cli:command") -> Path:
        """A contributed command."""
        distribution = distribution or f"extra-{name}"
        package = distribution.replace("-", "_")
        entry = f"[nagorik.commands]\n{name} = {package}.{value}\n"
        return self.install(distribution, entry, {"cli.py": source})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    before = set(sys.modules)
    made = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.directory))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name in [name for name in os.environ if name.startswith("NAGORIK_")]:
        monkeypatch.delenv(name)
    discover = Registry.discover

    def alone(**options: Any) -> Registry:
        return discover(path=[str(made.directory)], **options)

    # The plugins of this repository may be installed beside the tests.
    monkeypatch.setattr(Registry, "discover", alone)
    yield made
    for name in set(sys.modules) - before:
        places = [getattr(sys.modules[name], "__file__", None) or "", *getattr(sys.modules[name], "__path__", [])]
        if any(str(place).startswith(str(tmp_path)) for place in places):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def nagorik(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command in this process."""

    def run(*words: str) -> Result:
        capsys.readouterr()
        code = main(list(words))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def process(site: Site) -> Any:
    """Runs the command as a process of its own, on which the fake distributions are installed too."""

    def run(*words: str, **environment: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-c", "from nagorik_platform.cli import main; raise SystemExit(main())", *words],
            env={**os.environ, "PYTHONPATH": str(site.directory), "PYTHONIOENCODING": "utf-8", **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run
