"""The arguments of ``nagorik cases``, ``inbox``, ``stop`` and ``resume``."""

import argparse
from datetime import datetime
from typing import Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, actions_of, add_action, add_signature, works
from nagorik_platform.cli.output import add_limit_argument

KINDS: Final = ("service", "plugin")
LIMIT: Final = 100
_CASE: Final = "the application's id, its client reference, or the id of a payment's case"


def _cases(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    past = add_action(actions, "decisions", "cases:list_decisions", "what was stopped, resumed and let go on")
    add_limit_argument(past, default=LIMIT)
    listed = add_action(actions, "list", "cases:list_all", "what waits, the longest first")
    add_limit_argument(listed, default=LIMIT)
    show = add_action(actions, "show", "cases:show", "everything that an officer decides by")
    show.add_argument("application", metavar="ID", help=_CASE)
    decide = add_action(actions, "decide", "cases:decide", "decide, by name and with a reason")
    decide.add_argument("application", metavar="ID", help=f"{_CASE}, which is closed")
    add_signature(decide, "who decides")
    decide.add_argument("--to", metavar="STATE", help="what the application becomes")
    decide.add_argument("--reference", help="the agency's reference, where only the officer has it")
    decide.add_argument("--payment", metavar="ID", help="the payment that is decided on")
    decide.add_argument("--payment-to", metavar="STATE", help="what the payment becomes")
    which = decide.add_mutually_exclusive_group()
    which.add_argument(
        "--accept-plugin",
        action="store_true",
        help="let it, and all others begun with the same release, go on with the plugin that is installed, be it of"
        " another line or older",
    )
    which.add_argument(
        "--look-again", action="store_true", help="let the host try again, after a defect has been removed"
    )
    _retry(add_action(actions, "retry", "cases:retry", "let the host try many again, after a defect was removed"))


def _retry(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "What the host left alone is looked at again at once, as by decide ID --look-again: what was sent before is"
        " looked up, and sent again only where it is not there. What waits for a decision on another release of a"
        " plugin is left as it is."
    )
    parser.add_argument("--code", help="why the host left them alone, such as defect")
    parser.add_argument("--plugin", "--agency", dest="plugin", metavar="ID", help="whose they are, or whom they call")
    parser.add_argument("--service", metavar="ID", help="what they are for")
    parser.add_argument(
        "--since", type=_instant, metavar="WHEN", help="last changed then or later: 2026-11-24T09:00+06:00"
    )
    parser.add_argument("--all", action="store_true", help="all that the host left alone")
    parser.add_argument("--dry-run", action="store_true", help="count them, and change nothing")
    add_signature(parser, "who decides", required=False)


def _inbox(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    listed = add_action(actions, "list", "inbox:list_all", "messages, the latest first")
    _add_filter(listed)
    add_limit_argument(listed, default=LIMIT)
    show = add_action(actions, "show", "inbox:show", "one message")
    show.add_argument("message", metavar="ID", help="the message's id, as in the list")
    retry = add_action(
        actions,
        "retry",
        "inbox:retry",
        "let messages be read again",
        description="Let one message, or all that were refused or failed in one way, be read again, as if they had"
        " just come. What counts already is never read again.",
    )
    retry.add_argument("message", metavar="ID", nargs="?", help="the message's id; without it, --result is needed")
    _add_filter(retry)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    settled = "such as waiting, taken, repeated, unknown-reference, defect or plugin-fault"
    parser.add_argument("--offer", metavar="ID", help="only those that came to this service or gateway")
    parser.add_argument("--result", metavar="CODE", help=f"only those with this result, {settled}")
    parser.add_argument("--older-than", type=_days, metavar="DAYS", help="only those that came so long ago")


def _stop(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "All workers heed it within a second. Applications wait where they are and lose nothing; calls under way are"
        " finished. Without arguments, what is stopped is listed."
    )
    parser.add_argument("kind", nargs="?", choices=KINDS, help="what is stopped")
    parser.add_argument("name", nargs="?", metavar="NAME", help="its id, such as nid.reissue or nid")
    parser.add_argument("--reason-en", metavar="TEXT", help="what citizens read, in English")
    parser.add_argument("--reason-bn", metavar="TEXT", help="what citizens read, in Bangla")
    parser.add_argument("--officer", help="who stops it")
    works(parser, "stop:stop")


def _resume(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=KINDS, help="what goes on")
    parser.add_argument("name", metavar="NAME", help="its id, such as nid.reissue or nid")
    parser.add_argument("--officer", required=True, help="who lets it go on")
    parser.add_argument("--reason", help="why")
    works(parser, "stop:resume")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):  # noqa: PLR2004 - more than two centuries
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise argparse.ArgumentTypeError("write a time with its zone, such as 2026-11-24T09:00+06:00")
    return found


cases: Final = HostCommand(HELP["cases"], _cases)
inbox: Final = HostCommand(HELP["inbox"], _inbox)
stop: Final = HostCommand(HELP["stop"], _stop)
resume: Final = HostCommand(HELP["resume"], _resume)
