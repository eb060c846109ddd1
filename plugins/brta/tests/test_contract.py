"""The plugin before the contract suite."""

from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestBrta(PluginContract):
    plugin = "brta"
    simulator = BrtaSimulator
    level = Level.DELIVERY
