"""All installed plugins: known from their manifests at once, imported one by one when first used."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from nagorik.manifest import API_VERSION, AnyOffer, PaymentGateway, PublicService
from nagorik_platform.registry.discovery import ADMIT_ALL, Admission, find_sources
from nagorik_platform.registry.reading import read_plugins
from nagorik_platform.registry.records import PluginRecord, Quarantine, QuarantineCode

if TYPE_CHECKING:
    from nagorik_platform.registry.activation import LoadedPlugin


class Registry:
    """The installed plugins and what became of each.

    What is installed is fixed. A plugin becomes ready by its first use, and may be quarantined and released. May be
    used from several threads.
    """

    def __init__(self, records: Iterable[PluginRecord]) -> None:
        # Several records share an id where they are in conflict or one of them is denied. The usable one, else
        # the first, speaks for that id.
        ordered = sorted(records, key=lambda record: (not record.usable, _order(record)))
        self._records: dict[str, PluginRecord] = {}
        self._others = tuple(
            record for record in ordered if self._records.setdefault(record.id, record) is not record
        )
        self._offers = {
            offer.id: offer
            for record in self._records.values()
            if record.manifest is not None
            for offer in record.manifest.offers
        }
        self._loaded: dict[str, LoadedPlugin] = {}
        self._prepared: dict[str, LoadedPlugin] = {}
        self._change = Lock()
        self._activation = {plugin_id: Lock() for plugin_id in self._records}

    @classmethod
    def discover(
        cls,
        *,
        admission: Admission = ADMIT_ALL,
        path: Sequence[str] | None = None,
        api_version: str = API_VERSION,
    ) -> "Registry":
        """Read what is installed on ``path``, by default on ``sys.path``, in no order. Imports no plugin.

        Each plugin passes admission, the search for conflicts, the reading of its manifest and the comparison of
        versions, or is quarantined with the reason.
        """
        return cls(read_plugins(find_sources(path), admission=admission, api_version=api_version, path=path))

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """Every plugin as it stands now, sorted by id, distribution and version."""
        with self._change:
            return tuple(sorted((*self._records.values(), *self._others), key=_order))

    @property
    def usable(self) -> tuple[PluginRecord, ...]:
        """The plugins that may be called, sorted by id; not all of them are imported."""
        return tuple(record for record in self.records if record.usable)

    @property
    def quarantined(self) -> tuple[Quarantine, ...]:
        """Why each of the others may not, in the records' order."""
        return tuple(record.quarantine for record in self.records if record.quarantine is not None)

    def record(self, plugin_id: str) -> PluginRecord | None:
        """The plugin as it stands now; of several with this id the usable one, or else the first."""
        return self._records.get(plugin_id)

    def offer(self, service_id: str) -> AnyOffer | None:
        """What the manifest says of a service or gateway, whether or not its plugin is usable."""
        return self._offers.get(service_id)

    def services(self) -> tuple[PublicService, ...]:
        """The public services among the offers of plugins that are usable now."""
        return tuple(service for record in self.usable if record.manifest for service in record.manifest.services)

    def gateways(self) -> tuple[PaymentGateway, ...]:
        """The payment gateways among the offers of plugins that are usable now."""
        return tuple(gateway for record in self.usable if record.manifest for gateway in record.manifest.gateways)

    def owner_of(self, service_id: str) -> PluginRecord | None:
        """The plugin that offers this service or gateway, perhaps in quarantine, or ``None``.

        A plugin whose manifest could not be read owns every id that begins with its own.
        """
        record = self._records.get(service_id.partition(".")[0])
        if record is None or record.manifest is None:
            return record
        return record if service_id in self._offers else None

    def activate(self, plugin_id: str) -> "LoadedPlugin | Quarantine":
        """The plugin ready for calls, imported and verified if this is its first use; or why it may not be called.

        Blocks for the import on first use. Several callers share one import. A failed import is not tried again.

        Raises:
            KeyError: No such plugin is installed.
        """
        with self._activation[plugin_id]:
            record = self._records[plugin_id]
            if record.quarantine is None and plugin_id not in self._loaded:
                record = self._activated(record)
            if record.quarantine is None:
                return self._loaded[plugin_id]
        return record.quarantine

    def note_prepared(self, loaded: "LoadedPlugin") -> None:
        """Remember that all that the manifest of ``loaded`` names was imported, beside what it was activated with."""
        self._prepared[loaded.record.id] = loaded

    def is_prepared(self, plugin_id: str) -> bool:
        """Whether nothing is left to be imported of a plugin, since an earlier platform of this registry did it."""
        loaded = self._loaded.get(plugin_id)
        return loaded is not None and self._prepared.get(plugin_id) is loaded

    def quarantine(
        self,
        plugin_id: str,
        code: QuarantineCode,
        reason: str,
        hint: str,
        *,
        since: datetime | None = None,
        probe_at: datetime | None = None,
    ) -> Quarantine:
        """Keep a plugin out from now on; a call that is under way is not stopped. The first reason stays.

        ``reason`` reads on after the distribution's name and version, and holds nothing from a call.

        Raises:
            KeyError: No such plugin is installed.
        """
        with self._change:
            record = self._records[plugin_id]
            self._loaded.pop(plugin_id, None)
            if record.quarantine is not None:
                return record.quarantine
            refusal = replace(record.source.refuse(code, reason, hint), since=since, probe_at=probe_at)
            self._records[plugin_id] = replace(record, quarantine=refusal)
        return refusal

    def prolong(self, plugin_id: str, probe_at: datetime) -> None:
        """Try a plugin in quarantine again at another time.

        Raises:
            KeyError: No such plugin is installed.
        """
        with self._change:
            record = self._records[plugin_id]
            if record.quarantine is not None:
                self._records[plugin_id] = replace(record, quarantine=replace(record.quarantine, probe_at=probe_at))

    def release(self, loaded: "LoadedPlugin") -> None:
        """Let a plugin in again that was found to work; ``loaded`` is what it was when it was put into quarantine.

        Raises:
            KeyError: No such plugin is installed.
        """
        with self._change:
            record = self._records[loaded.record.id]
            self._records[record.id] = replace(record, quarantine=None)
            self._loaded[record.id] = loaded

    def _activated(self, record: PluginRecord) -> PluginRecord:
        # Imported with the first plugin: reading the catalogue need not wait for it.
        from nagorik_platform.registry.activation import LoadedPlugin, examine

        made = examine(record)
        with self._change:
            current = self._records[record.id]
            if current.quarantine is not None:
                # Quarantined by another thread while it was being imported.
                return current
            if isinstance(made, LoadedPlugin):
                self._loaded[record.id], current = made, made.record
            else:
                current = current.refused(*made[0])
            self._records[record.id] = current
            return current


def _order(record: PluginRecord) -> tuple[str, str, str, str]:
    source = record.source
    return source.plugin_id, source.distribution, source.version, source.value
