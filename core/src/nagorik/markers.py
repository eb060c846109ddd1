"""pluggy's markers for this project's hooks."""

from typing import Final

import pluggy

PROJECT: Final = "nagorik"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's coroutine function as the implementation of the hook of the same name."""
