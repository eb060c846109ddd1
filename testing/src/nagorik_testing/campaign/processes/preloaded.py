"""Imported by the server that workers are forked from: each finds done what all would otherwise do at their start.

What an installed plugin's files say is kept by their content: a worker that meets another release of one reads it
anew.
"""

import structlog.dev  # noqa: F401 - it imports itself when the first line is written

from nagorik_platform.registry.registry import Registry
from nagorik_platform.registry.static_analysis import find_private_uses

for _record in Registry.discover().records:
    if _record.directory is not None:
        find_private_uses(_record.directory)
