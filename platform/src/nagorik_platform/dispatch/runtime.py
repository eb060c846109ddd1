"""What the platform keeps for one plugin in use, made when first needed.

The HTTP client is imported with a plugin, not with the platform: a command that only reads the database or the
manifests starts without it.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

from pydantic import BaseModel

from nagorik.clock import Clock
from nagorik.errors import NagorikError, PluginFault
from nagorik.http import AgencyHttp
from nagorik.manifest import Manifest, PublicService
from nagorik.privacy import Form
from nagorik.settings import AgencySettings
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.dispatch.agency_connection import AgencyConnection
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL, PluginCall
from nagorik_platform.dispatch.reconcile import error_of
from nagorik_platform.dispatch.runner import CallDeadline, Runner
from nagorik_platform.logs import quiet_transports
from nagorik_platform.plugin_settings import load_settings
from nagorik_platform.registry import Imported, LoadedPlugin, resolve_object

if TYPE_CHECKING:
    from nagorik_platform.agency_client.circuit import Probe
    from nagorik_platform.agency_client.client import AgencyClient

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=BaseModel)


class PluginRuntime:
    """One plugin, ready to be called, with all that its calls share.

    What it raises is one of ``nagorik.errors``, also where the plugin's own code raises another.
    """

    def __init__(
        self, loaded: LoadedPlugin, settings: PlatformSettings, *, runner: Runner, probe: "Probe | None"
    ) -> None:
        self.loaded: Final = loaded
        self.manifest: Final = cast("Manifest", loaded.record.manifest)
        self._host = settings
        self._token_store = settings.token_store
        self._runner = runner
        self._probe = probe
        self._forms: dict[str, type[Form]] = {}
        self.connection = AgencyConnection(self, settings.plugins.get(loaded.record.id, PluginConfiguration()))

    def prepare(self) -> None:
        """Import and read what the manifest names, so that no call does it; a problem waits for the call it meets."""
        import_module("nagorik_platform.agency_client.client")
        reads: list[Callable[[], object]] = [
            lambda: self.connection.settings,
            partial(self.function, self.manifest.login),
            partial(self.function, self.manifest.sign),
            partial(self.function, self.manifest.error_reader),
            *(partial(self.form, service) for service in self.manifest.services),
        ]
        for read in reads:
            with suppress(NagorikError):
                read()

    async def reconnect(self, configuration: PluginConfiguration) -> bool:
        """Let calls that begin from now on have other settings; those under way keep theirs. Whether any differ.

        Raises ``SettingsRejected``, which names what is missing or wrong; the settings in use stay then.
        """
        made, left = AgencyConnection(self, configuration), self.connection
        with suppress(NagorikError):  # those in use may be what is wrong
            # The content of files that they name is not known.
            files = made.settings.certificate_authority, made.settings.client_certificate
            if (files, made.settings, made.configuration.egress) == (
                (None, None),
                left.settings,
                left.configuration.egress,
            ):
                return False
        _ = made.client
        self.connection = made
        await left.retire()
        return True

    def form(self, service: PublicService) -> type[Form] | None:
        """The model of a service's form, or ``None`` for a service without one."""
        if service.form is not None and service.id not in self._forms:
            self._forms[service.id] = self._class(service.form, Form, "form-not-a-form")
        return self._forms.get(service.id)

    def function(self, reference: str | None) -> Callable[..., Any] | None:
        """The function that a reference names."""
        if reference is None:
            return None
        function = self._object(reference)
        if not callable(function):
            self._broken("reference-not-callable")
        return function  # type: ignore[no-any-return]

    def contain(self, call: PluginCall, code: Callable[[], T]) -> T | NagorikError:
        """What a plugin's synchronous code returns, or its error; a foreign one is the fault ``OPERATION-raised``."""
        context = copy_context()
        context.run(PLUGIN_CALL.set, call)
        try:
            return call.run(lambda: context.run(code))
        except BaseException as error:  # noqa: BLE001 - a plugin's code may raise anything
            failure = call.fault or error_of(error, self.loaded.record, f"{call.operation}-raised")
        failure.__context__ = failure.__cause__ = failure.__traceback__ = None
        return failure

    def _contained(self, kind: str, code: Callable[[], T]) -> T:
        found = self.contain(PluginCall(self.loaded.record, kind), code)
        if isinstance(found, NagorikError):
            raise found
        return found

    def load_settings(self, configuration: PluginConfiguration) -> AgencySettings:
        """Read the plugin's settings; as ``AgencyConnection.settings``."""
        model: Any = AgencySettings
        if self.manifest.settings is not None:
            model = self._class(self.manifest.settings, AgencySettings, "settings-not-agency-settings")
        plugin, given = self.loaded.record.id, configuration.settings
        read: AgencySettings = self._contained("settings", lambda: load_settings(model, plugin, given))
        return read

    def make_client(self, connection: AgencyConnection) -> "AgencyClient":
        """Make the agency's client; as ``AgencyConnection.client``."""
        from nagorik_platform.agency_client.client import AgencyClient
        from nagorik_platform.agency_client.tokens import LocalTokenStore

        quiet_transports()
        manifest, before, clock = self.manifest, self.connection.made, self._host.clock
        self._token_store = self._token_store or LocalTokenStore(clock)
        return AgencyClient(
            plugin=self.loaded.record.id,
            manifest=manifest,
            clock=clock,
            egress=frozenset(manifest.egress) | connection.configuration.egress,
            settings=connection.settings,
            error_reader=self.function(manifest.error_reader),
            login=self._login(manifest.login),
            signer=self.function(manifest.sign),
            probe=self._probe if manifest.health else None,
            transport_factory=connection.configuration.transport_factory,
            rng=self._host.rng,
            # The agency bears no more for it that it is called with two sets of settings for a moment.
            limiter=before.limiter if before is not None else None,
            rate_limiter=self._host.rate_limiter,
            token_store=self._token_store,
            has_circuit=self._host.has_circuit,
        )

    def _login(self, reference: str | None) -> Callable[[AgencyHttp, Any, Clock], Awaitable[Any]] | None:
        """The plugin's login, run like a hook: it ends in time and cannot end the process."""
        function = self.function(reference)
        if function is None:
            return None

        async def login(http: AgencyHttp, settings: Any, clock: Clock) -> object:
            deadline = CallDeadline.after(self.manifest.limits.deadline, self._host.clock)
            code = PluginCall(self.loaded.record, "login")
            end = await self._runner.run(lambda: function(http, settings, clock), deadline, code)
            if end.error is not None:
                raise error_of(end.error, self.loaded.record, "login-raised")
            return end.value

        return login

    def _class(self, reference: str, base: type[ModelT], fault: str) -> type[ModelT]:
        found = self._object(reference)
        if not (isinstance(found, type) and issubclass(found, base)):
            self._broken(fault)
        return found

    def _object(self, reference: str) -> Any:
        found = self._contained("reference", lambda: resolve_object(self.loaded.record, reference))
        if not isinstance(found, Imported):
            self._broken(found.code.value)
        return found.value

    def _broken(self, fault: str) -> NoReturn:
        raise PluginFault(fault, plugin=self.loaded.record.id)
