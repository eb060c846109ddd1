"""``nagorik portal``: operators, and keys of machines."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import CommandRefused, unlocked_database
from nagorik_portal.accounts import LONGEST_PASSWORD, AccountInvalid, Accounts, Environment, KeyEntry, OperatorEntry
from nagorik_portal.actors import ROLES


@asynccontextmanager
async def _accounts(environment: Environment = "live") -> AsyncIterator[Accounts]:
    async with unlocked_database() as (database, vault):
        try:
            yield Accounts(database, vault, environment=environment)
        except AccountInvalid as refused:
            raise CommandRefused(str(refused)) from None


async def list_all(_: argparse.Namespace) -> CommandResult:
    """List operators and keys."""
    async with _accounts() as accounts:
        operators = [one._asdict() for one in await accounts.operators()]
        keys = [one._asdict() for one in await accounts.keys()]
    shown: list[Part] = []
    if operators:
        shown.append(Table(same_names(*OperatorEntry._fields), operators))
    if keys:
        shown += ["", Table(same_names(*KeyEntry._fields), keys)]
    nothing = "There are no operators and no keys. কোনো অপারেটর বা চাবি নেই।"
    return CommandResult({"operators": operators, "keys": keys}, shown or [nothing])


async def add_operator(arguments: argparse.Namespace) -> CommandResult:
    """Add an operator."""
    password = await _password()
    async with _accounts() as accounts:
        await accounts.add_operator(
            arguments.operator,
            arguments.name,
            password,
            scopes=ROLES[arguments.role],
            services=arguments.services,
        )
    return CommandResult({"operator": arguments.operator}, [f"{arguments.operator}: added · যোগ করা হয়েছে"])


async def set_password(arguments: argparse.Namespace) -> CommandResult:
    """Give an operator another password."""
    password = await _password()
    async with _accounts() as accounts:
        await accounts.set_password(arguments.operator, password)
    return CommandResult({"operator": arguments.operator}, [f"{arguments.operator}: changed · বদলানো হয়েছে"])


async def disable(arguments: argparse.Namespace) -> CommandResult:
    """Disable an operator."""
    async with _accounts() as accounts:
        await accounts.disable(arguments.operator)
    return CommandResult({"operator": arguments.operator}, [f"{arguments.operator}: disabled · বন্ধ করা হয়েছে"])


async def make_key(arguments: argparse.Namespace) -> CommandResult:
    """Make a key, and show it this once."""
    async with _accounts("test" if arguments.test else "live") as accounts:
        key = await accounts.make_key(
            arguments.client,
            arguments.name,
            scopes=arguments.scopes,
            services=arguments.services,
            days=arguments.days,
        )
    shown = [key, "Keep it now: it is not shown again. এখনই রেখে দিন: এটি আর দেখানো হবে না।"]
    return CommandResult({"client": arguments.client, "key": key}, shown)


async def revoke_key(arguments: argparse.Namespace) -> CommandResult:
    """Revoke a key."""
    async with _accounts() as accounts:
        await accounts.revoke_key(arguments.key)
    return CommandResult({"key": arguments.key}, [f"{arguments.key}: revoked · বাতিল করা হয়েছে"])


async def _password() -> str:
    """Ask for a password twice at a terminal, or read a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\n")
    first = await asyncio.to_thread(getpass.getpass, "Password · পাসওয়ার্ড: ")
    if first != await asyncio.to_thread(getpass.getpass, "Once more · আবার: "):
        raise CommandRefused("the two are not the same. দুটি একই নয়।")
    return first
