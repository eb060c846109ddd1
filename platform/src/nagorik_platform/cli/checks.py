"""The checks of ``nagorik doctor``. Of settings, names alone are shown: no value is read out, shown or kept."""

import asyncio
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib.metadata import version
from typing import Final

from nagorik.data_files import DataFileInvalid
from nagorik.errors import SettingsRejected
from nagorik.manifest import API_VERSION, Manifest, PublicService
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.egress import EgressRules
from nagorik_platform.cli.admission import AdmissionUnknown, both, host_admission, is_kept_out, kept_out
from nagorik_platform.cli.commands import CHECKS, CommandUnusable, find, find_commands
from nagorik_platform.cli.composition import host_composition
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.dispatch.importer import PluginImporter
from nagorik_platform.plugin_settings import environment_prefix, load_settings
from nagorik_platform.registry import Admission, PluginRecord, Quarantine, Registry, resolve_object
from nagorik_platform.registry.records import ADMISSION_CODES
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_platform.tracebacks import type_name
from nagorik_toolkit.fees import NoTariff

_RENEW_DAYS: Final = 30
"""Days before its end from which on the platform's certificate at an agency is to be renewed."""
_EARLIEST: Final = date(2026, 1, 1)
"""This release is younger than this, so that a clock before it is wrong."""
IMPORT_SECONDS: Final = PlatformSettings().import_seconds
"""Seconds that a plugin's import may stand still: as long as a host gives it."""


class DoctorStatus(StrEnum):
    """What a check found."""

    FINE = "fine"
    NOTE = "note"
    """Something that a host may want to know; nothing is wrong."""
    WARNING = "warning"
    """Something that may be meant so."""
    WRONG = "wrong"


FINE, NOTE, WARNING, WRONG = DoctorStatus


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One check and its result; ``hint`` says what to do, where there is something."""

    name: str
    status: DoctorStatus
    message: str
    hint: str = ""


def examine(now: datetime) -> list[DoctorCheck]:
    """Every check, as of the instant ``now`` (aware). Imports the installed plugins; uses no network."""
    from nagorik.values import dhaka_date

    zone = list(_time_zone())
    settings = host_composition() or PlatformSettings()
    unknown = []
    try:
        admission = both(host_admission(), settings.admission)
    except AdmissionUnknown as error:
        admission = Admission(allow=frozenset())
        unknown = [DoctorCheck("admission", WRONG, str(error), "Until it is mended, no plugin is imported here.")]
    registry = Registry.discover(admission=admission)
    day = dhaka_date(now) if all(check.status is FINE for check in zone) else now.date()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return [
        DoctorCheck("python", FINE, python),
        DoctorCheck("core", FINE, f"nagorik {version('nagorik')}, hook API {API_VERSION}"),
        *unknown,
        *_plugins(registry),
        *_settings(registry, settings, now),
        *_fees(registry, day),
        *_questions(registry),
        *_commands(kept_out(admission, registry.records)),
        *_contributed(now),
        *zone,
        *_clock(now, registry.records),
    ]


def _plugins(registry: Registry) -> Iterator[DoctorCheck]:
    if not registry.records:
        yield DoctorCheck("plugins", WARNING, "no plugin is installed", "Install one with pip.")
    usable = [record.id for record in registry.usable]
    made = asyncio.run(PluginImporter(registry, IMPORT_SECONDS).load_all(usable))
    for record in registry.records:
        found = made.get(record.id) if record.usable else record.quarantine
        if isinstance(found, Quarantine):
            status = NOTE if found.code in ADMISSION_CODES else WRONG  # the first is the host's wish, and no fault
            yield DoctorCheck(f"plugin {record.id}", status, f"{found.code}: {found.reason}", found.hint)
        else:
            api = record.manifest.requires_api if record.manifest else ""
            took = f"imported in {record.import_seconds or 0.0:.2f} s"
            message = f"{record.source.label}, for hook API {api}, is ready: {took}"
            yield DoctorCheck(f"plugin {record.id}", FINE, message)


def _settings(registry: Registry, settings: PlatformSettings, now: datetime) -> Iterator[DoctorCheck]:
    for record in registry.usable:
        others = [other.id for other in registry.usable if other.id != record.id]
        given = settings.plugins.get(record.id) or PluginConfiguration()
        for status, message, hint in _setting_findings(record, others, given, now):
            yield DoctorCheck(f"settings {record.id}", status, message, hint)


_Finding = tuple[DoctorStatus, str, str]


def _setting_findings(
    record: PluginRecord, others: Sequence[str], given: PluginConfiguration, now: datetime
) -> Iterator[_Finding]:
    """What the process's environment and the host together have for a plugin, and lack."""
    reference = record.manifest.settings if record.manifest else None
    found = AgencySettings if reference is None else resolve_object(record, reference)
    if isinstance(found, Quarantine):
        yield WRONG, found.reason, found.hint
        return
    model: object = found if found is AgencySettings else getattr(found, "value", None)
    if not (isinstance(model, type) and issubclass(model, AgencySettings)):
        yield WRONG, "the manifest names settings that do not derive from AgencySettings", ""
        return
    prefix = environment_prefix(record.id)
    fields = {f"{prefix}{name.upper()}": name for name in model.model_fields}
    # The settings of ``land-mutation`` also begin with ``NAGORIK_LAND_``.
    foreign = tuple(longer for other in others if len(longer := environment_prefix(other)) > len(prefix))
    names = {name.upper() for name in os.environ}
    present = sorted(name for name in names if name.startswith(prefix) and not name.startswith(foreign))
    if record.manifest is not None:
        yield from _values(model, record.manifest, [name for name in present if name in fields], given, now)
    for name in present:
        if not any(name == field or name.startswith(f"{field}_") for field in fields):
            likely = get_close_matches(name, fields, n=1)
            hint = f"Did you mean {likely[0]}?" if likely else "Remove it."
            yield WARNING, f"{name} is set, and there is no such setting", hint


