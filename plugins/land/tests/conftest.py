"""A desk before the simulated land offices."""

import pytest

from nagorik_land.simulator import LandSimulator
from nagorik_testing import ServiceDesk


@pytest.fixture
def land_desk() -> ServiceDesk[LandSimulator]:
    """Where the plugin is alone."""
    return ServiceDesk.before(LandSimulator())
