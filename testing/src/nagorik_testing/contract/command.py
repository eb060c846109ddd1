"""``nagorik contract``: prove an installed plugin against its simulated agency."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.progress import Progress

from nagorik import SettingsRejected
from nagorik.data_files import DataFileInvalid
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_day_argument, add_json_argument, day_of, plain, print_error, print_json
from nagorik_platform.logs import configure_logging, is_configured
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.live import Live, load_people
from nagorik_testing.contract.mutation.plugin_code import SCORE_FILE, MutationUnusable
from nagorik_testing.contract.mutation.runner import MutationReport, mutate
from nagorik_testing.contract.mutation.score import MutationScore, dump_score, kept_score, score_of, standing_of
from nagorik_testing.contract.render import render_report
from nagorik_testing.contract.report import Report, document_of
from nagorik_testing.contract.subject import Subject, settings_of
from nagorik_testing.contract.suite import FAMILY_OF, SuiteBroken, run_on_all_cores
from nagorik_testing.contract.waivers import WAIVERS_FILE, Waiver, judge, waivers_of
from nagorik_testing.simulator.base import SimulatorUnusable, installed_simulators, load_simulator

MUTANTS: Final = 100
"""Changes of a plugin's code, where no other number is given."""


class ContractCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "prove a plugin: every fault, every operation, against its simulated agency"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        add = parser.add_argument
        add("plugin", nargs="?", metavar="ID", help="the plugin to prove")
        add("--all", action="store_true", help="prove every plugin that brings a simulator")
        add("--report", type=Path, metavar="DIR", help="write ID.json and ID.html into this folder")
        add("--loopback", action="store_true", help="put the simulator on a socket of this machine")
        add("--every-row", action="store_true", help="let every service meet every fault, not the first alone")
        add("--family", action="append", metavar="FAMILY", help="run this family only; may be given several times")
        add("--verbose", action="store_true", help="show in full what follows from a failure, and not by name alone")
        package = f"{WAIVERS_FILE} in the plugin's package if not"
        add("--waivers", type=Path, metavar="FILE", help=f"known failures; {package}")
        add = parser.add_argument_group("against the agency's own sandbox").add_argument
        add(
            "--live",
            metavar="BASE_URL",
            help="ask the agency there; credentials come from NAGORIK_<ID>_… as on a host",
        )
        add("--destructive", action="store_true", help="with --live: also send what leaves something at the agency")
        add("--applicant", type=Path, metavar="FILE", help="with --live: the sandbox's own test people, as TOML")
        add = parser.add_argument_group("whether anything notices a fault").add_argument
        changes = (
            "also change the plugin's own code and data in N ways, one at a time, and show which no check notices;"
            f" {MUTANTS} if no number is given, all there are with 0"
        )
        add("--mutate", nargs="?", type=_number, const=MUTANTS, metavar="N", help=changes)
        tests = "put what the suite does not notice before the plugin's own tests in this folder"
        add("--tests", type=Path, metavar="DIR", help=f"with --mutate: {tests}")
        score = f"keep the score in this file, which counts as {SCORE_FILE} in the plugin's package"
        add("--score", type=Path, metavar="FILE", help=f"with --mutate: {score}")
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Prove each plugin; exit code 1 where a check fails, 2 where a plugin or a waiver cannot be used."""
        out = sys.stdout
        try:
            with redirect_stdout(sys.stderr):  # what a plugin prints is no part of the result
                reports = list(_reports(arguments, day_of(arguments), out))
        except (DataFileInvalid, LookupError, SimulatorUnusable, MutationUnusable) as problem:
            print_error(str(problem) if isinstance(problem, DataFileInvalid) else str(problem.args[0]))
            return ExitCode.USAGE
        except BrokenPipeError:
            raise
        except SettingsRejected as problem:
            names = ", ".join(f"{environment_prefix(problem.plugin)}{name.upper()}" for name in problem.names)
            print_error(f"the plugin's settings are missing or wrong: {names}")
            return ExitCode.USAGE
        except OSError as problem:
            print_error(f"the report cannot be written: {problem.strerror}")
            return ExitCode.USAGE
        except SuiteBroken as problem:
            print_error(f"the suite contradicts itself: {problem}")
            return ExitCode.FAILED
        sound = all(report.sound for report in reports)
        if arguments.json:
            print_json({"sound": sound, "plugins": [document_of(report) for report in reports]})
        return ExitCode.OK if sound else ExitCode.FINDINGS


command: Final = ContractCommand()


def _reports(arguments: argparse.Namespace, on: date, out: TextIO) -> Iterator[Report]:
    """A report for each plugin that was asked for, shown on ``out`` and written as soon as it is there."""
    subjects = _subjects(arguments)
    waivers = [waivers_of(subject, arguments.waivers) for subject in subjects]
    scores = [kept_score(subject) for subject in subjects]
    for subject in subjects:
        settings_of(subject)  # a missing secret is reported once, and not by every check
    if not is_configured():
        configure_logging(level="CRITICAL")  # an outage that the suite plays is no news
    for subject, waived, kept in zip(subjects, waivers, scores, strict=True):
        report = _prove(subject, waived, kept, arguments, on)
        if arguments.report is not None:
            write(report, arguments.report)
        if not arguments.json:
            lines = render_report(report, folder=arguments.report, verbose=arguments.verbose)
            out.write("".join(f"{plain(line).rstrip()}\n" for line in lines))
            out.flush()
        yield report


def write(report: Report, folder: Path) -> None:
    """Write the JSON document and the page of one plugin, named for it; those of an earlier run are replaced.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    from nagorik_testing.contract.render_page import render_page

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{report.manifest.id}.json"
    file.write_text(json.dumps(document_of(report), ensure_ascii=False, indent=2) + "\n", "utf-8")
    file.with_suffix(".html").write_text(render_page(report), "utf-8")


