"""Each distribution's wheel installs alone into an empty environment with plain pip, and imports."""

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = sorted(path.parent for path in ROOT.glob("*/pyproject.toml")) + sorted(
    path.parent for path in ROOT.glob("plugins/*/pyproject.toml")
)


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for distribution in DISTRIBUTIONS:
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, distribution)
    return folder


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda path: path.name)
def test_wheel_installs_alone_and_imports(distribution: Path, wheels: Path, tmp_path: Path) -> None:
    project = tomllib.loads((distribution / "pyproject.toml").read_text("utf-8"))["project"]
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    # The pip at hand works on the empty environment: making it one of its own costs seconds for each wheel.
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--find-links", wheels, f"{project['name']}=={project['version']}")
    package = project["name"].replace("-", "_")
    run(python, "-c", f"import {package}")
    installed = run(*pip, "list", "--format", "freeze")
    ours = {line.partition("==")[0] for line in installed.splitlines() if line.startswith("nagorik")}
    assert ours == {project["name"], "nagorik"}


def test_every_wheel_carries_its_licence_types_and_data(wheels: Path) -> None:
    for wheel in wheels.glob("*.whl"):
        names = run(sys.executable, "-m", "zipfile", "--list", wheel)
        assert "LICENSE" in names, wheel.name
        assert "py.typed" in names, wheel.name
    core = next(wheels.glob("nagorik-[0-9]*.whl"))
    assert "nagorik/messages.toml" in run(sys.executable, "-m", "zipfile", "--list", core)
