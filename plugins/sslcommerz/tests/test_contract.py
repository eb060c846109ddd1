"""The plugin before the contract suite."""

from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestSslCommerz(PluginContract):
    plugin = "sslcommerz"
    simulator = SslCommerzSimulator
    level = Level.PAYMENT
