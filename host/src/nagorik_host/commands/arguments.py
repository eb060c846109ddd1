"""The arguments of every command, and which coroutine function does its work."""

from datetime import datetime, time
from functools import partial
from pathlib import Path
from typing import Any, Final

from nagorik_host.commands.command import APPLICATION, Argument, HostCommand, argument
from nagorik_platform.cli.output import add_limit_argument, read_day


def _start_of_day(text: str) -> datetime:
    from nagorik.values.time import dhaka_zone

    return datetime.combine(read_day(text), time(), dhaka_zone())


def _option(name: str, metavar: str, help_: str, **options: Any) -> Argument:
    return argument(name, metavar=metavar, help=help_, **options)


def _flag(name: str, help_: str, **options: Any) -> Argument:
    return argument(name, action="store_true", help=help_, **options)


_several = partial(_option, action="append", default=[])
_date = partial(_option, type=_start_of_day)
_file = partial(_option, type=Path)
_LIMIT: Final = partial(add_limit_argument, default=100)
_SIGNED: Final = (
    _option("--officer", "NAME", "who decides; it is kept"),
    _option("--reason", "WHY", "why; it is kept, so write no citizen's name"),
)
_CASE: Final = _option("application", "ID", "an application's id or reference; or a payment case's id")
_STOPPED: Final = partial(argument, "kind", choices=("service", "plugin"))
_NAME: Final = partial(_option, "name", "NAME", "its id, such as nid.reissue or nid")
_MESSAGES: Final = (
    _option("--offer", "ID", "only those that came to this service or gateway"),
    _option("--result", "CODE", "only those with this result, such as waiting, taken or plugin-fault"),
)
_KEY: Final = (
    _option("name", "NAME", "what the key is called, such as the month: 2026-11"),
    _file("--out", "FILE", "write the key, and those that there are, into a new file that only you can read"),
)
_ACTIONS: Final = ("go-on", "corrected", "pay", "pay-again", "withdraw", "received", "consent", "slots", "book")
_PAGE: Final = (
    _date("--opened-after", "DATE", "taken in or begun on this date in Dhaka or later", dest="opened_from"),
    _date("--opened-before", "DATE", "taken in or begun before this date"),
    partial(add_limit_argument, default=50),
    _option("--after", "PLACE", "go on where a page ended, which names the place"),
)

