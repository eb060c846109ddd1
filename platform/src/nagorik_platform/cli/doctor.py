"""``nagorik doctor``: is this installation sound, and if not, what is to be done?"""

import argparse
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Final

from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.checks import DoctorStatus, examine
from nagorik_platform.cli.commands import BUILT_IN, BuiltInCommand, ExitCode
from nagorik_platform.cli.output import add_json_argument, print_json, print_lines, print_table


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check this installation, and the host that is set up here. Every plugin is imported, as by its first"
        " use. No agency is called. Settings are shown by name, never by value."
    )
    add_json_argument(parser)


def _run(arguments: argparse.Namespace) -> int:
    """Print every check; exit code 1 where something is wrong."""
    with redirect_stdout(sys.stderr):  # what a plugin prints when it is imported is no part of the result
        checks = list(examine(datetime.now(UTC)))
    sound = not any(check.status is DoctorStatus.WRONG for check in checks)
    if arguments.json:
        print_json({"sound": sound, "checks": [{"check": one.pop("name"), **one} for one in document_of(checks)]})
    else:
        rows = [(item.name, item.status.value, item.message, item.hint) for item in checks]
        print_table(("check", "status", "what is so", "what to do"), rows)
        print_lines("This installation is sound." if sound else "Something is wrong with this installation.")
    return ExitCode.OK if sound else ExitCode.FINDINGS


command: Final = BuiltInCommand(BUILT_IN["doctor"], _configure, _run)
