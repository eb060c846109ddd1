"""Each distribution's wheel installs alone into an empty environment, and imports.

uv fills the environments, from its cache and with the versions of ``requirements.txt``, so that no day's new release
changes what is found here; one more is filled as a reader would do it, by plain pip.
"""

import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("nagorik", "nagorik-toolkit", "nagorik-platform")
"""In the order in which each rests on those before it."""
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
EXTENSIONS = sorted(path.parent for path in ROOT.glob("extensions/*/pyproject.toml"))
ON_THE_HOST = (*EXTENSIONS, ROOT / "portal")
SIMULATION = ROOT / "simulation"
DISTRIBUTIONS = sorted(path.parent for path in ROOT.glob("*/pyproject.toml")) + EXTENSIONS + PLUGINS
UV = Path(sys.executable).parent / "uv"


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def name_of(distribution: Path) -> str:
    name: str = tomllib.loads((distribution / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    return name


def brought_by(distribution: Path) -> set[str]:
    """What of Nagorik comes with a distribution, itself among it."""
    name = name_of(distribution)
    if name in LIBRARIES:
        return set(LIBRARIES[: LIBRARIES.index(name) + 1])
    if distribution in ON_THE_HOST:
        return {name, *LIBRARIES, "nagorik-host"}
    if distribution == SIMULATION:
        return {name, *LIBRARIES, "nagorik-host", "nagorik-testing"}
    return {name, *(LIBRARIES[:2] if distribution in PLUGINS else LIBRARIES)}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    options = ("--wheel", "--no-build-isolation", "--offline", "--quiet", "--python", sys.executable)
    run(UV, "build", "--all-packages", *options, "--out-dir", folder, cwd=ROOT)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The Python of an empty environment."""
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "env", cwd=tmp_path)
    return tmp_path / "env" / "bin" / "python"


def installed_in(python: Path, distribution: Path) -> set[str]:
    """What of Nagorik an environment holds, once the distribution has been imported in it."""
    code = (
        f"import {name_of(distribution).replace('-', '_')}\n"
        "from importlib.metadata import distributions\n"
        "print(*(each.name for each in distributions() if each.name.startswith('nagorik')))\n"
    )
    return set(run(python, "-c", code, cwd=python.parents[2]).split())


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda path: path.name)
def test_wheel_installs_alone_and_imports(
    distribution: Path, wheels: Path, environment: Path, tmp_path: Path
) -> None:
    options = ("--quiet", "--python", environment, "--find-links", wheels, "--constraints", ROOT / "requirements.txt")
    run(UV, "pip", "install", *options, name_of(distribution), cwd=tmp_path)
    assert installed_in(environment, distribution) == brought_by(distribution)


def test_plugin_installs_with_plain_pip_and_imports(wheels: Path, environment: Path, tmp_path: Path) -> None:
    plugin, *_ = PLUGINS
    # The pip at hand works on the empty environment: making it one of its own costs seconds.
    pip = (sys.executable, "-m", "pip", "--python", environment)
    run(*pip, "install", "--quiet", "--find-links", wheels, name_of(plugin), cwd=tmp_path)
    assert installed_in(environment, plugin) == brought_by(plugin)


def test_every_wheel_carries_its_licence_types_and_data(wheels: Path) -> None:
    assert len(list(wheels.glob("*.whl"))) == len(DISTRIBUTIONS)
    for wheel in wheels.glob("*.whl"):
        names = ZipFile(wheel).namelist()
        assert any(name.endswith("/licenses/LICENSE") for name in names), wheel.name
        assert f"{wheel.name.partition('-')[0]}/py.typed" in names, wheel.name
    for library in ROOT.glob("*/src/nagorik*/__init__.pyi"):
        [wheel] = wheels.glob(f"{library.parent.name}-[0-9]*.whl")
        assert f"{library.parent.name}/__init__.pyi" in ZipFile(wheel).namelist()
    core = next(wheels.glob("nagorik-[0-9]*.whl"))
    assert "nagorik/messages.toml" in ZipFile(core).namelist()
