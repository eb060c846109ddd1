"""A desk before the simulated BRTA."""

import pytest

from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import ServiceDesk


@pytest.fixture
def desk() -> ServiceDesk[BrtaSimulator]:
    """Where the plugin is alone."""
    return ServiceDesk.before(BrtaSimulator(), service="brta.learner")
