"""Calling a plugin: one operation, addressed to the one plugin that owns the service."""

import asyncio
import traceback
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

import structlog

from nagorik.agency_client import CallLedger
from nagorik.clock import Deadline
from nagorik.context import CallContext
from nagorik.errors import NagorikError, Outcome, OutcomeUnknown, PluginFault, ServiceNotOffered
from nagorik.loading import PluginRecord, Quarantine, QuarantineCode, Registry
from nagorik.logs import get_call_log
from nagorik.manifest import PaymentGateway, PublicService
from nagorik.operations import OPERATIONS, Operation
from nagorik.platform.configuration import PlatformSettings
from nagorik.platform.equipment import Equipment
from nagorik.platform.policies import Call, Policies
from nagorik.platform.running import Overran, Returned, Runner

log: Final = structlog.stdlib.get_logger("nagorik")

Offer = PublicService | PaymentGateway


class Dispatcher:
    """Resolves, activates, calls and judges. Errors that leave it are those of ``nagorik.errors``."""

    def __init__(self, registry: Registry, settings: PlatformSettings) -> None:
        self.registry = registry
        self._settings = settings
        self._clock = settings.clock
        self._policies = Policies(settings.policies)
        self._runner = Runner()
        self._equipment: dict[str, Equipment] = {}

    def offer(self, service: str) -> tuple[PluginRecord, Offer]:
        """The owner of a service or gateway and what its manifest says of it.

        Raises:
            ServiceNotOffered: Nobody offers it, or its plugin is in quarantine.
        """
        record = self.registry.owner_of(service)
        if record is not None and record.quarantine is not None:
            raise ServiceNotOffered(record.quarantine.code.value)
        offer = self.registry.offer(service)
        if record is None or offer is None:
            raise ServiceNotOffered("unknown-service")
        return record, offer

    async def equipment(self, plugin: str) -> Equipment:
        """A plugin ready to be called; imported, in a thread, if this is its first use.

        Raises:
            ServiceNotOffered: It is in quarantine, or went there by this import.
        """
        ready = self._equipment.get(plugin)
        if ready is not None:
            return ready
        loaded = await asyncio.to_thread(self.registry.activate, plugin)
        if isinstance(loaded, Quarantine):
            log.warning("plugin_quarantined", plugin=plugin, code=loaded.code, distribution=loaded.distribution)
            raise ServiceNotOffered(loaded.code.value)

        async def probe() -> bool:
            return await self._is_up(plugin)

        return self._equipment.setdefault(plugin, Equipment(loaded, self._settings, probe))

    async def call(
        self,
        operation: Operation,
        service: str,
        request: object,
        *,
        key: str | None = None,
        seconds: float | None = None,
    ) -> object:
        """Call ``operation`` of ``service``.

        Args:
            operation: What is asked.
            service: The service's or gateway's id.
            request: The hook's request.
            key: The application's idempotency key for this operation; a write needs one.
            seconds: How long the answer is waited for; the manifest's limit by default.

        Raises:
            NagorikError: Any of ``nagorik.errors``, with service, operation and agency filled in.
        """
        record, offer = self.offer(service)
        if operation not in offer.operations:
            raise _about(ServiceNotOffered("operation-not-offered"), record, service, operation)
        equipment = await self.equipment(record.id)
        idempotency = offer.writes.get(operation)
        call = Call(record.id, service, operation, idempotency)
        return await self._around(call, equipment, offer, request, key, seconds)

    async def call_plugin(self, operation: Operation, plugin: str, request: object) -> object:
        """Call an operation that belongs to a plugin as a whole."""
        record = self.registry.record(plugin)
        if record is None or record.manifest is None:
            raise ServiceNotOffered("unknown-plugin")
        if OPERATIONS[operation].hook not in record.manifest.declared_hooks:
            raise ServiceNotOffered("operation-not-offered")
        equipment = await self.equipment(plugin)
        return await self._around(Call(plugin, None, operation, None), equipment, None, request, None, None)

    async def aclose(self) -> None:
        """Close every plugin's client."""
        for equipment in self._equipment.values():
            await equipment.aclose()

    async def _is_up(self, plugin: str) -> bool:
        from nagorik.model.health import Health, HealthRequest, HealthState

        answer = await self.call_plugin(Operation.HEALTH, plugin, HealthRequest())
        return isinstance(answer, Health) and answer.state is not HealthState.CLOSED

    async def _around(
        self,
        call: Call,
        equipment: Equipment,
        offer: Offer | None,
        request: object,
        key: str | None,
        seconds: float | None,
    ) -> object:
        """Run the host's policies around the call and complete its error."""
        record = equipment.loaded.record
        surroundings = self._policies.around(call)
        error: NagorikError | None = None
        answer: object = None
        if surroundings is not None:
            try:
                await surroundings.enter()
            except NagorikError as refusal:
                _about(refusal, record, call.service, call.operation)
                raise
        cancelled: asyncio.CancelledError | None = None
        try:
            answer = await self._judged(call, equipment, offer, request, key, seconds)
        except NagorikError as failure:
            error = _about(failure, record, call.service, call.operation)
        except asyncio.CancelledError as stop:
            cancelled = stop
        if surroundings is not None:
            await surroundings.leave(error or cancelled)
        if cancelled is not None:
            raise cancelled
        if error is not None:
            raise error
        return answer

    async def _judged(
        self,
        call: Call,
        equipment: Equipment,
        offer: Offer | None,
        request: object,
        key: str | None,
        seconds: float | None,
    ) -> object:
        """Run the hook and say what is known: its result, its error, or that its outcome is unknown."""
        deadline = Deadline.after(seconds or equipment.manifest.limits.deadline, self._clock)
        http = equipment.bind(call.operation, call.idempotency, key, deadline)
        context: CallContext[Any] = CallContext(
            http=http,
            settings=equipment.settings,
            clock=self._clock,
            deadline=deadline,
            idempotency_key=key,
            offer=offer,
            fees=equipment.fees(offer) if isinstance(offer, PublicService) else None,
            documents=equipment.documents,
            log=get_call_log(call.plugin, call.service, call.operation),
        )
        hook = OPERATIONS[call.operation].hook
        try:
            end = await self._runner.run(
                equipment.loaded.call(hook, request=request, context=context), deadline.remaining()
            )
        finally:
            call.requests = http.ledger.requests
        fault: PluginFault | None
        if isinstance(end, Returned) and isinstance(end.value, result_types(call.operation)):
            equipment.faults = 0
            _hold_to_outcome(http.ledger, None)
            return end.value
        if isinstance(end, Returned):
            fault = PluginFault("wrong-result", plugin=call.plugin, exception=type(end.value).__name__)
        elif isinstance(end, Overran):
            fault = PluginFault("abandoned" if end.abandoned else "deadline", plugin=call.plugin)
        elif isinstance(end.error, NagorikError) and not isinstance(end.error, PluginFault):
            equipment.faults = 0
            _hold_to_outcome(http.ledger, end.error)
            raise end.error
        elif isinstance(end.error, PluginFault):
            fault = end.error
        else:
            fault = PluginFault(
                "exit" if isinstance(end.error, SystemExit) else "raised",
                plugin=call.plugin,
                exception=type(end.error).__name__,
                where=_place(end.error, equipment.loaded.record.directory),
            )
        self._count(equipment, fault)
        _hold_to_outcome(http.ledger, fault)
        raise fault

    def _count(self, equipment: Equipment, fault: PluginFault) -> None:
        """Note a fault, and quarantine the plugin when they come in a row."""
        equipment.faults += 1
        plugin = equipment.loaded.record.id
        log.error("plugin_fault", plugin=plugin, fault=fault.fault, exception=fault.exception, where=fault.where)
        if equipment.faults >= self._settings.faults_before_quarantine:
            self.registry.quarantine(
                plugin,
                QuarantineCode.TOO_MANY_FAULTS,
                f"failed {equipment.faults} times in a row, at last with {fault.fault}.",
                "Ask its owner for a fixed version, install it and restart.",
            )
            log.error("plugin_quarantined", plugin=plugin, code=QuarantineCode.TOO_MANY_FAULTS)


