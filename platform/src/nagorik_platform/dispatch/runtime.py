"""What the platform keeps for one plugin in use, made when first needed; what stands in where nobody is reached.

The HTTP client is imported with a plugin, not with the platform: a command that only reads the database or the
manifests starts without it.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from nagorik.clock import Clock
from nagorik.errors import AgencyUnavailable, Layer, NagorikError, PluginFault
from nagorik.http import AgencyHttp
from nagorik.manifest import Manifest, PublicService
from nagorik.model.application import DocumentStore
from nagorik.operations import Idempotency, Operation
from nagorik.privacy import Form
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.contract_errors import known_error
from nagorik_platform.dispatch.agency_connection import AgencyConnection
from nagorik_platform.dispatch.documents import NoDocuments
from nagorik_platform.dispatch.faults import FaultWatch
from nagorik_platform.dispatch.isolation import run_as
from nagorik_platform.dispatch.plugin_call import PluginCall
from nagorik_platform.dispatch.reconcile import fault_of, unwrap_group
from nagorik_platform.dispatch.runner import CallDeadline, Raised, Returned, Runner
from nagorik_platform.dispatch.steps import LoopShare
from nagorik_platform.logs import quiet_transports
from nagorik_platform.plugin_settings import load_settings
from nagorik_platform.registry import Imported, LoadedPlugin, resolve_object

if TYPE_CHECKING:
    from nagorik_platform.agency_client.circuit import Probe
    from nagorik_platform.agency_client.client import AgencyClient
    from nagorik_toolkit.fees import AssessFees

OFFLINE: Final = "offline"


class NoAgency:
    """Stands where an agency's client would: whatever is asked of it, there is no agency to reach."""

    def __init__(self) -> None:
        self.ledger = CallLedger()

    def cut_off(self) -> None:
        """Nothing is under way."""

    def __getattr__(self, name: str) -> Any:
        raise AgencyUnavailable(because=OFFLINE, layer=Layer.CORE)


