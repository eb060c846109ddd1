"""The plugin that a test is about, as its markers, its class or the ini option name it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self
from uuid import NAMESPACE_URL, uuid5

import pytest

from nagorik.agency_client import AgencyClient
from nagorik.context import CallContext
from nagorik.loading import LoadedPlugin, Policy, Registry
from nagorik.logs import get_call_log
from nagorik.manifest import PaymentGateway, PublicService
from nagorik.operations import OPERATIONS, Operation
from nagorik.platform import Platform, PlatformSettings, PluginConfiguration
from nagorik.platform.call_deadline import CallDeadline
from nagorik.platform.equipment import Equipment
from nagorik.platform.running import Runner
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.documents import MemoryDocuments
from nagorik_testing.in_process import SimulatorTransport
from nagorik_testing.installed import SimulatorUnusable, installed_simulators, load_simulator
from nagorik_testing.loopback import LOOPBACK
from nagorik_testing.rejected import FileRejected
from nagorik_testing.scenario_file import ScenarioFile
from nagorik_testing.simulator import Simulator
from nagorik_testing.strict_router import StrictRouter

AGENCY: Final = f"http://{LOOPBACK}"
"""Where the agency is to the plugin under test; nothing listens there."""

_UNNAMED: Final = (
    "no plugin is under test: mark the test, its class or its module with @pytest.mark.nagorik_plugin(ID), or set "
    "nagorik_plugin = ID in pytest's configuration"
)

Offer = PublicService | PaymentGateway


@dataclass(frozen=True, slots=True)
class UnderTest:
    """One plugin, before it is opened.

    Attributes:
        plugin: Its id; empty where a test names none and needs none.
        simulator: The class that stands for its agency, where the test gives it.
        settings: Settings of the plugin that win over the simulator's.
        scenario: The scenario file of the test.
    """

    plugin: str
    simulator: type[Simulator] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    scenario: ScenarioFile | None = None

    @classmethod
    def of(cls, request: pytest.FixtureRequest, *, named: bool = True) -> Self:
        """What a test names; it fails where it names nothing and ``named`` says that it must."""
        scenario = _scenario(request)
        marker = request.node.get_closest_marker("nagorik_plugin")
        given: object = marker.args[0] if marker is not None and marker.args else None
        for attribute in ("simulator", "plugin"):
            given = given or getattr(request.cls, attribute, None)
        given = given or (
            scenario.scenario.plugin if scenario is not None else request.config.getini("nagorik_plugin")
        )
        settings = dict(marker.kwargs) if marker is not None else {}
        if isinstance(given, type) and issubclass(given, Simulator):
            return cls(given.plugin_id, given, settings, scenario)
        if isinstance(given, str) and (given or not named):
            return cls(given, None, settings, scenario)
        raise _failure(
            _UNNAMED
            if not given
            else f"the plugin under test is named by its id or its Simulator, not by {type(given).__name__}"
        )

    @property
    def has_simulator(self) -> bool:
        """Whether there is one, given, written or installed."""
        return self.scenario is not None or self.simulator is not None or self.plugin in installed_simulators()

    def open_simulator(self, clock: SimulatedClock) -> Simulator:
        """The agency, scripted by the test's scenario file if it has one."""
        try:
            if self.scenario is not None:
                return self.scenario.open(self.simulator, clock=clock)
            if self.simulator is not None:
                return self.simulator(clock=clock)
            installed = installed_simulators()
            if self.plugin not in installed:
                known = ", ".join(installed) or "none"
                raise _failure(f"no simulator of {self.plugin} is installed; installed simulators: {known}")
            return load_simulator(installed[self.plugin])(clock=clock)
        except (FileRejected, SimulatorUnusable) as problem:
            raise _failure(str(problem)) from None

    def platform(self, clock: SimulatedClock, simulator: Simulator | None, router: StrictRouter | None) -> Platform:
        """A platform that holds this plugin alone."""
        return Platform(self._registry(), self._configured(clock, simulator, router))

    def contexts(
        self, clock: SimulatedClock, simulator: Simulator | None, router: StrictRouter | None
    ) -> "ContextMaker":
        """What makes contexts of calls to this plugin."""
        loaded = self._registry().activate(self.plugin)
        if not isinstance(loaded, LoadedPlugin):
            raise _failure(f"plugin {self.plugin} is in quarantine: {loaded}")
        settings = self._configured(clock, simulator, router)
        return ContextMaker(Equipment(loaded, settings, runner=Runner(), probe=None), clock)

    def _registry(self) -> Registry:
        registry = Registry.discover(policy=Policy(allow=frozenset({self.plugin})))
        record = registry.record(self.plugin)
        if record is None:
            raise _failure(f"plugin {self.plugin} is not installed")
        if record.quarantine is not None:
            raise _failure(f"plugin {self.plugin} is in quarantine: {record.quarantine}")
        return registry

    def _configured(
        self, clock: SimulatedClock, simulator: Simulator | None, router: StrictRouter | None
    ) -> PlatformSettings:
        given = {"base_url": AGENCY} if simulator is None else simulator.settings(AGENCY)
        transport: Any = router.transport if router is not None else None
        if simulator is not None and router is None:
            transport = partial(SimulatorTransport, simulator)
        configuration = PluginConfiguration(
            settings={**given, **self.settings}, egress=frozenset({LOOPBACK}), transport_factory=transport
        )
        return PlatformSettings(plugins={self.plugin: configuration}, documents=MemoryDocuments(), clock=clock)


