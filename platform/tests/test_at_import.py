"""Doing something to a module as soon as it is imported."""

import importlib
import sys
from pathlib import Path

import pytest

from nagorik_platform.logs.at_import import AtImport


def test_module_is_found_though_another_finder_was_put_around_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "found_at_import.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    done: list[bool] = []
    inner = AtImport("found_at_import", lambda: done.append(True))

    class Around:
        find_spec = staticmethod(inner.find_spec)

    sys.meta_path[0] = Around  # type: ignore[call-overload]
    importlib.import_module("found_at_import")
    monkeypatch.delitem(sys.modules, "found_at_import")
    assert done == [True]
