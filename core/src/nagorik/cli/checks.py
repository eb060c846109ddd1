"""The checks of ``nagorik doctor``, each a value."""

import asyncio
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import Final

from nagorik.cli.catalogue import read_schedule
from nagorik.cli.discovery import CommandUnusable, Contribution, find_checks, find_commands
from nagorik.cli.settings_check import check_settings
from nagorik.fees import NoTariff
from nagorik.loading import LoadedPlugin, PluginRecord, Quarantine, Registry
from nagorik.logs import redact
from nagorik.manifest import API_VERSION, PublicService
from nagorik.platform.first_use import FirstUse

_EARLIEST: Final = date(2026, 1, 1)
"""The core is younger than this, so that a clock before it is wrong."""
IMPORT_SECONDS: Final = 10.0
"""Seconds that a plugin's import may take before it is told as hanging."""
_CANARY: Final = "1234567890"


class Status(StrEnum):
    """What a check found."""

    FINE = "fine"
    NOTE = "note"
    """Something that a host may want to know; nothing is wrong."""
    WARNING = "warning"
    """Something that may be meant so."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result; ``hint`` says what to do, where there is something."""

    name: str
    status: Status
    message: str
    hint: str = ""


def examine(now: datetime) -> list[Check]:
    """Every check, as of the instant ``now`` (aware). Imports the installed plugins; uses no network."""
    from nagorik.bangladesh import dhaka_date

    zone = list(_time_zone())
    registry = Registry.discover()
    day = dhaka_date(now) if all(check.status is Status.FINE for check in zone) else now.date()
    return [
        *_versions(),
        *_plugins(registry),
        *_settings(registry),
        *_fees(registry, day),
        *_questions(registry),
        *_commands(),
        *_contributed(now),
        *zone,
        *_clock(now, registry.records),
        *_logging(),
    ]


def _versions() -> Iterator[Check]:
    yield Check("python", Status.FINE, f"{platform.python_implementation()} {platform.python_version()}")
    yield Check("core", Status.FINE, f"nagorik {version('nagorik')}, hook API {API_VERSION}")


def _plugins(registry: Registry) -> Iterator[Check]:
    if not registry.records:
        yield Check("plugins", Status.WARNING, "no plugin is installed", "Install one with pip.")
    made = asyncio.run(_first_uses(registry))
    for record in registry.records:
        name = f"plugin {record.id}"
        refusal = record.quarantine
        if refusal is None:
            found = made[record.id]
            refusal = found if isinstance(found, Quarantine) else None
        if refusal is not None:
            yield Check(name, Status.WRONG, f"{refusal.code}: {refusal.reason}", refusal.hint)
        else:
            api = record.manifest.requires_api if record.manifest else ""
            yield Check(name, Status.FINE, f"{record.source.label}, for hook API {api}, is ready")


async def _first_uses(registry: Registry) -> dict[str, LoadedPlugin | Quarantine]:
    """Every usable plugin imported, all at once, each within its time."""
    first_use = FirstUse(registry, IMPORT_SECONDS, lambda _: None)
    plugins = [record.id for record in registry.usable]
    return dict(zip(plugins, await asyncio.gather(*map(first_use.of, plugins)), strict=True))


def _settings(registry: Registry) -> Iterator[Check]:
    usable = registry.usable
    for record in usable:
        others = [other.id for other in usable if other.id != record.id]
        for found in check_settings(record, others):
            yield Check(f"settings {record.id}", Status(found.status), found.message, found.hint)


def _fees(registry: Registry, day: date) -> Iterator[Check]:
    for service in registry.services():
        record = registry.owner_of(service.id)
        if service.fees is None or record is None:
            continue
        name = f"fees {service.id}"
        try:
            tariff = read_schedule(record, service.fees).tariff_on(day)
        except NoTariff as error:
            hint = "Install a release of the plugin with the tariff in force."
            yield Check(name, Status.WRONG, str(error), hint)
        except ValueError as error:
            yield Check(name, Status.WRONG, str(error), f"nagorik validate {record.source.distribution} tells more.")
        else:
            checked = "verified" if tariff.source.verified else "not verified"
            yield Check(name, Status.FINE, f"the tariff {tariff.id} is charged on {day} ({checked})")


