"""A plugin that the host denies is imported by no command, whatever else its distribution brings."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from preloaded_command import Ended, run_command

from nagorik_host.vault import make_keys
from nagorik_platform.cli.commands import find_commands

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "host" / "nid-reissue.json"
MANIFEST = """\
manifest_version = 1
id = "evil"
requires_api = "1.0"
name = { en = "Nobody's office", bn = "কারও দপ্তর নয়" }
owners = [{ name = "Nobody", contact = "nobody@evil.example" }]
evidence = "modelled"
as_of = 2026-10-01

[[services]]
id = "evil.eye"
name = { en = "A look", bn = "এক নজর" }
reads = ["eligibility", "status"]
"""
LEAVES_A_MARK = """\
import os
from pathlib import Path

Path(os.environ["MARKS"], "imported").touch()
"""
BROUGHT = """\
[nagorik.plugins]
evil = nagorik_evil.plugin

[nagorik.commands]
evil = nagorik_evil.plugin:command

[nagorik.simulators]
evil = nagorik_evil.plugin:EvilSimulator

[nagorik.checks]
evil = nagorik_evil.plugin:examine

[nagorik.suspensions]
evil = nagorik_evil.plugin:suspended

[nagorik.admissions]
evil = nagorik_evil.plugin:admitted

