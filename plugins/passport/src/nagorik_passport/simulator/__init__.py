"""A simulated passport department; needs ``nagorik-passport[simulator]``. ``WIRE.md`` says what it speaks."""

from nagorik_passport.simulator.agency import PassportSimulator

__all__ = ["PassportSimulator"]
