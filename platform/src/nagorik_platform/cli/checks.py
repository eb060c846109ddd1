"""The checks of ``nagorik doctor``, each a value.

Of settings, names alone are told: no value is read out, shown or kept.
"""

import asyncio
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib.metadata import version
from threading import Thread
from typing import Final, Literal, NamedTuple

from nagorik.data_files import DataFileInvalid
from nagorik.errors import SettingsRejected
from nagorik.manifest import API_VERSION, Manifest, PublicService
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.egress import EgressRules
from nagorik_platform.cli.admission import AdmissionUnknown, both, host_admission, is_kept_out, kept_out
from nagorik_platform.cli.commands import CommandUnusable, Contribution, find_checks, find_commands
from nagorik_platform.cli.composition import host_composition
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.dispatch.importer import PluginImporter
from nagorik_platform.logs import redact
from nagorik_platform.plugin_settings import environment_prefix, load_settings
from nagorik_platform.registry import Admission, LoadedPlugin, PluginRecord, Quarantine, Registry, resolve_object
from nagorik_platform.registry.records import ADMISSION_CODES
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_platform.tracebacks import type_name
from nagorik_toolkit.fees import NoTariff


class SettingsFinding(NamedTuple):
    """What is so with a plugin's settings."""

    status: Literal["fine", "warning", "wrong"]
    message: str
    hint: str = ""


def check_settings(
    record: PluginRecord, other_plugins: Sequence[str], given: PluginConfiguration | None, now: datetime
) -> Iterator[SettingsFinding]:
    """What the process's environment and the host together have for a plugin, and lack.

    Args:
        record: The plugin.
        other_plugins: The ids of the others: the settings of ``land-mutation`` also begin with ``NAGORIK_LAND_``.
        given: What the host's own configuration says of the plugin.
        now: The present, aware; a certificate is held against it.
    """
    model = _model(record)
    if isinstance(model, Quarantine):
        yield SettingsFinding("wrong", model.reason, model.hint)
        return
    if model is None:
        yield SettingsFinding("wrong", "the manifest names settings that do not derive from AgencySettings")
        return
    prefix = environment_prefix(record.id)
    fields = {f"{prefix}{name.upper()}": name for name in model.model_fields}
    foreign = tuple(longer for other in other_plugins if len(longer := environment_prefix(other)) > len(prefix))
    names = {name.upper() for name in os.environ}
    present = sorted(name for name in names if name.startswith(prefix) and not name.startswith(foreign))
    known = [name for name in present if name in fields]
    if record.manifest is not None:
        yield from _rejected(model, record.manifest, prefix, known, given or PluginConfiguration(), now)
    for name in present:
        if name not in fields and not any(name.startswith(f"{field}_") for field in fields):
            likely = get_close_matches(name, fields, n=1)
            hint = f"Did you mean {likely[0]}?" if likely else "Remove it."
            yield SettingsFinding("warning", f"{name} is set, and there is no such setting", hint)


def _model(record: PluginRecord) -> type[AgencySettings] | Quarantine | None:
    reference = record.manifest.settings if record.manifest else None
    if reference is None:
        return AgencySettings
    found = resolve_object(record, reference)
    if isinstance(found, Quarantine):
        return found
    if isinstance(found.value, type) and issubclass(found.value, AgencySettings):
        return found.value
    return None


def _rejected(
    model: type[AgencySettings],
    manifest: Manifest,
    prefix: str,
    known: Sequence[str],
    given: PluginConfiguration,
    now: datetime,
) -> Iterator[SettingsFinding]:
    told = f"set: {', '.join(known) or 'none'}"
    if given.settings:
        told += f"; by the host: {', '.join(sorted(given.settings))}"
    try:
        settings = load_settings(model, manifest.id, given.settings)
    except SettingsRejected as error:
        from_host = {f"{prefix}{name.upper()}" for name in given.settings}
        names = [f"{prefix}{name.upper()}" if name else prefix for name in error.names]
        wrong = [name for name in names if name in {*known, *from_host, prefix, f"{prefix}ENVIRONMENT"}]
        missing = [name for name in names if name not in wrong]
        if wrong:
            yield SettingsFinding("wrong", f"not accepted: {', '.join(wrong)}; {told}", "Correct the value.")
        if missing:
            hint = "Set it in the environment or in the host's own configuration; or deny the plugin."
            yield SettingsFinding("warning", f"missing: {', '.join(missing)}; {told}", hint)
    except Exception as error:  # noqa: BLE001 - a plugin's own validator may raise anything, and its text may hold values
        yield SettingsFinding("wrong", f"the settings model raised {type_name(error)}; {told}")
    else:
        yield SettingsFinding("fine", told)
        yield from _unreachable(settings.base_url, manifest, prefix, given)
        yield from _certificate(settings, manifest.id, prefix, now)


