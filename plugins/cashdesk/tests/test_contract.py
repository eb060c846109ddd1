"""The plugin before the contract suite."""

from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.plugin_contract import PluginContract


class TestCashDesk(PluginContract):
    plugin = "cashdesk"
    simulator = CashDeskSimulator
    level = Level.PAYMENT
