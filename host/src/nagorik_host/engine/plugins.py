"""What the installed plugins mean for open applications: what a service can do, and what an upgrade takes over.

Applications are pinned to the release of the plugin that they were begun with. A release of the same line (the same
first number; below 1.0, the same second) promises to understand what an earlier one filed, and takes them over. For
any other they wait, blocked, until the old one is back or an officer who has read the release notes lets them go on.

In a rolling upgrade a worker with the older release leaves alone what the newer has taken over.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from packaging.version import InvalidVersion, Version
from sqlalchemy import ColumnElement, func, select, update

from nagorik.clock import Clock
from nagorik.values import dhaka_date
from nagorik_host.charges import NO_CHARGES, HostCharges
from nagorik_host.store.cases import PLUGIN_CHANGED
from nagorik_host.store.database import Transaction
from nagorik_host.store.ledger import record_of_row
from nagorik_host.store.schema import applications
from nagorik_platform import Platform
from nagorik_platform.lifecycle import ServiceCapabilities
from nagorik_platform.system_clock import SystemClock


class CapabilitiesCache:
    """The capabilities of all services on offer, with what the host charges today beside their fees."""

    def __init__(self, platform: Platform, charges: HostCharges = NO_CHARGES, clock: Clock | None = None) -> None:
        """Read the services of ``platform`` when they are asked for; ``clock`` says which day it is in Dhaka."""
        self._platform, self._charges, self._clock = platform, charges, clock or SystemClock()
        self._on = lru_cache(maxsize=1_000)(self._capabilities)

    def of(self, service: str, gateway: str | None) -> ServiceCapabilities:
        """The capabilities of a service that is paid through ``gateway``.

        Raises:
            ServiceNotOffered: No installed plugin offers the service, or the gateway.
        """
        return self._on(service, gateway, dhaka_date(self._clock.now()) if self._charges.charges else None)

    def _capabilities(self, service: str, gateway: str | None, day: date | None) -> ServiceCapabilities:
        chosen = self._platform.gateway(gateway) if gateway is not None else None
        charges = self._charges.lines(service, gateway, day) if day is not None else ()
        return ServiceCapabilities.of(self._platform.service(service), chosen, charges)


class PluginTakeover(NamedTuple):
    """Open applications of a plugin that were begun with another release, ``before``, than is installed, ``after``.

    ``applications`` is their number. They are ``taken_over``; or ``left_alone``, to workers that have their release,
    where what is installed is older; or else blocked.
    """

    plugin: str
    before: str
    after: str
    applications: int
    taken_over: bool
    left_alone: bool = False


def take_over(transaction: Transaction, installed: Mapping[str, str], now: datetime) -> list[PluginTakeover]:
    """Take open applications over to what is installed, leave them to a newer release, or block them.

    ``installed`` has distribution and version by plugin id. What was blocked and may go on is looked at ``now``.
    """
    transaction.take_time()
    pinned = applications.c.plugin, applications.c.plugin_version
    open_ones = select(*pinned, func.count()).where(applications.c.closed_at.is_(None)).group_by(*pinned)
    changes = []
    for plugin, before, number in transaction.connection.execute(open_ones).all():
        after = installed.get(plugin)
        if after is None:
            continue
        old, new = _versions(before, after)
        line = 1 if old.major > 0 else 2
        is_newer = before == after or (new > old and old.release[:line] == new.release[:line])
        if is_newer:
            accept(transaction, plugin, before, after, now)
        elif old <= new:
            is_free = applications.c.blocked.is_(None)
            _change(transaction, plugin, before, now, is_free, blocked=PLUGIN_CHANGED, due_at=None)
        if before != after:
            changes.append(PluginTakeover(plugin, before, after, number, is_newer, old > new))
    return changes


def accept(transaction: Transaction, plugin: str, before: str, after: str, now: datetime) -> None:
    """Let open applications that are pinned to ``before`` go on with ``after``."""
    transaction.take_time()
    is_blocked = applications.c.blocked == PLUGIN_CHANGED
    _change(transaction, plugin, before, now, is_blocked, plugin_version=after, blocked=None, due_at=now)
    if before != after:
        _change(transaction, plugin, before, now, plugin_version=after)


def is_beyond(pinned: str, installed: str) -> bool:
    """Whether an application is pinned to a later release of the distribution that is installed."""
    old, new = _versions(pinned, installed)
    return old > new


def _versions(one: str, other: str) -> tuple[Version, Version]:
    """The versions of two releases, each a distribution and its version; the same where they cannot be compared."""
    (name, _, before), (same, _, after) = one.rpartition(" "), other.rpartition(" ")
    try:
        return Version(before), Version(after if name == same else before)
    except InvalidVersion:
        return Version("0"), Version("0")


def _change(
    transaction: Transaction, plugin: str, version: str, now: datetime, *where: ColumnElement[bool], **values: Any
) -> None:
    """Set columns of the open applications that are pinned to a release, each in a revision of its own."""
    a = applications.c
    pinned = a.plugin == plugin, a.plugin_version == version, a.closed_at.is_(None)
    changed = update(applications).where(*pinned, *where).values(revision=a.revision + 1, **values)
    for row in transaction.connection.execute(changed.returning(applications)).mappings():
        transaction.record(row["id"], now, record_of_row(row))