@cache
def result_types(operation: Operation) -> tuple[type, ...]:
    """The types that an operation's hook may return, as its specification is annotated."""
    from nagorik import hookspecs

    annotation = get_type_hints(getattr(hookspecs, OPERATIONS[operation].hook))["return"]
    return tuple(kind for kind in get_args(annotation) if kind is not NoneType) or (annotation,)


def _hold_to_outcome(ledger: CallLedger, error: NagorikError | None) -> None:
    """Let no plugin say that nothing was sent, or that all is well, when a write of its call may have been processed.

    A plugin that meets a lost answer may look it up itself and return what it found; without an answered look-up its
    word counts for nothing. An error that claims that nothing was sent, after something was, is unknown too.

    Raises:
        OutcomeUnknown: In place of what the plugin said.
    """
    if isinstance(error, OutcomeUnknown):
        return
    definite = error is None or error.outcome in {Outcome.REJECTED, Outcome.ALREADY_THERE}
    if ledger.unknown is not None and not (definite and ledger.read_after_unknown):
        raise ledger.unknown
    if error is not None and error.outcome is Outcome.NOT_SENT and ledger.wrote:
        raise OutcomeUnknown(step="+".join(sorted(ledger.steps)) or "write", because=error.code, layer=error.layer)


def _about(error: NagorikError, record: PluginRecord, service: str | None, operation: Operation) -> NagorikError:
    error.service = service
    error.operation = operation.value
    error.agency = record.manifest.name if record.manifest is not None else None
    return error


def _place(error: BaseException, directory: Path | None) -> str | None:
    """File, line and function of the innermost frame inside the plugin; never the line's text or a value."""
    if directory is None:
        return None
    inside = [
        frame
        for frame in traceback.StackSummary.extract(
            traceback.walk_tb(error.__traceback__), lookup_lines=False, capture_locals=False
        )
        if Path(frame.filename).is_relative_to(directory)
    ]
    if not inside:
        return None
    frame = inside[-1]
    return f"{Path(frame.filename).relative_to(directory)}:{frame.lineno} in {frame.name}"
