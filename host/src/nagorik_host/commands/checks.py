"""What ``nagorik doctor`` asks of a host: settings, keys, database, and how the work fares."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy import select

from nagorik.errors import ContractViolation, CredentialsRejected
from nagorik_host import extensions
from nagorik_host.commands.running import is_absent
from nagorik_host.configured import is_configured
from nagorik_host.engine.restoration import catching_up
from nagorik_host.engine.suspensions import list_suspensions
from nagorik_host.settings import (
    HostSettings,
    HostSettingsRejected,
    is_open_to_others,
    load_host_settings,
    settings_file,
)
from nagorik_host.store.cases import ERASED, count_cases
from nagorik_host.store.database import (
    Database,
    DatabaseInvalid,
    DatabaseUnavailable,
    Transaction,
    open_database,
    read_url,
)
from nagorik_host.store.host_keys import KeysRefused, key_in_use
from nagorik_host.store.overview import (
    OVERDUE,
    count_blocked,
    count_left_unread,
    count_overdue,
    count_set_aside,
    read_workers,
)
from nagorik_host.store.payment_cases import count_payment_cases
from nagorik_host.store.schema import REVISION, agencies
from nagorik_host.store.upgrade import SchemaOutdated, require_newest
from nagorik_host.vault import Vault
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.cli.checks import FINE, NOTE, WARNING, WRONG, DoctorCheck, DoctorStatus
from nagorik_platform.cli.host_reports import WorkerQuarantine
from nagorik_platform.registry import Registry

DATABASE_SECONDS: Final = 5.0
"""Seconds that the database is waited for, with all that is asked of it."""

_MEANWHILE: Final = "It is probed now and then; its queue waits and drains at its pace."
_SELDOM: Final = (
    "Put the new ones into its settings, then: nagorik settings reload. Until then they are tried three times more on"
    " the first day and once on each other, since some agencies lock an account; nothing is lost. If"
    " the agency takes the same ones again: nagorik agencies --try-again ID. সংস্থা এই প্ল্যাটফর্মের পরিচয় গ্রহণ করেনি।"
    " সেটিংসে নতুন পাসওয়ার্ড বা সনদ বসিয়ে nagorik settings reload চালান; আবেদনগুলো অপেক্ষায় থাকে, কিছুই হারায় না।"
)
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Failure.NAME_NOT_FOUND: "Its name is not known. Compare base_url in the settings with what the agency says.",
        Failure.NAME_LOOKUP: "This machine's resolver does not answer. Look at its DNS settings and its network.",
        Failure.CONNECTION_REFUSED: "Its port is closed. Call the agency; if it has moved, change base_url.",
        Failure.UNREACHABLE: "There is no way to its network. Look at this machine's routes, firewall and VPN.",
        Failure.NO_SOCKET: "This machine has no more sockets or open files. Raise their limit.",
        Failure.CERTIFICATE_EXPIRED: "Ask the agency to renew its certificate. Never switch the check off.",
        Failure.CERTIFICATE_NOT_YET_VALID: "Look at this machine's clock, then call the agency for its certificate.",
        Failure.CERTIFICATE_ISSUER: "Ask which authority signs its certificate. Never switch the check off.",
        Failure.CERTIFICATE_WRONG_HOST: "Compare base_url with the name in the agency's certificate.",
        Failure.CERTIFICATE: "Call the agency about its certificate. Never switch the check off.",
        Failure.CLIENT_CERTIFICATE: "Compare the settings client_* with the certificate that is registered there.",
        Failure.TLS: "Its port does not speak TLS as this machine does. Compare base_url, then call the agency.",
        Failure.CONNECT_TIMEOUT: "It does not answer, or a firewall is silent. Call the agency; look at the VPN.",
        ContractViolation.code: "Its response has another form. Report it to the plugin's owner.",
    }
)
_OF_CREDENTIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CredentialsRejected.code: "Compare this platform's credentials there with what the agency has issued.",
        "credentials-expired": "This platform's credentials there, or its certificate, have ended. Ask for new ones.",
        "credentials-revoked": "The agency has revoked this platform's credentials. Ask why, and for new ones.",
        "credentials-wrong": "The agency does not know these credentials. Compare them with what it issued.",
        "credentials-address-not-allowed": "Ask the agency to let this machine's address in.",
    }
)


def examine(now: datetime) -> Iterator[DoctorCheck]:
    """Every check of the host, as of ``now``; one note where no host is set up here."""
    if not is_configured():
        hint = "nagorik db upgrade and nagorik keys new NAME --out FILE begin one; see docs/how-to/run-the-host.md."
        yield DoctorCheck("host", NOTE, "no host is set up here: neither nagorik.toml nor NAGORIK_HOST_…", hint)
        return
    try:
        settings = load_host_settings()
    except HostSettingsRejected as rejected:
        for problem in rejected.problems:
            yield DoctorCheck("host settings", WRONG, problem, "Correct the file or the variable.")
        return
    path = settings_file()
    yield DoctorCheck("host settings", FINE, f"from {path.name if path else 'the environment alone'}")
    registry = Registry.discover(admission=settings.admission)
    yield _keys(settings)
    for name in sorted((set(settings.plugins) | set(settings.allow or ())) - {one.id for one in registry.records}):
        message = "it has settings or is allowed, and is not installed"
        yield DoctorCheck(f"host plugin {name}", WARNING, message, "nagorik plugins lists what is installed.")
    yield from _charges(settings, registry)
    yield from _modes(settings)
    yield from asyncio.run(_database(settings, now))


def _counted(name: str, number: int, message: str, hint: str, status: DoctorStatus = WARNING) -> DoctorCheck:
    return DoctorCheck(name, status if number else FINE, f"{number} {message}", hint if number else "")


def _keys(settings: HostSettings) -> DoctorCheck:
    try:
        keyring = settings.keyring()
    except HostSettingsRejected as rejected:
        return DoctorCheck("host keys", WRONG, str(rejected), "nagorik keys new NAME --out FILE makes a keyring.")
    others = len(keyring.wrapping) - 1
    older = f", and {others} older that only unwrap" if others else ""
    return DoctorCheck("host keys", FINE, f"{keyring.current} wraps what is new{older}")


def _charges(settings: HostSettings, registry: Registry) -> Iterator[DoctorCheck]:
    """Whether the file of charges can be used, and names what is installed: what it misspells is charged nowhere."""
    try:
        charges = settings.host_charges()
    except HostSettingsRejected as rejected:
        yield DoctorCheck("host charges", WRONG, str(rejected), "Correct the file: nothing is opened with it.")
        return
    manifests = [record.manifest for record in registry.records if record.manifest is not None]
    offered = {one.id for manifest in manifests for one in (*manifest.services, *manifest.gateways)}
    offered |= {f"{record.id}.*" for record in registry.records}
    named = {one for entry in charges.charges for one in (*entry.services, *entry.gateways)}
    named |= {one for entry in charges.ceilings for one in entry.services}
    for one in sorted(named - offered):
        hint = "nagorik services lists what is installed; what is misspelt is charged nowhere, and has no ceiling."
        yield DoctorCheck("host charges", WARNING, f"{one} is named, and nothing offers it", hint)


def _modes(settings: HostSettings) -> Iterator[DoctorCheck]:
    """Whether what stands on this machine is for this user alone."""
    places, url = {"documents": settings.documents}, read_url(settings.database.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        places = {"database": Path(str(url.database)), **places}
    for what, place in places.items():
        if place.exists() and is_open_to_others(place):
            hint = f"chmod {'700' if place.is_dir() else '600'} it, owned by the user that runs the workers."
            yield DoctorCheck(f"host {what}", WARNING, "other users can read or change it", hint)


async def _database(settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    wrong, url = partial(DoctorCheck, "host database", WRONG), settings.database.get_secret_value()
    try:
        if is_absent(read_url(url)):
            return [wrong("the file is not there", "nagorik db upgrade makes it.")]
        asking = asyncio.ensure_future(_asked(url, settings, now))
        # Not cancelled and awaited: a question to a server that stands still does not heed its end.
        done, _ = await asyncio.wait({asking}, timeout=DATABASE_SECONDS)
        return asking.result() if done else [wrong(f"it did not answer within {DATABASE_SECONDS:g} s", "Is it up?")]
    except DatabaseInvalid as invalid:
        return [wrong(str(invalid), "Correct the setting database.")]
    except DatabaseUnavailable as gone:
        return [wrong(str(gone), "See that it runs and that the setting database is right.")]
    except SchemaOutdated as outdated:
        return [wrong(str(outdated), "nagorik db upgrade, with all workers stopped.")]
    except extensions.ExtensionInvalid as invalid:
        hint = "Repair or uninstall it: nothing is opened with it."
        return [DoctorCheck("host extension", WRONG, str(invalid), hint)]


async def _asked(url: str, settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    database = await open_database(url)
    try:
        await require_newest(database)
        return [
            DoctorCheck("host database", FINE, f"reachable, revision {REVISION}"),
            *await _held_keys(database, settings),
            *await database.run(lambda transaction: list(_state(transaction, now))),
        ]
    finally:
        await database.close()


async def _held_keys(database: Database, settings: HostSettings) -> list[DoctorCheck]:
    """Whether the keys are those that the database belongs to, and the first of them is in use."""
    try:
        vault = Vault(settings.keyring())
        in_use = await database.run(partial(key_in_use, vault=vault))
    except HostSettingsRejected:
        return []  # what is wrong with them is said above
    except KeysRefused as refused:
        return [DoctorCheck("host keys", WRONG, str(refused), "No command and no worker starts so.")]
    if in_use == vault.current:
        return []
    message = f"{vault.current} wraps nothing yet; {in_use} is in use"
    return [DoctorCheck("host keys", NOTE, message, "Once every machine has it: nagorik keys rotate.")]


def _state(transaction: Transaction, now: datetime) -> Iterator[DoctorCheck]:
    overdue, minutes = count_overdue(transaction, now), round(OVERDUE.total_seconds() / 60)
    yield from _workers(transaction, now, is_overdue=bool(overdue))
    by_agency = ", ".join(f"{plugin} {number}" for plugin, number in overdue.items())
    yield _counted(
        "host queue",
        sum(overdue.values()),
        f"applications have been due for more than {minutes} minutes{f': {by_agency}' if overdue else ''}",
        "More workers, if the agencies can bear more; a queue after an outage drains by itself. nagorik agencies",
    )
    for name, number, message, status in (
        ("host cases", count_cases(transaction, now), "applications wait for an officer", NOTE),
        ("host payments", count_payment_cases(transaction), "differences from the gateways' books wait", WARNING),
        *(
            ("host blocked", number, f"applications: {code}", NOTE if code == ERASED else WARNING)
            for code, number in count_blocked(transaction).items()
        ),
    ):
        yield _counted(name, number, message, "nagorik cases list says what to do.", status)
    yield _counted(
        "host inbox",
        count_left_unread(transaction, now),
        f"messages have waited to be read for more than {minutes} minutes",
        "Their plugin is kept out, lacks a setting, or is stopped. nagorik inbox list --result waiting",
    )
    if aside := count_set_aside(transaction):
        yield _counted(
            "host inbox",
            aside,
            "messages ended one worker after another as they were read, and are set aside",
            "Ask the plugin's owner for a fixed version. nagorik inbox list --result readers-lost",
        )
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
    known = read_workers(transaction, now)
    if number := sum(worker.is_alive for worker in known):
        yield DoctorCheck("host workers", FINE, f"{number} at work")
    else:
        status = WARNING if is_overdue else NOTE
        yield DoctorCheck("host workers", status, "none is at work", "Start one: nagorik worker.")
    for worker in known:
        if not worker.is_alive:
            held = sum(worker.in_hand.values())
            message = f"not heard of since {_minute(worker.beat_at)}; {held} in hand"
            hint = "It ended without a word, or stands still; living workers take over what it has in hand."
            yield DoctorCheck(f"host worker {worker.name}", WARNING if held else NOTE, message, hint)
            continue
        for found in worker.kept_out:
            message = str(WorkerQuarantine(worker.name, *found))
            yield DoctorCheck(f"host plugin {found.plugin}", WARNING, message, "Report it to the plugin's owner.")


def outage_hint(cause: str) -> str:
    """What to do about an outage that began with ``cause``."""
    if cause in _OF_CREDENTIALS:
        return f"{_OF_CREDENTIALS[cause]} {_SELDOM}"
    return " ".join(filter(None, (_HINTS.get(cause), _MEANWHILE)))


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
