"""A desk before the simulated BMET."""

import pytest

from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import ServiceDesk


@pytest.fixture
def desk() -> ServiceDesk[BmetSimulator]:
    """Where the plugin is alone."""
    return ServiceDesk.before(BmetSimulator(), service="bmet.registration")


@pytest.fixture
def both() -> ServiceDesk[BmetSimulator]:
    """Where the passport office is too."""
    return ServiceDesk.before(BmetSimulator(), service="bmet.registration", beside=("passport",))
