"""What the host that is set up here adds to the platform's own commands: nothing, at once, where there is none."""

import asyncio
from typing import TYPE_CHECKING, TypeVar

from nagorik_host.configured import is_configured
from nagorik_platform.cli.admission import AdmissionUnknown
from nagorik_platform.cli.commands import CommandUnusable, ExitCode
from nagorik_platform.cli.host_reports import ListedCharge, Suspension, WorkerQuarantine
from nagorik_platform.registry import ADMIT_ALL, Admission

if TYPE_CHECKING:
    from nagorik_host.store.database import Transaction, Unit
    from nagorik_platform import PlatformSettings

T = TypeVar("T")


def admitted() -> Admission:
    """The plugins that the settings ``allow`` and ``deny`` let in; raises ``AdmissionUnknown``."""
    if not is_configured():
        return ADMIT_ALL
    from nagorik_host.settings import HostSettingsRejected, load_host_settings

    try:
        return load_host_settings().admission
    except HostSettingsRejected as rejected:
        raise AdmissionUnknown(str(rejected), ExitCode.USAGE) from None


def composition() -> "PlatformSettings | None":
    """The platform's settings, those of plugins among them; raises ``HostSettingsRejected``."""
    if not is_configured():
        return None
    from nagorik_host.settings import load_host_settings

    return load_host_settings().platform()


def charged() -> list[ListedCharge]:
    """All charges, on any day; raises ``CommandUnusable``."""
    if not is_configured():
        return []
    from nagorik_host.settings import HostSettingsRejected, load_host_settings

    try:
        charges = load_host_settings().host_charges().charges
    except HostSettingsRejected as rejected:
        raise CommandUnusable(str(rejected)) from None
    return [
        ListedCharge(one.line(), one.services, one.gateways, one.effective_from, one.effective_to, one.source)
        for one in charges
    ]


def suspended() -> list[Suspension]:
    """All that an officer has stopped.

    Raises:
        HostSettingsRejected: The settings are wrong.
        DatabaseInvalid: The database's URL cannot be used.
        DatabaseUnavailable: It does not answer.
        SchemaOutdated: It is of another revision.
    """

    def read(transaction: "Transaction") -> list[Suspension]:
        from nagorik_host.engine.suspensions import list_suspensions

        return [Suspension(one.kind, one.name, one.reason, one.at) for one in list_suspensions(transaction)]

    return _read_here(read)


def quarantined() -> list[WorkerQuarantine]:
    """What each living worker keeps out for its faults; errors as ``suspended``."""

    def read(transaction: "Transaction") -> list[WorkerQuarantine]:
        from nagorik_host.store.overview import read_workers
        from nagorik_platform.system_clock import SystemClock

        known = read_workers(transaction, SystemClock().now())
        return [WorkerQuarantine(one.name, *out) for one in known if one.is_alive for out in one.kept_out]

    return _read_here(read)


def _read_here(read: "Unit[list[T]]") -> list[T]:
    if not is_configured():
        return []
    from nagorik_host.commands.running import is_absent, opened_database
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.database import read_url
    from nagorik_host.store.upgrade import require_newest

    settings = load_host_settings()

    async def do() -> list[T]:
        async with opened_database(settings) as database:
            await require_newest(database)
            return await database.run(read)

    return [] if is_absent(read_url(settings.database.get_secret_value())) else asyncio.run(do())
