"""What is deployed: compose's services and systemd's units start commands that there are, as the pages say."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from preloaded_command import run_command

from nagorik_host.settings import HostSettings
from nagorik_platform.registry import Registry

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
OURS = ("tables", "worker", "portal")
PROGRAM = "/opt/nagorik/bin/nagorik "


def commands() -> list[str]:
    of_compose = [shlex.join(COMPOSE["services"][name]["command"]) for name in OURS]
    of_units = re.findall(rf"^Exec\w+={PROGRAM}(.*)$", "\n".join(unit.read_text("utf-8") for unit in UNITS), re.M)
    return [re.sub(r"\$\{BASE_URL[^}]*\}", "https://portal.example", one) for one in (*of_compose, *of_units)]


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one_that_nagorik_takes(tmp_path: Path, command: str) -> None:
    assert "usage:" not in run_command(*shlex.split(command), folder=tmp_path).stderr


def test_a_word_that_a_command_does_not_know_is_found(tmp_path: Path) -> None:
    assert "usage:" in run_command("serve", "--nowhere", folder=tmp_path).stderr


def test_a_worker_has_time_to_end_its_calls() -> None:
    """What it still does is stopped after ``TimeoutStopSec``: the longest call, and 30 seconds for the database."""
    unit = (ROOT / "deploy" / "systemd" / "nagorik-worker@.service").read_text("utf-8")
    (given,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)
    manifests = [record.manifest for record in Registry.discover().usable if record.manifest is not None]
    assert int(given) >= max(manifest.limits.deadline for manifest in manifests) + 30


def test_settings_are_those_of_the_host() -> None:
    settings = HostSettings(**tomllib.loads((ROOT / "deploy" / "nagorik.toml").read_text("utf-8")))
    name = COMPOSE["services"]["database"]["environment"]["POSTGRES_DB"]
    assert settings.database.get_secret_value() == f"postgresql://nagorik:PASSWORD@database/{name}"
    assert f"{settings.documents}" in COMPOSE["services"]["portal"]["volumes"][0]
    assert {str(settings.keys_file)} <= {f"/run/secrets/{name}" for name in COMPOSE["secrets"]}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_no_service_is_root_or_writes_its_image_or_has_a_secret_in_its_environment(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["user"] not in {"root", "0", "0:0"}
    assert service["cap_drop"] == ["ALL"]
    assert service["secrets"]
    assert not [one for one in service.get("environment", {}) if re.search("PASSWORD$|KEYS$|DATABASE$", one)]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_every_secret_is_a_file_that_git_and_the_image_leave_out() -> None:
    assert all(one["file"].startswith("deploy/secrets/") for one in COMPOSE["secrets"].values())
    for ignored in (".gitignore", ".dockerignore"):
        assert "deploy/secrets" in (ROOT / ignored).read_text("utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        here = tmp_path / unit.name.replace("@.", "@1.")
        here.write_text(unit.read_text("utf-8").replace(PROGRAM, "/bin/true ").replace("User=nagorik", "User=root"))
    named = [one for one in tmp_path.iterdir() if one.suffix in {".service", ".timer"}]
    done = subprocess.run(["systemd-analyze", "verify", *named], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