def _unreachable(
    base_url: str, manifest: Manifest, prefix: str, given: PluginConfiguration
) -> Iterator[SettingsFinding]:
    """Whether the platform would refuse the address: it is asked at the first call only, and then says no more."""
    allowed = frozenset({*manifest.egress, *given.egress})
    try:
        EgressRules(base_url, allowed, plugin=manifest.id)
    except SettingsRejected:
        hosts = ", ".join(sorted(allowed)) or "none"
        yield SettingsFinding(
            "warning",
            f"{prefix}BASE_URL is no address that the plugin may reach",
            f"Use https and a host of the manifest ({hosts}), unless the host's own configuration adds another.",
        )


_RENEW_DAYS: Final = 30
"""Days before its end from which on the platform's certificate at an agency is to be renewed."""


def _certificate(settings: AgencySettings, plugin: str, prefix: str, now: datetime) -> Iterator[SettingsFinding]:
    """Whether the platform's own certificate at an agency can be used, and for how long."""
    from nagorik_platform.agency_client.certificates import agency_tls

    try:
        tls = agency_tls(settings, plugin=plugin)
    except SettingsRejected as error:
        for name, reason in error.reasons.items():
            hint = "Compare the file with what the agency has issued, its key and its password."
            yield SettingsFinding("wrong", f"{prefix}{name.upper()} cannot be used: {reason}", hint)
        return
    if tls is None or tls.ends is None:
        return
    days = (tls.ends - now) // timedelta(days=1)
    hint = "Have the agency issue another, then: nagorik settings reload, or a restart."
    if days < 0:
        yield SettingsFinding("wrong", f"the platform's certificate ended on {tls.ends:%Y-%m-%d}", hint)
    elif days < _RENEW_DAYS:
        yield SettingsFinding("warning", f"the platform's certificate ends on {tls.ends:%Y-%m-%d}", hint)
    else:
        yield SettingsFinding("fine", f"the platform's certificate is good until {tls.ends:%Y-%m-%d}")


_EARLIEST: Final = date(2026, 1, 1)
"""This release is younger than this, so that a clock before it is wrong."""
IMPORT_SECONDS: Final = PlatformSettings().import_seconds
"""Seconds that a plugin's import may stand still before it is told as hanging: as long as a host gives it."""
CHECK_SECONDS: Final = 20.0
"""Seconds that a check of another distribution is waited for."""
_CANARY: Final = "1234567890"


class DoctorStatus(StrEnum):
    """What a check found."""

    FINE = "fine"
    NOTE = "note"
    """Something that a host may want to know; nothing is wrong."""
    WARNING = "warning"
    """Something that may be meant so."""
    WRONG = "wrong"


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
    composed = host_composition()
    settings = composed or PlatformSettings()
    admission, unknown = _admission()
    admission = both(admission, settings.admission)
    registry = Registry.discover(admission=admission)
    out = kept_out(admission, registry.records)
    day = dhaka_date(now) if all(check.status is DoctorStatus.FINE for check in zone) else now.date()
    return [
        *_versions(),
        *unknown,
        *_plugins(registry),
        *_settings(registry, settings, now),
        *_fees(registry, day),
        *_questions(registry),
        *_commands(out),
        *_contributed(now, out),
        *zone,
        *_clock(now, registry.records),
        *_logging(of_a_host=composed is not None),
    ]


