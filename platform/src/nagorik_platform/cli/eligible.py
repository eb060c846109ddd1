"""``nagorik eligible``: what may this citizen apply for?"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import date
from typing import TYPE_CHECKING, Any, Final

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
        from nagorik_platform.cli.admission import AdmissionUnknown, host_admission
        from nagorik_platform.cli.output import day_of, print_error, print_json
        from nagorik_platform.cli.services import unknown_service
        from nagorik_platform.configuration import PlatformSettings
        from nagorik_platform.platform import Platform
        from nagorik_platform.registry import Registry

        try:
            applicant = _applicant(arguments.applicant)
        except ValueError as problem:
            print_error(str(problem))
            return ExitCode.USAGE
        with redirect_stdout(sys.stderr):  # what a plugin prints is none of the result
            try:
                settings = PlatformSettings(admission=host_admission())
            except AdmissionUnknown as unknown:
                print_error(str(unknown))
                return ExitCode.FAILED
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
    from pydantic import ValidationError

    from nagorik.model.application import Applicant
    from nagorik.privacy import without_input

    try:
        if name == "-":
            content = sys.stdin.buffer.read(_LONGEST_FILE + 1)
        else:
            with open(name, "rb") as file:  # noqa: PTH123 - one bounded read
                content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"the applicant's file cannot be read: {error.strerror or type(error).__name__}") from None
    if len(content) > _LONGEST_FILE:
        raise ValueError("the applicant's file is longer than 100 kB")
    try:
        return Applicant.model_validate_json(content)
    except ValidationError as error:
        problems = without_input(error).errors(include_input=False, include_context=False, include_url=False)
    told = "; ".join(_problem(item["type"], item["loc"], item["msg"]) for item in problems)
    raise ValueError(f"the applicant cannot be used: {told}")


def _problem(kind: str, place: tuple[int | str, ...], message: str) -> str:
    if kind == "json_invalid":
        return "the file is no JSON document"
    if kind == "extra_forbidden":
        # The key itself is what somebody wrote, and may be anything.
        place, message = (*place[:-1], "(a key)"), "there is no such field"
    return f"{'.'.join(str(part) for part in place) or 'the document'}: {message}"


def _print(found: Sequence["ServiceEligibility"], day: date, *, verbose: bool) -> None:
    from nagorik.values import to_bangla_digits
    from nagorik_platform.cli.output import print_lines

    print_lines(f"On {day.isoformat()}; no agency was asked.")
    print_lines(f"{to_bangla_digits(day.isoformat())} তারিখে; কোনো সংস্থাকে জিজ্ঞেস করা হয়নি।")
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


_DECISIVE: Final = {"indeterminate": "cannot-tell", "ineligible": "fail"}
"""The verdict that puts a service into its group."""


def _print_criterion(criterion: "Criterion", *, verbose: bool) -> None:
    from nagorik_platform.cli.explanation_page import criterion_document, source_line
    from nagorik_platform.cli.output import print_lines

    told = criterion_document(criterion)
    mark = f"[{told['verdict']}] " if verbose else ""
    print_lines(f"    - {mark}{told['text']['en']}", f"      {told['text']['bn']}")
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