class NoSettings:
    """Stands where a plugin's settings would that are not there: only reading one is an error."""

    def __init__(self, error: NagorikError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error


def settings_or_none(load: Callable[[], AgencySettings]) -> AgencySettings | NoSettings:
    """A plugin's settings as ``load`` gives them; without them a rule that needs none still works."""
    try:
        return load()
    except NagorikError as error:
        return NoSettings(error)


T = TypeVar("T")


class PluginRuntime:
    """One plugin, ready to be called, with all that its calls share.

    What it raises is one of ``nagorik.errors``, whatever the plugin's own code does.
    """

    def __init__(
        self, loaded: LoadedPlugin, settings: PlatformSettings, *, runner: Runner, probe: "Probe | None"
    ) -> None:
        manifest = loaded.record.manifest
        if manifest is None:
            raise ValueError("a loaded plugin has a manifest")
        self.loaded = loaded
        self.manifest: Manifest = manifest
        self.documents: DocumentStore = settings.documents or NoDocuments(loaded.record.id)
        self.watch = FaultWatch(settings.faults_before_quarantine)
        self.left_behind = LoopShare()
        self._longest_step = settings.longest_step
        self._clock = settings.clock
        self._rate_limiter = settings.rate_limiter
        self._token_store = settings.token_store
        self._has_circuit = settings.has_circuit
        self._rng = settings.rng
        self._runner = runner
        self._probe = probe
        self._forms: dict[str, type[Form]] = {}
        self.connection = self.connect(settings.plugins.get(loaded.record.id, PluginConfiguration()))

    def prepare(self) -> None:
        """Import and read what the manifest names, so that no call does it; a problem waits for the call it meets."""
        import_module("nagorik_platform.agency_client.client")
        with suppress(NagorikError):
            _ = self.settings
        for reference in (self.manifest.login, self.manifest.sign, self.manifest.error_reader):
            with suppress(NagorikError):
                self._function(reference)
        for service in self.manifest.services:
            with suppress(NagorikError):
                self.form(service)

    @property
    def settings(self) -> AgencySettings:
        """The plugin's settings.

        Raises:
            SettingsRejected: Naming what is missing or wrong.
        """
        return self.connection.settings

    @property
    def client(self) -> "AgencyClient":
        """The agency's client, until other settings are taken."""
        return self.connection.client

    def bind(
        self,
        operation: Operation,
        idempotency: Idempotency | None,
        key: str | None,
        deadline: CallDeadline,
        documents: DocumentStore,
    ) -> AgencyHttp:
        """The client for one call, which sends what ``documents`` opens."""
        return self.client.bind(operation, idempotency, key, deadline, documents.open)

    def connect(self, configuration: PluginConfiguration) -> AgencyConnection:
        """A connection with what a host says of the plugin; calls take it once it is ``taken``."""
        return AgencyConnection(
            self.loaded.record.id, configuration, load=self._load_settings, make=self._make_client
        )

    def reconnect(self, configuration: PluginConfiguration) -> AgencyConnection | None:
        """A connection with other settings, tried as far as that sends nothing; ``None`` where nothing would change.

        Raises:
            SettingsRejected: Naming what is missing or wrong; the settings in use stay.
        """
        made = self.connect(configuration)
        with suppress(NagorikError):  # those in use may be what is wrong
            if made.is_as(self.connection):
                return None
        _ = made.client
        return made

    async def take(self, connection: AgencyConnection) -> None:
        """Let every call that begins from now on take ``connection``; those under way keep theirs."""
        left, self.connection = self.connection, connection
        await left.retire()

    def form(self, service: PublicService) -> type[Form] | None:
        """The model of a service's form, or ``None`` for a service without one."""
        if service.form is None:
            return None
        if service.id not in self._forms:
            model = self._object(service.form)
            if not (isinstance(model, type) and issubclass(model, Form)):
                self._broken("form-not-a-form")
            self._forms[service.id] = model
        return self._forms[service.id]

    def fee_basis(self, reference: str | None) -> "AssessFees | None":
        """The function that a fee file names as its basis, or ``None`` where it names none."""
        return self._function(reference)

    def contain(self, fault: str, code: Callable[[], T], call: PluginCall | None = None) -> T:
        """Run a plugin's synchronous code; what it raises beside ``nagorik.errors`` becomes its ``fault``.

        It runs as ``call``, or as one that is named after the fault.
        """
        call = call or PluginCall(self.loaded.record, fault.removesuffix("-raised"))
        try:
            found = run_as(call, code)
        except BaseException as error:  # noqa: BLE001 - a plugin's code may raise anything
            failure = known_error(error) or fault_of(error, self.loaded.record, fault)
        else:
            if call.fault is None:
                return found
            failure = call.fault
        failure.__context__ = failure.__cause__ = None
        raise failure

    async def aclose(self) -> None:
        """Close what is open."""
        await self.connection.aclose()

    def _load_settings(self, configuration: PluginConfiguration) -> AgencySettings:
        model: Any = AgencySettings
        if self.manifest.settings is not None:
            model = self._object(self.manifest.settings)
            if not (isinstance(model, type) and issubclass(model, AgencySettings)):
                self._broken("settings-not-agency-settings")
        plugin, given, kept = self.loaded.record.id, configuration.settings, configuration.kept

        def read() -> AgencySettings:
            if kept is not None and (known := kept.of(model, given)) is not None:
                return known
            fresh: AgencySettings = load_settings(model, plugin, given)
            if kept is not None:
                kept.keep(model, given, fresh)
            return fresh

        settings: AgencySettings = self.contain("settings-raised", read)
        return settings

    def _make_client(self, connection: AgencyConnection) -> "AgencyClient":
        from nagorik_platform.agency_client.client import AgencyClient
        from nagorik_platform.agency_client.tokens import LocalTokenStore

        quiet_transports()
        manifest, before = self.manifest, self.connection.made
        if self._token_store is None:
            self._token_store = LocalTokenStore(self._clock)
        return AgencyClient(
            plugin=self.loaded.record.id,
            manifest=manifest,
            base_url=connection.settings.base_url,
            clock=self._clock,
            egress=frozenset(manifest.egress) | connection.configuration.egress,
            settings=connection.settings,
            error_reader=self._function(manifest.error_reader),
            login=self._login(manifest.login),
            signer=self._function(manifest.sign),
            probe=self._probe if manifest.health else None,
            transport_factory=connection.configuration.transport_factory,
            rng=self._rng,
            # The agency bears no more for it that it is called with two sets of settings for a moment.
            limiter=before.limiter if before is not None else None,
            rate_limiter=self._rate_limiter,
            token_store=self._token_store,
            has_circuit=self._has_circuit,
        )

    def _login(self, reference: str | None) -> Callable[[AgencyHttp, Any, Clock], Awaitable[Any]] | None:
        """The plugin's login, run like a hook: it ends in time and cannot end the process."""
        function = self._function(reference)
        if function is None:
            return None

        async def login(http: AgencyHttp, settings: Any, clock: Clock) -> object:
            deadline = CallDeadline.after(self.manifest.limits.deadline, self._clock)
            code = PluginCall(
                self.loaded.record, "login", longest_step=self._longest_step, left_behind=self.left_behind
            )
            end, _ = await self._runner.run(lambda: function(http, settings, clock), deadline, code)
            if code.fault is not None:
                raise code.fault
            if isinstance(end, Returned):
                return end.value
            failure: BaseException = PluginFault("login-deadline", plugin=self.loaded.record.id)
            if isinstance(end, Raised):
                error = unwrap_group(end.error)
                failure = known_error(error) or fault_of(error, self.loaded.record, "login-raised")
            raise failure

        return login

    def _function(self, reference: str | None) -> Callable[..., Any] | None:
        if reference is None:
            return None
        function = self._object(reference)
        if not callable(function):
            self._broken("reference-not-callable")
        return function  # type: ignore[no-any-return]

    def _object(self, reference: str) -> Any:
        found = self.contain("reference-raised", lambda: resolve_object(self.loaded.record, reference))
        if not isinstance(found, Imported):
            self._broken(found.code.value)
        return found.value

    def _broken(self, fault: str) -> NoReturn:
        raise PluginFault(fault, plugin=self.loaded.record.id)
