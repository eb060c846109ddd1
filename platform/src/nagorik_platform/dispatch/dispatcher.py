"""Calling a plugin: one operation, addressed to the one plugin that owns the service."""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, TypeVar, cast

from pydantic import JsonValue

from nagorik.context import CallContext
from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    DuplicateApplication,
    InputRejected,
    Layer,
    NagorikError,
    OutcomeUnknown,
    PluginFault,
    ServiceNotOffered,
)
from nagorik.manifest import AnyOffer, PublicService
from nagorik.model.application import Applicant, Consent
from nagorik.model.payment import PaymentStarted
from nagorik.model.status import Health, HealthRequest, HealthState
from nagorik.operations import OPERATIONS, Operation
from nagorik.payer_pages import is_page_of
from nagorik.privacy import Form, Model
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.dispatch.agency_connection import Late
from nagorik_platform.dispatch.asking import Questions
from nagorik_platform.dispatch.documents import CallDocuments
from nagorik_platform.dispatch.faults import FaultWatch, applicant_digest, request_digest, text_digest
from nagorik_platform.dispatch.importer import ImportResult, PluginImporter
from nagorik_platform.dispatch.plugin_call import PluginCall
from nagorik_platform.dispatch.policies import Call, CallPolicy, around
from nagorik_platform.dispatch.reconcile import error_of, reconcile, validated_result
from nagorik_platform.dispatch.runner import CallDeadline, HookEnd, Runner
from nagorik_platform.dispatch.runtime import PluginRuntime
from nagorik_platform.logs import BoundCallLog, get_logger
from nagorik_platform.registry import LoadedPlugin, PluginRecord, Quarantine, QuarantineCode, Registry
from nagorik_toolkit.form_validation import validate_form

if TYPE_CHECKING:
    from nagorik_platform.agency_client.http import CallHttp

log: Final = get_logger("nagorik")

T = TypeVar("T")

OFFLINE: Final = "offline"
_STRANGERS: Final = frozenset({Operation.CALLBACK, Operation.PAYMENT_NOTICE})
"""Operations on what anybody may have sent: a plugin that breaks on it is not kept out for it."""
_WORKS: Final = (AgencyRejected, DuplicateApplication, InputRejected)
"""Errors by which a plugin shows that it works: it understood what its agency said."""


class SettingsReload(NamedTuple):
    """Which plugins have other settings now, and by id why others keep what they had, without any value."""

    changed: tuple[str, ...]
    rejected: Mapping[str, NagorikError]


