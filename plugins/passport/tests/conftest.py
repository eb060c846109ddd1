"""A desk before the simulated department."""

import pytest

from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import ServiceDesk


@pytest.fixture
def desk() -> ServiceDesk[PassportSimulator]:
    """Where the plugin is alone."""
    return ServiceDesk.before(PassportSimulator(), service="passport.new")
