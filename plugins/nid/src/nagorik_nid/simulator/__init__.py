"""The Election Commission, simulated; needs ``nagorik-nid[simulator]``. ``WIRE.md`` describes what it speaks."""

from nagorik_nid.simulator.agency import NidSimulator

__all__ = ["NidSimulator"]
