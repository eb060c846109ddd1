"""``nagorik contract``: prove an installed plugin against its simulated agency."""

import argparse
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
from nagorik_testing.contract.report import Report, document_of, make_report
from nagorik_testing.contract.subject import Subject, settings_of
from nagorik_testing.contract.suite import FAMILY_OF, SuiteBroken, run_on_all_cores
from nagorik_testing.contract.waivers import WAIVERS_FILE, Waiver, judge, waivers_of
from nagorik_testing.simulator.base import SimulatorUnusable, installed_simulators, load_simulator


class ContractCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "prove a plugin: every fault, every operation, against its simulated agency"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("plugin", nargs="?", metavar="ID", help="the plugin to prove")
        parser.add_argument("--all", action="store_true", help="prove every plugin that brings a simulator")
        parser.add_argument("--report", type=Path, metavar="DIR", help="write ID.json and ID.html into this folder")
        parser.add_argument("--loopback", action="store_true", help="put the simulator on a socket of this machine")
        parser.add_argument(
            "--every-row",
            action="store_true",
            help="let every service meet every fault, not the first alone",
        )
        parser.add_argument(
            "--family", action="append", metavar="FAMILY", help="run this family only; may be given several times"
        )
        parser.add_argument(
            "--verbose", action="store_true", help="tell in full what follows from a failure, and not by name alone"
        )
        parser.add_argument(
            "--waivers",
            type=Path,
            metavar="FILE",
            help=f"known failures; {WAIVERS_FILE} in the plugin's package if not",
        )
        live = parser.add_argument_group("against the agency's own sandbox")
        live.add_argument(
            "--live",
            metavar="BASE_URL",
            help="ask the agency there; credentials come from NAGORIK_<ID>_… as on a host",
        )
        live.add_argument(
            "--destructive", action="store_true", help="with --live: also send what leaves something at the agency"
        )
        live.add_argument(
            "--applicant", type=Path, metavar="FILE", help="with --live: the sandbox's own test people, as TOML"
        )
        mutation = parser.add_argument_group("whether anything notices a fault")
        mutation.add_argument(
            "--mutate",
            nargs="?",
            type=_number,
            const=MUTANTS,
            metavar="N",
            help="also change the plugin's own code and data in N ways, one at a time, and show which no check"
            f" notices; {MUTANTS} if no number is given, all there are with 0",
        )
        mutation.add_argument(
            "--tests",
            type=Path,
            metavar="DIR",
            help="with --mutate: put what the suite does not notice before the plugin's own tests in this folder",
        )
        mutation.add_argument(
            "--score",
            type=Path,
            metavar="FILE",
            help=f"with --mutate: keep the score in this file, which counts as {SCORE_FILE} in the plugin's package",
        )
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Prove each plugin; exit code 1 where a check fails, 2 where a plugin or a waiver cannot be used."""
        out = sys.stdout
        try:
            with redirect_stdout(sys.stderr):  # what a plugin prints is none of the result
                reports = list(_reports(arguments, day_of(arguments), out))
        except DataFileInvalid as problem:
            print_error(str(problem))
            return ExitCode.USAGE
        except (LookupError, SimulatorUnusable, MutationUnusable) as problem:
            print_error(str(problem.args[0]))
            return ExitCode.USAGE
        except BrokenPipeError:
            raise
        except SettingsRejected as problem:
            print_error(_missing_settings(problem))
            return ExitCode.USAGE
        except OSError as problem:
            print_error(f"the report cannot be written: {problem.strerror}")
            return ExitCode.USAGE
        except SuiteBroken as problem:
            print_error(f"the suite contradicts itself: {problem}")
            return ExitCode.FAILED
        if arguments.json:
            documents = [document_of(report) for report in reports]
            print_json({"sound": all(report.sound for report in reports), "plugins": documents})
        return ExitCode.OK if all(report.sound for report in reports) else ExitCode.FINDINGS


command: Final = ContractCommand()

MUTANTS: Final = 100
"""Changes of a plugin's code, unless somebody asks for another number."""


def _reports(arguments: argparse.Namespace, on: date, out: TextIO) -> Iterator[Report]:
    """A report for each plugin that was asked for, told to ``out`` and written as soon as it is there."""
    subjects = _subjects(arguments)
    waivers = [waivers_of(subject, arguments.waivers) for subject in subjects]
    scores = [kept_score(subject) for subject in subjects]
    for subject in subjects:
        settings_of(subject)  # a missing secret is said once, and not by every check
    if not is_configured():
        # An outage that the suite plays is news to nobody.
        configure_logging(level="CRITICAL")
    for subject, waived, kept in zip(subjects, waivers, scores, strict=True):
        report = _prove(subject, waived, kept, arguments, on)
        if arguments.report is not None:
            write(report, arguments.report)
        if not arguments.json:
            out.write(plain_text(render_report(report, folder=arguments.report, verbose=arguments.verbose)))
            out.flush()
        yield report