[pydantic]
evil = nagorik_evil.plugin:plugin
"""
WORDS = {
    "act": ("act", "NOBODYS", "go-on"),
    "agencies": ("agencies",),
    "applications": ("applications", "list"),
    "apply": ("apply", str(EXAMPLE)),
    "audit": ("audit", "verify"),
    # These compose simulators of their own and serve for long; what they do before is looked at.
    "campaign": ("campaign", "--help"),
    "cases": ("cases", "list"),
    "contract": ("contract", "--help"),
    "db": ("db", "upgrade"),
    "demo": ("demo", "--help"),
    "doctor": ("doctor",),
    "documents": ("documents", "NOBODYS"),
    "eligible": ("eligible", "--applicant", "applicant.json"),
    "erase": ("erase", "NOBODYS", "--yes"),
    "explain": ("explain", "NGK404"),
    "fees": ("fees", "nid.reissue"),
    "inbox": ("inbox", "list"),
    "keys": ("keys", "new", "first"),
    "new": ("new", "--help"),
    "payments": ("payments", "list"),
    "plugins": ("plugins", "--json"),
    "receipt": ("receipt", "NOBODYS"),
    "resume": ("resume", "plugin", "nid", "--officer", "A"),
    "services": ("services", "--json"),
    "settings": ("settings", "reload"),
    "simulate": ("simulate", "--help"),
    "stop": ("stop",),
    "till": ("till", "list"),
    "track": ("track", "NOBODYS"),
    "validate": ("validate", "nagorik-nid"),
    "worker": ("worker", "--once"),
    "portal": ("portal", "list"),
    "serve": ("serve", "--help"),
    "workers": ("workers",),
}
POLICIES = {
    "denied by id": 'deny = ["evil"]',
    "denied by distribution": 'deny = ["Nagorik.Evil"]',
    "not allowed": 'allow = ["nid", "cashdesk"]',
}
TELLTALES = ("doctor", "eligible", "plugins", "services", "settings", "worker")
"""The commands that look at every installed plugin."""


@dataclass(frozen=True)
class Place:
    """A host's folder, and a machine on which the evil plugin is installed."""

    folder: Path
    site: Path

    def host(self, policy: str) -> None:
        (self.folder / "nagorik.toml").write_text(f'keys_file = "keys.txt"\n{policy}\n', "utf-8")

    def run(self, *words: str) -> Ended:
        return run_command(*words, folder=self.folder, environment=self._environment())

    def run_anew(self, *words: str) -> subprocess.CompletedProcess[str]:
        """In a process that has imported nothing yet, pydantic included."""
        return self.python("from nagorik_platform.cli import main; raise SystemExit(main())", *words)

    def python(self, code: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.folder,
            env=self._environment() | variables,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        kept_out = ("NAGORIK_", "PYDANTIC_")
        own = {name: value for name, value in os.environ.items() if not name.startswith(kept_out)}
        return own | {"PYTHONPATH": str(self.site), "PYTHONIOENCODING": "utf-8", "MARKS": str(self.folder)}

    @property
    def marked(self) -> bool:
        return (self.folder / "imported").exists()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("machine")
    site, folder = root / "site", root / "host"
    info, package = site / "nagorik_evil-1.0.0.dist-info", site / "nagorik_evil"
    for directory in (info, package, folder):
        directory.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: nagorik-evil\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text(BROUGHT)
    (package / "plugin.toml").write_text(MANIFEST, "utf-8")
    for module in ("__init__.py", "plugin.py"):
        (package / module).write_text(LEAVES_A_MARK)
    applicant = {"name": {"en": "PORIKKHA NAGORIK"}, "birth_date": "1990-01-01"}
    (folder / "applicant.json").write_text(json.dumps(applicant))
    made = Place(folder, site)
    (folder / "keys.txt").write_text(make_keys("first"))
    (folder / "keys.txt").chmod(0o600)
    made.host(POLICIES["denied by id"])
    assert made.run("db", "upgrade").returncode == 0
    return made


@pytest.fixture
def place(machine: Place) -> Place:
    (machine.folder / "imported").unlink(missing_ok=True)
    machine.host(POLICIES["denied by id"])
    return machine


def test_every_command_is_looked_at() -> None:
    assert {item.name for item in find_commands()} <= WORDS.keys()


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_no_command_imports_a_denied_plugin(place: Place, words: tuple[str, ...]) -> None:
    done = place.run(*words)
    assert not place.marked, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", TELLTALES)
def test_no_command_imports_it_that_is_the_first_to_import_anything(place: Place, command: str) -> None:
    place.run_anew(*WORDS[command])
    assert not place.marked


@pytest.mark.parametrize(
    "words",
    [
        ("evil",),
        ("evil", "--help"),
        ("simulate", "evil"),
        ("contract", "evil"),
        ("validate", "nagorik-evil", "--run"),
    ],
    ids=" ".join,
)
def test_no_command_imports_what_is_denied_when_it_is_named(place: Place, words: tuple[str, ...]) -> None:
    done = place.run(*words)
    assert (done.returncode != 0, place.marked) == (True, False), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", TELLTALES)
@pytest.mark.parametrize("policy", list(POLICIES)[1:])
def test_no_policy_lets_it_in(place: Place, policy: str, command: str) -> None:
    place.host(POLICIES[policy])
    place.run(*WORDS[command])
    assert not place.marked


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_author_is_told_why_the_hooks_were_not_run(place: Place, policy: str) -> None:
    place.host(policy)
    done = place.run("validate", "nagorik-evil", "--run", "--json")
    (finding,) = [one for one in json.loads(done.stdout)["findings"] if one["severity"] == "error"]
    assert (done.returncode, place.marked) == (1, False)
    assert finding["message"].startswith("its hooks were not run: nagorik-evil 1.0.0 is kept out by the host: ")
    assert "Or validate it where no host's settings are" in finding["hint"]
    assert place.run("validate", "nagorik-evil").returncode == 0


def test_author_runs_the_hooks_where_no_policy_keeps_them_out(place: Place) -> None:
    place.host("")
    place.run("validate", "nagorik-evil", "--run")
    assert place.marked


def test_hooks_are_not_run_where_the_policy_cannot_be_read(place: Place) -> None:
    place.host('deny = ["evil"]\nno_such_setting = 1')
    done = place.run("validate", "nagorik-evil", "--run")
    assert (done.returncode, place.marked) == (2, False)
    assert "no_such_setting" in done.stderr


MODEL = "import pydantic\nclass Asked(pydantic.BaseModel):\n    word: str\n"


@pytest.mark.parametrize(
    ("code", "variables", "imported"),
    [
        (MODEL, {}, True),
        (f"import nagorik\n{MODEL}", {}, False),
        ("from nagorik import Money", {}, False),
        # Who runs the host may want a plugin of pydantic's all the same.
        (f"import nagorik\n{MODEL}", {"PYDANTIC_DISABLE_PLUGINS": "none-of-these"}, True),
    ],
)
def test_pydantic_imports_it_unless_it_is_told_not_to(
    place: Place, code: str, variables: dict[str, str], imported: bool
) -> None:
    done = place.python(code, **variables)
    assert (done.returncode, place.marked) == (0, imported), done.stderr


@pytest.mark.parametrize("command", ["eligible", "fees", "plugins", "services"])
def test_command_ends_where_the_host_cannot_tell_what_it_lets_in(place: Place, command: str) -> None:
    place.host("deny = 5")
    done = place.run(*WORDS[command])
    assert (done.returncode, done.stdout, place.marked) == (2, "", False)
    assert done.stderr == "nagorik: deny: Input should be a valid frozenset\n"


def test_it_is_imported_where_no_policy_keeps_it_out(place: Place) -> None:
    place.host("")
    place.run("doctor")
    assert place.marked


def test_commands_tell_that_it_is_kept_out(place: Place) -> None:
    plugins = json.loads(place.run("plugins", "--json").stdout)["plugins"]
    assert next(one for one in plugins if one["id"] == "evil")["quarantine"]["code"] == "denied"
    assert "evil.eye" not in place.run("services").stdout
    assert "evil.eye" not in place.run("eligible", "--applicant", "applicant.json").stdout
    told = {one["check"]: one["status"] for one in json.loads(place.run("doctor", "--json").stdout)["checks"]}
    assert (told["plugin evil"], told["command evil"]) == ("note", "note")
    assert "check evil" not in told


@pytest.mark.parametrize("command", TELLTALES)
def test_settings_that_cannot_be_read_let_nothing_in(place: Place, command: str) -> None:
    place.host('deny = ["evil"]\nno_such_setting = 1')
    done = place.run(*WORDS[command])
    assert not place.marked
    assert done.returncode != 0
    assert "no_such_setting" in done.stdout + done.stderr