def _values(
    model: type[AgencySettings], manifest: Manifest, known: Sequence[str], given: PluginConfiguration, now: datetime
) -> Iterator[_Finding]:
    prefix = environment_prefix(manifest.id)
    shown = f"set: {', '.join(known) or 'none'}"
    if given.settings:
        shown += f"; by the host: {', '.join(sorted(given.settings))}"
    try:
        settings = load_settings(model, manifest.id, given.settings)
    except SettingsRejected as error:
        names = [f"{prefix}{name.upper()}" if name else prefix for name in error.names]
        here = {*known, *(f"{prefix}{name.upper()}" for name in given.settings), prefix, f"{prefix}ENVIRONMENT"}
        if wrong := [name for name in names if name in here]:
            yield WRONG, f"not accepted: {', '.join(wrong)}; {shown}", "Correct the value."
        if missing := [name for name in names if name not in here]:
            hint = "Set it in the environment or in the host's own configuration; or deny the plugin."
            yield WARNING, f"missing: {', '.join(missing)}; {shown}", hint
    except Exception as error:  # noqa: BLE001 - a plugin's own validator may raise anything, and its text may hold values
        yield WRONG, f"the settings model raised {type_name(error)}; {shown}", ""
    else:
        yield FINE, shown, ""
        allowed = frozenset({*manifest.egress, *given.egress})
        try:
            EgressRules(settings.base_url, allowed, plugin=manifest.id)
        except SettingsRejected:  # which the plugin's first call would meet, and not explain
            hosts = ", ".join(sorted(allowed)) or "none"
            hint = (
                f"Use https and a host of the manifest ({hosts}), unless the host's own configuration adds another."
            )
            yield WARNING, f"{prefix}BASE_URL is no address that the plugin may reach", hint
        yield from _certificate(settings, manifest.id, prefix, now)


def _certificate(settings: AgencySettings, plugin: str, prefix: str, now: datetime) -> Iterator[_Finding]:
    """Whether the platform's own certificate at an agency can be used, and for how long."""
    from nagorik_platform.agency_client.certificates import agency_tls

    try:
        _, ends = agency_tls(settings, plugin=plugin)
    except SettingsRejected as error:
        for name, reason in error.reasons.items():
            hint = "Compare the file with what the agency has issued, its key and its password."
            yield WRONG, f"{prefix}{name.upper()} cannot be used: {reason}", hint
        return
    if ends is not None:
        days = (ends - now) // timedelta(days=1)
        status, verb = (WRONG, "ended") if days < 0 else (WARNING if days < _RENEW_DAYS else FINE, "ends")
        hint = "Have the agency issue another, then: nagorik settings reload, or a restart."
        yield status, f"the platform's certificate {verb} on {ends:%Y-%m-%d}", "" if status is FINE else hint


