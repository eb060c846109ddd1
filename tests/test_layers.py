"""The rules of ``layers.py`` find a plugin that breaks them, wherever in its distribution it does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "nagorik_wasa"
SOUND: Final = {
    f"{PACKAGE}/__init__.py": "from nagorik_wasa import plugin\n",
    f"{PACKAGE}/plugin.toml": "",
    f"{PACKAGE}/plugin.py": "from nagorik import hookimpl\nimport wasa_link.client\n",
    f"{PACKAGE}/simulator.py": "import httpx\nimport nagorik_testing\n",
    "wasa_link/__init__.py": "",
    "wasa_link/client.py": "import nagorik_toolkit\n",
}


def lint(workspace: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Check the rules in a workspace whose one plugin is made of these files."""
    for library in ("core", "toolkit", "platform", "host", "portal", "testing", "simulation", "extensions"):
        (workspace / library).symlink_to(ROOT / library)
    (workspace / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "layers.py", workspace / "tests")
    sources = workspace / "plugins" / "wasa" / "src"
    for name, text in files.items():
        file = sources / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return subprocess.run(
        [sys.executable, str(workspace / "tests" / "layers.py")],
        env={**os.environ, "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_sound_plugin_of_two_packages_keeps_every_rule(tmp_path: Path) -> None:
    done = lint(tmp_path, SOUND)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "source", "told"),
    [
        (f"{PACKAGE}/plugin.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import httpx\n", "httpx"),
        (f"{PACKAGE}/__init__.py", "import httpx\n", "httpx"),
        (f"{PACKAGE}/__init__.py", "from nagorik_platform.logs import records\n", "nagorik_platform"),
        (f"{PACKAGE}/__init__.py", "from nagorik_wasa import simulator\n", "nagorik_testing"),
        ("wasa_link/client.py", "import tenacity\n", "tenacity"),
        ("wasa_link/simulator.py", "import tenacity\n", "tenacity"),
        (f"{PACKAGE}/simulator.py", "from wasa_link.client import prices\n", "knows nothing of the plugin"),
        (f"{PACKAGE}/simulator.py", "from nagorik_wasa import plugin\n", "knows nothing of the plugin"),
        (f"{PACKAGE}/plugin.py", "import nagorik_wasa.simulator\n", "No plugin knows its simulator"),
        ("wasa_link/__init__.py", "import nagorik_host\n", "nagorik_host"),
        (f"{PACKAGE}/inner/wire.py", "import nagorik\n", f"src/{PACKAGE}/inner has no __init__.py"),
        ("wasa_wire/client.py", "import nagorik\n", "src/wasa_wire has no __init__.py"),
        ("wasa_wire.py", "import nagorik\n", "src/wasa_wire.py lies in no package"),
    ],
)
def test_what_breaks_a_rule_is_found(tmp_path: Path, file: str, source: str, told: str) -> None:
    done = lint(tmp_path, SOUND | {file: source})
    assert done.returncode == 1
    assert told in done.stdout + done.stderr
