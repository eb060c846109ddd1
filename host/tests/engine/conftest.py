"""A plugin that a test writes, installed for that test."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

import pytest

Install = Callable[[str, str, str, str], ModuleType]


@pytest.fixture
def install(tmp_path, monkeypatch) -> Iterator[Install]:
    """Installs a plugin for one test, from its manifest, its forms and its hooks; returns the hooks' module."""
    installed = []

    def install(name: str, manifest: str, forms: str, hooks: str) -> ModuleType:
        info, root = tmp_path / f"nagorik_{name}-1.0.0.dist-info", tmp_path / f"nagorik_{name}"
        info.mkdir()
        root.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{name}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{name} = nagorik_{name}.plugin\n")
        (root / "__init__.py").touch()
        (root / "plugin.toml").write_text(manifest, "utf-8")
        (root / "forms.py").write_text(forms, "utf-8")
        (root / "plugin.py").write_text(hooks, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        installed.append(root.name)
        return import_module(f"{root.name}.plugin")

    yield install
    for module in [module for module in sys.modules if module.partition(".")[0] in installed]:
        del sys.modules[module]
