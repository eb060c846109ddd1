"""What a plugin's own code imports and should not."""

import sys
from pathlib import Path
from typing import Any

import pytest

from nagorik_testing.validation.own_code import check_own_code

PACKAGE = "nagorik_wasa"


def told(directory: Path, **files: str) -> list[tuple[str, str]]:
    """Place and name of what is found in a package of these files."""
    for name, source in files.items():
        file = directory / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, "utf-8")
    found = check_own_code(PACKAGE, directory)
    return [(finding.location, finding.message.partition(" ")[0]) for finding in found]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import httpx", "httpx"),
        ("import json, httpx._client as c", "httpx._client"),
        ("from httpx import AsyncClient", "httpx.AsyncClient"),
        ("from nagorik_platform.logs import *", "nagorik_platform.logs"),
        ("if TYPE_CHECKING:\n    import httpx", "httpx"),
        ("def f():\n    try:\n        import httpx\n    except ImportError: ...", "httpx"),
    ],
)
def test_import_of_the_platforms_own_is_found(tmp_path: Path, source: str, name: str) -> None:
    line = 1 + source.partition("httpx")[0].count("\n")
    assert told(tmp_path, wire=source) == [(f"wire.py:{line}", name)]


@pytest.mark.parametrize(
    ("file", "source", "name"),
    [
        ("wire", "from .simulator import httpx", "nagorik_wasa.simulator.httpx"),
        ("wire", "from . import simulator", "nagorik_wasa.simulator"),
        ("wire", "import nagorik_wasa.simulator.agency", "nagorik_wasa.simulator.agency"),
        ("wire", "from nagorik_wasa import simulator as s", "nagorik_wasa.simulator"),
        ("inner/wire", "from ..simulator.agency import httpx", "nagorik_wasa.simulator.agency.httpx"),
        ("__init__", "from .simulator import Agency", "nagorik_wasa.simulator.Agency"),
        ("wire", "from nagorik_brta.wire import Card", "nagorik_brta.wire.Card"),
        ("wire", "import nagorik_demo", "nagorik_demo"),
    ],
)
def test_import_of_the_simulator_or_of_another_plugin_is_found(
    tmp_path: Path, file: str, source: str, name: str
) -> None:
    simulator = "import httpx, nagorik_testing\n"
    assert told(tmp_path, **{file: source, "simulator/__init__": simulator}) == [(f"{file}.py:1", name)]


def test_another_plugin_of_any_name_is_found_where_it_is_installed(tmp_path: Path, site: Any) -> None:
    site.install("gas", distribution="titas-gas")
    assert told(tmp_path, wire="import titas_gas.wire, somebody\n") == [("wire.py:1", "titas_gas.wire")]


def test_what_a_plugin_is_built_from_is_not_found(tmp_path: Path) -> None:
    source = (
        "import nagorik\nfrom nagorik_toolkit import parse_texts\nfrom nagorik_wasa.forms import F\nimport stdnum\n"
    )
    assert told(tmp_path, wire=source) == []


@pytest.mark.parametrize("file", ["other/simulator", "simulators", "simulator_wire"])
def test_only_the_packages_simulator_is_free(tmp_path: Path, file: str) -> None:
    assert told(tmp_path, **{file: "import httpx\n", "simulator/agency": "import httpx\n"}) == [
        (f"{file}.py:1", "httpx")
    ]


def test_file_that_does_not_parse_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "wire.py").write_text("import httpx\ntype = = int\n", "utf-8")
    (tmp_path / "simulator.py").write_bytes(b"\x00")
    [finding] = check_own_code(PACKAGE, tmp_path)
    assert finding.location == "wire.py:2"
    assert finding.message == f"is not read by Python {sys.version_info[0]}.{sys.version_info[1]}"
