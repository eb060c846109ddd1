"""How the host that is set up here composes its platform, for ``nagorik doctor``."""

from typing import TYPE_CHECKING

from nagorik_host.configured import is_configured

if TYPE_CHECKING:
    from nagorik_platform import PlatformSettings


def composition() -> "PlatformSettings | None":
    """The platform's settings, those of plugins among them; nothing where no host is set up.

    Raises:
        HostSettingsRejected: The settings are wrong.
    """
    if not is_configured():
        return None
    from nagorik_host.settings import load_host_settings

    return load_host_settings().platform()
