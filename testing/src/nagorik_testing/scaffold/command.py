"""The command ``nagorik new``."""

import argparse
import shlex
import sys
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from nagorik.values import dhaka_date
from nagorik_platform.cli.commands import ExitCode
from nagorik_testing.scaffold.answers import (
    CLASSES,
    NEEDED,
    Answers,
    AnswersRefused,
    FeeMoment,
    PluginKind,
    SessionKind,
    Wire,
    check,
    missing,
)
from nagorik_testing.scaffold.first_run import first_run
from nagorik_testing.scaffold.project_files import CannotWrite, render, write

_SAID: Final = (*NEEDED, "session", "fee_due")


class NewCommand:
    """Writes a plugin for a new agency, and tries it."""

    help = "write a plugin for a new agency, with its simulator and its tests"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.epilog = (
            "Nothing is ever overwritten. The exit code is 0 if the"
            " plugin is written and its tests pass, 1 if it is written and something failed, 2 if nothing is written."
        )
        parser.add_argument("id", metavar="ID", help="the plugin's id, such as wasa or land-records")
        parser.add_argument("--kind", choices=[kind.value for kind in PluginKind], help="what the plugin does")
        parser.add_argument("--name-en", metavar="NAME", help="the agency's name in English")
        parser.add_argument("--name-bn", metavar="NAME", help="the agency's name in Bangla")
        parser.add_argument("--service-slug", metavar="SLUG", help="the service's short name, such as new-connection")
        parser.add_argument("--service-en", metavar="NAME", help="the service's name in English")
        parser.add_argument("--service-bn", metavar="NAME", help="the service's name in Bangla")
        parser.add_argument(
            "--idempotency",
            choices=[each.value for each in CLASSES],
            help="what the agency promises of a repeated request; a read-only plugin has none",
        )
        parser.add_argument(
            "--wire",
            choices=[each.value for each in Wire],
            default=Wire.JSON.value,
            help="what the agency speaks; json, the default, is the reference interface, for one that publishes none",
        )
        parser.add_argument(
            "--session",
            choices=[each.value for each in SessionKind],
            help="how the agency knows who asks; none by default",
        )
        parser.add_argument(
            "--fee-due",
            choices=[each.value for each in FeeMoment],
            help="when a submission-and-payment is paid: before it is filed or after",
        )
        parser.add_argument("--host", help="the host to call (default: api.ID.example)")
        parser.add_argument(
            "--directory", type=Path, metavar="DIR", help="the folder that is made (default: nagorik-ID)"
        )
        parser.add_argument("--no-install", action="store_true", help="write the plugin, and do nothing else")
        parser.add_argument(
            "--as-of", type=_day, metavar="DATE", help="the day of what the manifest says; today in Dhaka"
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Write the plugin and try it."""
        try:
            answers = check(_complete(_said(arguments)))
            target: Path = arguments.directory or Path(answers.distribution)
            _refuse_to_shadow(answers)
            write(render(answers), target)
        except AnswersRefused as refused:
            for name, problem in refused.problems.items():
                _complain(f"{_flag(name)}: {problem}")
            return ExitCode.USAGE
        except CannotWrite as problem:
            _complain(str(problem))
            return ExitCode.USAGE
        _say(f"{target} is written: {answers.service}, modelled throughout.")
        if not arguments.no_install and not _tried(answers, target):
            return ExitCode.FINDINGS
        _say(*_next_steps(answers, target, installed=not arguments.no_install))
        return ExitCode.OK


command: Final = NewCommand()


def _said(arguments: argparse.Namespace) -> dict[str, object]:
    given = {name: getattr(arguments, name) for name in _SAID if getattr(arguments, name) is not None}
    return {
        "id": arguments.id,
        "host": arguments.host,
        "wire": arguments.wire,
        "as_of": arguments.as_of or dhaka_date(datetime.now(UTC)),
        **given,
    }


def _complete(said: dict[str, object]) -> dict[str, object]:
    """What was said, where nothing is missing.

    Raises:
        AnswersRefused: Something is missing, or one thing too many is said.
    """
    if said.get("kind") == PluginKind.READ_ONLY and "idempotency" in said:
        raise AnswersRefused({"idempotency": "a read-only plugin changes nothing, so leave it out"})
    if missing(said):
        raise AnswersRefused(dict.fromkeys(missing(said), "is missing"))
    return said


def _refuse_to_shadow(answers: Answers) -> None:
    """A second package of the name would hide the first, or be hidden by it.

    Raises:
        CannotWrite: There is one in this environment.
    """
    if find_spec(answers.package) is not None:
        raise CannotWrite(f"a package {answers.package} is installed already: choose another id")


def _tried(answers: Answers, target: Path) -> bool:
    well = True
    for done in first_run(answers.id, target.resolve()):
        _say(f"  {'ok    ' if done.well else 'failed'}  {done.what}")
        well = done.well
        if not well:
            _say(done.output.rstrip(), "", f"{target} stays as it is. Mend what failed, then go on in its README.md.")
    return well


def _next_steps(answers: Answers, target: Path, *, installed: bool) -> list[str]:
    speaks, simulated = "wire.py speaks its interface; ", "simulator.py"
    if answers.over_reference:
        speaks, simulated = "plugin.py names its services and checks; ", "simulator/agency.toml"
    words = (
        "" if answers.kind is PluginKind.GATEWAY else "forms.py is its form; the TOML files are its rules and words; "
    )
    steps = [
        *([] if installed else ["pip install --editable '.[tests]'"]),
        "read README.md: it lists what is modelled",
        f"in src/{answers.package}, make it the agency's: {speaks}{words}plugin.toml says what it promises",
        f"let {simulated} behave as the agency does",
        f"nagorik validate . --run && nagorik contract {answers.id} && pytest",
    ]
    numbered = (f"  {number}. {step}" for number, step in enumerate(steps, start=1))
    return [f"Next, in {shlex.quote(str(target))}:", *numbered]


def _flag(name: str) -> str:
    return "ID" if name == "id" else f"--{name.replace('_', '-')}"


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _complain(problem: str) -> None:
    sys.stderr.write(f"nagorik new: {problem}\n")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-24") from None
