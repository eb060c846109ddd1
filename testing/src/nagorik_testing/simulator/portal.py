"""The citizens' portal that simulated payers come back to; nothing answers there, and nothing has to."""

from typing import Final

from nagorik_platform import PaymentAddresses

PORTAL: Final = PaymentAddresses(
    returns="https://portal.example/payments/return", notices="https://portal.example/payments/notice"
)
