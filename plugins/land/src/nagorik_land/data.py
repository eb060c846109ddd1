"""The data files beside this module: sentences, dated figures, the offices' words and fees."""

from typing import Final

from nagorik_toolkit import PluginData

DATA: Final = PluginData(__package__)