def _admission() -> tuple[Admission, list[DoctorCheck]]:
    """What the host lets in; nothing, and what is wrong, where that cannot be told."""
    try:
        return host_admission(), []
    except AdmissionUnknown as unknown:
        hint = "Until it is mended, no plugin is imported here."
        return Admission(allow=frozenset()), [DoctorCheck("admission", DoctorStatus.WRONG, str(unknown), hint)]


def _versions() -> Iterator[DoctorCheck]:
    yield DoctorCheck("python", DoctorStatus.FINE, f"{platform.python_implementation()} {platform.python_version()}")
    yield DoctorCheck("core", DoctorStatus.FINE, f"nagorik {version('nagorik')}, hook API {API_VERSION}")


def _plugins(registry: Registry) -> Iterator[DoctorCheck]:
    if not registry.records:
        yield DoctorCheck("plugins", DoctorStatus.WARNING, "no plugin is installed", "Install one with pip.")
    made = asyncio.run(_import_all(registry))
    for record in registry.records:
        name = f"plugin {record.id}"
        refusal = record.quarantine
        if refusal is None:
            found = made[record.id]
            refusal = found if isinstance(found, Quarantine) else None
        if refusal is not None and refusal.code in ADMISSION_CODES:
            # The host's wish, and no fault.
            yield DoctorCheck(name, DoctorStatus.NOTE, f"{refusal.code}: {refusal.reason}", refusal.hint)
        elif refusal is not None:
            yield DoctorCheck(name, DoctorStatus.WRONG, f"{refusal.code}: {refusal.reason}", refusal.hint)
        else:
            api = record.manifest.requires_api if record.manifest else ""
            took = f"imported in {record.import_seconds or 0.0:.2f} s"
            yield DoctorCheck(name, DoctorStatus.FINE, f"{record.source.label}, for hook API {api}, is ready: {took}")


async def _import_all(registry: Registry) -> dict[str, LoadedPlugin | Quarantine]:
    """Every usable plugin imported, a few at a time, each within its time."""
    return await PluginImporter(registry, IMPORT_SECONDS).load_all([record.id for record in registry.usable])


def _settings(registry: Registry, settings: PlatformSettings, now: datetime) -> Iterator[DoctorCheck]:
    usable = registry.usable
    for record in usable:
        others = [other.id for other in usable if other.id != record.id]
        for found in check_settings(record, others, settings.plugins.get(record.id), now):
            yield DoctorCheck(f"settings {record.id}", DoctorStatus(found.status), found.message, found.hint)


def _fees(registry: Registry, day: date) -> Iterator[DoctorCheck]:
    for service in registry.services():
        record = registry.owner_of(service.id)
        if service.fees is None or record is None:
            continue
        name = f"fees {service.id}"
        try:
            tariff = read_schedule(record, service.fees).tariff_on(day)
        except NoTariff as error:
            hint = "Install a release of the plugin with the tariff in force."
            yield DoctorCheck(name, DoctorStatus.WRONG, str(error), hint)
        except DataFileInvalid as error:
            yield DoctorCheck(
                name, DoctorStatus.WRONG, str(error), f"nagorik validate {record.source.distribution} tells more."
            )
        else:
            checked = "verified" if tariff.source.verified else "not verified"
            yield DoctorCheck(name, DoctorStatus.FINE, f"the tariff {tariff.id} is charged on {day} ({checked})")


def _questions(registry: Registry) -> Iterator[DoctorCheck]:
    """Whether the services of other plugins that a service may ask are there."""
    for service in registry.services():
        for asked in service.asks:
            name, offer = f"asks {service.id}", registry.offer(asked)
            owner = registry.owner_of(asked)
            if owner is None or not owner.usable:
                hint = "What it would ask cannot be told, and says so. Install the plugin that offers it, if you can."
                yield DoctorCheck(name, DoctorStatus.NOTE, f"{asked} is not on offer here", hint)
            elif not isinstance(offer, PublicService) or not offer.askable:
                hint = "Only a service whose submit has the class safe is asked; tell the plugin's owner."
                yield DoctorCheck(name, DoctorStatus.WARNING, f"{asked} may not be asked", hint)
            else:
                yield DoctorCheck(name, DoctorStatus.FINE, f"may ask {asked}, as far as the citizen's consent allows")


