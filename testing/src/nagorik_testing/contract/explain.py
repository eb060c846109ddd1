"""``nagorik explain``: what a code of the contract suite means, and what to do about a failure."""

import argparse
import re
import sys
from typing import Final

from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_error
from nagorik_testing.contract.codes import BY_CODE, code_of, page_of

_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


class ExplainCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "explain a code of the contract suite: why it is checked, and what to do about a failure"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's argument."""
        parser.add_argument("code", metavar="CODE", help="such as NGK404; an id such as submit/F02 is taken, too")

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the page; exit code 2 for what is neither a code nor an id, today's or a former one."""
        code = arguments.code.upper() if arguments.code.upper() in BY_CODE else code_of(arguments.code)
        if not code:
            print_error(f"there is no code {arguments.code}; codes are NGK000 to {max(BY_CODE)}")
            return ExitCode.USAGE
        sys.stdout.write(_LINK.sub(r"\1", page_of(code)))
        return ExitCode.OK


command: Final = ExplainCommand()
