import importlib
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from nagorik.manifest import parse_manifest
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.registry import LoadedPlugin, Registry
from nagorik_testing import Simulator
from nagorik_testing.validation.checks import validate_path
from nagorik_testing.validation.findings import Severity

from .conftest import CLASSES, DATA, KINDS, ROOT, Workspace

pytestmark = pytest.mark.long

DAY = date(2026, 11, 24)
RENAMED = (
    *("xpaid", "asked-once", "filed-none", "xpaid-form", "xpaid-native"),
    *("xsession-soap", "asked-xml", "gate-json"),
)
"""Of each template one, in each format."""
SENT = {"xml": "xml=", "soap": "xml=", "form": "form=", "multipart": "parts="}


@pytest.fixture
def importable(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The workspace's plugins can be imported here, and are forgotten again."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(workspace.installed))
    yield workspace
    for name in set(sys.modules) - before:
        if str(workspace.root) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.mark.parametrize("plugin_id", KINDS)
def test_plugin_is_valid_with_its_hooks(importable: Workspace, plugin_id: str) -> None:
    found = validate_path(importable.plugin(plugin_id), on=DAY, run=True)

    assert [finding for finding in found if finding.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("plugin_id", KINDS)
def test_installed_plugin_is_discovered_and_activated(importable: Workspace, plugin_id: str) -> None:
    registry = Registry.discover(path=[str(importable.installed)])

    loaded = registry.activate(plugin_id)

    assert isinstance(loaded, LoadedPlugin)


@pytest.mark.parametrize("plugin_id", KINDS)
def test_simulator_stands_for_the_plugin_and_says_that_it_is_modelled(importable: Workspace, plugin_id: str) -> None:
    package = f"nagorik_{plugin_id.replace('-', '_')}"
    module = importlib.import_module(f"{package}.simulator")
    (made,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and issubclass(value, Simulator)
    )

    assert made.plugin_id == plugin_id
    assert "Modelled" in made.modelled
    assert len(inspect.getsource(module).splitlines()) < 190


@pytest.mark.parametrize("plugin_id", KINDS)
def test_what_is_invented_says_so(workspace: Workspace, plugin_id: str) -> None:
    package = workspace.plugin(plugin_id) / "src" / f"nagorik_{plugin_id.replace('-', '_')}"
    written = {".py", ".toml", ".md"}
    invented = [path for path in package.rglob("*.*") if path.suffix in written and path.name != "plugin.py"]

    assert [path.name for path in invented if "modelled" not in path.read_text("utf-8").lower()] == []
    assert parse_manifest((package / "plugin.toml").read_bytes()).evidence == "modelled"


@pytest.mark.parametrize("idempotency", CLASSES)
def test_only_an_agency_that_can_be_searched_is_searched(workspace: Workspace, idempotency: str) -> None:
    path = workspace.plugin(f"filed-{idempotency}") / "src" / f"nagorik_filed_{idempotency.replace('-', '_')}"
    (service,) = parse_manifest((path / "plugin.toml").read_bytes()).services

    assert service.writes == {Operation.SUBMIT: idempotency}
    assert (Operation.FIND in service.reads) == (idempotency == "client-reference")
    searched = OPERATIONS[Operation.FIND].hook in (path / "plugin.py").read_text("utf-8")
    assert searched == (idempotency == "client-reference")


@pytest.mark.parametrize("plugin_id", KINDS)
def test_an_agency_without_an_interface_is_data_and_one_class(workspace: Workspace, plugin_id: str) -> None:
    package = workspace.plugin(plugin_id) / "src" / f"nagorik_{plugin_id.replace('-', '_')}"
    sources = {str(path.relative_to(package)): path.read_text("utf-8") for path in package.rglob("*.py")}

    if plugin_id in DATA:
        assert sources.keys() == {"__init__.py", "forms.py", "plugin.py", "simulator/__init__.py"}
        assert sum(source.count("\n") for source in sources.values()) < 70
    assert ("(AgencyPlugin[AgencySettings]):" in sources["plugin.py"]) == (plugin_id in DATA)
    assert ("@hookimpl" in sources["plugin.py"]) == (plugin_id not in DATA)


def test_tests_of_every_plugin_pass_on_its_wheel_alone(workspace: Workspace, tmp_path: Path) -> None:
    """No source tree is near: what the wheel forgot is missing."""
    assert workspace.run_tests(map(workspace.plugin, KINDS), tmp_path) > 60 * len(KINDS)


def test_tests_pass_after_the_renames_of_the_readme(workspace: Workspace, tmp_path: Path) -> None:
    """An author renames first of all, and the contract of what comes of it reaches the same level."""
    renamed = Workspace(tmp_path, tmp_path / "installed", tmp_path / "wheels")
    for plugin_id in RENAMED:
        project = shutil.copytree(workspace.plugin(plugin_id), renamed.plugin(plugin_id))
        (script,) = re.findall(r"```sh\n(.*?)```", (project / "README.md").read_text("utf-8"), re.DOTALL)
        subprocess.run(["bash", "-ec", script], cwd=project, check=True)
        assert not {"fileNo", "REFUSED", "questionNo", "receiptNo"} & set(_words(project / "src"))
    renamed.install(map(renamed.plugin, RENAMED))

    assert renamed.run_tests(map(renamed.plugin, RENAMED), tmp_path / "alone") > 60 * len(RENAMED)


def _words(folder: Path) -> list[str]:
    written = (path for path in folder.rglob("*.*") if path.suffix in {".py", ".toml"})
    return re.findall(r"\w+", " ".join(path.read_text("utf-8") for path in written))


@pytest.mark.parametrize("plugin_id", KINDS)
def test_plugin_is_held_to_the_highest_level_of_its_kind(workspace: Workspace, plugin_id: str) -> None:
    paid = plugin_id.startswith(("xpaid", "xearly", "gate"))
    contract = (workspace.plugin(plugin_id) / "tests" / "test_contract.py").read_text("utf-8")

    assert f"    level = Level.{'PAYMENT' if paid else 'SUBMISSION'}\n" in contract
    assert not list(workspace.plugin(plugin_id).rglob("contract-waivers.toml"))


def test_plugins_keep_to_the_workspaces_rules(workspace: Workspace) -> None:
    workspace.run("ruff", "check", "--no-cache", "plugins")
    workspace.run("ruff", "format", "--no-cache", "--check", "plugins")


def test_plugins_are_typed(workspace: Workspace) -> None:
    packages = [str(path) for path in workspace.installed.glob("nagorik_*") if path.is_dir() and "." not in path.name]
    libraries = (str(ROOT / library / "src") for library in ("core", "toolkit", "platform", "testing"))
    path = ":".join([str(workspace.installed), *libraries])

    workspace.run("mypy", "--cache-dir", str(workspace.root / ".mypy_cache"), *packages, MYPYPATH=path)


def test_wheel_holds_what_the_plugin_reads(workspace: Workspace) -> None:
    (wheel,) = workspace.wheels.glob("nagorik_xpaid_native-*")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name == "nagorik_xpaid_native-0.1.0-py3-none-any.whl"
    assert {
        f"nagorik_xpaid_native/{name}" for name in ("plugin.toml", "fees.toml", "workflow.toml", "py.typed")
    } <= held
    (wheel,) = workspace.wheels.glob("nagorik_xpaid-0*")
    data = ("forms.toml", "simulator/agency.toml", "simulator/workflow.toml")
    assert {f"nagorik_xpaid/{name}" for name in data} <= set(zipfile.ZipFile(wheel).namelist())


def test_wheel_carries_the_licence_that_it_declares(workspace: Workspace) -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    for wheel in workspace.wheels.iterdir():
        archive = zipfile.ZipFile(wheel)
        metadata = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
        assert archive.read(f"{metadata}/licenses/LICENSE").decode() == licence
        assert "License-Expression: Apache-2.0" in archive.read(f"{metadata}/METADATA").decode().splitlines()


@pytest.mark.parametrize("plugin_id", [plugin_id for plugin_id, words in KINDS.items() if {*words} & SENT.keys()])
def test_wire_is_spoken_by_plugin_and_simulator_and_needs_its_extra(workspace: Workspace, plugin_id: str) -> None:
    words = KINDS[plugin_id]
    wire = words[words.index("--wire") + 1]
    folder = workspace.plugin(plugin_id)
    package = folder / "src" / f"nagorik_{plugin_id.replace('-', '_')}"
    spoken = {"xml": "XmlFormat", "soap": "SoapFormat", "form": "FormFormat", "multipart": "MultipartFormat"}[wire]

    assert SENT[wire] in (package / "plugin.py").read_text("utf-8")
    assert "json=" not in (package / "plugin.py").read_text("utf-8")
    assert "    codec: ClassVar[Codec] = Codec(" in (package / "simulator.py").read_text("utf-8")
    assert f"{spoken}(" in (package / "simulator.py").read_text("utf-8")
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert ("nagorik-toolkit[xml]>=1.0,<2" in project["dependencies"]) == (wire in {"xml", "soap"})
