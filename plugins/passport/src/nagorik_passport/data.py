"""The data files beside this module: sentences, dated rules, the portal's words and fees."""

from typing import Final

from nagorik_toolkit import PluginData

DATA: Final = PluginData(__package__)
