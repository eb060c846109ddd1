"""The arguments of every command, and which coroutine function does its work."""

import argparse
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import APPLICATION, Argument, HostCommand, argument, one_of
from nagorik_platform.cli.output import add_limit_argument, read_day

if TYPE_CHECKING:
    from nagorik.values import Money

ACTIONS: Final = ("go-on", "corrected", "pay", "pay-again", "withdraw", "received", "consent")
NO_CITIZENS: Final = (
    "No application is found by a citizen's name, phone or NID number: those are sealed, and the host keeps no index"
    " of them."
)


def _amount(text: str) -> "Money":
    from nagorik.values import Money, NationalDataError

    try:
        return Money.parse(text)
    except NationalDataError:
        raise argparse.ArgumentTypeError("not an amount such as 345 or 345.50") from None


def _instant(text: str) -> datetime:
    from nagorik.values.time import dhaka_zone

    try:
        given = datetime.fromisoformat(text)
        return given if given.tzinfo is not None else given.replace(tzinfo=dhaka_zone())
    except ValueError:
        raise argparse.ArgumentTypeError("not a time such as 2026-11-24 or 2026-11-24T09:30") from None


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):  # noqa: PLR2004 - more than two centuries
        raise argparse.ArgumentTypeError("not a number of days")
    return int(text)


def _option(name: str, metavar: str, help_: str, **options: Any) -> Argument:
    return argument(name, metavar=metavar, help=help_, **options)


def _flag(name: str, help_: str) -> Argument:
    return argument(name, action="store_true", help=help_)


_several = partial(_option, action="append", default=[])
_time = partial(_option, type=_instant)
_LIMIT: Final = partial(add_limit_argument, default=100)
_OFFICER: Final = argument("--officer", required=True, help="who decides; it is kept")
_SIGNED: Final = (
    _OFFICER,
    argument("--reason", required=True, help="why; it is kept, so write no citizen's name"),
)
_CASE: Final = _option("application", "ID", "an application's id or reference; or a payment case's id")
_KINDS: Final = ("service", "plugin")
_MESSAGES: Final = (
    _option("--offer", "ID", "only those that came to this service or gateway"),
    _option("--result", "CODE", "only those with this result, such as waiting, taken or plugin-fault"),
    _option("--older-than", "DAYS", "only those that came so long ago", type=_days),
)
_PAGE: Final = (
    _time(
        "--opened-after", "TIME", "taken in or begun then or later: 2026-11-24T09:30, in Dhaka", dest="opened_from"
    ),
    _time("--opened-before", "TIME", "taken in or begun before that"),
    _time("--updated-after", "TIME", "last changed then or later", dest="updated_from"),
    _time("--updated-before", "TIME", "last changed before that"),
    partial(add_limit_argument, default=50),
    _option("--after", "PLACE", "go on where a page ended, which names the place"),
)

