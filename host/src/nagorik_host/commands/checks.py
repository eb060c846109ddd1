"""What ``nagorik doctor`` asks of a host: settings, keys, database, and how the work fares."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import disk_usage
from typing import Any, Final, TypeVar

from sqlalchemy import select, text

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
    count_blocked,
    count_left_unread,
    count_overdue,
    count_set_aside,
    read_workers,
)
from nagorik_host.store.payment_cases import count_payment_cases
from nagorik_host.store.reloads import read_last_reload
from nagorik_host.store.schema import REVISION, agencies
from nagorik_host.store.upgrade import SchemaOutdated, require_newest
from nagorik_host.vault import Vault
from nagorik_platform.cli.checks import DoctorCheck, DoctorStatus
from nagorik_platform.cli.host_reports import WorkerQuarantine
from nagorik_platform.registry import Registry
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
    """Every check of the host, as of ``now``; one note where no host is set up here."""
    if not is_configured():
        hint = "nagorik db upgrade and nagorik keys new NAME --out FILE begin one; see docs/how-to/run-the-host.md."
        yield _note("host", "no host is set up here: neither nagorik.toml nor NAGORIK_HOST_…", hint)
        return
    try:
        settings = load_host_settings()
    except HostSettingsRejected as rejected:
        for problem in rejected.problems:
            yield _wrong("host settings", problem, "Correct the file or the variable.")
        return
    path = settings_file()
    yield _fine("host settings", f"from {path.name if path else 'the environment alone'}")
    registry = Registry.discover(admission=settings.admission)
    yield from _keys(settings)
    yield from _plugins(settings, registry)
    yield from _charges(settings, registry)
    yield from _disks(settings)
    yield from _unfinished(settings)
    yield from asyncio.run(_database(settings, now))


def _fine(name: str, message: str) -> DoctorCheck:
    return DoctorCheck(name, DoctorStatus.FINE, message)


def _note(name: str, message: str, hint: str) -> DoctorCheck:
    return DoctorCheck(name, DoctorStatus.NOTE, message, hint)


def _warning(name: str, message: str, hint: str) -> DoctorCheck:
    return DoctorCheck(name, DoctorStatus.WARNING, message, hint)


def _wrong(name: str, message: str, hint: str) -> DoctorCheck:
    return DoctorCheck(name, DoctorStatus.WRONG, message, hint)


def _keys(settings: HostSettings) -> Iterator[DoctorCheck]:
    try:
        keyring = settings.keyring()
    except HostSettingsRejected as rejected:
        yield _wrong("host keys", str(rejected), "nagorik keys new NAME --out FILE makes a keyring.")
        return
    others = len(keyring.wrapping) - 1
    older = f", and {others} older that only unwrap" if others else ""
    yield _fine("host keys", f"{keyring.current} wraps what is new{older}")


def _plugins(settings: HostSettings, registry: Registry) -> Iterator[DoctorCheck]:
    """What the settings name and is not installed."""
    known = {record.id for record in registry.records}
    for name in sorted((set(settings.plugins) | set(settings.allow or ())) - known):
        message = "it has settings or is allowed, and is not installed"
        yield _warning(f"host plugin {name}", message, "nagorik plugins lists what is installed.")


def _charges(settings: HostSettings, registry: Registry) -> Iterator[DoctorCheck]:
    """Whether the file of charges can be used, and names what is installed: what it misspells is charged nowhere."""
    try:
        charges = settings.host_charges()
    except HostSettingsRejected as rejected:
        yield _wrong("host charges", str(rejected), "Correct the file: nothing is opened with it.")
        return
    if not charges.charges:
        return
    manifests = [record.manifest for record in registry.records if record.manifest is not None]
    offered = {one.id for manifest in manifests for one in (*manifest.services, *manifest.gateways)}
    offered |= {f"{record.id}.*" for record in registry.records}
    named = {one for entry in charges.charges for one in (*entry.services, *entry.gateways)}
    capped = {one for entry in charges.ceilings for one in entry.services}
    for found, message, what in (
        (capped - named, "has a ceiling", "a ceiling of nothing"),
        (named, "is charged for", "charged nowhere"),
    ):
        hint = f"nagorik services lists what is installed; what is misspelt is {what}."
        for one in sorted(found - offered):
            yield _warning("host charges", f"{one} {message}, and nothing offers it", hint)
    yield _fine("host charges", f"{len(charges.charges)} within their ceilings")


def _disks(settings: HostSettings) -> Iterator[DoctorCheck]:
    """Whether the disks that this machine writes to have room, and what stands there is for this user alone."""
    places = {"documents": settings.documents}
    url = read_url(settings.database.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        places = {"database": Path(str(url.database)), **places}
    for what, place in places.items():
        if place.exists() and is_open_to_others(place):
            hint = f"chmod {'700' if place.is_dir() else '600'} it, owned by the user that runs the workers."
            yield _warning(f"host {what}", "other users can read or change it", hint)
        name = f"host disk of the {what}"
        try:
            free = disk_usage(_existing(place)).free
        except OSError as error:
            hint = "See that the disk is there and may be read."
            yield _wrong(name, f"cannot be asked: {type_name(error)}", hint)
            continue
        message = f"{free / 1e9:.1f} GB free"
        if free >= SCARCE:
            yield _fine(name, message)
        else:
            hint = "Free some, or give it more: a worker whose disk is full ends, and applications wait."
            yield (_wrong if free < FULL else _warning)(name, message, hint)


def _existing(place: Path) -> Path:
    """The folder that a file or folder lies in or will lie in."""
    return next((above for above in (place, *place.absolute().parents) if above.is_dir()), Path("/"))


def _unfinished(settings: HostSettings) -> Iterator[DoctorCheck]:
    """What processes that ended while they wrote a document left of it."""
    try:
        number = len(unfinished_files(settings.documents))
    except OSError as error:
        hint = "See that the folder may be read by this user."
        yield _warning("host documents", f"cannot be asked: {type_name(error)}", hint)
        return
    if number:
        hint = (
            "Nothing is lost: what they belong to was not written down. A worker removes them as it starts, and once"
            " an hour; nagorik audit documents --remove does it now. কিছুই হারায়নি; ওয়ার্কার এগুলো নিজেই সরিয়ে ফেলে।"
        )
        yield _note("host documents", f"{number} files that a process began and, as it ended, never finished", hint)


async def _database(settings: HostSettings, now: datetime) -> list[DoctorCheck]:
    name, hint = "host database", "See that it runs and that the setting database is right."
    try:
        url = settings.database.get_secret_value()
        if is_absent(read_url(url)):
            return [_wrong(name, "the file is not there", "nagorik db upgrade makes it.")]
        return await _within(DATABASE_SECONDS, _asked(url, settings, now))
    except DatabaseInvalid as invalid:
        return [_wrong(name, str(invalid), "Correct the setting database.")]
    except DatabaseUnavailable as gone:
        return [_wrong(name, str(gone), hint)]
    except TimeoutError:
        return [_wrong(name, f"it did not answer within {DATABASE_SECONDS:g} s", hint)]
    except SchemaOutdated as outdated:
        return [_wrong(name, str(outdated), "nagorik db upgrade, with all workers stopped.")]
    except extensions.ExtensionInvalid as invalid:
        return [_wrong("host extension", str(invalid), "Repair or uninstall it: nothing is opened with it.")]


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
        await require_newest(database)
        return [
            _fine("host database", f"reachable, revision {REVISION}"),
            *await database.run(_foreign),
            *await _held_keys(database, settings),
            *await database.run(_clock),
            *await database.run(lambda transaction: list(_state(transaction, now))),
        ]
    finally:
        await database.close()


def _foreign(transaction: Transaction) -> list[DoctorCheck]:
    """Programs in the database, and tables, that the host did not make."""
    programs = "Find out who made it and drop it, then nagorik audit verify: it can drop or hide applications."
    tables = "Find out who changed it and put it back: workers may become slow, or fail."
    return [
        *(
            _wrong(f"host {found.subject}", f"{found.detail} is not the host's", programs)
            for found in foreign_programs(transaction)
        ),
        *(
            _wrong(f"host {found.subject}", f"{found.detail} is not as the host made it", tables)
            for found in changed_tables(transaction)
        ),
    ]


async def _held_keys(database: Database, settings: HostSettings) -> list[DoctorCheck]:
    """Whether the keys are those that the database belongs to, and the first of them is in use."""
    try:
        vault = Vault(settings.keyring())
        in_use = await database.run(partial(key_in_use, vault=vault))
    except HostSettingsRejected:
        return []  # what is wrong with them is said above
    except KeysRefused as refused:
        return [_wrong("host keys", str(refused), "No command and no worker starts so.")]
    if in_use == vault.current:
        return []
    message = f"{vault.current} wraps nothing yet; {in_use} is in use"
    return [_note("host keys", message, "Once every machine has it: nagorik keys rotate.")]


def _clock(transaction: Transaction) -> list[DoctorCheck]:
    """How far this machine's clock is from the database's; a file has no clock."""
    if transaction.connection.dialect.name != "postgresql":
        return []
    asked_at = datetime.now(UTC)
    theirs: datetime = transaction.connection.scalar(text("SELECT clock_timestamp()"))
    answered_at = datetime.now(UTC)
    # They read it somewhere between: what may be the way there or back is not counted.
    off = max(asked_at - theirs, theirs - answered_at, timedelta(0)).total_seconds()
    message = f"{off:.2f} s from the database's" if off else "as the database's"
    if off < CLOCK_SECONDS:
        return [_fine("host clock", message)]
    return [_warning("host clock", message, "Let NTP keep the clocks of all machines.")]


def _state(transaction: Transaction, now: datetime) -> Iterator[DoctorCheck]:
    overdue = count_overdue(transaction, now)
    yield from _workers(transaction, now, is_overdue=bool(overdue))
    yield _queue(overdue)
    waiting = count_cases(transaction, now)
    message = f"{waiting} applications wait for an officer"
    yield _note("host cases", message, "nagorik cases list") if waiting else _fine("host cases", message)
    if differing := count_payment_cases(transaction):
        message = f"{differing} differences from the gateways' books wait for an officer"
        yield _warning("host payments", message, "nagorik cases list")
    for code, number in count_blocked(transaction).items():
        status = _note if code == ERASED else _warning
        yield status("host blocked", f"{number} applications: {code}", "nagorik cases list says what to do.")
    yield from _inbox(transaction, now)
    for row in transaction.connection.execute(select(agencies).where(agencies.c.down_since.is_not(None))):
        since, why = row.down_since.isoformat(timespec="minutes"), row.cause or "unreachable"
        message = f"down since {since}: {why}, {row.failures} calls in vain"
        yield _warning(f"host agency {row.plugin}", message, outage_hint(why))
    restoration = catching_up(transaction)
    if restoration is not None:
        message = f"by {restoration.officer} at {restoration.at.isoformat(timespec='minutes')}, and catching up"
        hint = "Apply again what was taken in since the copy was made, then nagorik db caught-up."
        yield _warning("host restored", message, hint)
    for suspension in list_suspensions(transaction):
        since = suspension.at.isoformat(timespec="minutes")
        message = f"stopped by {suspension.officer} since {since}: {suspension.reason.en}"
        name = f"{suspension.kind} {suspension.name}"
        yield _warning(f"host {name}", message, f"nagorik resume {name}")
    for extension in extensions.installed():
        yield from extension.checks(transaction, now)


def _workers(transaction: Transaction, now: datetime, *, is_overdue: bool) -> Iterator[DoctorCheck]:
    known = read_workers(transaction, now)
    alive = [worker for worker in known if worker.is_alive]
    if alive:
        yield _fine("host workers", f"{len(alive)} at work")
    else:
        yield (_warning if is_overdue else _note)("host workers", "none is at work", "Start one: nagorik worker.")
    for worker in alive:
        for found in worker.kept_out:
            quarantine = WorkerQuarantine(worker.name, *found)
            yield _warning(f"host plugin {found.plugin}", str(quarantine), "Report it to the plugin's owner.")
    last = read_last_reload(transaction)
    for worker in alive:
        if last is None or now - last.at < RELOAD_GRACE or worker.settings_reload is None:
            continue
        if worker.settings_reload < last.number:
            message = f"has not taken up the settings of {last.at.isoformat(timespec='minutes')}"
            hint = "Its log says which setting it does not accept (settings_not_reloaded). Correct it, and reload."
            yield _warning(f"host worker {worker.name}", message, hint)
    for worker in known:
        if not worker.is_alive:
            held = sum(worker.in_hand.values())
            message = f"not heard of since {worker.beat_at.isoformat(timespec='minutes')}; {held} in hand"
            hint = "It ended without a word, or stands still; living workers take over what it has in hand."
            yield (_warning if held else _note)(f"host worker {worker.name}", message, hint)


def _inbox(transaction: Transaction, now: datetime) -> Iterator[DoctorCheck]:
    left, minutes = count_left_unread(transaction, now), round(OVERDUE.total_seconds() / 60)
    message = f"{left} messages have waited to be read for more than {minutes} minutes"
    hint = "Their plugin is kept out, lacks a setting, or is stopped. nagorik inbox list --result waiting"
    yield _warning("host inbox", message, hint) if left else _fine("host inbox", message)
    if set_aside := count_set_aside(transaction):
        message = f"{set_aside} messages ended one worker after another as they were read, and are set aside"
        hint = f"Ask the plugin's owner for a fixed version. nagorik inbox list --result {READERS_LOST}"
        yield _warning("host inbox", message, hint)


def _queue(overdue: Mapping[str, int]) -> DoctorCheck:
    minutes = round(OVERDUE.total_seconds() / 60)
    message = f"{sum(overdue.values())} applications have been due for more than {minutes} minutes"
    if not overdue:
        return _fine("host queue", message)
    by_agency = ", ".join(f"{plugin} {number}" for plugin, number in overdue.items())
    hint = "More workers, if the agencies can bear more; a queue after an outage drains by itself. nagorik agencies"
    return _warning("host queue", f"{message}: {by_agency}", hint)
