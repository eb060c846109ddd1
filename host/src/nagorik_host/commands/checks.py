"""What ``nagorik doctor`` asks of a host: settings, keys, database, and how the work fares."""

import asyncio
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from nagorik.errors import SettingsRejected
from nagorik.settings import AgencySettings, environment_prefix, load_settings
from nagorik_host.commands.running import is_absent
from nagorik_host.configured import is_configured
from nagorik_host.engine.restoration import catching_up
from nagorik_host.engine.suspensions import list_suspensions
from nagorik_host.settings import HostSettings, HostSettingsRejected, load_host_settings, settings_file
from nagorik_host.store.cases import count_cases
from nagorik_host.store.database import (
    Database,
    DatabaseInvalid,
    DatabaseUnavailable,
    Transaction,
    open_database,
    read_url,
)
from nagorik_host.store.schema import REVISION, agencies, applications, workers
from nagorik_host.store.upgrade import revision_of
from nagorik_platform.cli.checks import DoctorCheck, DoctorStatus
from nagorik_platform.registry import PluginRecord, Quarantine, Registry, resolve_object

OVERDUE: Final = timedelta(minutes=15)
"""What has been due for longer than this waits for a worker, a slow agency, or an officer who stopped it."""


def examine(now: datetime) -> Iterator[DoctorCheck]:
    """Every check of the host, as of ``now``; one note where nobody has set up a host here."""
    if not is_configured():
        hint = "nagorik db upgrade and nagorik keys new NAME begin one; see docs/how-to/run-the-host.md."
        yield DoctorCheck(
            "host", DoctorStatus.NOTE, "no host is set up here: neither nagorik.toml nor NAGORIK_HOST_…", hint
        )
        return
    try:
        settings = load_host_settings()
    except HostSettingsRejected as rejected:
        for problem in rejected.problems:
            yield DoctorCheck("host settings", DoctorStatus.WRONG, problem, "Correct the file or the variable.")
        return
    path = settings_file()
    yield DoctorCheck("host settings", DoctorStatus.FINE, f"from {path.name if path else 'the environment alone'}")
    yield from _keys(settings)
    yield from _plugins(settings)
    yield from asyncio.run(_database(settings, now))


def _keys(settings: HostSettings) -> Iterator[DoctorCheck]:
    try:
        keyring = settings.keyring()
    except HostSettingsRejected as rejected:
        yield DoctorCheck("host keys", DoctorStatus.WRONG, str(rejected), "nagorik keys new NAME prints a keyring.")
        return
    if settings.keys_file is not None and settings.keys_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        hint = "chmod 600 it, owned by the user that runs the workers."
        yield DoctorCheck("host keys", DoctorStatus.WARNING, "the file of the keys can be read by other users", hint)
    others = len(keyring.wrapping) - 1
    older = f", and {others} older that only unwrap" if others else ""
    yield DoctorCheck("host keys", DoctorStatus.FINE, f"{keyring.current} wraps what is new{older}")


def _plugins(settings: HostSettings) -> Iterator[DoctorCheck]:
    """The settings of each plugin that is let in, from the environment and the host's own file together."""
    platform = settings.platform()
    registry = Registry.discover(admission=platform.admission)
    known = {record.id for record in registry.records}
    for name in sorted((set(platform.plugins) | set(settings.allow or ())) - known):
        hint = "nagorik plugins lists what is installed."
        yield DoctorCheck(
            f"host plugin {name}", DoctorStatus.WARNING, "it has settings or is allowed, and is not installed", hint
        )
    for record in registry.usable:
        model = _model(record)
        if model is None:
            continue  # the platform's own check of this plugin says what is wrong with it
        given = platform.plugins.get(record.id)
        try:
            load_settings(model, record.id, given.settings if given is not None else None)
        except SettingsRejected as rejected:
            names = ", ".join(f"{environment_prefix(record.id)}{name.upper()}" for name in rejected.names)
            hint = f"Set it, or write it under [plugins.{record.id}.settings]; or deny the plugin."
            yield DoctorCheck(
                f"host plugin {record.id}", DoctorStatus.WARNING, f"missing or not accepted: {names}", hint
            )
        else:
            yield DoctorCheck(f"host plugin {record.id}", DoctorStatus.FINE, "its settings are complete")