act: Final = HostCommand(
    HELP["act"],
    "applications:act",
    (
        APPLICATION,
        argument("action", choices=ACTIONS, help="what the citizen does"),
        _option("--form", "FILE", "with corrected: a JSON object of the fields that change", type=Path),
        _several("--document", "KIND=FILE", "with corrected: in place of all of its kind; may be repeated"),
        _option("--acting", "WHO", "with --document: who hands it in; by default the one who acts by the consent"),
        _option("--gateway", "ID", "with pay: what to pay by, such as cashdesk.counter"),
        _option("--consent", "FILE", "with consent: a JSON object as in an application's file", type=Path),
    ),
)
track: Final = HostCommand(HELP["track"], "applications:track", (APPLICATION,))
apply: Final = HostCommand(
    HELP["apply"],
    "apply:apply",
    (_option("path", "FILE|FOLDER", "a JSON file, or a folder of them", type=Path),),
    epilog="A file is taken in once, so after an interruption apply the folder again. The exit code is 2 if the file"
    " was refused, 1 if any of a folder was, and 3 if any could not be taken in for a fault that is not its own.",
)
documents: Final = HostCommand(
    HELP["documents"],
    "documents:documents",
    (
        APPLICATION,
        argument(
            "--export",
            nargs=2,
            metavar=("NUMBER", "FILE"),
            help="write the document of a number in the list into a new file",
        ),
    ),
    epilog="What is exported is no longer sealed: it is written as a new file that only its owner can read.",
)
applications: Final = HostCommand(
    HELP["applications"],
    actions={
        "list": HostCommand(
            "those that are wanted, the latest taken in first",
            "listing:applications",
            (
                _several("--state", "STATE", "in this state, such as in_review; may be repeated", dest="states"),
                _several("--service", "ID", "for this service; may be repeated", dest="services"),
                _several("--plugin", "ID", "for a service of this plugin; may be repeated", dest="plugins"),
                _option("--gateway", "ID", "the citizen pays by this gateway"),
                _option("--hold", "CODE", "it waits for this, such as ineligible"),
                _option("--blocked", "CODE", "the host leaves it alone because of this, such as defect"),
                argument("--open", action="store_true", dest="open_only", help="not closed"),
                one_of(
                    _flag("--due", "due now; the longest due first"),
                    _flag("--overdue", "due for more than 15 minutes"),
                ),
                *_PAGE,
            ),
            epilog=NO_CITIZENS,
        ),
        "search": HostCommand(
            "those with this id, client reference, agency's reference or payment's id",
            "listing:search",
            (_option("name", "ID|REFERENCE", "written exactly as it was given"),),
            epilog=NO_CITIZENS,
        ),
        "repair": HostCommand(
            "make a row what its journal amounts to, where nagorik audit verify says row-behind",
            "database:repair_rows",
            (
                one_of(
                    _option("application", "ID", "its id, or its client reference", nargs="?"),
                    _flag("--all", "every application whose journal is ahead of its row"),
                    required=True,
                ),
                *_SIGNED,
            ),
        ),
    },
)
payments: Final = HostCommand(
    HELP["payments"],
    actions={
        "list": HostCommand(
            "those that are wanted, the latest begun first",
            "listing:payments",
            (
                _several("--gateway", "ID", "made through this gateway; may be repeated", dest="gateways"),
                _several("--state", "STATE", "in this state, such as captured; may be repeated", dest="states"),
                _option("--application", "ID", "of this application"),
                _option("--date", "DATE", "taken on this date, or begun and not taken", type=read_day, dest="day"),
                _option("--amount-from", "AMOUNT", "at least this was taken or asked for: 345.50", type=_amount),
                _option("--amount-to", "AMOUNT", "at most this", type=_amount),
                *_PAGE,
            ),
        ),
        "reconcile": HostCommand(
            "compare a date's payments with the gateways' own books",
            "reconciliation:reconcile_payments",
            (
                _option("--date", "DATE", "taken on this date in Dhaka", type=read_day, required=True),
                _option("--gateway", "ID", "of this gateway; of all gateways without it"),
                _option("--settlement", "FILE", "with --gateway: also compare its settlement file", type=Path),
                _option("--layout", "FILE", "with --settlement: how it is laid out, if not as usual", type=Path),
            ),
        ),
    },
)
agencies: Final = HostCommand(
    HELP["agencies"],
    "watching:agencies",
    (_option("--try-again", "ID", "have an agency tried once, at once, with the credentials that it has refused"),),
)
workers: Final = HostCommand(
    HELP["workers"],
    "watching:workers",
)
cases: Final = HostCommand(
    HELP["cases"],
    actions={
        "decisions": HostCommand("what was stopped, resumed and let go on", "cases:list_decisions", (_LIMIT,)),
        "list": HostCommand("what waits, the longest first", "cases:list_all", (_LIMIT,)),
        "show": HostCommand("everything that an officer decides by", "cases:show", (_CASE,)),
        "decide": HostCommand(
            "decide, by name and with a reason; a payment's case is closed",
            "cases:decide",
            (
                _CASE,
                *_SIGNED,
                _option("--to", "STATE", "what the application becomes"),
                _option("--reference", "NUMBER", "the agency's reference, where only the officer has it"),
                _option("--payment", "ID", "the payment that is decided on"),
                _option("--payment-to", "STATE", "what the payment becomes"),
                one_of(
                    _flag(
                        "--accept-plugin", "let all begun with its release of a plugin go on with the installed one"
                    ),
                    _flag("--look-again", "let the host try again, after a defect has been removed"),
                ),
            ),
        ),
        "retry": HostCommand(
            "let the host try many again, after a defect was removed",
            "cases:retry",
            (
                _option("--code", "CODE", "why the host left them alone, such as defect"),
                argument(
                    "--plugin", "--agency", dest="plugin", metavar="ID", help="whose they are, or whom they call"
                ),
                _option("--service", "ID", "what they are for"),
                _time("--since", "TIME", "last changed then or later"),
                _flag("--all", "all that the host left alone"),
                _flag("--dry-run", "count them, and change nothing"),
                argument("--officer", help="who decides; it is kept"),
                argument("--reason", help="why; it is kept, so write no citizen's name"),
            ),
            epilog="As by decide ID --look-again: what was sent before is looked up, and sent again only where it is"
            " not there.",
        ),
    },
)
inbox: Final = HostCommand(
    HELP["inbox"],
    actions={
        "list": HostCommand("messages, the latest first", "inbox:list_all", (*_MESSAGES, _LIMIT)),
        "retry": HostCommand(
            "let one message be read again, or all with a result; what counts already never is",
            "inbox:retry",
            (_option("message", "ID", "as in the list; without it, --result is needed", nargs="?"), *_MESSAGES),
        ),
    },
)
stop: Final = HostCommand(
    HELP["stop"],
    "stop:stop",
    (
        argument("kind", nargs="?", choices=_KINDS, help="what is stopped"),
        _option("name", "NAME", "its id, such as nid.reissue or nid", nargs="?"),
        _option("--reason-en", "TEXT", "what citizens read, in English"),
        _option("--reason-bn", "TEXT", "what citizens read, in Bangla"),
        argument("--officer", help="who stops it"),
    ),
    epilog="All workers heed it within a second. Without arguments, what is stopped is listed.",
)
resume: Final = HostCommand(
    HELP["resume"],
    "stop:resume",
    (
        argument("kind", choices=_KINDS, help="what goes on"),
        _option("name", "NAME", "its id, such as nid.reissue or nid"),
        _OFFICER,
        argument("--reason", help="why"),
    ),
)
db: Final = HostCommand(
    HELP["db"],
    actions={
        "upgrade": HostCommand("make the tables or bring them up to date", "database:upgrade_tables"),
        "restored": HostCommand(
            "say that the database was restored from a copy, so that what was sent since is not sent again",
            "database:restored",
            _SIGNED,
            epilog="With all workers stopped. Every write is then looked up before it is first made, until nagorik db"
            " caught-up.",
        ),
        "caught-up": HostCommand(
            "say that all that was taken in since the copy was taken in again", "database:caught_up", _SIGNED
        ),
    },
)
erase: Final = HostCommand(
    HELP["erase"],
    "keys:erase",
    (
        one_of(
            _option("application", "ID", "one application: id or client reference", nargs="?"),
            _option("--closed-for", "DAYS", "all that have been closed for so long", type=int),
        ),
    ),
    epilog="Forms and documents are deleted, and the key of everything else is destroyed. Without arguments, the"
    " setting retention_days says how long is long enough.",
)
_KEY: Final = _option("name", "NAME", "what the key is called, such as the month: 2026-11")
keys: Final = HostCommand(
    HELP["keys"],
    actions={
        "new": HostCommand(
            "make a keyring for a new host",
            "keys:make",
            (_KEY, _option("--out", "FILE", "write it into a new file that only you can read", type=Path)),
            offers_json=False,
        ),
        "add": HostCommand(
            "make one more key, to be put above the others",
            "keys:make",
            (_KEY, _option("--out", "FILE", "write all keys into a new file, the new one above", type=Path)),
            offers_json=False,
        ),
        "rotate": HostCommand("wrap all data keys by the key in use, which is the first", "keys:rotate_keys"),
    },
)
settings: Final = HostCommand(
    HELP["settings"],
    actions={
        "reload": HostCommand(
            "have every worker read the settings of its plugins anew",
            "watching:reload",
            epilog="What a process has from its environment, and all settings but those of plugins, need a restart.",
        ),
    },
)
