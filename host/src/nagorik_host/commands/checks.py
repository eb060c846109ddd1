"""What ``nagorik doctor`` asks of a host: settings, keys, database, and how the work fares."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import disk_usage
from typing import Any, Final, TypeVar

from sqlalchemy import select, text

from nagorik.values import dhaka_date
from nagorik_host import extensions
from nagorik_host.commands.outage_hints import outage_hint
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
from nagorik_host.store.audit import changed_tables, foreign_programs
from nagorik_host.store.cases import ERASED, count_cases
from nagorik_host.store.database import (
    Database,
    DatabaseInvalid,
    DatabaseUnavailable,
    Transaction,
    open_database,
    read_url,
)
from nagorik_host.store.documents import unfinished_files
from nagorik_host.store.host_keys import KeysRefused, key_in_use
from nagorik_host.store.messages import READERS_LOST
from nagorik_host.store.overview import (
    OVERDUE,
    WorkerOverview,
    count_blocked,
    count_left_unread,
    count_overdue,
    count_set_aside,
    count_unreadable,
    counted,
    read_workers,
)
from nagorik_host.store.payment_cases import count_payment_cases
from nagorik_host.store.reloads import read_last_reload
from nagorik_host.store.schema import REVISION, agencies
from nagorik_host.store.upgrade import SchemaOutdated, require_newest
from nagorik_host.vault import Vault
from nagorik_platform.cli.checks import DoctorCheck, DoctorStatus
from nagorik_platform.cli.quarantines import WorkerQuarantine
from nagorik_platform.registry import PluginRecord, Registry
from nagorik_platform.tracebacks import type_name

DATABASE_SECONDS: Final = 5.0
"""Seconds that the database is waited for, with all that is asked of it."""
_LETTING_GO: Final = 1.0
"""Seconds that a question which was given up is waited for."""
CLOCK_SECONDS: Final = 1.0
"""Seconds that the clocks of this machine and of the database may differ by before it is reported."""
RELOAD_GRACE: Final = timedelta(minutes=15)
"""How long workers have to take up other settings: a quarter of the longest lease."""
SCARCE: Final = 2_000_000_000
"""Bytes: less than this free is reported."""
FULL: Final = 200_000_000
"""Bytes: less than this free is too little to work with."""

T = TypeVar("T")


def examine(now: datetime) -> Iterator[DoctorCheck]:
    """Every check of the host, as of ``now``; one note where nobody has set up a host here."""
    if not is_configured():
        hint = "nagorik db upgrade and nagorik keys new NAME --out FILE begin one; see docs/how-to/run-the-host.md."
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
    yield from _charges(settings, now)
    yield from _disks(settings)
    yield from _unfinished(settings)
    yield from asyncio.run(_database(settings, now))


def _keys(settings: HostSettings) -> Iterator[DoctorCheck]:
    try:
        keyring = settings.keyring()
    except HostSettingsRejected as rejected:
        yield DoctorCheck(
            "host keys", DoctorStatus.WRONG, str(rejected), "nagorik keys new NAME --out FILE makes a keyring."
        )
        return
    others = len(keyring.wrapping) - 1
    older = f", and {others} older that only unwrap" if others else ""
    yield DoctorCheck("host keys", DoctorStatus.FINE, f"{keyring.current} wraps what is new{older}")


def _plugins(settings: HostSettings) -> Iterator[DoctorCheck]:
    """What the host speaks of and is not installed; what a plugin lacks, the platform's own checks tell."""
    platform = settings.platform()
    registry = Registry.discover(admission=platform.admission)
    known = {record.id for record in registry.records}
    for name in sorted((set(platform.plugins) | set(settings.allow or ())) - known):
        hint = "nagorik plugins lists what is installed."
        yield DoctorCheck(
            f"host plugin {name}", DoctorStatus.WARNING, "it has settings or is allowed, and is not installed", hint
        )


