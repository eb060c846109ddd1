"""A simulated BMET; needs ``nagorik-bmet[simulator]``. ``WIRE.md`` says what it speaks."""

from nagorik_bmet.simulator.agency import BmetSimulator

__all__ = ["BmetSimulator"]
