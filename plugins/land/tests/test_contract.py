"""The plugin before the contract suite."""

from nagorik_land.simulator import LandSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestLand(PluginContract):
    plugin = "land"
    simulator = LandSimulator
    level = Level.DELIVERY
