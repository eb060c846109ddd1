"""``nagorik agencies``, ``workers`` and ``settings``: how agencies and workers fare, and what workers take up."""

import argparse
from datetime import datetime
from functools import partial

from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.overview import read_agencies, read_workers
from nagorik_platform.system_clock import SystemClock


async def agencies(arguments: argparse.Namespace) -> CommandResult:
    """List the agencies; exit code 2 where the one to be tried again has refused no credentials."""
    at, tried = now(), arguments.try_again
    async with unlocked_database() as (database, _):
        if tried is not None:
            if not await database.run(partial(_try_again, plugin=tried, at=at)):
                raise CommandRefused(
                    "no agency of that id refuses this platform's credentials. এই আইডির কোনো সংস্থা প্ল্যাটফর্মের"
                    " পরিচয় প্রত্যাখ্যান করেনি।"
                )
            from nagorik_platform.logs import get_logger

            get_logger("nagorik.host").warning("credentials_tried_again", plugin=tried)
        found = await database.run(lambda transaction: read_agencies(transaction, at))
    rows = [one._asdict() for one in found]
    columns: Headings = {
        "agency": "plugin",
        "due": "due",
        "first due": "first_due",
        "waiting": "waiting",
        "in flight": "in_flight",
        "paced to": "paced_to",
        "calls in vain": "failures",
        "down since": "down_since",
        "cause": "cause",
        "probe": "probe_at",
    }
    nothing = "Nothing is queued for any agency. কোনো সংস্থার জন্য কিছু অপেক্ষায় নেই।"
    return CommandResult({"agencies": rows}, [Table(columns, rows) if rows else nothing])


def _try_again(transaction: Transaction, *, plugin: str, at: datetime) -> bool:
    from nagorik_host.engine.health import try_refused
    from nagorik_host.engine.tokens import try_refused_again

    was_refused = try_refused_again(transaction, plugin)
    return try_refused(transaction, [plugin], at) or was_refused


async def workers(_: argparse.Namespace) -> CommandResult:
    """List the workers."""
    # Workers live and die by the machine's own time.
    at = SystemClock().now()
    async with unlocked_database() as (database, _vault):
        found = await database.run(lambda transaction: read_workers(transaction, at))
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "alive": one.is_alive,
            "started_at": one.started_at,
            "heard_of_at": one.beat_at,
            "in_hand": dict(one.in_hand),
            "kept_out": [kept_out.plugin for kept_out in one.kept_out],
        }
        for one in found
    ]
    columns: Headings = {
        "worker": "name",
        "is": lambda one: "at work" if one["alive"] else "lost",
        "heard of": "heard_of_at",
        "started": "started_at",
        "in hand": lambda one: ", ".join(f"{number} {plugin}" for plugin, number in one["in_hand"].items()),
    }
    nothing = "No worker was heard of within a day. Start one: nagorik worker."
    return CommandResult({"workers": rows}, [Table(columns, rows) if rows else nothing])


async def reload(_: argparse.Namespace) -> CommandResult:
    """Ask all workers to read the settings of plugins anew; exit code 2 where they cannot be used."""
    from nagorik_host.engine.housekeeping import HEARTBEATS
    from nagorik_host.store.reloads import ask_reload
    from nagorik_platform.logs import get_logger

    settings = load_host_settings()
    async with unlocked_database(settings) as (database, _vault):
        if rejected := await _rejected(settings):
            raise CommandRefused(
                f"{'; '.join(rejected)}. Nothing was reloaded: the workers go on with the settings that they have."
                " Correct what is named, then run this again"
            )
        number = await database.run(partial(ask_reload, now=now()))
        found = await database.run(partial(read_workers, now=now()))
    get_logger("nagorik.host").warning("settings_reload_asked", number=number)
    takers = [worker.name for worker in found if worker.is_alive and worker.settings_reload is not None]
    seconds = settings.lease_seconds / HEARTBEATS
    take = f"worker{' takes' if len(takers) == 1 else 's take'}"
    shown = [f"The settings can be used. {len(takers)} {take} them up within {seconds:g} seconds."]
    return CommandResult({"reload": number, "workers": takers, "within_seconds": seconds}, shown)


async def _rejected(settings: HostSettings) -> list[str]:
    """What is wrong with the settings of plugins, as this process reads them; nothing is sent."""
    from nagorik_host.engine.reloads import rejected_of
    from nagorik_platform import Platform, PlatformSettings

    given = settings.platform().plugins
    async with Platform.discover(PlatformSettings(admission=settings.admission)) as platform:
        await platform.import_plugins()
        return rejected_of(await platform.reload(given), given)
