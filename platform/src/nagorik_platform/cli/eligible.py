"""``nagorik eligible``: what may this citizen apply for?"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from nagorik.data_files import DataFileInvalid, read_file
from nagorik.model.application import Applicant
from nagorik.values import to_bangla_digits
from nagorik_platform.cli.admission import plugins_here
from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.commands import BUILT_IN, BuiltInCommand, CommandFailed, ExitCode
from nagorik_platform.cli.explanation_page import criterion_lines
from nagorik_platform.cli.output import Document, add_day_argument, add_json_argument, day_of, print_json, print_lines
from nagorik_platform.cli.services import service_ids, unknown_service
from nagorik_platform.configuration import PlatformSettings
from nagorik_platform.dispatch.survey import ServiceEligibility
from nagorik_platform.json_files import parse_json
from nagorik_platform.platform import Platform
from nagorik_platform.registry import Registry
from nagorik_toolkit.texts import day_text

_HEADINGS: Final = {
    "eligible": ("May apply", "আবেদন করা যাবে"),
    "indeterminate": ("Cannot tell yet", "এখনো বলা যাচ্ছে না"),
    "ineligible": ("May not apply", "আবেদন করা যাবে না"),
}
_LONGEST_FILE: Final = 100_000


def _configure(parser: argparse.ArgumentParser) -> None:
    citizen = "the citizen as JSON; - reads standard input"
    named = "ask about this service alone; may be repeated"
    parser.add_argument("--applicant", required=True, metavar="FILE", help=citizen)
    parser.add_argument("--service", action="append", metavar="ID", help=named)
    add_day_argument(parser)
    add_json_argument(parser)


def _run(arguments: argparse.Namespace) -> int:
    """Print the services in three groups, each with its reasons."""
    applicant, day = _applicant(arguments.applicant), day_of(arguments)
    with plugins_here() as registry:
        for service in arguments.service or ():
            if service not in service_ids(registry):
                raise CommandFailed(unknown_service(registry, service), ExitCode.USAGE)
        found = asyncio.run(_survey(registry, applicant, day, arguments.service))
    services = [
        document_of(entry) | {"eligibility": entry.eligibility.value, "problem": document_of(entry.problem)}
        for entry in found
    ]
    if arguments.json:
        print_json({"on": day.isoformat(), "services": services})
    else:
        _print(services, day)
    return ExitCode.OK


async def _survey(
    registry: Registry, applicant: Applicant, day: date, services: Sequence[str] | None
) -> tuple[ServiceEligibility, ...]:
    async with Platform(registry, PlatformSettings()) as platform:
        return await platform.eligible_services(applicant, on=day, services=services)


def _applicant(name: str) -> "Applicant":
    """The citizen in a file; an error names the file or the fields, and no value."""
    file = "standard input" if name == "-" else Path(name).name
    try:
        typed = name == "-"
        content = sys.stdin.buffer.read(_LONGEST_FILE) if typed else read_file(Path(name), largest=_LONGEST_FILE)
        return parse_json(content, file, TypeAdapter(Applicant), Applicant)
    except DataFileInvalid as problem:
        raise CommandFailed(str(problem), ExitCode.USAGE) from None


def _print(services: Sequence[Document], day: date) -> None:
    on = day_text(day)
    print_lines(f"On {on.en}. No agency was asked.")
    print_lines(f"{on.bn} তারিখে। কোনো সংস্থার কাছে জানতে চাওয়া হয়নি।")
    for group, (english, bangla) in _HEADINGS.items():
        entries = [entry for entry in services if entry["eligibility"] == group]
        print_lines("", f"{english} ({len(entries)}) / {bangla} ({to_bangla_digits(str(len(entries)))})")
        for entry in entries:
            print_lines(f"  {entry['service']}  {entry['name']['en']} / {entry['name']['bn']}")
            if entry["problem"] is not None:
                print_lines(f"    - {entry['problem']['en']}", f"      {entry['problem']['bn']}")
            print_lines(*(f"    {line}" for line in criterion_lines(entry["criteria"])))


command: Final = BuiltInCommand(BUILT_IN["eligible"], _configure, _run)
