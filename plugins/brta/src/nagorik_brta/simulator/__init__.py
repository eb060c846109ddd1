"""A simulated BRTA; needs the extra ``simulator``."""

from nagorik_brta.simulator.agency import BrtaSimulator

__all__ = ["BrtaSimulator"]
