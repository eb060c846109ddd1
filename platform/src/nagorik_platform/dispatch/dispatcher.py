"""Calling a plugin: one operation, addressed to the one plugin that owns the service."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from uuid import uuid4

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
from nagorik.model.application import Applicant, Consent, DocumentReference
from nagorik.model.payment import PaymentStarted
from nagorik.model.status import FetchedDeliverable
from nagorik.model.submission import SubmitRequest
from nagorik.operations import OPERATIONS, Operation
from nagorik.payer_pages import is_page_of
from nagorik.privacy import Form, Model
from nagorik_platform.configuration import PlatformSettings, PluginConfiguration
from nagorik_platform.contract_errors import known_error
from nagorik_platform.dispatch.asking import Questions
from nagorik_platform.dispatch.documents import CallDocuments
from nagorik_platform.dispatch.faults import FaultSubject, is_to_be_probed, log_fault
from nagorik_platform.dispatch.importer import ImportResult, PluginImporter
from nagorik_platform.dispatch.plugin_call import BLOCKED_LOOP, PluginCall
from nagorik_platform.dispatch.policies import Call, Policies
from nagorik_platform.dispatch.quarantine import FaultQuarantine
from nagorik_platform.dispatch.reconcile import (
    as_read_error,
    fault_of,
    misfits_of,
    on_whose_word,
    reconcile_with_ledger,
    unwrap_group,
    validated_result,
)
from nagorik_platform.dispatch.runner import CallDeadline, HookEnd, Returned, Runner, TimedOut
from nagorik_platform.dispatch.runtime import NoAgency, PluginRuntime, settings_or_none
from nagorik_platform.documents import DOCUMENT_UNREADABLE, DocumentUnreadable
from nagorik_platform.logs import get_call_log, get_logger
from nagorik_platform.registry import LoadedPlugin, PluginRecord, Quarantine, QuarantineCode, Registry
from nagorik_platform.tracebacks import type_name
from nagorik_toolkit.form_validation import validate_form

if TYPE_CHECKING:
    from nagorik_toolkit.fees import AssessFees

log: Final = get_logger("nagorik")

T = TypeVar("T")

_STRANGERS: Final = frozenset({Operation.CALLBACK, Operation.PAYMENT_NOTICE})
"""Operations on what anybody may have sent: a plugin that breaks on it is not kept out for it."""

_WORKS: Final = (AgencyRejected, DuplicateApplication, InputRejected)
"""Errors by which a plugin shows that it works: it understood what its agency said."""


class CallOptions(NamedTuple):
    """How a call is made: its key, what the citizen allowed, and seconds that it may not exceed."""

    key: str | None = None
    consent: Consent | None = None
    seconds: float = math.inf
    offline: bool = False
    """Whether nobody may be reached: no agency, and no other plugin."""


class SettingsReload(NamedTuple):
    """What came of other settings.

    Attributes:
        changed: The plugins that have others now, by id.
        rejected: By id, why others keep what they had: ``SettingsRejected`` names each setting, and holds no value.
    """

    changed: tuple[str, ...]
    rejected: Mapping[str, NagorikError]


class Dispatcher:
    """Resolves, activates, calls and reconciles. Errors that leave it are those of ``nagorik.errors``."""

    def __init__(self, registry: Registry, settings: PlatformSettings, *, is_closed: bool = False) -> None:
        self._registry = registry
        self._settings = settings
        self._clock = settings.clock
        self._policies = Policies(settings.call_middleware)
        self._quarantine = FaultQuarantine(registry, settings.clock)
        self._runner = Runner()
        self._runtimes: dict[str, PluginRuntime] = {}
        self._importer = PluginImporter(registry, settings.import_seconds, self._make_runtime, _log_import)
        self._closed = is_closed

    def offer(self, service: str) -> tuple[PluginRecord, AnyOffer]:
        """The owner of a service or gateway and what its manifest says of it.

        Raises:
            ServiceNotOffered: Nobody offers it, or its plugin is in quarantine.
        """
        record = self._registry.owner_of(service)
        if record is not None:
            self._refuse_kept_out(record, service)
        offer = self._registry.offer(service)
        if record is None or offer is None:
            raise ServiceNotOffered("unknown-service")
        return record, offer

    async def import_plugins(self, plugins: Iterable[str]) -> None:
        """Import these plugins, a few side by side; one that cannot be imported in time goes into quarantine.

        Raises:
            KeyError: One is not installed.
        """
        await self._importer.load_all([plugin for plugin in plugins if plugin not in self._runtimes])

    async def make_ready(self, service: str) -> PluginRuntime:
        """The plugin of a service, imported if this is its first use.

        Raises:
            NagorikError: As ``offer``; or it went into quarantine by its import; or the platform is closed.
        """
        record, _ = self.offer(service)
        return await self._ready(record, service, None)

    async def with_form(
        self, service: str, use: Callable[[type[Form] | None], T], subject: FaultSubject | None = None
    ) -> T:
        """What ``use`` makes of a service's form, a plugin's code on the host's loop; ``subject`` had filled it in.

        Raises:
            NagorikError: What ``use`` raises; anything else is the plugin's fault.
        """
        return await self._with_code(service, "form", lambda runtime, offer: use(runtime.form(offer)), subject)

    async def with_fee_basis(
        self, service: str, reference: str | None, use: "Callable[[type[Form] | None, AssessFees | None], T]"
    ) -> T:
        """What ``use`` makes of a service's form and of the function that a fee file names as ``reference``.

        Raises:
            NagorikError: As ``with_form``.
        """
        return await self._with_code(
            service, "fees", lambda runtime, offer: use(runtime.form(offer), runtime.fee_basis(reference))
        )

    async def _with_code(
        self,
        service: str,
        kind: str,
        use: Callable[[PluginRuntime, PublicService], T],
        subject: FaultSubject | None = None,
    ) -> T:
        """What ``use`` makes of code of the service's plugin, which runs on the host's loop."""
        record, offer = self.offer(service)
        if not isinstance(offer, PublicService):
            raise ServiceNotOffered("not-a-service")
        runtime = await self._ready(record, service, None)
        code = PluginCall(record, kind)
        subject = subject or FaultSubject(f"{kind} {service}", lasts=False)
        found: T | NagorikError
        try:
            found = runtime.contain(f"{kind}-raised", lambda: use(runtime, offer), code)
        except NagorikError as failure:
            found = _addressed(failure, record, service)
        if isinstance(found, PluginFault):
            self._quarantine.record_fault(runtime, found, subject)
        elif code.longest.seconds > self._settings.longest_step and not self._importer.is_busy:
            fault = PluginFault(BLOCKED_LOOP, plugin=record.id)
            self._quarantine.record_fault(runtime, fault, subject, code.longest.seconds)
        if isinstance(found, NagorikError):
            raise found
        return found

    async def validate(
        self, service: str, form: Form | Mapping[str, JsonValue], applicant: Applicant | None = None
    ) -> Form:
        """What ``applicant`` filled in, held to the service's form; one that was before is returned as it is.

        Raises:
            NagorikError: ``InputRejected``, or as ``with_form``.
        """

        def checked(model: type[Form] | None) -> Form:
            kind = model or Form
            if isinstance(form, Form):
                return form if type(form) is kind else validate_form(kind, form.model_dump(mode="json"))
            return validate_form(kind, form)

        subject = FaultSubject.of_applicant(applicant) if applicant is not None else None
        return await self.with_form(service, checked, subject)

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
    ) -> Model:
        """Call ``operation`` of ``service``; ``key`` is the application's for this operation, which a write needs.

        ``consent`` says which services of other plugins the called one may ask. An ``offline`` call reaches nobody.
        ``seconds`` shorten the plugin's own limit.

        Raises:
            NagorikError: Any of ``nagorik.errors``, with service, operation and agency filled in.
        """
        record, offer = self.offer(service)
        if operation not in offer.reads and operation not in offer.writes:
            raise _addressed(ServiceNotOffered("operation-not-offered"), record, service, operation)
        runtime = await self._ready(record, service, operation)
        call = Call(record.id, service, operation, offer.writes.get(operation))
        return await self._with_policies(call, runtime, offer, request, CallOptions(key, consent, seconds, offline))

    async def answer(self, request: SubmitRequest, *, asked_by: str, seconds: float) -> Model:
        """Put the question of ``asked_by``, another plugin's service; a call like any, that cannot ask in turn.

        Raises:
            NagorikError: As ``call``.
        """
        record, offer = self.offer(request.service)
        runtime = await self._ready(record, request.service, Operation.SUBMIT)
        kind = offer.writes.get(Operation.SUBMIT)
        call = Call(record.id, request.service, Operation.SUBMIT, kind, asked_by=asked_by)
        options = CallOptions(str(uuid4()), seconds=seconds)
        return await self._with_policies(call, runtime, offer, request, options)

    async def call_plugin(self, operation: Operation, plugin: str, request: Model) -> Model:
        """Call an operation that belongs to a plugin as a whole.

        Raises:
            NagorikError: As ``call``.
        """
        record = self._registry.record(plugin)
        if record is None:
            raise ServiceNotOffered("unknown-plugin")
        self._refuse_kept_out(record, None, operation)
        if record.manifest is None or OPERATIONS[operation].hook not in record.manifest.declared_hooks:
            raise _addressed(ServiceNotOffered("operation-not-offered"), record, None, operation)
        runtime = await self._ready(record, None, operation)
        return await self._with_policies(Call(plugin, None, operation, None), runtime, None, request, CallOptions())

    async def aclose(self) -> None:
        """Begin no further call, let those under way end, each by its deadline, and close all clients."""
        self._closed = True
        await self._runner.drain()
        for runtime in self._runtimes.values():
            await runtime.aclose()

    async def reload(self, plugins: Mapping[str, PluginConfiguration]) -> SettingsReload:
        """Let calls that begin from now on have other settings; those under way keep theirs.

        A plugin whose new settings cannot be used keeps the old ones.
        """
        self._settings = replace(self._settings, plugins=plugins)
        changed, rejected = list[str](), dict[str, NagorikError]()
        for plugin, runtime in list(self._runtimes.items()):
            try:
                connection = runtime.reconnect(plugins.get(plugin, PluginConfiguration()))
            except NagorikError as refused:
                rejected[plugin] = _addressed(refused, runtime.loaded.record, None)
                continue
            if connection is not None:
                await runtime.take(connection)
                changed.append(plugin)
        return SettingsReload(tuple(changed), rejected)

    async def identify_settings(self, plugin: str, identify: Callable[[str], str]) -> str | None:
        """What ``identify`` makes of a plugin's settings as text; ``None`` where it has none that can be used."""
        from nagorik_platform.agency_client.tokens import settings_as_text

        record = next((record for record in self._registry.usable if record.id == plugin), None)
        if record is None:
            return None
        try:
            runtime = await self._ready(record, None, None)
            return identify(settings_as_text(runtime.settings))
        except NagorikError:
            return None

    # Inside

    async def _ready(self, record: PluginRecord, service: str | None, operation: Operation | None) -> PluginRuntime:
        """A plugin ready to be called; imported if this is its first use.

        Raises:
            ServiceNotOffered: It went into quarantine by its import.
            AgencyUnavailable: ``platform-closed``.
        """
        if self._closed:
            raise _addressed(
                AgencyUnavailable(because="platform-closed", layer=Layer.CORE), record, service, operation
            )
        ready = self._runtimes.get(record.id)
        if ready is not None:
            return ready
        made = await self._importer.load(record.id)
        if isinstance(made, Quarantine):
            raise _addressed(ServiceNotOffered(made.code.value), record, service, operation)
        return self._runtimes[record.id]

    def _make_runtime(self, loaded: LoadedPlugin) -> None:
        """Runs in the import's thread, where there is one."""
        plugin = loaded.record.id

        async def probe() -> bool:
            from nagorik.model.status import Health, HealthRequest, HealthState

            answer = await self.call_plugin(Operation.HEALTH, plugin, HealthRequest())
            return isinstance(answer, Health) and answer.state is not HealthState.CLOSED

        runtime = PluginRuntime(loaded, self._settings, runner=self._runner, probe=probe)
        if not self._registry.is_prepared(plugin):
            runtime.prepare()
        self._runtimes[plugin] = runtime

    async def _with_policies(
        self, call: Call, runtime: PluginRuntime, offer: AnyOffer | None, request: Model, options: "CallOptions"
    ) -> Model:
        """Run the host's policies around the call and complete its error."""
        stack = self._policies.around(call)
        if stack is not None:
            refusal = await stack.enter()
            if refusal is not None:
                raise _addressed(refusal, runtime.loaded.record, call.service, call.operation)
        try:
            answer = await self._outcome(call, runtime, offer, request, options)
        except BaseException as stop:
            if stack is not None:
                await stack.leave(stop)
            raise
        error: NagorikError | None = None
        if isinstance(answer, NagorikError):
            error = _addressed(answer, runtime.loaded.record, call.service, call.operation)
            if isinstance(error, OutcomeUnknown):
                error.client_reference = getattr(request, "client_reference", None)
        if stack is not None:
            await stack.leave(error)
        if error is not None:
            raise error
        assert isinstance(answer, Model)  # noqa: S101 - the other half of the union
        return answer

    async def _outcome(
        self, call: Call, runtime: PluginRuntime, offer: AnyOffer | None, request: Model, options: "CallOptions"
    ) -> Model | NagorikError:
        """Run the hook and say what is known: its result, its error, or that its outcome is unknown.

        Errors are values here: a frame of this function, which holds what the plugin raised, is in no traceback.
        """
        async with runtime.connection.held():
            return await self._outcome_connected(call, runtime, offer, request, options)

    async def _outcome_connected(
        self, call: Call, runtime: PluginRuntime, offer: AnyOffer | None, request: Model, options: "CallOptions"
    ) -> Model | NagorikError:
        deadline = CallDeadline.after(min(runtime.manifest.limits.deadline, options.seconds), self._clock)
        documents = CallDocuments(runtime.documents)
        questions = Questions(call, offer, request, options.consent, deadline, self._registry, self)
        try:
            http: Any = (
                NoAgency()
                if options.offline
                else runtime.bind(call.operation, call.idempotency, options.key, deadline, documents)
            )
            context: CallContext[Any] = CallContext(
                http=http,
                settings=settings_or_none(lambda: runtime.settings) if options.offline else runtime.settings,
                clock=self._clock,
                deadline=deadline,
                idempotency_key=options.key,
                offer=offer,
                documents=documents,
                log=get_call_log(call.plugin, call.service, call.operation),
                asking=questions,
            )
        except PluginFault as fault:
            self._quarantine.record_fault(runtime, fault, FaultSubject.of_request(request))
            return fault
        except NagorikError as unusable:
            return unusable
        probes = self._quarantine.of(runtime) is not None and call.operation not in _STRANGERS
        if probes and runtime.watch.probing:
            return ServiceNotOffered(QuarantineCode.TOO_MANY_FAULTS.value)
        runtime.watch.probing = runtime.watch.probing or probes
        loaded, hook = runtime.loaded, OPERATIONS[call.operation].hook
        importer = self._importer
        disturbed, begun = importer.is_busy, importer.begun
        code = PluginCall(
            loaded.record,
            call.operation.value,
            partial(self._late_fault, call, runtime, request),
            longest_step=self._settings.longest_step,
            left_behind=runtime.left_behind,
        )
        try:
            end, step = await self._runner.run(
                lambda: loaded.call(hook, request=request, context=context), deadline, code
            )
        finally:
            if probes:
                runtime.watch.probing = False
            call.requests = http.ledger.requests
            try:
                http.cut_off()
            finally:
                await questions.close()
        found = (
            questions.fault or code.fault or _told_of_paper(_interpret(end, call, runtime), documents, offer, request)
        )
        has_store = self._settings.documents is not None
        if has_store and isinstance(found, FetchedDeliverable) and found.document.id not in documents.kept:
            # A reference that a plugin has from elsewhere may be another citizen's paper.
            found = PluginFault("deliverable-not-own", plugin=call.plugin)
        # While a plugin is imported, a step of another takes as long as the import lets it.
        step = 0.0 if disturbed or importer.begun != begun else step
        self._count_faults(call, runtime, request, found, step, has_starved_others=code.has_starved_others)
        if isinstance(found, NagorikError):
            found = on_whose_word(http.ledger, found)
        if isinstance(found, NagorikError) and call.idempotency is None:
            return as_read_error(found)
        held = reconcile_with_ledger(http.ledger, found if isinstance(found, NagorikError) else None)
        return found if held is None else held

    def _refuse_kept_out(self, record: PluginRecord, service: str | None, operation: Operation | None = None) -> None:
        """Refuse a plugin in quarantine, unless it is time to try it and nobody does.

        Raises:
            ServiceNotOffered: Naming the quarantine's code.
        """
        if record.quarantine is None:
            return
        runtime = self._runtimes.get(record.id)
        tried = runtime is None or runtime.watch.probing
        if tried or not is_to_be_probed(record.quarantine, self._clock.now()):
            raise _addressed(ServiceNotOffered(record.quarantine.code.value), record, service, operation)

    def _count_faults(
        self,
        call: Call,
        runtime: PluginRuntime,
        request: Model,
        found: Model | NagorikError,
        step: float,
        *,
        has_starved_others: bool,
    ) -> None:
        """Count a fault, or end the run of faults."""
        if isinstance(found, PluginFault):
            self._fault_of(call, runtime, request, found)
        elif step > self._settings.longest_step:
            fault = PluginFault(BLOCKED_LOOP, plugin=runtime.loaded.record.id)
            self._fault_of(call, runtime, request, fault, step)
        elif has_starved_others:
            return  # counted when it was noticed
        elif call.operation not in _STRANGERS:
            runtime.watch.end_row()
            if not isinstance(found, NagorikError) or isinstance(found, _WORKS):
                self._quarantine.release(runtime)

    def _late_fault(
        self, call: Call, runtime: PluginRuntime, request: Model, fault: PluginFault, seconds: float | None = None
    ) -> None:
        """Count a fault of what a call left behind; nobody blocks the loop for what an import does to it."""
        if seconds is None or not self._importer.is_busy:
            self._fault_of(call, runtime, request, fault, seconds)

    def _fault_of(
        self, call: Call, runtime: PluginRuntime, request: Model, fault: PluginFault, seconds: float | None = None
    ) -> None:
        if call.operation in _STRANGERS:
            log_fault(fault, seconds)
        else:
            self._quarantine.record_fault(runtime, fault, FaultSubject.of_request(request), seconds)

    def record_losses(self, plugin: str, citizens: Iterable[Applicant]) -> None:
        """As ``FaultQuarantine.record_losses``, of a plugin that was called; of any other there are none."""
        runtime = self._runtimes.get(plugin)
        if runtime is not None:
            self._quarantine.record_losses(runtime, citizens)


