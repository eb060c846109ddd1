"""How a host here composes its platform."""

from nagorik_platform.cli.commands import COMPOSITIONS, CommandUnusable, find
from nagorik_platform.configuration import PlatformSettings


def host_composition() -> PlatformSettings | None:
    """The settings that a host here composes its platform with; ``None`` where no host is set up.

    Settings that cannot be used are left out: the host's own check says what is wrong with them.
    """
    for item in find(COMPOSITIONS):
        try:
            found: object = item.imported()()
        except CommandUnusable:
            continue
        except Exception:  # noqa: BLE001, S112 - a stranger's code may raise anything, and its text may hold values
            continue
        if isinstance(found, PlatformSettings):
            return found
    return None
