import gc
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nagorik_platform.cli.commands import find_commands, find_helps
from nagorik_platform.cli.entry import RARELY

GREET = """
import sys


class Greet:
    help = "greet 100% of those named"

    def configure(self, parser):
        parser.add_argument("name")

    def run(self, arguments):
        print(f"hello {arguments.name}")
        return 0 if arguments.name != "nobody" else 1


command = Greet()
"""
CORE = ("doctor", "eligible", "plugins", "services", "validate")


def test_help_lists_the_core_and_what_others_bring(site: Any, nagorik: Any) -> None:
    site.command("greet", GREET, distribution="nagorik-greeter")
    result = nagorik("--help")
    assert result.code == 0
    for name in CORE:
        assert f"\n    {name}" in result.out
    assert re.search(r"\n    greet +brought by nagorik-greeter 1.0.0\n", result.out)
    assert "Exit codes: 0 well, 1 something was found" in result.out
    assert result.err == ""


@pytest.mark.parametrize("command", CORE)
def test_every_command_has_a_whole_help(nagorik: Any, command: str) -> None:
    result = nagorik(command, "--help")
    assert result.code == 0
    assert result.out.startswith(f"usage: nagorik {command} ")
    assert "--json" in result.out
    # argparse leaves the column of help empty for an argument without one.
    options = result.out.partition("options:")[2]
    assert all(line.strip() for line in options.strip().splitlines())


def test_contributed_command_runs_like_any(site: Any, nagorik: Any) -> None:
    site.command("greet", GREET)
    greeted = nagorik("greet", "rahima")
    assert (greeted.code, greeted.out, greeted.err) == (0, "hello rahima\n", "")
    assert nagorik("greet", "nobody").code == 1
    helped = nagorik("greet", "--help")
    assert "Greet 100% of those named." in helped.out
    assert nagorik("greet").code == 2


def test_version_is_told(nagorik: Any) -> None:
    result = nagorik("--version")
    assert (result.code, result.out) == (0, "nagorik 1.0.0\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "required: COMMAND"),
        (("nonesuch",), "there is no command nonesuch; nagorik --help lists them"),
        (("plugins", "extra"), "unrecognized arguments: extra"),
        (("plugin",), "there is no command plugin; did you mean plugins?"),
        (("plugins", "--jso=7", "x", "--json"), "unrecognized arguments: --jso=7 x"),
        (("services", "--on", "tomorrow"), "argument --on: not a date such as 2026-11-24"),
        (("services", "--on", "9999-12-31"), "argument --on: the year does not lie between 1800 and 2199"),
        (("validate",), "required: PATH|DIST"),
    ],
)
def test_wrong_words_are_told_on_standard_error(nagorik: Any, words: tuple[str, ...], told: str) -> None:
    result = nagorik(*words)
    assert result.code == 2
    assert told in result.err
    assert result.out == ""


NUMBERS = ("19901234567890123", "১৯৯০১২৩৪৫৬৭৮৯০১২৩", "BX0123456", "01712-345678", "N' 1234567")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "words",
    [
        ("{}",),
        ("{}", "plugins"),
        ("plugins", "{}"),
        ("fees", "wasa.connection", "--set", "nid=", "{}"),
        ("services", "--on", "{}"),
        ("services", "--on={}"),
        ("services", "--{}"),
        ("services", "-{}"),
        ("services", "--json={}"),
        ("services", "{}"),
        ("eligible", "--applicant", "-", "--service", "{}"),
        ("contract", "wasa", "--level", "{}"),
        ("plugins", "--json", "--colour={}"),
    ],
)
def test_number_that_may_be_somebodys_is_repeated_by_no_error(
    site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], number: str
) -> None:
    """What was put in the wrong place stays in a shell's log for longer than anywhere else."""
    site.plugin("wasa")
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"name": {"en": "A"}, "birth_date": "1990-01-01"}'))
    )
    result = nagorik(*(word.format(number) for word in words))
    assert result.code == 2
    assert number not in result.out + result.err
    assert not any(char.isdecimal() and char not in "0123456789" for char in result.err)