def _log_import(plugin: str, result: ImportResult, seconds: float) -> None:
    if isinstance(result, Quarantine):
        log.warning("plugin_quarantined", plugin=plugin, code=result.code.value, seconds=round(seconds, 3))
    else:
        log.info("plugin_imported", plugin=plugin, seconds=round(seconds, 3))


def _interpret(end: HookEnd, call: Call, runtime: PluginRuntime) -> Model | NagorikError:
    """What a hook's end says, before its writes are looked at."""
    if isinstance(end, Returned):
        answer = validated_result(call.operation, end.value)
        if isinstance(answer, PaymentStarted) and answer.pay_at is not None:
            # What the gateway's response made of the page, the payer's browser would open.
            [hosts] = (one.payer_hosts for one in runtime.manifest.gateways if one.id == call.service)
            if not is_page_of(answer.pay_at, hosts, runtime.settings.base_url):
                return OutcomeUnknown(step=call.operation.value, because="page-elsewhere", layer=Layer.GATEWAY)
        if answer is not None:
            return answer
        if type(end.value) is CoroutineType:  # an isinstance would ask the plugin
            end.value.close()
        misfits = misfits_of(call.operation, end.value)
        return PluginFault("wrong-result", plugin=call.plugin, exception=type_name(end.value), where=misfits)
    if isinstance(end, TimedOut):
        return PluginFault("abandoned" if end.abandoned else "deadline", plugin=call.plugin)
    error = unwrap_group(end.error)
    known = known_error(error)
    if isinstance(known, ServiceNotOffered):
        # What is on offer is the platform's to say, which knows when it is on offer again.
        known = known.copy()
        known.layer = Layer.PLUGIN
    return known or fault_of(error, runtime.loaded.record)


def _told_of_paper(
    found: Model | NagorikError, documents: CallDocuments, offer: AnyOffer | None, request: Model
) -> Model | NagorikError:
    """A hook's end, where it is that of a paper which cannot be read: no fault of the plugin or of its agency."""
    paper = documents.unreadable
    if paper is None:
        return found
    is_of_paper = isinstance(found, AgencyUnavailable) and found.because == DOCUMENT_UNREADABLE
    if not is_of_paper and not (isinstance(found, PluginFault) and found.fault == "raised"):
        return found
    papers: tuple[DocumentReference, ...] = getattr(request, "documents", ())
    number = next((number for number, one in enumerate(papers) if one.id == paper.id), None)
    return DocumentUnreadable(offer if isinstance(offer, PublicService) else None, paper.kind, number)


def _addressed(
    error: NagorikError, record: PluginRecord, service: str | None, operation: Operation | None = None
) -> NagorikError:
    """The error to raise: one of its own, that says what was called."""
    addressed = error.copy()
    addressed.service = service
    addressed.operation = operation.value if operation is not None else None
    addressed.agency = record.manifest.name if record.manifest is not None else None
    return addressed