def plain_text(lines: Sequence[str]) -> str:
    """Lines for a terminal that nothing in them steers."""
    return "".join(f"{plain(line).rstrip()}\n" for line in lines)


def write(report: Report, folder: Path) -> None:
    """Write the three reports of one plugin, named for it; those of an earlier run are replaced.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    import json

    from nagorik_testing.contract.render_page import render_page

    folder.mkdir(parents=True, exist_ok=True)
    name = report.manifest.id
    document = json.dumps(document_of(report), ensure_ascii=False, indent=2)
    (folder / f"{name}.json").write_text(f"{document}\n", "utf-8")
    (folder / f"{name}.html").write_text(render_page(report), "utf-8")


def _prove(
    subject: Subject,
    waivers: Sequence[Waiver],
    kept: MutationScore | None,
    arguments: argparse.Namespace,
    on: date,
) -> Report:
    began = time.perf_counter()
    results = run_on_all_cores(subject, families=arguments.family)
    judgement = judge(results, waivers, on=on)
    seconds = time.perf_counter() - began
    mutation = None if arguments.mutate is None else _mutation_of(subject, arguments)
    measured = None if mutation is None else score_of(subject.manifest.id, mutation, on=on)
    if measured is not None and arguments.score is not None:
        arguments.score.write_text(dump_score(measured), "utf-8", newline="\n")
    score = standing_of(subject.manifest.id, kept, measured)
    return make_report(subject, judgement, on=on, seconds=seconds, mutation=mutation, score=score)


def _mutation_of(subject: Subject, arguments: argparse.Namespace) -> MutationReport:
    """What becomes of changes of the plugin's code.

    Raises:
        MutationUnusable: They cannot be tried here.
    """
    if find_spec("coverage") is None:
        raise MutationUnusable('--mutate needs another package: pip install "nagorik-testing[mutation]"')
    with Progress(console=Console(stderr=True), transient=True) as shown:
        trials = shown.add_task(subject.manifest.id, total=None)
        return mutate(
            subject.manifest.id,
            arguments.mutate or None,
            tests=arguments.tests,
            progress=lambda done, of: shown.update(trials, completed=done, total=of),
        )


def _missing_settings(problem: SettingsRejected) -> str:
    prefix = environment_prefix(problem.plugin)
    names = ", ".join(f"{prefix}{name.upper()}" for name in problem.names)
    return f"the plugin's settings are missing or wrong: {names}"


def _subjects(arguments: argparse.Namespace) -> list[Subject]:
    """The plugins that were asked for.

    Raises:
        LookupError: A plugin, a family or a simulator has no such name.
        SimulatorUnusable: A simulator cannot be used.
    """
    installed = installed_simulators()
    known = ", ".join(installed) or "none: install a plugin that brings one"
    if arguments.all == bool(arguments.plugin):
        raise LookupError(f"name one plugin, or give --all; installed simulators: {known}")
    _refuse_mutation(arguments)
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


def _refuse_mutation(arguments: argparse.Namespace) -> None:
    """See that what was asked of changes goes with the rest.

    Raises:
        LookupError: It does not.
    """
    if arguments.mutate is None and arguments.tests is not None:
        raise LookupError("--tests goes with --mutate")
    if arguments.score is not None and (arguments.mutate is None or arguments.all):
        raise LookupError("--score goes with --mutate, and is of one plugin")
    if arguments.mutate is not None and (arguments.live is not None or arguments.loopback or arguments.family):
        raise LookupError("--mutate goes without --live, --loopback and --family")
    if arguments.tests is not None and (arguments.all or not arguments.tests.is_dir()):
        raise LookupError("--tests names the folder of one plugin's own tests")


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _live(arguments: argparse.Namespace) -> Live | None:
    """The live agency that was asked for.

    Raises:
        LookupError: The words contradict each other, or the address is none.
        DataFileInvalid: The file of test people cannot be used.
    """
    if arguments.live is None:
        if arguments.destructive or arguments.applicant:
            raise LookupError("--destructive and --applicant go with --live")
        return None
    if arguments.all or arguments.loopback:
        raise LookupError("--live is of one plugin, and goes without --loopback")
    people = None if arguments.applicant is None else load_people(arguments.applicant)
    live = Live(arguments.live, destructive=arguments.destructive, people=people)
    try:
        usable = live.host
    except ValueError:
        usable = ""
    if not usable:
        raise LookupError("--live wants an address such as https://sandbox.agency.example/v1")
    return live
