"""The plugin before the contract suite."""

from nagorik_bkash.simulator import BkashSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestBkash(PluginContract):
    plugin = "bkash"
    simulator = BkashSimulator
    level = Level.PAYMENT
