"""Questions from one plugin to another, which meet nowhere but here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
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
from nagorik.manifest import Offer, PublicService
from nagorik.model.application import Applicant, Consent
from nagorik.model.submission import Accepted, AskedAnswer, NotAsked, Rejected, SubmitRequest, WhyNotAsked
from nagorik.privacy import Form, Model
from nagorik_platform.dispatch.policies import Call
from nagorik_platform.dispatch.runner import CallDeadline
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import Registry
from nagorik_platform.tracebacks import type_name

log: Final = get_logger("nagorik")

SHARE: Final = 0.5
"""The part of the asking call's remaining time that one question may take, so that the asker can still answer."""


class Answering(Protocol):
    """What the dispatcher does for a question."""

    async def make_ready(self, service: str) -> object:
        """Import the service's plugin, if this is its first use."""
        ...

    async def validate(self, service: str, form: Mapping[str, JsonValue], applicant: Applicant | None = None) -> Form:
        """The form, held to that of the asked service, about a citizen."""
        ...

    async def answer(self, request: SubmitRequest, *, asked_by: str, seconds: float) -> Model:
        """What the asked service makes of it, which cannot ask in turn."""
        ...


@dataclass(slots=True)
class Questions:
    """Puts the questions of one call, each under its share of the call's time: about its citizen, and nobody else.

    Attributes:
        fault: An undeclared question, which the plugin cannot undo by catching what it raised.
    """

    _call: Call
    _offer: Offer | None
    _request: Model
    _consent: Consent | None
    _deadline: CallDeadline
    _registry: Registry
    _dispatcher: Answering
    fault: PluginFault | None = None
    _under_way: set[asyncio.Task[AskedAnswer]] = field(default_factory=set)
    _closed: bool = False

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
        if self._closed:
            return NotAsked(because=WhyNotAsked.UNAVAILABLE)
        # A task of its own: what the other plugin does with the event loop is not the asker's to answer for.
        about = {"service": service, "applicant": applicant, "on": on}
        task = asyncio.get_running_loop().create_task(self._answer(self._offer.id, service, about, form))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await task

    async def close(self) -> None:
        """The asking call is over, and with it every question that it left behind."""
        self._closed = True
        left = set(self._under_way)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _answer(
        self, asker: str, service: str, about: Mapping[str, Any], form: Mapping[str, JsonValue]
    ) -> AskedAnswer:
        refusal = self._refusal(asker, service)
        if refusal is None:
            answer = await self._ask(asker, service, about, form)
        else:
            answer = NotAsked(because=refusal)
        outcome = answer.because.value if isinstance(answer, NotAsked) else "answered"
        log.info("plugin_asked", plugin=self._call.plugin, service=asker, asked=service, outcome=outcome)
        return answer

    def _refusal(self, asker: str, service: str) -> WhyNotAsked | None:
        """Why the question may not be put, by what is known without calling anybody."""
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
            # How long another plugin takes to be imported is for neither of them to answer for.
            with self._deadline.stopped():
                await self._dispatcher.make_ready(service)
            checked = await self._dispatcher.validate(service, form, about["applicant"])
            request = SubmitRequest(**about, form=checked, client_reference=str(uuid4()))
            seconds = self._deadline.remaining() * SHARE
            answer = await self._dispatcher.answer(request, asked_by=asker, seconds=seconds)
        except NagorikError as error:
            return NotAsked(because=_reason(error))
        except Exception as failure:  # noqa: BLE001 - a host's policy may refuse with anything
            log.error("question_failed", asked=service, exception=type_name(failure))  # noqa: TRY400
            return NotAsked(because=WhyNotAsked.UNAVAILABLE)
        return answer if isinstance(answer, Accepted | Rejected) else NotAsked(because=WhyNotAsked.UNDECIDED)


def _reason(error: NagorikError) -> WhyNotAsked:
    """The error by what it means to the asker: which agency, plugin, setting or field it was stays untold."""
    if isinstance(error, AgencyClosed):
        return WhyNotAsked.CLOSED
    if isinstance(error, InputRejected):
        return WhyNotAsked.INPUT
    if isinstance(error, AgencyRejected):
        return WhyNotAsked.REFUSED
    if isinstance(error, OutcomeUnknown):
        return WhyNotAsked.OUTCOME_UNKNOWN
    return WhyNotAsked.QUARANTINED if isinstance(error, ServiceNotOffered) else WhyNotAsked.UNAVAILABLE
