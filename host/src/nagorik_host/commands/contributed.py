"""What the host that is set up here adds to the platform's own commands: at once nothing, if no host is set up."""

import asyncio
from typing import TYPE_CHECKING, Any

from nagorik_host.configured import is_configured
from nagorik_platform.cli.admission import AdmissionUnknown
from nagorik_platform.cli.commands import CommandUnusable, ExitCode
from nagorik_platform.cli.host_reports import ListedCharge, Suspension, WorkerQuarantine
from nagorik_platform.registry import ADMIT_ALL, Admission

if TYPE_CHECKING:
    from nagorik_host.settings import HostSettings
    from nagorik_host.store.database import Transaction, Unit
    from nagorik_platform import PlatformSettings


def admitted() -> Admission:
    """The plugins that the settings ``allow`` and ``deny`` let in; raises ``AdmissionUnknown``."""
    try:
        settings = _settings()
    except ValueError as rejected:
        raise AdmissionUnknown(str(rejected), ExitCode.USAGE) from None
    return settings.admission if settings is not None else ADMIT_ALL


def composition() -> "PlatformSettings | None":
    """The platform's settings, those of plugins among them; raises ``HostSettingsRejected``."""
    settings = _settings()
    return settings.platform() if settings is not None else None


def charged() -> list[ListedCharge]:
    """All charges, on any day; raises ``CommandUnusable``."""
    try:
        settings = _settings()
        charges = settings.host_charges().charges if settings is not None else ()
    except ValueError as rejected:
        raise CommandUnusable(str(rejected)) from None
    return [
        ListedCharge(one.line(), one.services, one.gateways, one.effective_from, one.effective_to, one.source)
        for one in charges
    ]


def suspended() -> list[Suspension]:
    """All that an officer has stopped."""

    def read(transaction: "Transaction") -> list[Suspension]:
        from nagorik_host.store.suspensions import list_suspensions

        return [Suspension(one.kind, one.name, one.reason, one.at) for one in list_suspensions(transaction)]

    return _read_here(read)


def quarantined() -> list[WorkerQuarantine]:
    """What each living worker keeps out for its faults."""

    def read(transaction: "Transaction") -> list[WorkerQuarantine]:
        from nagorik_host.store.overview import read_workers
        from nagorik_platform.system_clock import SystemClock

        known = read_workers(transaction, SystemClock().now())
        return [WorkerQuarantine(one.name, *out) for one in known if one.is_alive for out in one.kept_out]

    return _read_here(read)


def _settings() -> "HostSettings | None":
    """The host's settings, if one is set up here; raises ``HostSettingsRejected``, a ``ValueError``."""
    if not is_configured():
        return None
    from nagorik_host.settings import load_host_settings

    return load_host_settings()


def _read_here(read: "Unit[list[Any]]") -> list[Any]:
    settings = _settings()
    if settings is None:
        return []
    from nagorik_host.commands.running import is_absent, opened_database
    from nagorik_host.store.upgrade import require_newest

    async def do() -> list[Any]:
        async with opened_database(settings) as database:
            await require_newest(database)
            return await database.run(read)

    return [] if is_absent(settings) else asyncio.run(do())