@pytest.mark.parametrize("words", [("\udcff",), ("validate", "a\udcff"), ("plugins", "--json", "\ud800")])
def test_words_that_are_no_utf_8_begin_nothing(nagorik: Any, words: tuple[str, ...]) -> None:
    result = nagorik(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err == "nagorik: the arguments are not valid UTF-8, so nothing was begun\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "x = 1\nimport no_such_module\n",
            "cannot be imported: ModuleNotFoundError (there is no module no_such_module) at cli.py:2",
        ),
        ("raise ValueError('s3cret')\n", "cannot be imported: ValueError at cli.py:1"),
        ("import sys\nsys.exit(7)\n", "cannot be imported: SystemExit at cli.py:2"),
        ("other = 1\n", "cannot be imported: AttributeError"),
        ("command = 5\n", "is no object with help, configure and run"),
        (GREET.replace("command = Greet()", "command = Greet"), "is no object with help, configure and run"),
        (GREET.replace('    help = "greet 100% of those named"\n', ""), "is no object with help, configure and run"),
        (
            GREET.replace('parser.add_argument("name")', "raise OSError('s3cret')"),
            "its arguments raised OSError at cli.py:9",
        ),
    ],
)
def test_broken_command_names_its_distribution_and_hinders_no_other(
    site: Any, nagorik: Any, source: str, told: str
) -> None:
    site.command("greet", source, distribution="nagorik-greeter")
    result = nagorik("greet", "x")
    assert (result.code, result.out) == (2, "")
    assert "the command greet of nagorik-greeter 1.0.0 cannot be used: " in result.err
    assert told in result.err
    assert "s3cret" not in result.err
    assert nagorik("--help").code == 0
    assert nagorik("plugins").code == 0


def test_doctor_lists_broken_commands(site: Any, nagorik: Any) -> None:
    site.command("greet", GREET, distribution="nagorik-greeter")
    site.command("broken", "raise ValueError\n", distribution="nagorik-breaker")
    checks = {check["check"]: check for check in nagorik("doctor", "--json").document["checks"]}
    assert "command greet" not in checks
    assert checks["command broken"]["status"] == "wrong"
    assert checks["command broken"]["message"].startswith("broken: the command broken of nagorik-breaker 1.0.0")
    assert "Repair or uninstall nagorik-breaker" in checks["command broken"]["hint"]


def test_two_commands_of_one_name_are_both_refused(site: Any, nagorik: Any) -> None:
    site.command("greet", GREET, distribution="one-greeter")
    site.command("greet", GREET, distribution="two-greeter")
    result = nagorik("greet", "x")
    assert result.code == 2
    assert "two-greeter 1.0.0 has a command of this name" in result.err
    assert "broken: two-greeter 1.0.0 has a command of this" in " ".join(nagorik("--help").out.split())


def test_name_of_a_core_command_is_the_cores(site: Any, nagorik: Any) -> None:
    site.command("plugins", "raise ValueError\n", distribution="impostor")
    assert nagorik("plugins", "--json").document == {"plugins": []}
    checks = nagorik("doctor", "--json").document["checks"]
    told = [
        check["message"] for check in checks if check["check"] == "command plugins" and check["status"] == "wrong"
    ]
    taken = "cannot be used: nagorik-platform 1.0.0 has a command of this name"
    assert told == [f"broken: the command plugins of impostor 1.0.0 {taken}"]


