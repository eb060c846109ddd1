"""``nagorik portal``: operators, keys of machines, and who is called; and ``nagorik serve``."""

import argparse
import asyncio
import getpass
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.settings import load_host_settings
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines
from nagorik_platform.logs import configure_logging
from nagorik_portal.accounts import LISTED, LONGEST_PASSWORD
from nagorik_portal.actors import ROLES
from nagorik_portal.errors import GivenInvalid
from nagorik_portal.portal import Portal, open_portal
from nagorik_portal.serving import deliver_and_sweep, serving
from nagorik_portal.subscriptions import Subscriptions

_DOES: Final[Mapping[str, Callable[[Portal, Any], Awaitable[Any]]]] = {
    "list": lambda portal, _: portal.accounts.listed(),
    "add-operator": lambda portal, given: portal.accounts.add_operator(
        given.id, given.name, given.password, scopes=ROLES[given.role], services=given.services
    ),
    "disable": lambda portal, given: portal.accounts.end(given.id),
    "make-key": lambda portal, given: portal.accounts.make_key(
        given.id, given.name, scopes=given.scopes, services=given.services, days=given.days
    ),
    "subscribe": lambda portal, given: Subscriptions(portal.host).subscribe(
        given.id, given.url, allow_private=given.allow_private
    ),
    "unsubscribe": lambda portal, given: Subscriptions(portal.host).unsubscribe(given.id),
}
_BIND: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?/?")
_ONCE: Final = "Keep it now: it is not shown again. এখনই রেখে দিন: আর দেখানো হবে না।"


async def do(arguments: argparse.Namespace) -> CommandResult:
    """Do what the action says, and show what came of it."""
    action = arguments.action
    if action == "add-operator":
        arguments.password = await _password()
    try:
        async with opened_host() as host:
            found = await _DOES[action](open_portal(host), arguments)
    except GivenInvalid as refused:
        raise CommandRefused(str(refused)) from None
    if action == "list":
        rows = [row._asdict() for row in found]
        shown: list[Part] = [Table(same_names(*LISTED), rows)] if rows else ["There is nothing. কিছু নেই।"]
        return CommandResult({action: rows}, shown)
    if action == "make-key":
        return CommandResult({"client": arguments.id, "key": found}, [found, _ONCE])
    if action == "subscribe":
        identity, receiver = found
        document = {"subscription": identity, "public_key": receiver.public, "secret": receiver.secret}
        return CommandResult(document, [identity, f"v1a: {receiver.public}", f"v1: {receiver.secret}", _ONCE])
    return CommandResult({"id": arguments.id}, [f"{arguments.id}: done · হয়েছে"])


async def _password() -> str:
    """Ask for a password twice at a terminal, or read a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\n")
    first = await asyncio.to_thread(getpass.getpass, "Password · পাসওয়ার্ড: ")
    if first != await asyncio.to_thread(getpass.getpass, "Once more · আবার: "):
        raise CommandRefused("the two are not the same. দুটি একই নয়।")
    return first


async def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; requests under way end within ten seconds."""
    bound, base_url = _BIND.fullmatch(arguments.bind), arguments.base_url or f"http://{arguments.bind}"
    if bound is None or int(bound[2]) > 65_535:  # noqa: PLR2004
        raise CommandRefused("--bind: write it as 127.0.0.1:8000")
    if not _BASE_URL.fullmatch(base_url):
        raise CommandRefused("--base-url: write it as https://portal.example, without a path")
    settings = load_host_settings()
    configure_logging(level=settings.log_level)
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    async with opened_host(settings) as host:
        portal = open_portal(host, base_url.rstrip("/"))
        try:
            at = serving(portal, host=bound[1].strip("[]"), port=int(bound[2]))
            async with at as address, asyncio.TaskGroup() as tasks:
                background = tasks.create_task(deliver_and_sweep(portal))
                print_lines(f"Serving at {address}. Ctrl-C or SIGTERM stops it; requests under way end first.")
                await stop.wait()
                background.cancel()
        except OSError:
            raise CommandRefused(
                "--bind: nothing can be served there: another program does, or the address is not this machine's"
            ) from None
    return ExitCode.OK
