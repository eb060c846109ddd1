"""``nagorik serve``: the API and the desk, in one process."""

import argparse
import asyncio
import re
import signal
from typing import Final

from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.settings import load_host_settings
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines
from nagorik_platform.logs import configure_logging
from nagorik_portal.portal import PortalSettings, open_portal
from nagorik_portal.serving import in_background, serving

_BIND: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?/?")


async def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; requests under way end within ten seconds."""
    bound, base_url = _BIND.fullmatch(arguments.bind), arguments.base_url or f"http://{arguments.bind}"
    if bound is None or int(bound[2]) > 65_535:  # noqa: PLR2004
        raise CommandRefused("--bind: write it as 127.0.0.1:8000")
    if not _BASE_URL.fullmatch(base_url):
        raise CommandRefused("--base-url: write it as https://portal.example, without a path")
    settings = load_host_settings()
    chosen = PortalSettings(base_url=base_url.rstrip("/"), environment="test" if arguments.test else "live")
    configure_logging(level=settings.log_level)
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    async with opened_host(settings) as host:
        portal = open_portal(host, chosen)
        try:
            async with (
                in_background(portal),
                serving(portal, host=bound[1].strip("[]"), port=int(bound[2])) as address,
            ):
                print_lines(f"Serving at {address}. Ctrl-C or SIGTERM stops it; requests under way end first.")
                await stop.wait()
        except OSError:
            raise CommandRefused(
                "--bind: nothing can be served there: another program does, or the address is not this machine's"
            ) from None
    return ExitCode.OK