def _fees(registry: Registry, day: date) -> Iterator[DoctorCheck]:
    for service in registry.services():
        record = registry.owner_of(service.id)
        if service.fees is None or record is None:
            continue
        name = f"fees {service.id}"
        try:
            tariff = read_schedule(record, service.fees).tariff_on(day)
        except NoTariff as error:
            yield DoctorCheck(name, WRONG, str(error), "Install a release of the plugin with the tariff in force.")
        except DataFileInvalid as error:
            hint = f"nagorik validate {record.source.distribution} lists every problem."
            yield DoctorCheck(name, WRONG, str(error), hint)
        else:
            checked = "verified" if tariff.source.verified else "not verified"
            yield DoctorCheck(name, FINE, f"the tariff {tariff.id} is charged on {day} ({checked})")


def _questions(registry: Registry) -> Iterator[DoctorCheck]:
    """The services of other plugins that a service may ask, and that are not there."""
    for service in registry.services():
        for asked in service.asks:
            name, offer, owner = f"asks {service.id}", registry.offer(asked), registry.owner_of(asked)
            if owner is None or not owner.usable:
                hint = (
                    "What it would ask stays unknown, and it says so. Install the plugin that offers it, if you can."
                )
                yield DoctorCheck(name, NOTE, f"{asked} is not on offer here", hint)
            elif not isinstance(offer, PublicService) or not offer.askable:
                hint = "Only a service whose submit has the class safe is asked; inform the plugin's owner."
                yield DoctorCheck(name, WARNING, f"{asked} may not be asked", hint)


def _commands(out: frozenset[str]) -> Iterator[DoctorCheck]:
    """The commands that cannot be used."""
    for item in find_commands():
        name = f"command {item.name}"
        if is_kept_out(item, out):
            yield DoctorCheck(name, NOTE, f"brought by {item.label}, which the host keeps out; not looked into")
            continue
        try:
            item.load()
        except CommandUnusable as problem:
            hint = f"Repair or uninstall {item.distribution}; the other commands are not affected."
            yield DoctorCheck(name, WRONG, f"broken: {problem}", hint)


def _contributed(now: datetime) -> Iterator[DoctorCheck]:
    """The checks of other distributions, such as a host's: functions of the instant that yield ``DoctorCheck``s."""
    for item in find(CHECKS):
        hint = f"Repair or uninstall {item.distribution}; the other checks are not affected."
        try:
            check: Callable[[datetime], Iterator[DoctorCheck]] = item.imported()
            found = list(check(now))
        except CommandUnusable as problem:
            found = [DoctorCheck(f"check {item.name}", WRONG, str(problem), hint)]
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything, and its text may hold values
            found = [DoctorCheck(f"check {item.name}", WRONG, f"{item.label} raised {type_name(error)}", hint)]
        yield from found


def _time_zone() -> Iterator[DoctorCheck]:
    from nagorik.values import dhaka_time

    wanted = {
        datetime(2009, 7, 1, tzinfo=UTC): timedelta(hours=7),
        datetime(2010, 2, 1, tzinfo=UTC): timedelta(hours=6),
    }
    try:
        right = all(dhaka_time(instant).utcoffset() == offset for instant, offset in wanted.items())
    except Exception:  # noqa: BLE001 - zoneinfo raises one kind for absent data and others for damaged files
        right = False
    if right:
        yield DoctorCheck("time zone", FINE, "Asia/Dhaka is known, summer time of 2009 included")
    else:
        yield DoctorCheck("time zone", WRONG, "the data for Asia/Dhaka is absent or wrong", "Install tzdata again.")


def _clock(now: datetime, records: Sequence[PluginRecord]) -> Iterator[DoctorCheck]:
    checked = [record.manifest.as_of for record in records if record.manifest is not None]
    newest = max([_EARLIEST, *checked])
    # A day's grace: a manifest is dated in Dhaka, which is ahead of UTC.
    if now.date() < newest - timedelta(days=1):
        message = f"the clock says {now.date()}, and what is installed was written on {newest} or later"
        yield DoctorCheck("clock", WRONG, message, "Set the machine's clock; fees, ages and deadlines follow it.")
    else:
        yield DoctorCheck("clock", FINE, f"{now.isoformat(timespec='seconds')}, later than all that is installed")
