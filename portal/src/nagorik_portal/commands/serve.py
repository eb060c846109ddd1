"""``nagorik serve``: the API and the desk, in one process."""

import argparse
import asyncio
import signal

from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines
from nagorik_portal.background import in_background
from nagorik_portal.portal import PortalSettings, open_portal
from nagorik_portal.serving import make_server


async def serve(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes; requests under way end within ten seconds."""
    host, _, port = arguments.bind.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:  # noqa: PLR2004
        raise CommandRefused("--bind: write it as 127.0.0.1:8000")
    settings = PortalSettings(
        base_url=(arguments.base_url or f"http://{arguments.bind}").rstrip("/"),
        environment="test" if arguments.test else "live",
    )
    async with opened_host() as opened:
        portal = open_portal(opened, settings)
        server = make_server(portal, host.strip("[]"), int(port))
        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, server.stop)
        print_lines(settings.base_url)
        async with in_background(portal):
            await server.serve()
    return ExitCode.OK
