"""The data files beside this module: sentences, dated rules, the EC's words and fees."""

from typing import Final

from nagorik_toolkit import PluginData

DATA: Final = PluginData(__package__)
