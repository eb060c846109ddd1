"""The plugin before the contract suite."""

from nagorik_passport.simulator import PassportSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestPassport(PluginContract):
    plugin = "passport"
    simulator = PassportSimulator
    level = Level.DELIVERY