def _charges(settings: HostSettings, now: datetime) -> Iterator[DoctorCheck]:
    """Whether the file of charges can be used, and names what is installed: what it misspells is charged nowhere."""
    registry = Registry.discover(admission=settings.platform().admission)
    try:
        charges = settings.host_charges()
        settings.require_fitting_charges(charges, registry.records, dhaka_date(now))
    except HostSettingsRejected as rejected:
        hint = "Correct the file: nothing is opened with it."
        yield DoctorCheck("host charges", DoctorStatus.WRONG, str(rejected), hint)
        return
    if not charges.entries:
        return
    offered = {one for record in registry.records for one in (f"{record.id}.*", *_offers(record))}
    named = {one for entry in charges.entries for one in (*entry.services, *entry.gateways)}
    capped = {one for entry in charges.ceilings for one in entry.services}
    for one in sorted(capped - named - offered):
        hint = "nagorik services lists what is installed; what is misspelt is a ceiling of nothing."
        yield DoctorCheck("host charges", DoctorStatus.WARNING, f"{one} has a ceiling, and nothing offers it", hint)
    for one in sorted(named - offered):
        hint = "nagorik services lists what is installed; what is misspelt is charged nowhere."
        yield DoctorCheck("host charges", DoctorStatus.WARNING, f"{one} is charged for, and nothing offers it", hint)
    yield DoctorCheck("host charges", DoctorStatus.FINE, f"{len(charges.entries)} within their ceilings")


def _offers(record: PluginRecord) -> Iterator[str]:
    if record.manifest is not None:
        yield from (one.id for one in (*record.manifest.services, *record.manifest.gateways))


