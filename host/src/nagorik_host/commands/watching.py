"""``nagorik agencies``, ``workers`` and ``settings``: how agencies and workers fare, and what workers take up."""

import argparse
from functools import partial
from typing import Final

from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.overview import read_agencies, read_workers
from nagorik_platform.system_clock import SystemClock

_AGENCIES: Final[Headings] = {
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
_WORKERS: Final[Headings] = {
    "worker": "name",
    "is": lambda one: "at work" if one["is_alive"] else "lost",
    "heard of": "beat_at",
    "started": "started_at",
    "in hand": lambda one: ", ".join(f"{number} {plugin}" for plugin, number in one["in_hand"].items()),
}


async def agencies(arguments: argparse.Namespace) -> CommandResult:
    """List the agencies; exit code 2 where the one to be tried again has refused no credentials."""
    at, plugin = now(), arguments.try_again

    def try_again(transaction: Transaction) -> bool:
        from nagorik_host.engine.health import try_refused
        from nagorik_host.engine.tokens import try_refused_again

        is_down = try_refused(transaction, plugin, at)
        return try_refused_again(transaction, plugin) or is_down

    async with unlocked_database() as (database, _):
        if plugin is not None:
            if not await database.run(try_again):
                raise CommandRefused(
                    "no agency of that id refuses this platform's credentials. এই আইডির কোনো সংস্থা প্ল্যাটফর্মের"
                    " পরিচয় প্রত্যাখ্যান করেনি।"
                )
            from nagorik_platform.logs import get_logger

            get_logger("nagorik.host").warning("credentials_tried_again", plugin=plugin)
        found = await database.run(partial(read_agencies, now=at))
    rows = [one._asdict() for one in found]
    nothing = "Nothing is queued for any agency. কোনো সংস্থার জন্য কিছু অপেক্ষায় নেই।"
    return CommandResult({"agencies": rows}, [Table(_AGENCIES, rows) if rows else nothing])


async def workers(_: argparse.Namespace) -> CommandResult:
    """List the workers, by the machine's own time."""
    async with unlocked_database() as (database, _vault):
        found = await database.run(partial(read_workers, now=SystemClock().now()))
    rows = [one._asdict() | {"kept_out": [out.plugin for out in one.kept_out]} for one in found]
    nothing = "No worker was heard of within a day. Start one: nagorik worker."
    return CommandResult({"workers": rows}, [Table(_WORKERS, rows) if rows else nothing])


async def reload(_: argparse.Namespace) -> CommandResult:
    """Ask all workers to read the settings of plugins anew; exit code 2 where they cannot be used."""
    from nagorik_host.engine.housekeeping import HEARTBEATS, rejected_of
    from nagorik_host.store.reloads import ask_reload
    from nagorik_platform import Platform, PlatformSettings
    from nagorik_platform.logs import get_logger

    settings = load_host_settings()
    given, seconds = settings.platform().plugins, settings.lease_seconds / HEARTBEATS
    async with unlocked_database(settings) as (database, _vault):
        async with Platform.discover(PlatformSettings(admission=settings.admission)) as platform:
            await platform.import_plugins()
            found = rejected_of(await platform.reload(given), given)
            rejected = [f"plugin {plugin}: {', '.join(wrong)}" for plugin, wrong in found.items()]
        if rejected:
            raise CommandRefused(
                f"{'; '.join(rejected)}. Nothing was reloaded: the workers go on with the settings that they have."
                " Correct what is named, then run this again"
            )
        number = await database.run(partial(ask_reload, now=now()))
        working = await database.run(partial(read_workers, now=now()))
    get_logger("nagorik.host").warning("settings_reload_asked", number=number)
    takers = [worker.name for worker in working if worker.is_alive and worker.settings_reload is not None]
    shown = f"The settings can be used. {len(takers)} workers take them up within {seconds:g} seconds."
    return CommandResult({"reload": number, "workers": takers, "within_seconds": seconds}, [shown])
