"""Fake installed distributions for the command, and ways to run it."""

from command_site import nagorik, process, site

__all__ = ["nagorik", "process", "site"]
