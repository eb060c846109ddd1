"""``nagorik validate``: everything that can be said of a plugin, for its author."""

import argparse
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import Final

from nagorik_platform.cli.commands import ExitCode


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
        from nagorik_testing.validation.findings import Severity

        admission = host_admission() if arguments.run else ADMIT_ALL
        with redirect_stdout(sys.stderr):  # what a plugin prints when it is imported is none of the result
            findings = validate_path(arguments.target, on=day_of(arguments), run=arguments.run, admission=admission)
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
