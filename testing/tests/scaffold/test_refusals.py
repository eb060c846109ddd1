"""What is refused leaves nothing behind, and is told by the name of the flag."""

import errno
import tomllib
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from nagorik.manifest import parse_manifest
from nagorik_testing.scaffold import project_files as writing

from .conftest import NAMES, New

SUBMISSION = ["--kind", "submission-and-payment"]
HOSTILE = [
    'The "Water" Authority\\',
    "{{ 7 * 7 }} {% raw %} {# gone #} ${HOME} %s",
    "'''\"\"\" [x](y) | <b>&amp; # not a heading",
    "পানি সরবরাহ ও পয়ঃনিষ্কাশন \u200cকর্তৃপক্ষ",
    "x" * 120,
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", HOSTILE)
def test_name_comes_through_as_it_was_said(folder: Path, new: New, name: str) -> None:
    said = ["--name-en", name, "--name-bn", name, "--service-en", name, "--service-bn", name]

    assert new("wasa", *SUBMISSION, *NAMES, *said) == 0

    package = folder / "nagorik-wasa" / "src" / "nagorik_wasa"
    manifest = parse_manifest((package / "plugin.toml").read_bytes())
    assert (manifest.name.en, manifest.name.bn, manifest.services[0].name.bn) == (name, name, name)
    assert tomllib.loads((package / "fees.toml").read_text("utf-8"))["application"]["title"]["en"] == name
    project = tomllib.loads((folder / "nagorik-wasa" / "pyproject.toml").read_text("utf-8"))["project"]
    assert name in project["description"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--name-en", "two\nlines"),
        ("--name-bn", "পানি\u202eকর্তৃপক্ষ"),
        ("--service-en", "x" * 200),
        ("--service-bn", "   "),
        ("--name-en", "bell\x07"),
        ("--name-en", "half a pair \ud800"),
        ("--service-slug", "New Connection"),
        ("--service-slug", "x" * 61),
        ("--host", "https://api.wasa.example"),
    ],
)
def test_wrong_answer_is_refused_by_its_flag(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    assert new("wasa", *SUBMISSION, *NAMES, flag, value) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nagorik new: {flag}: ")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("plugin_id", ["Wasa", "9a", "../wasa", "wa_sa", "a" * 41, "wasa\n", ""])
def test_wrong_id_is_refused(folder: Path, new: New, capsys: pytest.CaptureFixture[str], plugin_id: str) -> None:
    assert new(plugin_id, *SUBMISSION, *NAMES) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nagorik new: ID: ")
    assert list(folder.iterdir()) == []


def test_service_id_that_the_manifest_would_refuse_is_refused(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new("a" * 40, *SUBMISSION, *NAMES, "--service-slug", "s" * 40) == 2
    assert "--service-slug: with the id and a dot at most 80 characters" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_everything_wrong_is_told_at_once(folder: Path, new: New, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("Wasa", *SUBMISSION, *NAMES, "--name-en", "", "--service-slug", "A B") == 2
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == [
        "ID",
        "--name-en",
        "--service-slug",
    ]


def test_what_is_missing_is_named_where_nobody_can_be_asked(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new("wasa", "--kind", "submission", "--wire", "xml", "--name-en", "Water") == 2
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == [
        "--name-bn",
        "--service-slug",
        "--service-en",
        "--service-bn",
        "--idempotency",
    ]


def test_question_has_no_idempotency(folder: Path, new: New, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("wasa", "--kind", "read-only", "--idempotency", "native", *NAMES) == 2
    assert "--idempotency: a read-only plugin changes nothing" in capsys.readouterr().err


@pytest.mark.parametrize("idempotency", ["native", "none"])
def test_the_reference_interface_promises_one_thing(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str], idempotency: str
) -> None:
    assert new("wasa", *SUBMISSION, "--idempotency", idempotency, *NAMES) == 2
    assert "--idempotency: the reference interface has client-reference" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_nothing_is_overwritten(folder: Path, new: New, capsys: pytest.CaptureFixture[str], there: str) -> None:
    target = folder / "nagorik-wasa"
    match there:
        case "folder":
            target.mkdir()
        case "file":
            target.write_text("mine")
        case _:
            target.symlink_to("nowhere")

    assert new("wasa", *SUBMISSION, *NAMES) == 2

    assert "nagorik-wasa exists already" in capsys.readouterr().err
    assert list(folder.iterdir()) == [target]
    assert there != "file" or target.read_text() == "mine"
    assert there != "folder" or list(target.iterdir()) == []


def test_folder_is_not_made_in_one_that_is_not_there(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new("wasa", *SUBMISSION, *NAMES, "--directory", "not/there") == 2
    assert "the folder not does not exist" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_package_that_is_installed_already_is_not_hidden(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new("testing", *SUBMISSION, *NAMES) == 2
    assert "a package nagorik_testing is installed already" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_full_disk_leaves_nothing_half_written(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.write_text

    def full(path: Path, text: str, **options: str) -> int:
        if path.name == "agency.toml":
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(path, text, **options)

    monkeypatch.setattr(writing.Path, "write_text", full)

    assert new("wasa", *SUBMISSION, *NAMES) == 2
    assert "nagorik-wasa cannot be written: No space left on device" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_kit_without_its_licence_writes_nothing(
    folder: Path, new: New, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "distribution", lambda _: PathDistribution(folder))

    assert new("wasa", *SUBMISSION, *NAMES) == 2

    assert "nagorik-testing is installed without its licence" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
