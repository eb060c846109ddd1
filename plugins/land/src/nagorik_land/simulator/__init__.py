"""The land offices, simulated; needs ``nagorik-land[simulator]``. ``WIRE.md`` describes what they speak."""

from nagorik_land.simulator.agency import LandSimulator

__all__ = ["LandSimulator"]
