"""``nagorik eligible``: what may this citizen apply for?"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from nagorik_platform.cli.commands import ExitCode

if TYPE_CHECKING:
    from nagorik.model.application import Applicant
    from nagorik.model.eligibility import Criterion
    from nagorik_platform.dispatch.survey import ServiceEligibility

_HEADINGS: Final = {
    "eligible": ("May apply", "আবেদন করা যাবে"),
    "indeterminate": ("Cannot tell yet", "এখনো বলা যাচ্ছে না"),
    "ineligible": ("May not apply", "আবেদন করা যাবে না"),
}
_LONGEST_FILE: Final = 100_000


class EligibleCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "tell what a citizen may apply for across all agencies, asking none of them"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik_platform.cli.output import add_day_argument, add_json_argument

        parser.add_argument(
            "--applicant", required=True, metavar="FILE", help="the citizen as JSON; - reads standard input"
        )
        parser.add_argument(
            "--service", action="append", metavar="ID", help="ask about this service alone; may be repeated"
        )
        parser.add_argument("--verbose", action="store_true", help="show what holds too")
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the services in three groups, each with its reasons."""
        from nagorik_platform.cli.admission import host_admission
        from nagorik_platform.cli.output import day_of, print_error, print_json
        from nagorik_platform.cli.services import unknown_service
        from nagorik_platform.configuration import PlatformSettings
        from nagorik_platform.logs import configure_logging, is_configured
        from nagorik_platform.platform import Platform
        from nagorik_platform.registry import Registry

        try:
            applicant = _applicant(arguments.applicant)
        except ValueError as problem:
            print_error(str(problem))
            return ExitCode.USAGE
        if not is_configured():
            configure_logging(level="WARNING")  # that a plugin was imported is news to nobody at a counter
        with redirect_stdout(sys.stderr):  # what a plugin prints is none of the result
            settings = PlatformSettings(admission=host_admission())
            registry = Registry.discover(admission=settings.admission)
            known = [
                service.id for record in registry.records if record.manifest for service in record.manifest.services
            ]
            for service in arguments.service or ():
                if service not in known:
                    print_error(unknown_service(service, known))
                    return ExitCode.USAGE
            day = day_of(arguments)
            found = asyncio.run(_survey(Platform(registry, settings), applicant, day, arguments.service))
        if arguments.json:
            print_json({"on": day.isoformat(), "services": [_document(entry) for entry in found]})
        else:
            _print(found, day, verbose=arguments.verbose)
        return ExitCode.OK


async def _survey(
    platform: Any, applicant: "Applicant", day: date, services: Sequence[str] | None
) -> tuple["ServiceEligibility", ...]:
    async with platform:
        found: tuple[ServiceEligibility, ...] = await platform.eligible_services(applicant, on=day, services=services)
        return found


def _applicant(name: str) -> "Applicant":
    """The citizen in a file.

    Raises:
        ValueError: With a text that names the file or the fields, and no value.
    """
    from pydantic import TypeAdapter

    from nagorik.data_files import read_file
    from nagorik.model.application import Applicant
    from nagorik_platform.json_files import parse_json

    if name != "-":
        content = read_file(Path(name), largest=_LONGEST_FILE)
    elif (given := cast("TextIO | None", sys.stdin)) is None:
        raise ValueError("standard input is closed; name a file")
    elif len(content := given.buffer.read(_LONGEST_FILE + 1)) > _LONGEST_FILE:
        raise ValueError(f"standard input: larger than {_LONGEST_FILE} bytes")
    file = "standard input" if name == "-" else Path(name).name
    return parse_json(content, file, TypeAdapter(Applicant), Applicant)


def _print(found: Sequence["ServiceEligibility"], day: date, *, verbose: bool) -> None:
    from nagorik.values import to_bangla_digits
    from nagorik_platform.cli.output import print_lines
    from nagorik_toolkit.texts import day_text

    on = day_text(day)
    print_lines(f"On {on.en}. No agency was asked.")
    print_lines(f"{on.bn} তারিখে। কোনো সংস্থার কাছে জানতে চাওয়া হয়নি।")
    for group, (english, bangla) in _HEADINGS.items():
        entries = [entry for entry in found if entry.eligibility.value == group]
        print_lines("", f"{english} ({len(entries)}) / {bangla} ({to_bangla_digits(str(len(entries)))})")
        for entry in entries:
            print_lines(f"  {entry.service}  {entry.name.en} / {entry.name.bn}")
            if entry.problem is not None:
                print_lines(f"    - {entry.problem.en}", f"      {entry.problem.bn}")
            for criterion in entry.criteria:
                if verbose or criterion.verdict.value == _DECISIVE.get(group):
                    _print_criterion(criterion, verbose=verbose)


_VERDICTS: Final = {
    "pass": ("Met", "পূরণ হয়েছে"),
    "fail": ("Not met", "পূরণ হয়নি"),
    "cannot-tell": ("Not known", "জানা নেই"),
}
_DECISIVE: Final = {"indeterminate": "cannot-tell", "ineligible": "fail"}
"""The verdict that puts a service into its group."""


def _print_criterion(criterion: "Criterion", *, verbose: bool) -> None:
    from nagorik_platform.cli.explanation_page import criterion_document, source_line
    from nagorik_platform.cli.output import print_lines

    told = criterion_document(criterion)
    english, bangla = (f"{mark}: " if verbose else "" for mark in _VERDICTS[told["verdict"]])
    print_lines(f"    - {english}{told['text']['en']}", f"      {bangla}{told['text']['bn']}")
    if told["source"] is not None:
        print_lines(f"      {source_line(told['source'])}")


def _document(entry: "ServiceEligibility") -> dict[str, Any]:
    from nagorik_platform.cli.explanation_page import criterion_document

    return {
        "service": entry.service,
        "name": entry.name.model_dump(),
        "agency": entry.agency.model_dump(),
        "eligibility": entry.eligibility.value,
        "because": entry.because.value if entry.because else None,
        "problem": entry.problem.model_dump() if entry.problem else None,
        "criteria": [criterion_document(criterion) for criterion in entry.criteria],
    }


command: Final = EligibleCommand()
