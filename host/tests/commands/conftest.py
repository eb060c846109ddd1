"""A folder with a host in it, for the tests of its commands."""

from host_site import agencies, applied, nagorik, place, ready, world, world_at

__all__ = ["agencies", "applied", "nagorik", "place", "ready", "world", "world_at"]