@pytest.mark.parametrize("ours", ["Nagorik_Host", "Nagorik_Testing"])
def test_name_of_a_hosts_command_is_the_hosts(site: Any, nagorik: Any, ours: str) -> None:
    site.command("carry", "raise ValueError\n", distribution="an-impostor")
    site.command("carry", GREET, distribution=ours)
    site.command("carry", "raise ValueError\n", distribution="zz-impostor")
    assert nagorik("carry", "x").out == "hello x\n"
    helped = " ".join(nagorik("--help").out.split())
    assert f"carry brought by {ours} 1.0.0" in helped
    assert "impostor" not in helped
    told = {
        check["message"] for check in nagorik("doctor", "--json").document["checks"] if check["status"] == "wrong"
    }
    assert told >= {
        f"broken: the command carry of {name} 1.0.0 cannot be used: {ours} 1.0.0 has a command of this name"
        for name in ("an-impostor", "zz-impostor")
    }


def test_what_a_stranger_calls_itself_steers_no_terminal(site: Any, nagorik: Any) -> None:
    site.command("greet", "command = 1\n", distribution="evil\x1b[31mred")
    site.command("gr\x1b[2Jab", GREET, distribution="good")
    for words in (("greet", "x"), ("gr\x1b[2Jab", "x"), ("--help",), ("doctor",)):
        result = nagorik(*words)
        assert "\x1b" not in result.out + result.err
    assert "the command greet of evil[31mred 1.0.0 cannot be used" in nagorik("greet", "x").err
    assert "its name is not made of lower-case words" in nagorik("gr\x1b[2Jab", "x").err


def test_malformed_entry_points_hide_no_other_command(site: Any, nagorik: Any) -> None:
    site.install("malformed", "[nagorik.commands\nx = \n= y\n", {})
    site.command("greet", GREET)
    assert nagorik("greet", "x").out == "hello x\n"
    helped = " ".join(nagorik("--help").out.split())
    assert "malformed 1.0.0" in helped or "malformed" not in helped


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ("raise KeyError('s3cret')", 3, "the command greet failed: KeyError at cli.py:12"),
        ("return None", 3, "the command greet failed: TypeError"),
        ("raise KeyboardInterrupt", 130, ""),
        ("return 1", 1, ""),
    ],
)
def test_every_ending_is_a_code(site: Any, nagorik: Any, body: str, code: int, told: str) -> None:
    site.command("greet", GREET.replace('print(f"hello {arguments.name}")', body))
    result = nagorik("greet", "x")
    assert result.code == code
    assert told in result.err
    assert "s3cret" not in result.err
    assert "Traceback" not in result.err


TELLING = "class Nid1990123456789(Exception): pass\n"


@pytest.mark.parametrize(
    "source",
    [
        TELLING + "raise Nid1990123456789\n" + GREET,
        TELLING + GREET.replace('print(f"hello {arguments.name}")', "raise Nid1990123456789"),
        TELLING + GREET.replace('parser.add_argument("name")', "raise Nid1990123456789"),
        "raise ModuleNotFoundError(name='nid_1990123456789')\n" + GREET,
    ],
    ids=["imported", "run", "configured", "module"],
)
def test_name_of_an_exception_tells_nobody(site: Any, nagorik: Any, source: str) -> None:
    site.command("greet", source)
    for words in (("greet", "x"), ("doctor",)):
        result = nagorik(*words)
        assert "1990123456789" not in result.out + result.err
    assert "•••" in nagorik("greet", "x").err


def test_interruption_while_a_command_is_imported_is_a_code(site: Any, process: Any) -> None:
    site.command("greet", "raise KeyboardInterrupt\n" + GREET)
    told = process("greet", "x")
    assert (told.code, told.out, told.err) == (130, "", "")


RUN = "from nagorik_platform.cli import main; raise SystemExit(main())"


def started(site: Any, *words: str, before: str = "", **streams: Any) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, on streams as they are given."""
    return subprocess.run(
        [sys.executable, "-c", before + RUN, *words],
        env={**os.environ, "PYTHONPATH": str(site.directory)},
        encoding="utf-8",
        check=False,
        **streams,
    )


@pytest.fixture
def nobody() -> Iterator[int]:
    """The end of a pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_reader_that_has_seen_enough_is_no_finding(site: Any, nobody: int) -> None:
    for number in range(40):
        site.plugin(f"wasa{number}")
    for words in (("services",), ("plugins", "--json"), ("doctor",), ("--help",)):
        done = started(site, *words, stdout=nobody, stderr=subprocess.PIPE)
        assert (done.returncode, done.stderr) == (0, ""), words


