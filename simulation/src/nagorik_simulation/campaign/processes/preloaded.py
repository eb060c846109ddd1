"""Imported by the server that workers are forked from: each finds done what all would otherwise do at their start."""

import structlog.dev  # noqa: F401 - it imports itself when the first line is written

from nagorik_platform.registry.registry import Registry

Registry.discover()