class Dispatcher:
    """Resolves, activates, calls and reconciles. Errors that leave it are those of ``nagorik.errors``."""

    def __init__(self, registry: Registry, settings: PlatformSettings, *, is_closed: bool = False) -> None:
        self._registry = registry
        self._settings = settings
        self._clock = settings.clock
        self._policies = cast("tuple[CallPolicy, ...]", settings.call_middleware)
        self._runner = Runner()
        self._runtimes: dict[str, PluginRuntime] = {}
        self._watches: dict[str, FaultWatch] = {}
        self._importer = PluginImporter(registry, settings.import_seconds, self._make_runtime, _log_import)
        self._closed = is_closed

    def offer(self, service: str) -> tuple[PluginRecord, AnyOffer]:
        """The owner of a service or gateway and what its manifest says of it.

        Raises:
            ServiceNotOffered: No plugin offers it, or its plugin is in quarantine.
        """
        record, offer = self._registry.owner_of(service), self._registry.offer(service)
        if record is not None:
            self._refuse_kept_out(record, service)
        if record is None or offer is None:
            raise ServiceNotOffered("unknown-service")
        return record, offer

    async def import_plugins(self, plugins: Iterable[str]) -> None:
        """Import these installed plugins side by side; one that cannot be imported in time goes into quarantine."""
        await self._importer.load_all([plugin for plugin in plugins if plugin not in self._runtimes])

    async def with_code(
        self,
        service: str,
        use: Callable[[PluginRuntime, PublicService], T],
        *,
        kind: str = "form",
        applicant: Applicant | None = None,
    ) -> T:
        """What ``use`` makes of code of a service's plugin, such as its form; ``applicant`` filled in what it reads.

        Raises:
            NagorikError: What ``use`` raises; anything else is the plugin's fault.
        """
        record, offer = self.offer(service)
        if not isinstance(offer, PublicService):
            raise ServiceNotOffered("not-a-service")
        runtime = await self._ready(record, service)
        code = PluginCall(record, kind)
        found = runtime.contain(code, lambda: use(runtime, offer))
        fault, blocked = found if isinstance(found, PluginFault) else None, self._blocked_loop(code)
        if fault is not None or blocked is not None:
            subject = text_digest(f"{kind} {service}") if applicant is None else applicant_digest(applicant)
            self._watches[record.id].record_fault(fault, subject, blocked, kind)
        if isinstance(found, NagorikError):
            raise _addressed(found, record, service)
        return found

    async def validate(
        self, service: str, form: Form | Mapping[str, JsonValue], applicant: Applicant | None = None
    ) -> Form:
        """What ``applicant`` filled in, held to the service's form; raises ``InputRejected``, or as ``with_code``.

        A form that was held to it before is returned as it is.
        """

        def checked(runtime: PluginRuntime, offer: PublicService) -> Form:
            kind = runtime.form(offer) or Form
            if isinstance(form, Form):
                return form if type(form) is kind else validate_form(kind, form.model_dump(mode="json"))
            return validate_form(kind, form)

        return await self.with_code(service, checked, applicant=applicant)

    async def call(
        self,
        operation: Operation,
        service: str,
        request: Model,
        *,
        key: str | None = None,
        consent: Consent | None = None,
        offline: bool = False,
        seconds: float = math.inf,
        asked_by: str | None = None,
    ) -> Model:
        """Call ``operation`` of ``service``; ``key`` is the application's for this operation, which a write needs.

        ``consent`` says which services of other plugins the called one may ask. An ``offline`` call reaches no agency
        and no plugin. ``seconds`` shorten the plugin's own limit. A call ``asked_by`` another service cannot ask.

        Raises:
            NagorikError: Any of ``nagorik.errors``, with service, operation and agency filled in.
        """
        record, offer = self.offer(service)
        if operation not in offer.reads and operation not in offer.writes:
            raise _addressed(ServiceNotOffered("operation-not-offered"), record, service, operation)
        call = Call(record.id, service, operation, offer.writes.get(operation), asked_by=asked_by)
        return await self._call(
            record, call, offer, request, key=key, consent=consent, seconds=seconds, offline=offline
        )

    async def call_plugin(self, operation: Operation, plugin: str, request: Model) -> Model:
        """Call an operation that belongs to a plugin as a whole; raises as ``call``."""
        record = self._registry.record(plugin)
        if record is None:
            raise ServiceNotOffered("unknown-plugin")
        self._refuse_kept_out(record, None, operation)
        if record.manifest is None or OPERATIONS[operation].hook not in record.manifest.declared_hooks:
            raise _addressed(ServiceNotOffered("operation-not-offered"), record, None, operation)
        return await self._call(record, Call(plugin, None, operation, None), None, request)

    async def aclose(self) -> None:
        """Begin no further call, let those under way end, each by its deadline, and close all clients."""
        self._closed = True
        await self._runner.drain()
        for runtime in list(self._runtimes.values()):  # an import that has begun may end meanwhile
            await runtime.connection.aclose()

    async def reload(self, plugins: Mapping[str, PluginConfiguration]) -> SettingsReload:
        """Let calls that begin from now on have other settings; those under way keep theirs.

        A plugin whose new settings cannot be used keeps the old ones.
        """
        self._settings = replace(self._settings, plugins=plugins)
        changed, rejected = list[str](), dict[str, NagorikError]()
        for plugin, runtime in list(self._runtimes.items()):
            try:
                if await runtime.reconnect(plugins.get(plugin, PluginConfiguration())):
                    changed.append(plugin)
            except NagorikError as refused:
                rejected[plugin] = _addressed(refused, runtime.loaded.record, None)
        return SettingsReload(tuple(changed), rejected)

    # Inside

    async def _ready(
        self, record: PluginRecord, service: str | None, operation: Operation | None = None
    ) -> PluginRuntime:
        """A plugin ready to be called; imported if this is its first use."""
        if self._closed:
            raise _addressed(
                AgencyUnavailable(because="platform-closed", layer=Layer.CORE), record, service, operation
            )
        if record.id not in self._runtimes:
            made = await self._importer.load(record.id)
            if isinstance(made, Quarantine):
                raise _addressed(ServiceNotOffered(made.code.value), record, service, operation)
        return self._runtimes[record.id]

    async def _import_asked(self, offer: PublicService, consent: Consent) -> None:
        """Import the plugins that a call may ask: no call's time runs while a plugin is imported."""
        for service in offer.asks:
            record = self._registry.owner_of(service)
            may_be_asked = consent.gap_to_ask(offer.id, service, self._clock.now()) is None
            if may_be_asked and record is not None and record.usable and record.id not in self._runtimes:
                await self._importer.load(record.id)

    def _make_runtime(self, loaded: LoadedPlugin) -> None:
        """Runs in the import's thread, where there is one."""
        plugin = loaded.record.id

        async def probe() -> bool:
            answer = await self.call_plugin(Operation.HEALTH, plugin, HealthRequest())
            return isinstance(answer, Health) and answer.state is not HealthState.CLOSED

        runtime = PluginRuntime(loaded, self._settings, runner=self._runner, probe=probe)
        if not self._registry.is_prepared(plugin):
            runtime.prepare()
        self._watches[plugin] = FaultWatch(
            self._registry, loaded, self._clock, self._settings.faults_before_quarantine
        )
        self._runtimes[plugin] = runtime

    async def _call(
        self,
        record: PluginRecord,
        call: Call,
        offer: AnyOffer | None,
        request: Model,
        *,
        key: str | None = None,
        consent: Consent | None = None,
        seconds: float = math.inf,
        offline: bool = False,
    ) -> Model:
        """Make a call within the host's policies."""
        runtime = self._runtimes.get(record.id)
        if runtime is None or self._closed:
            runtime = await self._ready(record, call.service, call.operation)
        if isinstance(offer, PublicService) and offer.asks and consent is not None:
            await self._import_asked(offer, consent)
        try:
            async with around(self._policies, call):
                found = await self._outcome(runtime, call, offer, request, key, consent, seconds, offline=offline)
                if not isinstance(found, NagorikError):
                    return found
                raise found
        except NagorikError as raised:  # a policy's own, perhaps
            error = _addressed(raised, record, call.service, call.operation)
        if isinstance(error, OutcomeUnknown):
            error.client_reference = getattr(request, "client_reference", None)
        raise error

    async def _outcome(
        self,
        runtime: PluginRuntime,
        call: Call,
        offer: AnyOffer | None,
        request: Model,
        key: str | None,
        consent: Consent | None,
        seconds: float,
        *,
        offline: bool,
    ) -> Model | NagorikError:
        """Run the hook and say what is known: its result, its error, or that its outcome is unknown."""
        watch, connection = self._watches[call.plugin], runtime.connection
        probes = watch.quarantine is not None and call.operation not in _STRANGERS
        if probes and watch.is_probing:
            return ServiceNotOffered(QuarantineCode.TOO_MANY_FAULTS.value)
        deadline = CallDeadline.after(min(runtime.manifest.limits.deadline, seconds), self._clock)
        documents = CallDocuments(self._settings.documents, call.plugin)
        questions = Questions(call, offer, request, consent, deadline, self._registry, self)
        http: CallHttp | None = None
        settings: AgencySettings | Late[AgencySettings] = Late(lambda: connection.settings)
        if not offline:
            try:
                bind, settings = connection.client.bind, connection.settings
            except NagorikError as unusable:
                if isinstance(unusable, PluginFault):
                    watch.record_fault(unusable, request_digest(request))
                return unusable
            http = bind(call.operation, call.idempotency, key, deadline, documents.open)
        context: CallContext[Any] = CallContext(
            http=cast("Any", http or Late(_refuse)),
            settings=settings,
            clock=self._clock,
            deadline=deadline,
            idempotency_key=key,
            offer=offer,
            documents=documents,
            log=BoundCallLog(call.plugin, call.service, call.operation),
            asking=questions,
        )
        code = PluginCall(runtime.loaded.record, call.operation.value)
        hook = partial(runtime.loaded.call, OPERATIONS[call.operation].hook, request=request, context=context)
        watch.is_probing = watch.is_probing or probes
        connection.hold()
        try:
            end = await self._runner.run(hook, deadline, code)
        finally:
            watch.is_probing = watch.is_probing and not probes
            ledger = CallLedger() if http is None else http.ledger
            call.requests = ledger.requests
            try:
                if left := questions.close():
                    await asyncio.wait(set(left))
            finally:
                if connection.release():
                    await connection.aclose()
        found = documents.explain(questions.fault or _interpret(end, call, runtime), offer, request)
        self._count_faults(watch, call, request, found, self._blocked_loop(code))
        return reconcile(ledger, found, writes=call.idempotency is not None)

    def _count_faults(
        self, watch: FaultWatch, call: Call, request: Model, found: Model | NagorikError, blocked: float | None
    ) -> None:
        """Count a fault, or end the run of faults."""
        is_strangers = call.operation in _STRANGERS
        if isinstance(found, PluginFault) or blocked is not None:
            watch.record_fault(
                found if isinstance(found, PluginFault) else None,
                None if is_strangers else request_digest(request),
                blocked,
                call.operation,
            )
        elif not is_strangers:
            watch.end_row(call.operation, works=not isinstance(found, NagorikError) or isinstance(found, _WORKS))

    def _refuse_kept_out(self, record: PluginRecord, service: str | None, operation: Operation | None = None) -> None:
        """Refuse a plugin in quarantine, unless it is time to try it and no call does."""
        if record.quarantine is None:
            return
        watch = self._watches.get(record.id)
        if watch is None or watch.is_probing or not watch.is_to_be_probed(record.quarantine):
            raise _addressed(ServiceNotOffered(record.quarantine.code.value), record, service, operation)

    def _blocked_loop(self, code: PluginCall) -> float | None:
        """Seconds of the longest step, if it took too long."""
        return code.longest_step if code.longest_step > self._settings.longest_step else None


