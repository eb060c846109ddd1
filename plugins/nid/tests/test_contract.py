"""The plugin before the contract suite."""

from nagorik_nid.simulator import NidSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestNid(PluginContract):
    plugin = "nid"
    simulator = NidSimulator
    level = Level.DELIVERY
