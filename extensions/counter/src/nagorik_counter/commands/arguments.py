"""The arguments of ``nagorik till`` and ``nagorik receipt``."""

from functools import partial
from pathlib import Path
from typing import Final

from nagorik_counter.commands import HELP
from nagorik_host.commands.command import APPLICATION, HostCommand, argument
from nagorik_platform.cli.output import add_limit_argument

_TILL: Final = argument("--till", metavar="ID", help="which; may be left out where one is open")
_SESSION: Final = argument("--session", type=int, metavar="NUMBER", help="which of the till's; the last by default")

till: Final = HostCommand(
    HELP["till"],
    open=HostCommand(
        "begin a session with what is in the till; what is taken and given back from now on is expected in it",
        "nagorik_counter.commands.till:open_session",
        argument("--till", required=True, metavar="ID", help="centre-0042/desk-1/operator-7, or its first parts"),
        argument("--float", required=True, metavar="AMOUNT", help="what is in the till now, in taka"),
        argument("--by", required=True, metavar="ID", help="who opens it, by an id of the host's own"),
    ),
    show=HostCommand(
        "a session as it stands, or as it was closed", "nagorik_counter.commands.till:show", _TILL, _SESSION
    ),
    close=HostCommand(
        "end a session with what was counted; for good",
        "nagorik_counter.commands.till:close",
        _TILL,
        argument("--counted", metavar="AMOUNT", help="what was counted, in taka"),
        argument("--denominations", metavar="PIECES", help="how many of each: 500x3,100x2,0.50x4"),
        argument("--by", required=True, metavar="ID", help="who counted, by an id of the host's own"),
        argument("--reason", metavar="TEXT", help="why the count is another than was expected"),
        argument("--second", metavar="ID", help="with --reason: who looked, too; another than --by"),
        argument("--sheet", type=Path, metavar="FILE", help="write the sheet to be signed into a new file"),
    ),
    sheet=HostCommand(
        "write the sheet of a closed session, to be printed and signed",
        "nagorik_counter.commands.till:write_sheet",
        _TILL,
        _SESSION,
        argument("--sheet", type=Path, required=True, metavar="FILE", help="a new file, HTML"),
    ),
    list=HostCommand(
        "sessions, the last opened first",
        "nagorik_counter.commands.till:list_all",
        argument("--till", metavar="ID", help="of this till alone"),
        partial(add_limit_argument, default=50),
    ),
)
receipt: Final = HostCommand(
    HELP["receipt"],
    "nagorik_counter.commands.receipt:receipt",
    APPLICATION,
    argument("--payment", metavar="ID", help="which payment, where several were taken"),
    argument("--format", choices=("html", "pdf"), default="html", help="a page, or a PDF (default: html)"),
    argument("--paper", choices=("a4", "80mm"), default="a4", help="a sheet, or a printer's roll (default: a4)"),
    argument("--output", type=Path, required=True, metavar="FILE", help="a new file, which only its owner can read"),
)