def _refuse() -> NoReturn:
    raise AgencyUnavailable(because=OFFLINE, layer=Layer.CORE)


def _log_import(plugin: str, result: ImportResult, seconds: float) -> None:
    if isinstance(result, Quarantine):
        log.warning("plugin_quarantined", plugin=plugin, code=result.code.value, seconds=round(seconds, 3))
    else:
        log.info("plugin_imported", plugin=plugin, seconds=round(seconds, 3))


def _interpret(end: HookEnd, call: Call, runtime: PluginRuntime) -> Model | NagorikError:
    """What a hook's end says, before its writes are looked at."""
    if end.error is not None:
        return error_of(end.error, runtime.loaded.record)
    found = validated_result(call.operation, end.value, call.plugin)
    if isinstance(found, PaymentStarted) and found.pay_at is not None:
        # What the gateway's response made of the page, the payer's browser would open.
        [hosts] = (one.payer_hosts for one in runtime.manifest.gateways if one.id == call.service)
        if not is_page_of(found.pay_at, hosts, runtime.connection.settings.base_url):
            return OutcomeUnknown(step=call.operation.value, because="page-elsewhere", layer=Layer.GATEWAY)
    return found


def _addressed(
    error: NagorikError, record: PluginRecord, service: str | None, operation: Operation | None = None
) -> NagorikError:
    """The error to raise: one of its own, that says what was called."""
    addressed = error.copy()
    addressed.service = service
    addressed.operation = operation.value if operation is not None else None
    addressed.agency = record.manifest.name if record.manifest is not None else None
    return addressed
