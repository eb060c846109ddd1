"""``nagorik validate``: everything that can be said of a plugin, for its author."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_platform.cli.commands import ExitCode

if TYPE_CHECKING:
    from nagorik_testing.validation.findings import ValidationFinding


class ValidateCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "check a plugin: its manifest, what that names, its fees and, with --run, its hooks"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik_platform.cli.output import add_day_argument, add_json_argument

        parser.add_argument(
            "target",
            metavar="PATH|DIST",
            help="a plugin.toml, a package, a project, or an installed distribution; that it is not there or cannot"
            " be read is a finding like any, with exit code 1",
        )
        parser.add_argument(
            "--run", action="store_true", help="import the plugin, if the host here lets it in, and verify its hooks"
        )
        parser.add_argument("--strict", action="store_true", help="let warnings fail too")
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the findings; exit code 1 where one is an error, or with ``--strict`` a warning."""
        from nagorik_platform.cli.admission import host_admission
        from nagorik_platform.cli.output import day_of, print_json, print_lines, print_table
        from nagorik_platform.registry import ADMIT_ALL
        from nagorik_testing.validation.checks import validate_path
        from nagorik_testing.validation.findings import Severity, in_order

        on = day_of(arguments)
        admission = host_admission() if arguments.run else ADMIT_ALL
        with redirect_stdout(sys.stderr):  # what a plugin prints when it is imported is none of the result
            found = validate_path(arguments.target, on=on, run=arguments.run, admission=admission)
        findings = in_order([*found, *_fee_findings(arguments.target, on)])
        failing = {Severity.ERROR, Severity.WARNING} if arguments.strict else {Severity.ERROR}
        valid = not any(finding.severity in failing for finding in findings)
        if arguments.json:
            print_json({"target": arguments.target, "valid": valid, "findings": [asdict(item) for item in findings]})
        else:
            if findings:
                rows = [(item.severity.value, item.location, item.message, item.hint) for item in findings]
                print_table(("severity", "where", "what", "what to do"), rows)
                print_lines(*dict.fromkeys(item.raised for item in findings if item.raised))
            print_lines(f"{arguments.target} is {'valid' if valid else 'not valid'}.")
        return ExitCode.OK if valid else ExitCode.FINDINGS


command: Final = ValidateCommand()


def _fee_findings(target: str, on: date) -> Iterator["ValidationFinding"]:
    # The loader reads no fee files: most of what it is used for needs none.
    from nagorik.data_files import DataFileInvalid, read_file
    from nagorik.manifest import parse_manifest
    from nagorik_platform.registry import PluginRecord, PluginSource
    from nagorik_platform.registry.reading import LARGEST_MANIFEST
    from nagorik_platform.registry.tariffs import read_schedule
    from nagorik_testing.validation.findings import Severity, ValidationFinding
    from nagorik_testing.validation.source_files import check_reference
    from nagorik_toolkit.fees import NoTariff

    for directory in _packages(target):
        try:
            manifest = parse_manifest(read_file(directory / "plugin.toml", largest=LARGEST_MANIFEST))
        except DataFileInvalid:
            continue  # said already
        record = PluginRecord(PluginSource(manifest.id, target, "", ""), directory=directory, manifest=manifest)
        for number, service in enumerate(manifest.services):
            file = (service.fees or "").partition("#")[0]
            if service.fees is None or not (directory / file).is_file():
                continue
            location = f"services.{number}.fees"
            try:
                schedule = read_schedule(record, service.fees)
                lost = check_reference(directory, schedule.basis) if schedule.basis is not None else None
                if lost is not None:
                    hint = f"Define what {schedule.id}.basis names, or leave it out."
                    yield ValidationFinding(Severity.ERROR, f"{location}.basis", lost, hint)
                schedule.tariff_on(on)
            except NoTariff as error:
                yield ValidationFinding(
                    Severity.WARNING, location, str(error), "Add the tariff in force, with its source."
                )
            except DataFileInvalid as error:
                yield ValidationFinding(Severity.ERROR, location, str(error))


def _packages(target: str) -> Iterator[Path]:
    from packaging.utils import canonicalize_name

    from nagorik_platform.registry import Registry

    path = Path(target)
    if path.is_file():
        yield path.parent
    elif path.is_dir():
        files = [path / "plugin.toml", *path.glob("*/plugin.toml"), *path.glob("src/**/plugin.toml")]
        yield from sorted({file.parent for file in files if file.is_file()})
    else:
        wanted = canonicalize_name(target)
        for record in Registry.discover().records:
            if record.directory is not None and canonicalize_name(record.source.distribution) == wanted:
                yield record.directory
