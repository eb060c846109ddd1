"""The command ``nagorik campaign``."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, console, plain, print_json
from nagorik.logs import configure_logging
from nagorik_testing.scratch import scratch_folder

HOST_MISSING: Final = "needs the durable host: pip install 'nagorik-testing[host]'"


class CampaignCommand:
    """Runs many applications with faults and kills, and compares the host's books with the agencies' ledgers."""

    help = "run many applications with faults and kills, and compare the host's books with the agencies' ledgers"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.description = (
            "Hands in example applications for every service of every installed plugin that has a simulator, carries"
            " them through the durable host while requests meet faults and workers are killed at every step, and"
            " compares the host's books with what each simulated agency really did. Time is simulated. No real agency"
            " is called. The exit code is 0 if the two agree, 1 if they do not, 2 if the campaign cannot be run."
        )
        parser.add_argument("--applications", type=_count, default=200, metavar="N", help="how many (default: 200)")
        parser.add_argument("--seed", type=int, default=0, metavar="S", help="from which all is drawn (default: 0)")
        parser.add_argument(
            "--only",
            type=_count,
            action="append",
            default=[],
            metavar="N",
            help="only this application of the campaign, by its number; may be repeated",
        )
        parser.add_argument(
            "--database",
            metavar="URL",
            help="an empty database: sqlite:///FILE or postgresql://… (default: a SQLite file that is deleted)",
        )
        parser.add_argument("--workers", type=_count, default=1, metavar="W", help="side by side (default: 1)")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the campaign; the exit code says whether books and ledgers agree."""
        configure_logging(level="ERROR")
        if find_spec("nagorik_host") is None:
            return _refused(HOST_MISSING)
        from nagorik_host.store import DatabaseInvalid, DatabaseUnavailable
        from nagorik_testing.campaign.cohort import DatabaseInUse
        from nagorik_testing.campaign.run import Plan, campaign
        from nagorik_testing.campaign.telling import as_document, tell
        from nagorik_testing.installed import SimulatorUnusable

        began = time.monotonic()
        try:
            with _database(arguments.database) as url:
                plan = Plan(
                    applications=arguments.applications,
                    seed=arguments.seed,
                    url=url,
                    workers=arguments.workers,
                    only=tuple(arguments.only),
                )
                told = asyncio.run(campaign(plan))
        except (DatabaseInUse, DatabaseInvalid, DatabaseUnavailable, SimulatorUnusable) as error:
            return _refused(str(error))
        seconds = time.monotonic() - began
        if arguments.json:
            print_json(as_document(told, seed=arguments.seed, seconds=seconds))
        else:
            tell(console(), told, seed=arguments.seed, seconds=seconds)
        return ExitCode.FINDINGS if told.findings else ExitCode.OK


@contextmanager
def _database(given: str | None) -> Iterator[str]:
    """The database that was named, or one of our own that is deleted."""
    if given is not None:
        yield given
        return
    with scratch_folder("campaign") as folder:
        yield f"sqlite:///{folder}/books.db"


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _refused(why: str) -> int:
    sys.stderr.write(f"nagorik campaign: {plain(why)}\n")
    return ExitCode.USAGE


command: Final = CampaignCommand()
