"""pytest fixtures; import those you want into a ``conftest.py``. Needs ``nagorik-testing[pytest]``."""

from collections.abc import Iterator

import pytest

from nagorik_testing.citizens import SyntheticCitizens
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.socket_guard import only_this_machine


@pytest.fixture
def simulated_clock() -> SimulatedClock:
    """A clock at 10:00 in Dhaka on 24 November 2026; give it to the platform and to its simulators."""
    return SimulatedClock()


@pytest.fixture
def synthetic_citizens() -> SyntheticCitizens:
    """The people of seed 0."""
    return SyntheticCitizens()


@pytest.fixture
def socket_guard() -> Iterator[None]:
    """No connection leaves this machine during the test."""
    with only_this_machine():
        yield