class ContextMaker:
    """Makes the contexts in which the plugin's hooks are called, all with the same client."""

    def __init__(self, equipment: Equipment, clock: SimulatedClock) -> None:
        self._equipment = equipment
        self._clock = clock

    @property
    def client(self) -> AgencyClient:
        """The agency's client."""
        return self._equipment.client

    def __call__(self, operation: Operation, offer: str | None = None, *, key: str | None = None) -> CallContext[Any]:
        """The context of one call.

        Args:
            operation: What is called.
            offer: Id of the service or gateway; the one that has the operation by default.
            key: The idempotency key of a write; one that follows from offer and operation by default.
        """
        equipment, manifest = self._equipment, self._equipment.manifest
        found = self._offer(operation, offer)
        idempotency = found.writes.get(operation) if found is not None else None
        if idempotency is not None and found is not None:
            key = key or str(uuid5(NAMESPACE_URL, f"urn:nagorik:test:{found.id}:{operation.value}"))
        deadline = CallDeadline.after(manifest.limits.deadline, self._clock)
        return CallContext(
            http=equipment.bind(operation, idempotency, key, deadline),
            settings=equipment.settings,
            clock=self._clock,
            deadline=deadline,
            idempotency_key=key,
            offer=found,
            schedule=equipment.fees(found) if isinstance(found, PublicService) else None,
            documents=equipment.documents,
            log=get_call_log(manifest.id, found.id if found is not None else None, operation),
        )

    def _offer(self, operation: Operation, named: str | None) -> Offer | None:
        manifest = self._equipment.manifest
        offers: tuple[Offer, ...] = (*manifest.services, *manifest.gateways)
        having = {each.id: each for each in offers if operation in each.reads or operation in each.writes}
        if named is None and len(having) == 1:
            return next(iter(having.values()))
        if named is None and not having and OPERATIONS[operation].hook in manifest.declared_hooks:
            return None
        if named not in having:
            known = ", ".join(having) or "nothing"
            raise _failure(f"name the offer of {operation.value}: {manifest.id} has it for {known}")
        return having[named]


def _scenario(request: pytest.FixtureRequest) -> ScenarioFile | None:
    marker = request.node.get_closest_marker("nagorik_scenario")
    if marker is None:
        return None
    try:
        return ScenarioFile.read(request.path.parent / marker.args[0])
    except FileRejected as problem:
        raise _failure(str(problem)) from None


def _failure(problem: str) -> BaseException:
    return pytest.fail.Exception(problem, pytrace=False)
