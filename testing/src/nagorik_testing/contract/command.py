"""``nagorik contract``: prove an installed plugin against its simulated agency."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_day_argument, add_json_argument, day_of, plain, print_error, print_json
from nagorik.logs import configure_logging, is_configured
from nagorik_testing.contract.bench import Subject
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.package_waivers import WAIVERS_FILE, waivers_of
from nagorik_testing.contract.report import Report, document_of, make_report
from nagorik_testing.contract.suite import FAMILY_OF, SuiteBroken, run_suite
from nagorik_testing.contract.telling import tell
from nagorik_testing.contract.waivers import Waiver, WaiversInvalid, judge
from nagorik_testing.installed import SimulatorUnusable, installed_simulators, load_simulator


class ContractCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "prove a plugin: every fault, every operation, against its simulated agency"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("plugin", nargs="?", metavar="ID", help="the plugin to prove")
        parser.add_argument("--all", action="store_true", help="prove every plugin that brings a simulator")
        parser.add_argument(
            "--report", type=Path, metavar="DIR", help="write ID.json, ID.xml (JUnit) and ID.html into this folder"
        )
        parser.add_argument("--loopback", action="store_true", help="put the simulator on a socket of this machine")
        parser.add_argument(
            "--family", action="append", metavar="FAMILY", help="run this family only; may be given several times"
        )
        parser.add_argument(
            "--waivers",
            type=Path,
            metavar="FILE",
            help=f"known failures; {WAIVERS_FILE} in the plugin's package if not",
        )
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Prove each plugin; exit code 1 where a check fails, 2 where a plugin or a waiver cannot be used."""
        try:
            reports = list(_reports(arguments, day_of(arguments)))
        except (LookupError, SimulatorUnusable, WaiversInvalid) as problem:
            print_error(str(problem.args[0]))
            return ExitCode.USAGE
        except BrokenPipeError:
            raise
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


def _reports(arguments: argparse.Namespace, on: date) -> Iterator[Report]:
    """A report for each plugin that was asked for, told and written as soon as it is there."""
    subjects = _subjects(arguments)
    waivers = [waivers_of(subject, arguments.waivers) for subject in subjects]
    if not is_configured():
        # An outage that the suite plays is news to nobody.
        configure_logging(level="CRITICAL")
    for subject, waived in zip(subjects, waivers, strict=True):
        report = _prove(subject, waived, families=arguments.family, on=on)
        if arguments.report is not None:
            write(report, arguments.report)
        if not arguments.json:
            sys.stdout.write(plain_lines(tell(report, folder=arguments.report)))
            sys.stdout.flush()
        yield report


def plain_lines(lines: Sequence[str]) -> str:
    """Lines for a terminal that nothing in them steers."""
    return "".join(f"{plain(line).rstrip()}\n" for line in lines)


def write(report: Report, folder: Path) -> None:
    """Write the three reports of one plugin, named for it; those of an earlier run are replaced.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    import json

    from nagorik_testing.contract.junit import junit_of
    from nagorik_testing.contract.page import page_of

    folder.mkdir(parents=True, exist_ok=True)
    name = report.manifest.id
    document = json.dumps(document_of(report), ensure_ascii=False, indent=2)
    (folder / f"{name}.json").write_text(f"{document}\n", "utf-8")
    (folder / f"{name}.xml").write_bytes(junit_of(report))
    (folder / f"{name}.html").write_text(page_of(report), "utf-8")


def _prove(subject: Subject, waivers: Sequence[Waiver], *, families: Sequence[str] | None, on: date) -> Report:
    began = time.perf_counter()
    results = asyncio.run(run_suite(subject, families=families, checks=CHECKS))
    judgement = judge(results, waivers, on=on)
    return make_report(subject, judgement, on=on, seconds=time.perf_counter() - began)


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
    names = list(installed) if arguments.all else [arguments.plugin]
    if not names or arguments.plugin not in {None, *installed}:
        raise LookupError(f"no simulator of {arguments.plugin or 'any plugin'} is installed; installed: {known}")
    families = sorted({*FAMILY_OF.values(), *(check.family for check in CHECKS)})
    if strange := sorted(set(arguments.family or ()) - set(families)):
        raise LookupError(f"there is no family {', '.join(strange)}; families: {', '.join(families)}")
    return [Subject.installed(load_simulator(installed[name]), loopback=arguments.loopback) for name in names]