def _disks(settings: HostSettings) -> Iterator[DoctorCheck]:
    """Whether the disks that this machine writes to have room, and what stands there is for this user alone."""
    places = {"documents": settings.documents}
    url = read_url(settings.database.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        places = {"database": Path(str(url.database)), **places}
    for what, place in places.items():
        if place.exists() and is_open_to_others(place):
            hint = f"chmod {'700' if place.is_dir() else '600'} it, owned by the user that runs the workers."
            yield DoctorCheck(f"host {what}", DoctorStatus.WARNING, "other users can read or change it", hint)
        name = f"host disk of the {what}"
        try:
            free = disk_usage(_existing(place)).free
        except OSError as error:
            message = f"cannot be asked: {type_name(error)}"
            yield DoctorCheck(name, DoctorStatus.WRONG, message, "See that the disk is there and may be read.")
            continue
        message = f"{free / 1e9:.1f} GB free"
        if free >= SCARCE:
            yield DoctorCheck(name, DoctorStatus.FINE, message)
        else:
            status = DoctorStatus.WRONG if free < FULL else DoctorStatus.WARNING
            hint = "Free some, or give it more: a worker whose disk is full ends, and applications wait."
            yield DoctorCheck(name, status, message, hint)


def _unfinished(settings: HostSettings) -> Iterator[DoctorCheck]:
    """What processes that ended while they wrote a document left of it."""
    try:
        number = unfinished_files(settings.documents)
    except OSError as error:
        hint = "See that the folder may be read by this user."
        yield DoctorCheck("host documents", DoctorStatus.WARNING, f"cannot be asked: {type_name(error)}", hint)
        return
    if number:
        hint = (
            "Nothing is lost: what they belong to was not written down. A worker removes them as it starts, and once"
            " an hour; nagorik audit documents --remove does it now. কিছুই হারায়নি; ওয়ার্কার এগুলো নিজেই সরিয়ে ফেলে।"
        )
        message = f"{number} files that a process began and, as it ended, never finished"
        yield DoctorCheck("host documents", DoctorStatus.NOTE, message, hint)


def _existing(place: Path) -> Path:
    """The folder that a file or folder lies in or will lie in."""
    return next((above for above in (place, *place.absolute().parents) if above.is_dir()), Path("/"))


async def _database(settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    hint = "See that it runs and that the setting database is right."
    try:
        url = settings.database.get_secret_value()
        if is_absent(read_url(url)):
            message = "the file is not there"
            return [DoctorCheck("host database", DoctorStatus.WRONG, message, "nagorik db upgrade makes it.")]
        return await _within(DATABASE_SECONDS, _asked(url, settings, now))
    except DatabaseInvalid as invalid:
        return [DoctorCheck("host database", DoctorStatus.WRONG, str(invalid), "Correct the setting database.")]
    except DatabaseUnavailable as gone:
        return [DoctorCheck("host database", DoctorStatus.WRONG, str(gone), hint)]
    except TimeoutError:
        message = f"it did not answer within {DATABASE_SECONDS:g} s"
        return [DoctorCheck("host database", DoctorStatus.WRONG, message, hint)]


async def _within(seconds: float, asking: Coroutine[Any, Any, T]) -> T:
    """What ``asking`` returns, or a ``TimeoutError``; what does not even heed its end is left behind."""
    task = asyncio.ensure_future(asking)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        return task.result()
    task.cancel()
    await asyncio.wait({task}, timeout=_LETTING_GO)
    raise TimeoutError


async def _asked(url: str, settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    database = await open_database(url)
    try:
        return await _store(database, settings, now)
    finally:
        await database.close()


async def _store(database: Database, settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    try:
        await require_newest(database)
    except SchemaOutdated as outdated:
        hint = "nagorik db upgrade, with all workers stopped."
        return [DoctorCheck("host database", DoctorStatus.WRONG, str(outdated), hint)]
    except extensions.ExtensionInvalid as invalid:
        hint = "Repair or uninstall it: nothing is opened with it."
        return [DoctorCheck("host extension", DoctorStatus.WRONG, str(invalid), hint)]
    return [
        DoctorCheck("host database", DoctorStatus.FINE, f"reachable, revision {REVISION}"),
        *await database.run(_programs),
        *await database.run(_tables),
        *await _held_keys(database, settings),
        *await database.run(_clock),
        *await database.run(lambda transaction: list(_state(transaction, now))),
    ]


def _programs(transaction: Transaction) -> list[DoctorCheck]:
    """What the database does by itself beside what the host tells it."""
    hint = "Find out who made it and drop it, then nagorik audit verify: it can drop or hide applications."
    return [
        DoctorCheck(f"host {found.subject}", DoctorStatus.WRONG, f"{found.detail} is not the host's", hint)
        for found in foreign_programs(transaction)
    ]


def _tables(transaction: Transaction) -> list[DoctorCheck]:
    """Where the tables are not those that the host made."""
    hint = "Find out who changed it and put it back: workers may become slow, or fail."
    return [
        DoctorCheck(f"host {found.subject}", DoctorStatus.WRONG, f"{found.detail} is not as the host made it", hint)
        for found in changed_tables(transaction)
    ]


def _clock(transaction: Transaction) -> list[DoctorCheck]:
    """How far this machine's clock is from the database's; a file has none of its own."""
    if transaction.connection.dialect.name != "postgresql":
        return []
    asked_at = datetime.now(UTC)
    theirs: datetime = transaction.connection.scalar(text("SELECT clock_timestamp()"))
    answered_at = datetime.now(UTC)
    # They read it somewhere between: what may be the way there or back is not counted.
    off = max(asked_at - theirs, theirs - answered_at, timedelta(0)).total_seconds()
    message = f"{off:.2f} s from the database's" if off else "as the database's"
    if off < CLOCK_SECONDS:
        return [DoctorCheck("host clock", DoctorStatus.FINE, message)]
    return [DoctorCheck("host clock", DoctorStatus.WARNING, message, "Let NTP keep the clocks of all machines.")]


def _state(transaction: Transaction, now: datetime) -> Iterator[DoctorCheck]:
    overdue = count_overdue(transaction, now)
    yield from _workers(transaction, now, is_overdue=bool(overdue))
    yield from _queue(overdue)
    if unreadable := count_unreadable(transaction):
        message = (
            f"{counted(unreadable)} applications are due at no time that there is: somebody wrote into their rows"
        )
        hint = "A worker leaves each to an officer. Find out who did it: nagorik audit verify"
        yield DoctorCheck("host queue", DoctorStatus.WARNING, message, hint)
    waiting = count_cases(transaction, now)
    status, hint = (DoctorStatus.NOTE, "nagorik cases list") if waiting else (DoctorStatus.FINE, "")
    yield DoctorCheck("host cases", status, f"{waiting} applications wait for an officer", hint)
    if differing := count_payment_cases(transaction):
        message = f"{counted(differing)} differences from the gateways' books wait for an officer"
        yield DoctorCheck("host payments", DoctorStatus.WARNING, message, "nagorik cases list")
    for code, number in count_blocked(transaction).items():
        status = DoctorStatus.NOTE if code == ERASED else DoctorStatus.WARNING
        hint = "nagorik cases list tells what to do."
        yield DoctorCheck("host blocked", status, f"{counted(number)} applications: {code}", hint)
    yield _inbox(count_left_unread(transaction, now))
    if set_aside := count_set_aside(transaction):
        message = f"{counted(set_aside)} messages ended one worker after another as they were read, and are set aside"
        hint = f"Ask the plugin's owner for a fixed version. nagorik inbox list --result {READERS_LOST}"
        yield DoctorCheck("host inbox", DoctorStatus.WARNING, message, hint)
    for row in transaction.connection.execute(select(agencies).where(agencies.c.down_since.is_not(None))):
        since, why = row.down_since.isoformat(timespec="minutes"), row.cause or "unreachable"
        message = f"down since {since}: {why}, {row.failures} calls in vain"
        yield DoctorCheck(f"host agency {row.plugin}", DoctorStatus.WARNING, message, outage_hint(why))
    restoration = catching_up(transaction)
    if restoration is not None:
        message = f"by {restoration.officer} at {restoration.at.isoformat(timespec='minutes')}, and catching up"
        hint = "Apply again what was taken in since the copy was made, then nagorik db caught-up."
        yield DoctorCheck("host restored", DoctorStatus.WARNING, message, hint)
    for extension in extensions.installed():
        yield from extension.checks(transaction, now)
    for suspension in list_suspensions(transaction):
        since = suspension.at.isoformat(timespec="minutes")
        message = f"stopped by {suspension.officer} since {since}: {suspension.reason.en}"
        yield DoctorCheck(
            f"host {suspension.kind} {suspension.name}",
            DoctorStatus.WARNING,
            message,
            f"nagorik resume {suspension.kind} {suspension.name}",
        )


async def _held_keys(database: Database, settings: HostSettings) -> list[DoctorCheck]:
    """Whether the keys are those that the database belongs to; one more that waits for its rotation is told."""
    try:
        vault = Vault(settings.keyring())
    except HostSettingsRejected:
        return []  # what is wrong with them is told above
    try:
        in_use = await database.run(partial(key_in_use, vault=vault))
    except KeysRefused as refused:
        return [DoctorCheck("host keys", DoctorStatus.WRONG, str(refused), "No command and no worker starts so.")]
    if in_use != vault.current:
        message = f"{vault.current} wraps nothing yet; {in_use} is in use"
        return [
            DoctorCheck("host keys", DoctorStatus.NOTE, message, "Once every machine has it: nagorik keys rotate.")
        ]
    return []


def _workers(transaction: Transaction, now: datetime, *, is_overdue: bool) -> Iterator[DoctorCheck]:
    known = read_workers(transaction, now)
    alive = [worker for worker in known if worker.is_alive]
    if alive:
        yield DoctorCheck("host workers", DoctorStatus.FINE, f"{len(alive)} at work")
    else:
        status = DoctorStatus.WARNING if is_overdue else DoctorStatus.NOTE
        yield DoctorCheck("host workers", status, "none is at work", "Start one: nagorik worker.")
    for worker in alive:
        for found in worker.kept_out:
            told = WorkerQuarantine(worker.name, *found)
            yield DoctorCheck(
                f"host plugin {found.plugin}", DoctorStatus.WARNING, str(told), "Tell the plugin's owner."
            )
    yield from _reloads(transaction, alive, now)
    for worker in known:
        if not worker.is_alive:
            held = sum(worker.in_hand.values())
            message = f"not heard of since {worker.beat_at.isoformat(timespec='minutes')}; {held} in hand"
            status = DoctorStatus.WARNING if held else DoctorStatus.NOTE
            hint = "It ended without a word, or stands still; living workers take over what it has in hand."
            yield DoctorCheck(f"host worker {worker.name}", status, message, hint)


def _reloads(transaction: Transaction, alive: Sequence[WorkerOverview], now: datetime) -> Iterator[DoctorCheck]:
    """Which workers still have the settings from before the last reload, though they had time to take them up."""
    last = read_last_reload(transaction)
    if last is None or now - last.at < RELOAD_GRACE:
        return
    for worker in alive:
        if worker.settings_reload is not None and worker.settings_reload < last.number:
            message = f"has not taken up the settings of {last.at.isoformat(timespec='minutes')}"
            hint = "Its log says which setting it does not accept (settings_not_reloaded). Correct it, and reload."
            yield DoctorCheck(f"host worker {worker.name}", DoctorStatus.WARNING, message, hint)


def _inbox(left: int) -> DoctorCheck:
    minutes = round(OVERDUE.total_seconds() / 60)
    message = f"{counted(left)} messages have waited to be read for more than {minutes} minutes"
    hint = (
        "Their plugin is kept out, lacks a setting, or is stopped. nagorik inbox list --result waiting"
        if left
        else ""
    )
    return DoctorCheck("host inbox", DoctorStatus.WARNING if left else DoctorStatus.FINE, message, hint)


def _queue(overdue: Mapping[str, int]) -> Iterator[DoctorCheck]:
    minutes = round(OVERDUE.total_seconds() / 60)
    total = sum(overdue.values())
    message = f"{total} applications have been due for more than {minutes} minutes"
    if not overdue:
        yield DoctorCheck("host queue", DoctorStatus.FINE, message)
        return
    by_agency = ", ".join(f"{plugin} {counted(number)}" for plugin, number in overdue.items())
    hint = "More workers, if the agencies can bear more; a queue after an outage drains by itself. nagorik agencies"
    yield DoctorCheck("host queue", DoctorStatus.WARNING, f"{message}: {by_agency}", hint)
