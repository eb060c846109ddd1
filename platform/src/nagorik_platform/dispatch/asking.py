"""Questions from one plugin to another, which meet nowhere but here."""

import asyncio
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pydantic import JsonValue

from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    PluginFault,
    ServiceNotOffered,
)
from nagorik.manifest import AnyOffer, PublicService
from nagorik.model.application import Applicant, Consent
from nagorik.model.submission import Accepted, AskedAnswer, NotAsked, Rejected, SubmitRequest, WhyNotAsked
from nagorik.operations import Operation
from nagorik.privacy import Model
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL
from nagorik_platform.dispatch.policies import Call
from nagorik_platform.dispatch.runner import CallDeadline
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import Registry
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_platform.dispatch.dispatcher import Dispatcher

log: Final = get_logger("nagorik")

SHARE: Final = 0.5
"""The part of the asking call's remaining time that one question may take, so that the asker can still answer."""

_REASONS: Final = (
    (AgencyClosed, WhyNotAsked.CLOSED),
    (InputRejected, WhyNotAsked.INPUT),
    (AgencyRejected, WhyNotAsked.REFUSED),
    (OutcomeUnknown, WhyNotAsked.OUTCOME_UNKNOWN),
    (ServiceNotOffered, WhyNotAsked.QUARANTINED),
    (Exception, WhyNotAsked.UNAVAILABLE),
)
"""Errors by what they mean to the asker: which agency, plugin, setting or field it was is not said."""


@dataclass(slots=True)
class Questions:
    """Puts the questions of one call, each under its share of the call's time, and about its citizen alone.

    Attributes:
        fault: An undeclared question, which the plugin cannot undo by catching what it raised.
    """

    _call: Call
    _offer: AnyOffer | None
    _request: Model
    _consent: Consent | None
    _deadline: CallDeadline
    _registry: Registry
    _dispatcher: "Dispatcher"
    fault: PluginFault | None = None
    _under_way: set[asyncio.Task[AskedAnswer]] = field(default_factory=set)

    async def ask(self, service: str, form: Mapping[str, JsonValue]) -> AskedAnswer:
        """As ``CallContext.ask``."""
        if self._call.asked_by is not None:
            return NotAsked(because=WhyNotAsked.NESTED)
        applicant, on = getattr(self._request, "applicant", None), getattr(self._request, "on", None)
        if not isinstance(self._offer, PublicService) or not isinstance(applicant, Applicant) or on is None:
            return NotAsked(because=WhyNotAsked.NO_CONSENT)
        if service not in self._offer.asks:
            self.fault = PluginFault("undeclared-ask", plugin=self._call.plugin)
            raise self.fault.copy()
        # A task of its own, and no part of the asker's call: what the other plugin does is not the asker's fault.
        context = copy_context()
        context.run(PLUGIN_CALL.set, None)
        about = {"service": service, "applicant": applicant, "on": on}
        answering = self._answer(self._offer.id, service, about, form)
        task = asyncio.get_running_loop().create_task(answering, context=context)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await task

    def close(self) -> set[asyncio.Task[AskedAnswer]]:
        """Cancel every question that the call has left behind, now that it is over; their tasks, to be awaited."""
        for task in self._under_way:
            task.cancel()
        return self._under_way

    async def _answer(
        self, asker: str, service: str, about: Mapping[str, Any], form: Mapping[str, JsonValue]
    ) -> AskedAnswer:
        refusal = self._refusal(asker, service)
        answer = NotAsked(because=refusal) if refusal else await self._ask(asker, service, about, form)
        outcome = answer.because.value if isinstance(answer, NotAsked) else "answered"
        log.info("plugin_asked", plugin=self._call.plugin, service=asker, asked=service, outcome=outcome)
        return answer

    def _refusal(self, asker: str, service: str) -> WhyNotAsked | None:
        """Why the question may not be put, by what is known without a call."""
        if self._consent is None or self._consent.gap_to_ask(asker, service, self._deadline.clock.now()) is not None:
            return WhyNotAsked.NO_CONSENT
        record, offer = self._registry.owner_of(service), self._registry.offer(service)
        if record is not None and record.quarantine is not None:
            return WhyNotAsked.QUARANTINED
        if record is None or offer is None:
            return WhyNotAsked.NOT_INSTALLED
        return None if isinstance(offer, PublicService) and offer.askable else WhyNotAsked.NOT_ASKABLE

    async def _ask(
        self, asker: str, service: str, about: Mapping[str, Any], form: Mapping[str, JsonValue]
    ) -> AskedAnswer:
        try:
            checked = await self._dispatcher.validate(service, form, about["applicant"])
            request = SubmitRequest(**about, form=checked, client_reference=str(uuid4()))
            answer = await self._dispatcher.call(
                Operation.SUBMIT,
                service,
                request,
                key=str(uuid4()),
                seconds=self._deadline.remaining() * SHARE,
                asked_by=asker,
            )
        except Exception as error:  # noqa: BLE001 - a host's policy may refuse with anything
            if not isinstance(error, NagorikError):
                log.error("question_failed", asked=service, exception=type_name(error))  # noqa: TRY400
            return NotAsked(because=next(reason for kind, reason in _REASONS if isinstance(error, kind)))
        return answer if isinstance(answer, Accepted | Rejected) else NotAsked(because=WhyNotAsked.UNDECIDED)
