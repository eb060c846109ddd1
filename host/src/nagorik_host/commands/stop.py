"""``nagorik stop`` and ``nagorik resume``: an officer's kill switch for a service or a whole plugin."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_json, print_lines, print_table

if TYPE_CHECKING:
    from nagorik_host.engine.suspensions import SuspensionRecord
    from nagorik_host.store.database import Transaction

KINDS: Final = ("service", "plugin")


class StopCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "stop a service or a plugin: nothing more is sent until it is resumed; or list what is stopped"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "All workers heed it within a second. Applications wait where they are and lose nothing; calls under way"
            " are finished. Without arguments, what is stopped is listed."
        )
        parser.add_argument("kind", nargs="?", choices=KINDS, help="what is stopped")
        parser.add_argument("name", nargs="?", metavar="NAME", help="its id, such as nid.reissue or nid")
        parser.add_argument("--reason-en", metavar="TEXT", help="what citizens are told, in English")
        parser.add_argument("--reason-bn", metavar="TEXT", help="what citizens are told, in Bangla")
        parser.add_argument("--officer", help="who stops it")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Stop it, or list what is stopped."""
        return run_command(lambda: _stop(arguments))


class ResumeCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "let a stopped service or plugin go on, at the pace that its agency can bear"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("kind", choices=KINDS, help="what goes on")
        parser.add_argument("name", metavar="NAME", help="its id, such as nid.reissue or nid")
        parser.add_argument("--officer", required=True, help="who lets it go on")
        parser.add_argument("--reason", help="why")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Let it go on; exit code 2 where it was not stopped."""
        return run_command(lambda: _resume(arguments))


async def _stop(arguments: argparse.Namespace) -> int:
    from nagorik import Text
    from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
    from nagorik_host.settings import load_host_settings
    from nagorik_platform.logs import get_logger

    wanted = None
    if arguments.kind is not None:
        given = (arguments.name, arguments.reason_en, arguments.reason_bn, arguments.officer)
        if not all(part is not None and part.strip() for part in given):
            raise CommandRefused("to stop it, give NAME, --reason-en, --reason-bn and --officer")
        _require_known(arguments.kind, arguments.name)
        reason = Text(en=arguments.reason_en, bn=arguments.reason_bn)
        wanted = SuspensionRecord(arguments.kind, arguments.name, reason, arguments.officer, now())
    settings = load_host_settings()
    async with unlocked_database(settings) as (database, _):
        if wanted is not None:
            await database.run(partial(_write_stop, record=wanted))
            get_logger("nagorik.host").warning("stopped", kind=wanted.kind, subject=wanted.name)
        _print_suspensions(await database.run(list_suspensions), as_json=arguments.json)
    return ExitCode.OK


async def _resume(arguments: argparse.Namespace) -> int:
    from nagorik_host.engine.suspensions import list_suspensions
    from nagorik_host.settings import load_host_settings
    from nagorik_platform.logs import get_logger

    settings = load_host_settings()
    async with unlocked_database(settings) as (database, _):
        if not await database.run(partial(_write_resume, arguments=arguments)):
            raise CommandRefused(f"the {arguments.kind} {arguments.name} is not stopped; nagorik stop lists what is")
        get_logger("nagorik.host").warning("resumed", kind=arguments.kind, subject=arguments.name)
        _print_suspensions(await database.run(list_suspensions), as_json=arguments.json)
    return ExitCode.OK


def _write_stop(transaction: "Transaction", *, record: "SuspensionRecord") -> None:
    from nagorik_host.engine.suspensions import suspend
    from nagorik_host.store.cases import Decision, record_decision

    suspend(transaction, record)
    subject = f"{record.kind} {record.name}"
    record_decision(transaction, Decision(record.at, record.officer, "stop", subject, record.reason.en))


def _write_resume(transaction: "Transaction", *, arguments: argparse.Namespace) -> bool:
    from nagorik_host.engine.suspensions import resume
    from nagorik_host.store.cases import Decision, record_decision

    at = now()
    done = resume(transaction, arguments.kind, arguments.name, at)
    if done:
        subject = f"{arguments.kind} {arguments.name}"
        record_decision(transaction, Decision(at, arguments.officer, "resume", subject, arguments.reason or ""))
    return done


def _print_suspensions(found: "Sequence[SuspensionRecord]", *, as_json: bool) -> None:
    from nagorik_host.commands.render import when

    if as_json:
        print_json(
            {
                "stopped": [
                    {**one._asdict(), "reason": one.reason.model_dump(), "at": one.at.isoformat()} for one in found
                ]
            }
        )
    elif not found:
        print_lines("Nothing is stopped. কিছুই বন্ধ নেই।")
    else:
        rows = ((one.name, one.kind, one.reason.bn, one.reason.en, one.officer, when(one.at)) for one in found)
        print_table(("বন্ধ / stopped", "ধরন / kind", "কারণ", "reason", "কর্মকর্তা / officer", "কখন থেকে / since"), rows)


def _require_known(kind: Literal["service", "plugin"], name: str) -> None:
    """A misspelt name would stop nothing, and nobody would notice."""
    from nagorik_platform.cli.services import unknown_service
    from nagorik_platform.registry import Registry

    records = Registry.discover().records
    if kind == "plugin":
        if name not in {record.id for record in records}:
            raise CommandRefused(f"there is no plugin {name}; nagorik plugins lists what there is")
        return
    services = [s.id for record in records if record.manifest is not None for s in record.manifest.services]
    if name not in services:
        raise CommandRefused(unknown_service(name, services))


stop_command: Final = StopCommand()
resume_command: Final = ResumeCommand()