@pytest.mark.parametrize(
    ("name", "code", "streams"), [("somebody", 0, ("stdout",)), ("nobody", 1, ("stdout", "stderr"))]
)
def test_reader_that_has_seen_enough_changes_no_exit_code(
    site: Any, nobody: int, name: str, code: int, streams: tuple[str, ...]
) -> None:
    """What a command found, and what it goes on to do, does not hang on who reads of it."""
    body = "print('x' * 200_000, flush=True); print('x' * 200_000, file=sys.stderr); open('done', 'w').close()"
    site.command("greet", GREET.replace('print(f"hello {arguments.name}")', body))
    ends = {stream: nobody if stream in streams else subprocess.PIPE for stream in ("stdout", "stderr")}
    done = started(site, "greet", name, cwd=site.directory, **ends)
    assert done.returncode == code
    assert (site.directory / "done").exists()
    assert "Traceback" not in f"{done.stdout}{done.stderr}"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [("plugins", "--json"), ("--help",)])
def test_output_that_cannot_be_written_is_a_failure(site: Any, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = started(site, *words, stdout=full, stderr=subprocess.PIPE)
    told = "nagorik: not all could be written to standard output (ENOSPC); what was done stays done\n"
    assert (done.returncode, done.stderr) == (3, told)


def test_command_of_a_stranger_is_kept_waiting_for_nothing_but_the_hosts_policy(process: Any, site: Any) -> None:
    site.command(
        "loaded",
        "import sys\n"
        "heavy = {'httpx', 'rich', 'sqlalchemy', 'structlog', 'nagorik_platform.dispatch'} & set(sys.modules)\n"
        + GREET.replace('print(f"hello {arguments.name}")', "print(sorted(heavy))"),
    )
    assert process("loaded", "x").out == "[]\n"


def test_collector_of_a_commands_process_runs_rarely_and_at_the_end_not_at_all(process: Any, site: Any) -> None:
    site.command(
        "collected",
        "import atexit, gc\nwhile_imported = gc.get_threshold()\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 10_000))\n"
        + GREET.replace(
            'print(f"hello {arguments.name}")', "print(while_imported == gc.get_threshold(), gc.isenabled())"
        )
        + f"assert while_imported == {RARELY}\n",
    )
    assert process("collected", "x").out == "True True\nTrue\n"


def test_the_collector_of_a_process_that_is_not_the_commands_is_left_alone(nagorik: Any) -> None:
    before, frozen = (gc.isenabled(), gc.get_threshold()), gc.get_freeze_count()
    assert nagorik("--help").code == 0
    assert (gc.isenabled(), gc.get_threshold()) == before
    assert gc.get_freeze_count() <= frozen  # what was frozen before may end of itself


def test_output_that_takes_no_bangla_is_no_crash(site: Any, process: Any) -> None:
    site.plugin()
    told = process("plugins", "--json", PYTHONIOENCODING="ascii")
    assert told.code == 0
    (plugin,) = [plugin for plugin in told.document["plugins"] if plugin["id"] == "wasa"]
    assert plugin["name"]["bn"] == "পানি কর্তৃপক্ষ"
    assert process("plugins", PYTHONIOENCODING="ascii").code == 0


def test_help_says_of_each_command_of_ours_what_it_does(nagorik: Any) -> None:
    helped = " ".join(nagorik("--help").out.split())
    helps = find_helps()
    assert {"contract", "demo"} <= helps.keys()
    ours = {item.name: item for item in find_commands() if item.name in helps}
    assert {name: item.load().help for name, item in ours.items()} == helps
    assert all(f" {name} {text} " in helped for name, text in helps.items())