def _questions(registry: Registry) -> Iterator[Check]:
    """Whether the services of other plugins that a service may ask are there."""
    for service in registry.services():
        for asked in service.asks:
            name, offer = f"asks {service.id}", registry.offer(asked)
            owner = registry.owner_of(asked)
            if owner is None or not owner.usable:
                hint = "What it would ask cannot be told, and says so. Install the plugin that offers it, if you can."
                yield Check(name, Status.NOTE, f"{asked} is not on offer here", hint)
            elif not isinstance(offer, PublicService) or not offer.askable:
                hint = "Only a service whose submit has the class safe is asked; tell the plugin's owner."
                yield Check(name, Status.WARNING, f"{asked} may not be asked", hint)
            else:
                yield Check(name, Status.FINE, f"may ask {asked}, as far as the citizen's consent allows")


def _commands() -> Iterator[Check]:
    for item in find_commands():
        try:
            item.load()
        except CommandUnusable as problem:
            hint = f"Repair or uninstall {item.distribution}; the other commands are not affected."
            yield Check(f"command {item.name}", Status.WRONG, f"broken: {problem}", hint)
        else:
            if not item.is_core:
                yield Check(f"command {item.name}", Status.FINE, f"brought by {item.label}")


def _contributed(now: datetime) -> Iterator[Check]:
    """The checks of other distributions, such as a host's: functions of the instant that yield ``Check``s."""
    for item in find_checks():
        try:
            yield from _run(item, now)
        except CommandUnusable as problem:
            hint = f"Repair or uninstall {item.distribution}; the other checks are not affected."
            yield Check(f"check {item.name}", Status.WRONG, str(problem), hint)


def _run(item: Contribution, now: datetime) -> list[Check]:
    examine: Callable[[datetime], Iterator[Check]] = item.imported()  # type: ignore[assignment]
    try:
        found = list(examine(now))
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything, and its text may hold values
        hint = f"Tell the owner of {item.distribution}."
        return [Check(f"check {item.name}", Status.WRONG, f"{item.label} raised {type(error).__name__}", hint)]
    return found


def _time_zone() -> Iterator[Check]:
    from nagorik.bangladesh import dhaka_time

    wanted = {
        datetime(2009, 7, 1, tzinfo=UTC): timedelta(hours=7),
        datetime(2010, 2, 1, tzinfo=UTC): timedelta(hours=6),
    }
    try:
        right = all(dhaka_time(instant).utcoffset() == offset for instant, offset in wanted.items())
    except Exception:  # noqa: BLE001 - zoneinfo raises one kind for absent data and others for damaged files
        right = False
    if right:
        yield Check("time zone", Status.FINE, "Asia/Dhaka is known, summer time of 2009 included")
    else:
        yield Check("time zone", Status.WRONG, "the data for Asia/Dhaka is absent or wrong", "Install tzdata again.")


def _clock(now: datetime, records: Sequence[PluginRecord]) -> Iterator[Check]:
    checked = [record.manifest.as_of for record in records if record.manifest is not None]
    newest = max([_EARLIEST, *checked])
    # A day's grace: a manifest is dated in Dhaka, which is ahead of UTC.
    if now.date() < newest - timedelta(days=1):
        message = f"the clock says {now.date()}, and what is installed was written on {newest} or later"
        yield Check("clock", Status.WRONG, message, "Set the machine's clock; fees, ages and deadlines follow it.")
    else:
        yield Check("clock", Status.FINE, f"{now.isoformat(timespec='seconds')}, later than all that is installed")


def _logging() -> Iterator[Check]:
    line = redact(None, "error", {"event": f"nid {_CANARY}", "nid": _CANARY, "exc_info": ValueError(_CANARY)})
    if _CANARY in str(line):
        yield Check("logging", Status.WRONG, "a number passed the redaction of log lines", "Install nagorik again.")
    else:
        hint = "Call nagorik.logs.configure_logging() in the host, before anything is logged."
        yield Check("logging", Status.FINE, "log lines are redacted where a host configures them", hint)