def _commands(out: frozenset[str]) -> Iterator[DoctorCheck]:
    for item in find_commands():
        if is_kept_out(item, out):
            message = f"brought by {item.label}, which the host keeps out; not looked into"
            yield DoctorCheck(f"command {item.name}", DoctorStatus.NOTE, message)
            continue
        try:
            item.load()
        except CommandUnusable as problem:
            hint = f"Repair or uninstall {item.distribution}; the other commands are not affected."
            yield DoctorCheck(f"command {item.name}", DoctorStatus.WRONG, f"broken: {problem}", hint)
        else:
            if not item.is_built_in:
                yield DoctorCheck(f"command {item.name}", DoctorStatus.FINE, f"brought by {item.label}")


def _contributed(now: datetime, out: frozenset[str]) -> Iterator[DoctorCheck]:
    """The checks of other distributions, such as a host's: functions of the instant that yield ``DoctorCheck``s."""
    for item in find_checks():
        if is_kept_out(item, out):
            message = f"brought by {item.label}, which the host keeps out; not asked"
            yield DoctorCheck(f"check {item.name}", DoctorStatus.NOTE, message)
            continue
        try:
            yield from _run(item, now)
        except CommandUnusable as problem:
            hint = f"Repair or uninstall {item.distribution}; the other checks are not affected."
            yield DoctorCheck(f"check {item.name}", DoctorStatus.WRONG, str(problem), hint)


def _run(item: Contribution, now: datetime) -> list[DoctorCheck]:
    examine: Callable[[datetime], Iterator[DoctorCheck]] = item.imported()  # type: ignore[assignment]
    found: Future[list[DoctorCheck]] = Future()

    def run() -> None:
        try:
            found.set_result(list(examine(now)))
        except BaseException as error:  # noqa: BLE001 - a stranger's code may raise anything
            found.set_exception(error)

    # It is not waited for beyond its time, not at the end of the process either.
    Thread(target=run, name=f"check-{item.name}", daemon=True).start()
    name = f"check {item.name}"
    try:
        return found.result(CHECK_SECONDS)
    except TimeoutError:
        message = f"{item.label} did not answer within {CHECK_SECONDS:g} s"
        return [
            DoctorCheck(name, DoctorStatus.WRONG, message, "See what it waits for: a database, a network, a disk.")
        ]
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything, and its text may hold values
        hint = f"Tell the owner of {item.distribution}."
        return [DoctorCheck(name, DoctorStatus.WRONG, f"{item.label} raised {type_name(error)}", hint)]


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
        yield DoctorCheck("time zone", DoctorStatus.FINE, "Asia/Dhaka is known, summer time of 2009 included")
    else:
        yield DoctorCheck(
            "time zone", DoctorStatus.WRONG, "the data for Asia/Dhaka is absent or wrong", "Install tzdata again."
        )


def _clock(now: datetime, records: Sequence[PluginRecord]) -> Iterator[DoctorCheck]:
    checked = [record.manifest.as_of for record in records if record.manifest is not None]
    newest = max([_EARLIEST, *checked])
    # A day's grace: a manifest is dated in Dhaka, which is ahead of UTC.
    if now.date() < newest - timedelta(days=1):
        message = f"the clock says {now.date()}, and what is installed was written on {newest} or later"
        yield DoctorCheck(
            "clock", DoctorStatus.WRONG, message, "Set the machine's clock; fees, ages and deadlines follow it."
        )
    else:
        yield DoctorCheck(
            "clock", DoctorStatus.FINE, f"{now.isoformat(timespec='seconds')}, later than all that is installed"
        )


def _logging(*, of_a_host: bool) -> Iterator[DoctorCheck]:
    line = redact(None, "error", {"event": f"nid {_CANARY}", "reference": _CANARY, "exc_info": ValueError(_CANARY)})
    if _CANARY in str(line):
        yield DoctorCheck(
            "logging", DoctorStatus.WRONG, "a number passed the redaction of log lines", "Install nagorik again."
        )
    else:
        # The commands of a host configure them by themselves; a program has to.
        hint = "" if of_a_host else "A program of your own calls nagorik_platform.logs.configure_logging() first."
        yield DoctorCheck("logging", DoctorStatus.FINE, "log lines are redacted where a host configures them", hint)
