"""pytest fixtures for whoever tests a plugin or a host; pytest loads them where ``nagorik-testing`` is installed.

All names begin with ``nagorik_``. Nothing is imported before a test asks for a fixture: a run without one pays for
this module alone.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nagorik.agency_client import AgencyClient
    from nagorik.platform import Platform
    from nagorik_testing.canary import Canaries, CanaryWatch
    from nagorik_testing.citizens import SyntheticCitizens
    from nagorik_testing.clock import SimulatedClock
    from nagorik_testing.simulator import Simulator
    from nagorik_testing.strict_router import StrictRouter
    from nagorik_testing.under_test import ContextMaker, UnderTest

End = Callable[[BaseException | None], None]
"""Ends what a fixture began, once the test's own code has run, with what that raised."""

_ENDS = pytest.StashKey[list[End]]()
_WATCH: "pytest.StashKey[CanaryWatch]" = pytest.StashKey()
_MARKERS = (
    "nagorik_plugin(plugin, **settings): the id of the plugin under test, and settings beside its simulator's",
    "nagorik_scenario(path): the scenario file that scripts the simulated agency, relative to the test's own file",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option that names the plugin under test."""
    parser.addini("nagorik_plugin", "id of the Nagorik plugin under test, where no marker names one", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Hold against a test what its router or its simulator met, as a failure of the test itself."""
    try:
        result = yield
    except BaseException as error:
        for end in item.stash.get(_ENDS, []):
            end(error)
        raise
    try:
        for end in item.stash.get(_ENDS, []):
            end(None)
    except AssertionError as error:
        unsatisfied = str(error)
    else:
        return result
    pytest.fail(unsatisfied, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Keep canaries out of the report, and fail the test that let one out."""
    report = yield
    watch = item.stash.get(_WATCH, None)
    if watch is not None:
        watch.judge(report, call.excinfo.value if call.excinfo is not None else None)
    return report


@pytest.fixture
def nagorik_clock() -> "SimulatedClock":
    """Simulated time: 10:00 in Dhaka on Tuesday 24 November 2026, until it is advanced or somebody sleeps on it.

    All other fixtures of a test share it.
    """
    from nagorik_testing.clock import SimulatedClock

    return SimulatedClock()


@pytest.fixture(scope="session")
def nagorik_citizens() -> "SyntheticCitizens":
    """The 10,000 synthetic citizens of seed 0: ``nagorik_citizens.citizen(42)``. Nobody real has their numbers."""
    from nagorik_testing.citizens import SyntheticCitizens

    return SyntheticCitizens()


@pytest.fixture
def nagorik_socket_guard() -> Iterator[None]:
    """Fail a test that connects to, sends to or looks up another machine than this one."""
    from nagorik_testing.socket_guard import only_this_machine

    with only_this_machine():
        yield


@pytest.fixture
def nagorik_simulator(request: pytest.FixtureRequest, nagorik_clock: "SimulatedClock") -> "Simulator":
    """The simulated agency of the plugin under test, or of the test's scenario file.

    The plugin is named by the marker ``nagorik_plugin``, by the test class's attribute ``simulator`` (a class) or
    ``plugin`` (an id), by the marker ``nagorik_scenario``, or by the ini option ``nagorik_plugin``. A test fails if a
    fault that it scripted met no request, or if the answers of its scenario file were not asked for, or not enough.
    """
    from nagorik_testing.scenario_file import finish

    simulator = _under_test(request).open_simulator(nagorik_clock)
    _at_the_end(request, lambda error: finish(simulator) if error is None else None)
    return simulator


@pytest.fixture
def nagorik_router(request: pytest.FixtureRequest, nagorik_clock: "SimulatedClock") -> "StrictRouter":
    """A strict respx router in the agency's place: ``nagorik_router.get("/v1/files/7").respond(200, json=...)``.

    Client, context and platform of the same test reach it instead of the simulator. A test with a scenario file finds
    the routes of its agency declared. A test fails on a request that no route expects, even if the code swallowed
    the error, on a route that was never called, on a repeated pattern and on a script that is too short or too long.
    """
    from nagorik_testing.strict_router import StrictRouter
    from nagorik_testing.under_test import AGENCY

    router = StrictRouter(clock=nagorik_clock, base_url=AGENCY)
    if _under_test(request, named=False).scenario is not None:
        router.forward(request.getfixturevalue("nagorik_simulator"))
    _at_the_end(request, router.end)
    return router


@pytest.fixture
def nagorik_platform(request: pytest.FixtureRequest, nagorik_clock: "SimulatedClock") -> "Platform":
    """A platform with the plugin under test and no other, before its simulator or before ``nagorik_router``."""
    return _under_test(request).platform(nagorik_clock, *_way(request))


@pytest.fixture
def nagorik_context(request: pytest.FixtureRequest, nagorik_clock: "SimulatedClock") -> "ContextMaker":
    """Make the context of a call, to call a hook of the plugin under test directly.

    ``nagorik_context(Operation.SUBMIT, "wasa.connection")`` gives what the platform would hand in: a client bound to
    the call, settings, offer, fee schedule, documents in memory, the simulated clock and an idempotency key, ``key``
    or one of its own. The offer may be left out where one alone has the operation.
    """
    return _under_test(request).contexts(nagorik_clock, *_way(request))


@pytest.fixture
def nagorik_client(nagorik_context: "ContextMaker") -> "AgencyClient":
    """The agency's client of the plugin under test, with its login and its answers, as the platform makes it."""
    return nagorik_context.client


@pytest.fixture
def nagorik_canaries(request: pytest.FixtureRequest) -> "Iterator[Canaries]":
    """Values that may leave the code nowhere: a citizen's NID, birth registration, phone and name, and a token.

    Put them in (``nagorik_canaries.citizen``, ``nagorik_canaries.token``) and the test fails, naming the kind and not
    the value, when one comes out in a log line at any level, a warning, an exception or its causes, or anything
    that is captured for the report, from where it is withheld. ``nagorik_canaries.absent_from(thing)`` looks
    into whatever else the test has in hand.
    """
    from nagorik_testing.canary import Canaries, CanaryWatch

    canaries = Canaries.seeded()
    with CanaryWatch.open(canaries) as watch:
        request.node.stash[_WATCH] = watch
        yield canaries


def _under_test(request: pytest.FixtureRequest, *, named: bool = True) -> "UnderTest":
    from nagorik_testing.under_test import UnderTest

    return UnderTest.of(request, named=named)


def _way(request: pytest.FixtureRequest) -> "tuple[Simulator | None, StrictRouter | None]":
    """What of the test stands in the agency's place."""
    routed = "nagorik_router" in request.fixturenames
    router = request.getfixturevalue("nagorik_router") if routed else None
    simulated = not routed or _under_test(request).has_simulator
    return request.getfixturevalue("nagorik_simulator") if simulated else None, router


def _at_the_end(request: pytest.FixtureRequest, end: End) -> None:
    ends = request.node.stash.setdefault(_ENDS, [])
    ends.append(end)
    request.addfinalizer(lambda: ends.remove(end))  # a test may be run again
