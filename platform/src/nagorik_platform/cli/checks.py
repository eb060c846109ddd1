"""The checks of ``nagorik doctor``. Of settings, names alone are shown: no value is read out, shown or kept."""

import asyncio
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib.metadata import version
from typing import Final, cast

from nagorik.data_files import DataFileInvalid
from nagorik.errors import SettingsRejected
from nagorik.manifest import API_VERSION, Manifest
from nagorik.settings import AgencySettings
from nagorik.values import dhaka_date
from nagorik_platform.agency_client.certificates import agency_tls
from nagorik_platform.agency_client.egress import EgressRules
from nagorik_platform.cli.admission import AdmissionUnknown, host_admission, is_kept_out, kept_out
from nagorik_platform.cli.commands import CHECKS, CommandUnusable, answers, find_commands
from nagorik_platform.cli.host_reports import host_composition
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.dispatch.importer import PluginImporter
from nagorik_platform.plugin_settings import environment_prefix, load_settings
from nagorik_platform.registry import Admission, Imported, PluginRecord, Quarantine, Registry, resolve_object
from nagorik_platform.registry.records import ADMISSION_CODES
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_platform.tracebacks import type_name
from nagorik_toolkit.fees import NoTariff

_RENEW_DAYS: Final = 30
"""Days before its end from which on the platform's certificate at an agency is to be renewed."""


class DoctorStatus(StrEnum):
    """What a check found."""

    FINE = "fine"
    NOTE = "note"
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


def examine(now: datetime) -> Iterator[DoctorCheck]:
    """Every check, as of the instant ``now`` (aware). Imports the installed plugins; uses no network."""
    yield DoctorCheck("python", FINE, f"{platform.python_implementation()} {platform.python_version()}")
    yield DoctorCheck("core", FINE, f"nagorik {version('nagorik')}, hook API {API_VERSION}")
    settings = host_composition() or PlatformSettings()
    try:
        admission = host_admission()
    except AdmissionUnknown as error:
        admission = Admission(allow=frozenset())
        yield DoctorCheck("admission", WRONG, str(error), "Until it is mended, no plugin is imported here.")
    registry = Registry.discover(admission=admission)
    yield from _plugins(registry, settings.import_seconds)
    for record in registry.usable:
        given = settings.plugins.get(record.id) or PluginConfiguration()
        for status, message, hint in _settings(record, registry, given, now):
            yield DoctorCheck(f"settings {record.id}", status, message, hint)
    yield from _fees(registry, dhaka_date(now))
    yield from _commands(kept_out(admission, registry.records))
    # Those of other distributions, such as a host's: functions of the instant that yield checks.
    for item, found, problem in answers(CHECKS, now):
        if problem is None:
            yield from found
        else:
            hint = f"Repair or uninstall {item.distribution}; the other checks are not affected."
            yield DoctorCheck(f"check {item.name}", WRONG, problem, hint)


def _plugins(registry: Registry, seconds: float) -> Iterator[DoctorCheck]:
    if not registry.records:
        yield DoctorCheck("plugins", WARNING, "no plugin is installed", "Install one with pip.")
    usable = [record.id for record in registry.usable]
    made = asyncio.run(PluginImporter(registry, seconds).load_all(usable))
    for record in registry.records:
        name, found = f"plugin {record.id}", made.get(record.id) if record.usable else record.quarantine
        if isinstance(found, Quarantine):
            status = NOTE if found.code in ADMISSION_CODES else WRONG  # the first is the host's wish, and no fault
            yield DoctorCheck(name, status, f"{found.code}: {found.reason}", found.hint)
        else:
            api = record.manifest.requires_api if record.manifest else ""
            took = f"imported in {record.import_seconds or 0.0:.2f} s"
            yield DoctorCheck(name, FINE, f"{record.source.label}, for hook API {api}, is ready: {took}")


_Finding = tuple[DoctorStatus, str, str]


def _settings(
    record: PluginRecord, registry: Registry, given: PluginConfiguration, now: datetime
) -> Iterator[_Finding]:
    """What the process's environment and the host together have for a plugin, and lack."""
    manifest = cast("Manifest", record.manifest)
    found = Imported(AgencySettings) if manifest.settings is None else resolve_object(record, manifest.settings)
    if isinstance(found, Quarantine):
        yield WRONG, found.reason, found.hint
        return
    model = found.value
    if not (isinstance(model, type) and issubclass(model, AgencySettings)):
        yield WRONG, "the manifest names settings that do not derive from AgencySettings", ""
        return
    prefix = environment_prefix(record.id)
    fields = {f"{prefix}{name.upper()}" for name in model.model_fields}
    # The settings of ``land-mutation`` also begin with ``NAGORIK_LAND_``.
    longer = tuple(one for other in registry.usable if len(one := environment_prefix(other.id)) > len(prefix))
    names = {name.upper() for name in os.environ}
    present = sorted(name for name in names if name.startswith(prefix) and not name.startswith(longer))
    yield from _values(model, manifest, [name for name in present if name in fields], given, now)
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
        return
    except Exception as error:  # noqa: BLE001 - a plugin's own validator may raise anything, and its text may hold values
        yield WRONG, f"the settings model raised {type_name(error)}; {shown}", ""
        return
    yield FINE, shown, ""
    allowed = frozenset({*manifest.egress, *given.egress})
    try:
        EgressRules(settings.base_url, allowed, plugin=manifest.id)
    except SettingsRejected:  # which the plugin's first call would meet, and not explain
        hosts = ", ".join(sorted(allowed)) or "none"
        hint = f"Use https and a host of the manifest ({hosts}), unless the host's own configuration adds another."
        yield WARNING, f"{prefix}BASE_URL is no address that the plugin may reach", hint
    try:
        _, ends = agency_tls(settings, plugin=manifest.id)
    except SettingsRejected as error:
        hint = "Compare the file with what the agency has issued, its key and its password."
        for name, reason in error.reasons.items():
            yield WRONG, f"{prefix}{name.upper()} cannot be used: {reason}", hint
        return
    if ends is not None:
        yield _renewal(ends, now)


def _renewal(ends: datetime, now: datetime) -> _Finding:
    """Whether the platform's own certificate at an agency has to be renewed."""
    days = (ends - now) // timedelta(days=1)
    if days >= _RENEW_DAYS:
        return FINE, f"the platform's certificate ends on {ends:%Y-%m-%d}", ""
    hint = "Have the agency issue another, then: nagorik settings reload, or a restart."
    status, verb = (WRONG, "ended") if days < 0 else (WARNING, "ends")
    return status, f"the platform's certificate {verb} on {ends:%Y-%m-%d}", hint


def _fees(registry: Registry, day: date) -> Iterator[DoctorCheck]:
    for service in registry.services():
        record, name = registry.owner_of(service.id), f"fees {service.id}"
        if service.fees is None or record is None:
            continue
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


def _commands(out: frozenset[str]) -> Iterator[DoctorCheck]:
    """The commands that cannot be used."""
    for item in find_commands():
        name = f"command {item.name}"
        try:
            if is_kept_out(item, out):
                yield DoctorCheck(name, NOTE, f"brought by {item.label}, which the host keeps out; not looked into")
            else:
                item.load()
        except (CommandUnusable, AdmissionUnknown) as problem:
            hint = f"Repair or uninstall {item.distribution}; the other commands are not affected."
            yield DoctorCheck(name, WRONG, f"broken: {problem}", hint)