def _prove(
    subject: Subject, waivers: Sequence[Waiver], kept: MutationScore | None, arguments: argparse.Namespace, on: date
) -> Report:
    began = time.perf_counter()
    judgement = judge(run_on_all_cores(subject, families=arguments.family), waivers, on=on)
    seconds = time.perf_counter() - began
    plugin = subject.manifest.id
    mutation = None if arguments.mutate is None else _mutation_of(plugin, arguments)
    measured = None if mutation is None else score_of(plugin, mutation, on=on)
    if measured is not None and arguments.score is not None:
        arguments.score.write_text(dump_score(measured), "utf-8", newline="\n")
    return Report(subject, judgement, on, seconds, mutation, standing_of(plugin, kept, measured))


def _mutation_of(plugin: str, arguments: argparse.Namespace) -> MutationReport:
    """What becomes of changes of the plugin's code.

    Raises:
        MutationUnusable: They cannot be tried here.
    """
    if find_spec("coverage") is None:
        raise MutationUnusable('--mutate needs another package: pip install "nagorik-testing[mutation]"')
    with Progress(console=Console(stderr=True), transient=True) as shown:
        trials = shown.add_task(plugin, total=None)
        return mutate(
            plugin,
            arguments.mutate or None,
            tests=arguments.tests,
            progress=lambda done, of: shown.update(trials, completed=done, total=of),
        )


def _subjects(arguments: argparse.Namespace) -> list[Subject]:
    """The plugins that were asked for.

    Raises:
        LookupError: A plugin, a family or a simulator has no such name, or two arguments contradict each other.
        SimulatorUnusable: A simulator cannot be used.
    """
    installed = installed_simulators()
    known = ", ".join(installed) or "none: install a plugin that brings one"
    if arguments.all == bool(arguments.plugin):
        raise LookupError(f"name one plugin, or give --all; installed simulators: {known}")
    if problem := _contradiction(arguments):
        raise LookupError(problem)
    names = list(installed) if arguments.all else [arguments.plugin]
    if not names or arguments.plugin not in {None, *installed}:
        raise LookupError(f"no simulator of {arguments.plugin or 'any plugin'} is installed; installed: {known}")
    families = sorted({*FAMILY_OF.values(), *(check.family for check in CHECKS)})
    if strange := sorted(set(arguments.family or ()) - set(families)):
        raise LookupError(f"there is no family {', '.join(strange)}; families: {', '.join(families)}")
    live = _live(arguments)
    subjects = (
        Subject.installed(load_simulator(installed[name]), loopback=arguments.loopback, live=live) for name in names
    )
    return [replace(subject, every_row=arguments.every_row) for subject in subjects]


def _contradiction(given: argparse.Namespace) -> str | None:
    """Why some of the arguments do not go together; ``None`` where they do."""
    live, mutates = given.live is not None, given.mutate is not None
    wrong = {
        "--destructive and --applicant go with --live": not live and (given.destructive or given.applicant),
        "--live is of one plugin, and goes without --loopback": live and (given.all or given.loopback),
        "--tests goes with --mutate": given.tests is not None and not mutates,
        "--score goes with --mutate, and is of one plugin": given.score is not None and (not mutates or given.all),
        "--mutate goes without --live, --loopback and --family": mutates and (live or given.loopback or given.family),
        "--tests names the folder of one plugin's own tests": given.tests is not None
        and (given.all or not given.tests.is_dir()),
    }
    return next((text for text, is_wrong in wrong.items() if is_wrong), None)


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _live(arguments: argparse.Namespace) -> Live | None:
    """The live agency that was asked for.

    Raises:
        LookupError: The address names no host.
        DataFileInvalid: The file of test people cannot be used.
    """
    if arguments.live is None:
        return None
    people = None if arguments.applicant is None else load_people(arguments.applicant)
    live = Live(arguments.live, destructive=arguments.destructive, people=people)
    try:
        _ = live.host
    except ValueError:
        raise LookupError("--live wants an address such as https://sandbox.agency.example/v1") from None
    return live
