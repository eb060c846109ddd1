"""``nagorik settings``: other settings of plugins for workers that go on working."""

import argparse
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_json, print_lines

if TYPE_CHECKING:
    from nagorik_host.settings import HostSettings


class SettingsCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "let all workers take up other settings of plugins, such as new credentials, without a restart"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        reload = actions.add_parser(
            "reload", help="have every worker read the settings of its plugins anew", allow_abbrev=False
        )
        reload.epilog = (
            "Each worker takes them up at its next heartbeat, between two calls: calls under way keep what they have."
            " Settings that cannot be used change nothing, and are named without their values. What a process has"
            " from its environment, and all settings but those of plugins, need a restart."
        )
        add_json_argument(reload)

    def run(self, arguments: argparse.Namespace) -> int:
        """Ask for it; exit code 2 where the settings cannot be used."""
        return run_command(lambda: _reload(as_json=arguments.json))


async def _reload(*, as_json: bool) -> int:
    from nagorik_host.engine.housekeeping import HEARTBEATS
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.overview import read_workers
    from nagorik_host.store.reloads import ask_reload
    from nagorik_platform.logs import get_logger

    settings = load_host_settings()
    async with unlocked_database(settings) as (database, _):
        rejected = await _rejected(settings)
        if rejected:
            raise CommandRefused(
                f"{'; '.join(rejected)}. Nothing was reloaded: the workers go on with the settings that they have."
                " Correct what is named, then run this again"
            )
        at = now()
        number = await database.run(partial(ask_reload, now=at))
        found = await database.run(partial(read_workers, now=at))
    get_logger("nagorik.host").warning("settings_reload_asked", number=number)
    takers = [worker.name for worker in found if worker.is_alive and worker.settings_reload is not None]
    seconds = settings.lease_seconds / HEARTBEATS
    if as_json:
        print_json({"reload": number, "workers": takers, "within_seconds": seconds})
    else:
        take_up = (
            f"{len(takers)} worker{' takes' if len(takers) == 1 else 's take'} them up within {seconds:g} seconds"
        )
        print_lines(f"The settings can be used. {take_up}.")
    return ExitCode.OK


async def _rejected(settings: "HostSettings") -> list[str]:
    """What is wrong with the settings of plugins, as this process reads them; nothing is sent."""
    from nagorik_host.engine.reloads import rejected_of
    from nagorik_platform import Platform, PlatformSettings

    given = settings.platform().plugins
    async with Platform.discover(PlatformSettings(admission=settings.admission)) as platform:
        await platform.import_plugins()
        return rejected_of(await platform.reload(given), given)


command: Final = SettingsCommand()
