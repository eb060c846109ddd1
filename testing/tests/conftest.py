"""A small agency to try the kit on, in process, over the loopback, and there in simulated time."""

import pytest
from small_agency import Reach, Registry, in_process, over_line, over_loopback


@pytest.fixture(params=[in_process, over_loopback, over_line], ids=["in-process", "loopback", "line"])
def reach(request: pytest.FixtureRequest) -> Reach:
    return request.param


@pytest.fixture(params=[in_process, over_line], ids=["in-process", "line"])
def reach_in_simulated_time(request: pytest.FixtureRequest) -> Reach:
    """Ways on which the client's time limits count on the simulator's clock."""
    return request.param


@pytest.fixture
def registry() -> Registry:
    return Registry()