act: Final = HostCommand(
    "take in what the citizen does: go on, correct, pay, withdraw, receive, consent, book; list free appointments",
    "applications:act",
    APPLICATION,
    argument("action", choices=_ACTIONS, help="what the citizen does"),
    _file("--form", "FILE", "with corrected: a JSON object of the fields that change"),
    _several("--document", "KIND=FILE", "with corrected: in place of all of its kind; may be repeated"),
    _option("--acting", "WHO", "with --document: who hands it in; by default the one who acts by the consent"),
    _option("--gateway", "ID", "with pay: what to pay by, such as cashdesk.counter"),
    _option("--slot", "SLOT", "with book: the appointment, by its id in what act ID slots lists"),
    _file("--consent", "FILE", "with consent: a JSON object as in an application's file"),
)
track: Final = HostCommand("show where an application is, and what happened to it", "render:track", APPLICATION)
apply: Final = HostCommand(
    "take an application in from a file, or all of a folder", "apply:apply", _file("path", "FILE|FOLDER", "JSON")
)
documents: Final = HostCommand(
    "list the documents of an application, handed in and fetched, or export them",
    "documents:documents",
    APPLICATION,
    argument("--export", nargs=2, metavar=("NUMBER", "FILE"), help="write one into a new file, which is not sealed"),
)
applications: Final = HostCommand(
    "list applications by state, service, age or hold; find one by a reference; repair a row",
    list=HostCommand(
        "those that are wanted, the latest taken in first",
        "listing:applications",
        _several("--state", "STATE", "in this state, such as in_review; may be repeated", dest="states"),
        _several("--service", "ID", "for this service; may be repeated", dest="services"),
        _several("--plugin", "ID", "for a service of this plugin; may be repeated", dest="plugins"),
        _option("--hold", "CODE", "it waits for this, such as ineligible"),
        _option("--blocked", "CODE", "the host leaves it alone because of this, such as defect"),
        _flag("--open", "not closed", dest="open_only"),
        _flag("--overdue", "due for more than 15 minutes; the longest due first"),
        *_PAGE,
    ),
    search=HostCommand(
        "those with this id, client reference, agency's reference or payment's id",
        "listing:search",
        _option("name", "ID|REFERENCE", "written exactly as it was given"),
    ),
    repair=HostCommand(
        "make a row what its journal amounts to, where nagorik audit verify says row-behind",
        "database:repair_rows",
        _option("application", "ID", "its id, or its client reference", nargs="?"),
        _flag("--all", "every application whose journal is ahead of its row"),
        *_SIGNED,
    ),
)
payments: Final = HostCommand(
    "list payments by gateway, state, date or age; reconcile a date with the gateways' books",
    list=HostCommand(
        "those that are wanted, the latest begun first",
        "listing:payments",
        _several("--gateway", "ID", "made through this gateway; may be repeated", dest="gateways"),
        _several("--state", "STATE", "in this state, such as captured; may be repeated", dest="states"),
        _option("--date", "DATE", "taken on this date in Dhaka, or begun and not taken", type=read_day, dest="day"),
        *_PAGE,
    ),
    reconcile=HostCommand(
        "compare a date's payments with the gateways' own books",
        "reconciliation:reconcile_payments",
        _option("--date", "DATE", "taken on this date in Dhaka", type=read_day, required=True),
        _option("--gateway", "ID", "of this gateway; of all gateways without it"),
        _file("--settlement", "FILE", "with --gateway: also compare its settlement file"),
        _file("--layout", "FILE", "with --settlement: how it is laid out, if not as usual"),
    ),
)
agencies: Final = HostCommand(
    "show each agency's queue, and whether the agency can be reached",
    "watching:agencies",
    _option("--try-again", "ID", "have an agency tried once, at once, with the credentials that it has refused"),
)
workers: Final = HostCommand(
    "list the workers, when each was last heard of, and what each has in hand", "watching:workers"
)
cases: Final = HostCommand(
    "list what waits for an officer, look at one, and decide",
    decisions=HostCommand("what was stopped, resumed and let go on", "cases:list_decisions", _LIMIT),
    list=HostCommand("what waits, the longest first", "cases:list_all", _LIMIT),
    show=HostCommand("everything that an officer decides by", "cases:show", _CASE),
    decide=HostCommand(
        "decide, by name and with a reason; a payment's case is closed",
        "cases:decide",
        _CASE,
        *_SIGNED,
        _option("--to", "STATE", "what the application becomes"),
        _option("--reference", "NUMBER", "the agency's reference, where only the officer has it"),
        _option("--payment", "ID", "the payment that is decided on"),
        _option("--payment-to", "STATE", "what the payment becomes"),
        _flag("--accept-plugin", "let all begun with its release of a plugin go on with the installed one"),
        _flag("--look-again", "let the host try again, after a defect has been removed"),
    ),
    retry=HostCommand(
        "let the host try many again, after a defect was removed; what was sent before is looked up first",
        "cases:retry",
        _option("--code", "CODE", "why the host left them alone, such as defect"),
        _option("--plugin", "ID", "whose they are, or whom they call"),
        _option("--service", "ID", "what they are for"),
        _date("--since", "DATE", "last changed on this date in Dhaka or later"),
        _flag("--all", "all that the host left alone"),
        _flag("--dry-run", "count them, and change nothing"),
        *_SIGNED,
    ),
)
inbox: Final = HostCommand(
    "list the messages of agencies and gateways, and have them read again; their content is never shown",
    list=HostCommand("messages, the latest first", "inbox:list_all", *_MESSAGES, _LIMIT),
    retry=HostCommand(
        "let one message be read again, or all with a result; what counts already never is",
        "inbox:retry",
        _option("message", "ID", "as in the list; without it, --result is needed", nargs="?"),
        *_MESSAGES,
    ),
)
stop: Final = HostCommand(
    "stop a service or a plugin: nothing more is sent until it is resumed; or list what is stopped",
    "stop:stop",
    _STOPPED(nargs="?", help="what is stopped; without it, what is stopped is listed"),
    _NAME(nargs="?"),
    _option("--reason-en", "TEXT", "what citizens read, in English"),
    _option("--reason-bn", "TEXT", "what citizens read, in Bangla"),
    _option("--officer", "NAME", "who stops it"),
)
resume: Final = HostCommand(
    "let a stopped service or plugin go on, at the pace that its agency can bear",
    "stop:resume",
    _STOPPED(help="what goes on"),
    _NAME(),
    _option("--officer", "NAME", "who decides; it is kept", required=True),
    _option("--reason", "WHY", "why"),
)
db: Final = HostCommand(
    "make the host's tables or bring them up to date; say that they were restored from a copy",
    upgrade=HostCommand("make the tables or bring them up to date", "database:upgrade_tables"),
    restored=HostCommand(
        "say that the database was restored from a copy: until caught-up, every write is looked up before it is made",
        "database:restored",
        *_SIGNED,
    ),
    caught_up=HostCommand(
        "say that all that was taken in since the copy was taken in again", "database:caught_up", *_SIGNED
    ),
)
erase: Final = HostCommand(
    "erase a citizen's data once the application is closed, one or all that are old enough",
    "keys:erase",
    _option("application", "ID", "one application: id or client reference", nargs="?"),
    _option("--closed-for", "DAYS", "all closed for so long; by default the setting retention_days", type=int),
)
keys: Final = HostCommand(
    "make keys, or wrap everything by the newest one",
    new=HostCommand("make a keyring for a new host", "keys:make", *_KEY, offers_json=False),
    add=HostCommand("make one more key, above the others", "keys:make", *_KEY, offers_json=False),
    rotate=HostCommand("wrap all data keys by the key in use, which is the first", "keys:rotate_keys"),
)
settings: Final = HostCommand(
    "let all workers take up other settings of plugins, such as new credentials, without a restart",
    reload=HostCommand("have every worker read the settings of its plugins anew", "watching:reload"),
)
