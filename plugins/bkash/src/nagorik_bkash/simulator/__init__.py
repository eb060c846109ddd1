"""bKash's tokenized checkout, simulated; needs ``nagorik-bkash[simulator]``. ``WIRE.md`` says what it speaks."""

from nagorik_bkash.simulator.gateway import BkashSimulator

__all__ = ["BkashSimulator"]
