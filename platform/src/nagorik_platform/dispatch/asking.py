"""Questions from one plugin to another, which meet nowhere but here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import uuid4

import structlog
from pydantic import JsonValue

from nagorik.clock import Clock
from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    PluginFault,
    ServiceNotOffered,
)
from nagorik.manifest import PublicService
from nagorik.model.application import Applicant, Consent
from nagorik.model.submission import Accepted, AskedAnswer, NotAsked, Rejected, SubmitRequest, WhyNotAsked
from nagorik.privacy import Form, Model
from nagorik_platform.dispatch.runner import CallDeadline
from nagorik_platform.registry import Registry

log: Final = structlog.stdlib.get_logger("nagorik")

SHARE: Final = 0.5
"""The part of the asking call's remaining time that one question may take, so that the asker can still answer."""


class Question(NamedTuple):
    """A question on its way: what to submit, to whom, by whom it is asked, and for how long."""

    service: str
    request: SubmitRequest
    key: str
    asked_by: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AskingServices:
    """What asking needs of the dispatcher."""

    registry: Registry
    clock: Clock
    make_ready: Callable[[str], Awaitable[object]]
    """Imports a service's plugin if this is its first use."""
    validate: Callable[[str, Mapping[str, JsonValue]], Awaitable[Form]]
    submit: Callable[[Question], Awaitable[Model]]


@dataclass(frozen=True, slots=True)
class AskingCall:
    """The call that asks."""

    plugin: str
    offer: PublicService
    deadline: CallDeadline
    applicant: Applicant
    on: date
    consent: Consent | None


class NoQuestions:
    """For a call that may not ask: one that is about no citizen, or that answers a question itself."""

    fault: PluginFault | None = None

    def __init__(self, because: WhyNotAsked) -> None:
        self._because = because

    async def ask(self, service: str, form: Mapping[str, JsonValue]) -> AskedAnswer:  # noqa: ARG002
        """Answer that nothing was asked."""
        return NotAsked(because=self._because)

    async def close(self) -> None:
        """Nothing is under way."""


class Questions:
    """Puts the questions of one call, each under its share of the call's time.

    Attributes:
        fault: An undeclared question, which the plugin cannot undo by catching what it raised.
    """

    def __init__(self, call: AskingCall, services: AskingServices) -> None:
        self._call = call
        self._services = services
        self._under_way: set[asyncio.Task[AskedAnswer]] = set()
        self._closed = False
        self.fault: PluginFault | None = None

    async def ask(self, service: str, form: Mapping[str, JsonValue]) -> AskedAnswer:
        """As ``CallContext.ask``."""
        if service not in self._call.offer.asks:
            self.fault = PluginFault("undeclared-ask", plugin=self._call.plugin)
            raise PluginFault("undeclared-ask", plugin=self._call.plugin)
        if self._closed:
            return NotAsked(because=WhyNotAsked.UNAVAILABLE)
        # A task of its own: what the other plugin does with the event loop is not the asker's to answer for.
        task = asyncio.get_running_loop().create_task(self._answer(service, form))
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

    async def _answer(self, service: str, form: Mapping[str, JsonValue]) -> AskedAnswer:
        call = self._call
        answer = self._refusal(service) or await self._asked(service, form)
        outcome = answer.because.value if isinstance(answer, NotAsked) else "answered"
        log.info("plugin_asked", plugin=call.plugin, service=call.offer.id, asked=service, outcome=outcome)
        return answer

    def _refusal(self, service: str) -> NotAsked | None:
        """Why the question may not be put, by what is known without calling anybody."""
        call, registry = self._call, self._services.registry
        if not _consented(call.consent, call.offer.id, service, self._services.clock.now()):
            return NotAsked(because=WhyNotAsked.NO_CONSENT)
        record, offer = registry.owner_of(service), registry.offer(service)
        if record is not None and record.quarantine is not None:
            return NotAsked(because=WhyNotAsked.QUARANTINED)
        if record is None or offer is None:
            return NotAsked(because=WhyNotAsked.NOT_INSTALLED)
        askable = isinstance(offer, PublicService) and offer.askable
        return None if askable else NotAsked(because=WhyNotAsked.NOT_ASKABLE)

    async def _asked(self, service: str, form: Mapping[str, JsonValue]) -> AskedAnswer:
        call = self._call
        try:
            # How long another plugin takes to be imported is for neither of them to answer for.
            with call.deadline.stopped():
                await self._services.make_ready(service)
            checked = await self._services.validate(service, form)
            request = SubmitRequest(
                service=service,
                applicant=call.applicant,
                on=call.on,
                form=checked,
                client_reference=str(uuid4()),
            )
            seconds = call.deadline.remaining() * SHARE
            question = Question(service, request, str(uuid4()), call.offer.id, seconds)
            answer = await self._services.submit(question)
        except NagorikError as error:
            return NotAsked(because=_reason(error))
        except Exception as failure:  # noqa: BLE001 - a host's policy may refuse with anything
            log.error("question_failed", asked=service, exception=type(failure).__name__)  # noqa: TRY400
            return NotAsked(because=WhyNotAsked.UNAVAILABLE)
        return answer if isinstance(answer, Accepted | Rejected) else NotAsked(because=WhyNotAsked.UNDECIDED)


def _consented(consent: Consent | None, service: str, asked: str, at: datetime) -> bool:
    return consent is not None and consent.gap_to_ask(service, asked, at) is None


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
