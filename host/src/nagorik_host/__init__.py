"""The reference host: carries citizens' applications for days, through crashes, outages and upgrades.

What a program opens a host with is imported when it is first used: asking whether a host is set up stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nagorik_host.host import Host as Host, Tracked as Tracked, open_host as open_host

__all__ = ["Host", "Tracked", "open_host"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module nagorik_host has no attribute {name}")
    return getattr(import_module("nagorik_host.host"), name)
