"""``nagorik settings``: other settings of plugins for workers that go on working."""

import argparse
from functools import partial

from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.engine.housekeeping import HEARTBEATS
from nagorik_host.engine.reloads import rejected_of
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_host.store.overview import read_workers
from nagorik_host.store.reloads import ask_reload
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.logs import get_logger


async def reload(_: argparse.Namespace) -> CommandResult:
    """Ask all workers to read the settings of plugins anew; exit code 2 where they cannot be used."""
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
    given = settings.platform().plugins
    async with Platform.discover(PlatformSettings(admission=settings.admission)) as platform:
        await platform.import_plugins()
        return rejected_of(await platform.reload(given), given)
