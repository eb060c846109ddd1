"""The arguments of ``nagorik till`` and ``nagorik receipt``."""

import argparse
from pathlib import Path
from typing import Final

from nagorik_counter.commands import HELP
from nagorik_host.commands.command import HostCommand, actions_of, add_action, works
from nagorik_host.commands.for_citizens import add_application
from nagorik_platform.cli.output import add_limit_argument

_TILL: Final = "nagorik_counter.commands.till"
_WHICH: Final = "which; may be left out where one is open"


def _till(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    what = "begin a session with what is in the till"
    opened = add_action(
        actions,
        "open",
        f"{_TILL}:open_session",
        what,
        description="Begin a session. What is taken and given back from now on under the till's id, or under one that"
        " begins with it, is expected in the till at its close.",
    )
    what = "centre-0042/desk-1/operator-7, or its first parts: centre-0042/desk-1"
    opened.add_argument("--till", required=True, metavar="ID", help=what)
    opened.add_argument("--float", required=True, metavar="AMOUNT", help="what is in the till now, in taka")
    opened.add_argument("--by", required=True, metavar="ID", help="who opens it, by an id of the host's own")
    _add_session(add_action(actions, "show", f"{_TILL}:show", "a session as it stands, or as it was closed"))
    what = "end a session with what was counted; for good"
    closed = add_action(
        actions,
        "close",
        f"{_TILL}:close",
        what,
        description="End a session. What is expected is worked out from the host's own payments. Where the count is"
        " another, a reason and a second person are needed. A close cannot be changed.",
    )
    closed.add_argument("--till", metavar="ID", help=_WHICH)
    closed.add_argument("--counted", metavar="AMOUNT", help="what was counted, in taka")
    what = "how many of each note and coin: 500x3,100x2,0.50x4"
    closed.add_argument("--denominations", metavar="PIECES", help=what)
    closed.add_argument("--by", required=True, metavar="ID", help="who counted, by an id of the host's own")
    closed.add_argument("--reason", metavar="TEXT", help="why the count is another than was expected")
    closed.add_argument("--second", metavar="ID", help="who looked, too, where it is; another than --by")
    closed.add_argument("--sheet", type=Path, metavar="FILE", help="write the sheet to be signed into a new file")
    what = "write the sheet of a closed session, to be printed and signed"
    sheet = add_action(actions, "sheet", f"{_TILL}:write_sheet", what)
    _add_session(sheet)
    sheet.add_argument("--sheet", type=Path, required=True, metavar="FILE", help="a new file, HTML")
    listed = add_action(actions, "list", f"{_TILL}:list_all", "sessions, the last opened first")
    listed.add_argument("--till", metavar="ID", help="of this till alone")
    add_limit_argument(listed, default=50)


def _add_session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--till", metavar="ID", help=_WHICH)
    parser.add_argument("--session", metavar="NUMBER", help="which of the till's; the last by default")


def _receipt(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "There is a receipt of what a gateway took, whatever became of it since; it says how the payment stands. Each"
        " print is counted: from the second on it says which copy it is. It is written as a new file that only its"
        " owner can read, and never over another one."
    )
    add_application(parser)
    parser.add_argument("--payment", metavar="ID", help="which payment, where several were taken")
    what = "a page, or a PDF (default: html)"
    parser.add_argument("--format", choices=("html", "pdf"), default="html", help=what)
    what = "a sheet, or a receipt printer's roll (default: a4)"
    parser.add_argument("--paper", choices=("a4", "80mm"), default="a4", help=what)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the file to write")
    works(parser, "nagorik_counter.commands.receipt:receipt")


till: Final = HostCommand(HELP["till"], _till)
receipt: Final = HostCommand(HELP["receipt"], _receipt)
