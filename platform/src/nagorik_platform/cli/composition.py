"""How a host here composes its platform, told by whichever distribution knows it."""

from collections.abc import Callable

from nagorik_platform.cli.commands import CommandUnusable, find_compositions
from nagorik_platform.configuration import PlatformSettings


def host_composition() -> PlatformSettings | None:
    """The settings that a host here composes its platform with; ``None`` where no host is set up.

    One that cannot be told is as good as none: the host's own check says what is wrong with its settings.
    """
    for item in find_compositions():
        try:
            ask: Callable[[], PlatformSettings | None] = item.imported()  # type: ignore[assignment]
            found = ask()
        except CommandUnusable:
            continue
        except Exception:  # noqa: BLE001, S112 - a stranger's code may raise anything, and its text may hold values
            continue
        if isinstance(found, PlatformSettings):
            return found
    return None
