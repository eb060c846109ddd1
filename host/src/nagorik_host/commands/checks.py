"""What ``nagorik doctor`` asks of a host: settings, keys, database, and how the work fares."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import select

from nagorik_host import extensions
from nagorik_host.commands.running import ending_of, opened_database
from nagorik_host.configured import is_configured
from nagorik_host.settings import (
    HostSettings,
    HostSettingsRejected,
    load_host_settings,
    settings_file,
)
from nagorik_host.store import overview
from nagorik_host.store.cases import ERASED, count_cases
from nagorik_host.store.database import Transaction
from nagorik_host.store.host_keys import KeysRefused, key_in_use
from nagorik_host.store.payment_cases import count_payment_cases
from nagorik_host.store.restoration import catching_up
from nagorik_host.store.schema import REVISION, agencies
from nagorik_host.store.suspensions import list_suspensions
from nagorik_host.store.upgrade import require_newest
from nagorik_host.vault import Vault
from nagorik_platform.cli.checks import FINE, NOTE, WARNING, WRONG, DoctorCheck
from nagorik_platform.cli.host_reports import WorkerQuarantine
from nagorik_platform.registry import Registry

DATABASE_SECONDS: Final = 5.0
"""Seconds that the database is waited for, with all that is asked of it."""

_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name-not-found": "Its name is not known. Compare base_url in the settings with what the agency says.",
        "name-lookup": "This machine's resolver does not answer. Look at its DNS settings and its network.",
        "connection-refused": "Its port is closed. Call the agency; if it has moved, change base_url.",
        "network-unreachable": "There is no way to its network. Look at this machine's routes, firewall and VPN.",
        "no-free-socket": "This machine has no more sockets or open files. Raise their limit.",
        "certificate-": "Call the agency about its certificate; compare its name with base_url, and its dates with"
        " this machine's clock. Never switch the check off.",
        "client-certificate": "Compare the settings client_* with the certificate that is registered there.",
        "tls-failed": "Its port does not speak TLS as this machine does. Compare base_url, then call the agency.",
        "connect-timeout": "It does not answer, or a firewall is silent. Call the agency; look at the VPN.",
        "contract-violation": "Its response has another form. Report it to the plugin's owner.",
        "credentials-": "Ask the agency why, and for new ones; put them into the plugin's settings, then: nagorik"
        " settings reload. Until then they are tried three times more on the first day and once on each other, since"
        " some agencies lock an account. If the agency takes the same ones again: nagorik agencies --try-again ID."
        " সংস্থা এই প্ল্যাটফর্মের পরিচয় গ্রহণ করেনি। সেটিংসে নতুন পাসওয়ার্ড বা সনদ বসিয়ে nagorik settings reload চালান;"
        " আবেদনগুলো অপেক্ষায় থাকে, কিছুই হারায় না।",
    }
)
"""What to do about an outage, by how the code of its cause begins."""
_COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "host queue": "More workers, if the agencies can bear more; a queue after an outage drains by itself.",
        "host inbox": "Their plugin is kept out, stopped, lacks a setting or ends its workers: nagorik inbox list",
    }
)
"""What to do about what is counted."""


def examine(now: datetime) -> Iterator[DoctorCheck]:
    """Every check of the host, as of ``now``; one note where no host is set up here."""
    if not is_configured():
        hint = "nagorik db upgrade and nagorik keys new NAME --out FILE begin one; see docs/how-to/run-the-host.md."
        yield DoctorCheck("host", NOTE, "no host is set up here: neither nagorik.toml nor NAGORIK_HOST_…", hint)
        return
    try:
        settings = load_host_settings()
    except HostSettingsRejected as rejected:
        hint = "Correct the file or the variable."
        yield from (DoctorCheck("host settings", WRONG, problem, hint) for problem in rejected.problems)
        return
    path, vault = settings_file(), None
    yield DoctorCheck("host settings", FINE, f"from {path.name if path else 'the environment alone'}")
    registry = Registry.discover(admission=settings.admission)
    for name in sorted((set(settings.plugins) | set(settings.allow or ())) - {one.id for one in registry.records}):
        message = "it has settings or is allowed, and is not installed"
        yield DoctorCheck(f"host plugin {name}", WARNING, message, "nagorik plugins lists what is installed.")
    yield from _charges(settings, registry)
    try:
        vault = Vault(settings.keyring())
    except HostSettingsRejected as rejected:
        yield DoctorCheck("host keys", WRONG, str(rejected), "nagorik keys new NAME --out FILE makes a keyring.")
    yield from asyncio.run(_database(settings, vault, now))


def _charges(settings: HostSettings, registry: Registry) -> Iterator[DoctorCheck]:
    """Whether the file of charges can be used, and names what is installed: what it misspells is charged nowhere."""
    try:
        charges = settings.host_charges()
    except HostSettingsRejected as rejected:
        yield DoctorCheck("host charges", WRONG, str(rejected), "Correct the file: nothing is opened with it.")
        return
    manifests = [record.manifest for record in registry.records if record.manifest is not None]
    offered = {one.id for manifest in manifests for one in (*manifest.services, *manifest.gateways)}
    for one in sorted(charges.names - offered - {f"{record.id}.*" for record in registry.records}):
        hint = "nagorik services lists what is installed; what is misspelt is charged nowhere, and has no ceiling."
        yield DoctorCheck("host charges", WARNING, f"{one} is named, and nothing offers it", hint)


async def _database(settings: HostSettings, vault: Vault | None, now: datetime) -> list[DoctorCheck]:
    async def ask() -> list[DoctorCheck]:
        async with opened_database(settings) as database:
            await require_newest(database)
            return await database.run(lambda transaction: list(_state(transaction, vault, now)))

    asking = asyncio.ensure_future(ask())
    # Not cancelled and awaited: a question to a server that stands still does not heed its end.
    await asyncio.wait({asking}, timeout=DATABASE_SECONDS)
    if not asking.done():
        return [DoctorCheck("host database", WRONG, f"it did not answer within {DATABASE_SECONDS:g} s", "Is it up?")]
    try:
        return asking.result()
    except Exception as error:
        ending = ending_of(error)
        if ending is None:
            raise
        name = "host keys" if isinstance(error, KeysRefused) else "host database"
        return [DoctorCheck(name, WRONG, ending[0], "No command and no worker starts so.")]


def _state(transaction: Transaction, vault: Vault | None, now: datetime) -> Iterator[DoctorCheck]:
    yield DoctorCheck("host database", FINE, f"reachable, revision {REVISION}")
    if vault is not None:
        in_use = key_in_use(transaction, vault)
        yield DoctorCheck("host keys", FINE, f"{in_use} wraps what is new")
        if in_use != vault.current:
            hint = "Once every machine has it: nagorik keys rotate."
            yield DoctorCheck("host keys", NOTE, f"{vault.current} wraps nothing yet", hint)
    overdue, blocked = overview.count_overdue(transaction, now), overview.count_blocked(transaction)
    unread, aside = overview.count_neglected(transaction, now)
    by_agency = "".join(f", {plugin} {number}" for plugin, number in overdue.items())
    late = f"for more than {overview.OVERDUE.total_seconds() / 60:g} minutes"
    for name, number, message in (
        ("host queue", sum(overdue.values()), f"applications have been due {late}{by_agency}"),
        ("host cases", count_cases(transaction, now), "applications wait for an officer"),
        ("host payments", count_payment_cases(transaction), "differences from the gateways' books wait"),
        *(("host blocked", number, f"applications: {code}") for code, number in blocked.items()),
        ("host inbox", aside, "messages ended one worker after another as they were read, and are set aside"),
        ("host inbox", unread, f"messages have waited to be read {late}"),
    ):
        status = NOTE if name == "host cases" or message.endswith(f": {ERASED}") else WARNING
        hint = _COUNTED.get(name, "nagorik cases list says what to do.")
        yield DoctorCheck(name, status if number else FINE, f"{number} {message}", hint if number else "")
    yield from _workers(transaction, now, is_overdue=bool(overdue))
    for row in transaction.connection.execute(select(agencies).where(agencies.c.down_since.is_not(None))):
        why = row.cause or "unreachable"
        message = f"down since {_minute(row.down_since)}: {why}, {row.failures} calls in vain"
        yield DoctorCheck(f"host agency {row.plugin}", WARNING, message, outage_hint(why))
    if (restoration := catching_up(transaction)) is not None:
        message = f"by {restoration.officer} at {_minute(restoration.at)}, and catching up"
        hint = "Apply again what was taken in since the copy was made, then nagorik db caught-up."
        yield DoctorCheck("host restored", WARNING, message, hint)
    for one in list_suspensions(transaction):
        message = f"stopped by {one.officer} since {_minute(one.at)}: {one.reason.en}"
        yield DoctorCheck(f"host {one.kind} {one.name}", WARNING, message, f"nagorik resume {one.kind} {one.name}")
    for extension in extensions.installed():
        yield from extension.checks(transaction, now)


def _workers(transaction: Transaction, now: datetime, *, is_overdue: bool) -> Iterator[DoctorCheck]:
    known = overview.read_workers(transaction, now)
    if number := sum(worker.is_alive for worker in known):
        yield DoctorCheck("host workers", FINE, f"{number} at work")
    else:
        status = WARNING if is_overdue else NOTE
        yield DoctorCheck("host workers", status, "none is at work", "Start one: nagorik worker.")
    for worker in known:
        for found in worker.kept_out if worker.is_alive else ():
            message = str(WorkerQuarantine(worker.name, *found))
            yield DoctorCheck(f"host plugin {found.plugin}", WARNING, message, "Report it to the plugin's owner.")
        if not worker.is_alive:
            held = sum(worker.in_hand.values())
            message = f"not heard of since {_minute(worker.beat_at)}; {held} in hand"
            hint = "It ended without a word, or stands still; living workers take over what it has in hand."
            yield DoctorCheck(f"host worker {worker.name}", WARNING if held else NOTE, message, hint)


def outage_hint(cause: str) -> str:
    """What to do about an outage that began with ``cause``."""
    known = next((f"{hint} " for start, hint in _HINTS.items() if cause.startswith(start)), "")
    return f"{known}It is probed now and then; its queue waits and drains at its pace."


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
