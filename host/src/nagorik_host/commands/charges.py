"""What the host that is set up here charges beside the fees of agencies, for the platform's own commands."""

from typing import TYPE_CHECKING

from nagorik_host.configured import is_configured

if TYPE_CHECKING:
    from nagorik_platform.cli.host_reports import ListedCharge


def charged() -> "list[ListedCharge]":
    """All charges, whenever they are asked for; nothing, at once, where no host is set up.

    Raises:
        CommandUnusable: The settings, or the file of charges, cannot be used; the text says why.
    """
    if not is_configured():
        return []
    from nagorik_host.settings import HostSettingsRejected, load_host_settings
    from nagorik_platform.cli.commands import CommandUnusable
    from nagorik_platform.cli.host_reports import ListedCharge

    try:
        charges = load_host_settings().host_charges()
    except HostSettingsRejected as rejected:
        raise CommandUnusable(str(rejected)) from None
    return [
        ListedCharge(
            line=one.line(),
            services=one.services,
            gateways=one.gateways,
            effective_from=one.effective_from,
            effective_to=one.effective_to,
            source=one.source,
        )
        for one in charges.charges
    ]
