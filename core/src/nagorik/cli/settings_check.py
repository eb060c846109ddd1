"""Which of a plugin's settings the environment holds, by name. No value is read out, shown or kept."""

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Literal, NamedTuple

from nagorik.agency_client.egress import AddressBook
from nagorik.errors import SettingsRejected
from nagorik.loading import PluginRecord, Quarantine, resolve_object
from nagorik.manifest import Manifest
from nagorik.settings import AgencySettings, environment_prefix, load_settings


class SettingsFinding(NamedTuple):
    """What is so with a plugin's settings."""

    status: Literal["fine", "warning", "wrong"]
    message: str
    hint: str = ""


def check_settings(record: PluginRecord, other_plugins: Sequence[str]) -> Iterator[SettingsFinding]:
    """What the process's environment has for a plugin, and lacks.

    ``other_plugins`` are the ids of the others: the settings of ``land-mutation`` also begin with ``NAGORIK_LAND_``.
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
        yield from _rejected(model, record.manifest, prefix, known)
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
    model: type[AgencySettings], manifest: Manifest, prefix: str, known: Sequence[str]
) -> Iterator[SettingsFinding]:
    told = f"set: {', '.join(known) or 'none'}"
    try:
        settings = load_settings(model, manifest.id)
    except SettingsRejected as error:
        names = [f"{prefix}{name.upper()}" if name else prefix for name in error.names]
        wrong = [name for name in names if name in {*known, prefix, f"{prefix}ENVIRONMENT"}]
        missing = [name for name in names if name not in wrong]
        if wrong:
            yield SettingsFinding("wrong", f"not accepted: {', '.join(wrong)}; {told}", "Correct the value.")
        if missing:
            hint = "Set it in the environment, unless the host's own configuration gives it."
            yield SettingsFinding("warning", f"missing: {', '.join(missing)}; {told}", hint)
    except Exception as error:  # noqa: BLE001 - a plugin's own validator may raise anything, and its text may hold values
        yield SettingsFinding("wrong", f"the settings model raised {type(error).__name__}; {told}")
    else:
        yield SettingsFinding("fine", told)
        yield from _unreachable(settings.base_url, manifest, prefix)


def _unreachable(base_url: str, manifest: Manifest, prefix: str) -> Iterator[SettingsFinding]:
    """Whether the platform would refuse the address: it is asked at the first call only, and then says no more."""
    try:
        AddressBook(base_url, frozenset(manifest.egress), plugin=manifest.id)
    except SettingsRejected:
        hosts = ", ".join(manifest.egress) or "none"
        yield SettingsFinding(
            "warning",
            f"{prefix}BASE_URL is no address that the plugin may reach",
            f"Use https and a host of the manifest ({hosts}), unless the host's own configuration adds another.",
        )
