"""The plugin before the contract suite."""

from nagorik_ekpay.simulator import EkpaySimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestEkpay(PluginContract):
    plugin = "ekpay"
    simulator = EkpaySimulator
    level = Level.PAYMENT
