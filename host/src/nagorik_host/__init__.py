"""The reference host: carries citizens' applications for days, through crashes, outages and upgrades."""

from nagorik_host.host import Host, Tracked, open_host

__all__ = ["Host", "Tracked", "open_host"]