def _model(record: PluginRecord) -> type[AgencySettings] | None:
    reference = record.manifest.settings if record.manifest is not None else None
    if reference is None:
        return AgencySettings
    found = resolve_object(record, reference)
    if isinstance(found, Quarantine) or not isinstance(found.value, type):
        return None
    return found.value if issubclass(found.value, AgencySettings) else None


async def _database(settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    url = settings.database.get_secret_value()
    try:
        if is_absent(read_url(url)):
            return [
                DoctorCheck(
                    "host database", DoctorStatus.WRONG, "the file is not there", "nagorik db upgrade makes it."
                )
            ]
        database = await open_database(url)
        try:
            return await _store(database, now)
        finally:
            await database.close()
    except DatabaseInvalid as invalid:
        return [DoctorCheck("host database", DoctorStatus.WRONG, str(invalid), "Correct the setting database.")]
    except DatabaseUnavailable as gone:
        hint = "See that it runs and that the setting database is right."
        return [DoctorCheck("host database", DoctorStatus.WRONG, str(gone), hint)]


async def _store(database: Database, now: datetime) -> list[DoctorCheck]:
    found, needed = await revision_of(database), REVISION
    if found != needed:
        message = f"revision {found or 'none'}, and this host needs {needed}"
        return [
            DoctorCheck("host database", DoctorStatus.WRONG, message, "nagorik db upgrade, with all workers stopped.")
        ]
    return [
        DoctorCheck("host database", DoctorStatus.FINE, f"reachable, revision {found}"),
        *await database.run(lambda transaction: list(_workers(transaction, now))),
    ]


def _workers(transaction: Transaction, now: datetime) -> Iterator[DoctorCheck]:
    alive = _number(transaction, workers, workers.c.lease_until > now)
    overdue = _number(transaction, applications, applications.c.due_at <= now - OVERDUE)
    if alive:
        yield DoctorCheck("host workers", DoctorStatus.FINE, f"{alive} at work")
    else:
        status = DoctorStatus.WARNING if overdue else DoctorStatus.NOTE
        yield DoctorCheck("host workers", status, "none is at work", "Start one: nagorik worker.")
    minutes = round(OVERDUE.total_seconds() / 60)
    message = f"{overdue} applications have been due for more than {minutes} minutes"
    hint = "More workers, if the agencies can bear more; a queue after an outage drains by itself." if overdue else ""
    yield DoctorCheck("host queue", DoctorStatus.WARNING if overdue else DoctorStatus.FINE, message, hint)
    waiting = count_cases(transaction)
    status, hint = (DoctorStatus.NOTE, "nagorik cases list") if waiting else (DoctorStatus.FINE, "")
    yield DoctorCheck("host cases", status, f"{waiting} applications wait for an officer", hint)
    blocked = select(applications.c.blocked, func.count()).where(applications.c.blocked.is_not(None))
    for code, number in transaction.connection.execute(blocked.group_by(applications.c.blocked)):
        status = DoctorStatus.NOTE if code == "erased" else DoctorStatus.WARNING
        yield DoctorCheck(
            "host blocked", status, f"{number} applications: {code}", "nagorik cases list tells what to do."
        )
    for row in transaction.connection.execute(select(agencies).where(agencies.c.down_since.is_not(None))):
        message = f"down since {row.down_since.isoformat(timespec='minutes')}, {row.failures} calls in vain"
        hint = "It is probed now and then; its queue waits and drains at its pace."
        yield DoctorCheck(f"host agency {row.plugin}", DoctorStatus.WARNING, message, hint)
    restoration = catching_up(transaction)
    if restoration is not None:
        message = f"by {restoration.officer} at {restoration.at.isoformat(timespec='minutes')}, and catching up"
        hint = "Apply again what was taken in since the copy was made, then nagorik db caught-up."
        yield DoctorCheck("host restored", DoctorStatus.WARNING, message, hint)
    for suspension in list_suspensions(transaction):
        since = suspension.at.isoformat(timespec="minutes")
        message = f"stopped by {suspension.officer} since {since}: {suspension.reason.en}"
        yield DoctorCheck(
            f"host {suspension.kind} {suspension.name}",
            DoctorStatus.WARNING,
            message,
            f"nagorik resume {suspension.kind} {suspension.name}",
        )


def _number(transaction: Transaction, table: Any, condition: Any) -> int:
    return transaction.connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
