"""The plugin before the contract suite."""

from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestBmet(PluginContract):
    plugin = "bmet"
    simulator = BmetSimulator
    level = Level.DELIVERY
