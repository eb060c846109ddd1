"""A desk before the simulated office."""

import pytest

from nagorik_licensing.simulator import LicensingSimulator
from nagorik_testing import ServiceDesk, SimulatedClock


@pytest.fixture
def desk() -> ServiceDesk[LicensingSimulator]:
    """Where the plugin is alone, at a time that a test may turn."""
    return ServiceDesk.before(LicensingSimulator(clock=SimulatedClock()))
