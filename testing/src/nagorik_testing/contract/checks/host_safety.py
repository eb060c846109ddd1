"""What a plugin may not do to the host that calls it (F20), and what it must read in its agency's own errors."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from starlette.types import Receive, Scope, Send

from nagorik import (
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    NagorikError,
    Operation,
    OutcomeUnknown,
)
from nagorik.manifest import AnyOffer
from nagorik_platform.dispatch.plugin_call import PluginCall
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import ready_rigs
from nagorik_testing.contract.checks.watched_calls import LONG_AWAITED
from nagorik_testing.contract.matrix import OperationKind
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.simulator.connection import CONNECTION

PROMPT: Final = 100
"""Turns of the event loop in which a cancelled call ends; it has nothing to wait for, however busy the machine is."""
ARRIVES_WITHIN: Final = 5.0
"""Real seconds in which a request reaches the simulator."""
OFTEN_ASKED: Final = frozenset({Operation.SUBMIT, Operation.STATUS, Operation.START_PAYMENT, Operation.QUERY_PAYMENT})
"""A write and a read of each kind of offer; the errors of an agency are the same for all of its operations."""


class Hushed:
    """Mixed into a simulator: once ``reached`` is there, it takes requests without ever a word, logins apart."""

    reached: asyncio.Event | None = None
    """Set when a request has arrived that will not be answered."""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the simulator's, or silence."""
        if self.reached is not None and not scope["extensions"][CONNECTION].is_login:
            self.reached.set()
            await scope["extensions"][CONNECTION].gone()
            return
        await super().app(scope, receive, send)  # type: ignore[misc]


@check("robustness/F20-cancelled")
async def _cancelled(subject: Subject, offer: AnyOffer) -> list[str]:
    kind: Any = type(f"Hushed{subject.simulator.__name__}", (Hushed, subject.simulator), {})
    wrong = []
    async for operation, rig in ready_rigs(replace(subject, simulator=kind), offer, without=LONG_AWAITED):
        wrong += [f"{operation.value} {problem}" for problem in await _cancel(rig, operation)]
    return wrong


async def _cancel(rig: Rig, operation: Operation) -> list[str]:
    """Cancel a call while the agency has its request; what is wrong with how it ends."""
    simulator: Any = rig.simulator
    simulator.reached = reached = asyncio.Event()
    before = asyncio.all_tasks()
    calling = asyncio.create_task(call_operation(rig, operation))
    arriving = asyncio.create_task(reached.wait())
    await asyncio.wait({calling, arriving}, timeout=ARRIVES_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    arriving.cancel()
    if not reached.is_set():
        await calling
        return []  # it does not ask the agency
    left: list[bool] = []
    end = PluginCall.end  # it cancels what the plugin has left, which is gone soon after
    with patch.object(PluginCall, "end", lambda call: left.append(end(call))):
        calling.cancel()
        for _ in range(PROMPT):
            await asyncio.sleep(0)
        problems = [] if calling.done() else ["goes on when its call is cancelled"]
        await asyncio.wait({calling})
    return [*problems, "leaves a task behind"] if any(left) or asyncio.all_tasks() - before else problems


UNAUTHORIZED: Final = 401


@check("robustness/own-errors")
async def _own_errors(subject: Subject, offer: AnyOffer) -> list[str]:
    if subject.manifest.error_reader is None:
        raise NotConcerned("its manifest names no error reader")
    async with open_rig(subject, offer.id) as rig:
        examples = rig.simulator.error_answers()
    if not examples:
        raise NotReachable("the simulator gives no example of the agency's own errors")
    wrong = []
    for example in examples:
        own = InjectedResponse(status=example.status, document=example.document)
        async for operation, rig in ready_rigs(subject, offer, without=set(Operation) - OFTEN_ASKED):
            rig.simulator.faults.add("*", own, count=None, logins=False)
            before = len(rig.simulator.ledger.requests())
            end = await call_operation(rig, operation)
            if len(rig.simulator.ledger.requests()) == before:
                continue
            expected = _as_ended(example.means, OperationKind.of(offer.writes.get(operation)))
            if not isinstance(end.error, expected):
                shown = type(end.result if end.error is None else end.error).__name__
                wrong.append(f"{operation.value}: {example.name} ends in {shown}, not in {expected.__name__}")
    return wrong + await _refused_login(subject, offer)


async def _refused_login(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is wrong with how a call ends whose login the agency refuses."""
    async with aclosing(ready_rigs(subject, offer, without=set(Operation) - OFTEN_ASKED)) as rigs:
        async for operation, rig in rigs:
            rig.simulator.faults.add("*", InjectedResponse(status=UNAUTHORIZED), count=None)
            before = len(rig.simulator.ledger.requests())
            async with rig.restarted():
                end = await call_operation(rig, operation)
            asked = len(rig.simulator.ledger.requests()) > before
            if asked and not isinstance(end.error, CredentialsRejected):
                shown = type(end.result if end.error is None else end.error).__name__
                return [f"{operation.value}: a login that is refused ends in {shown}, not in CredentialsRejected"]
    return []


def _as_ended(means: type[NagorikError], kind: OperationKind) -> type[NagorikError]:
    """What a call ends in whose agency said something that means ``means``."""
    if kind is OperationKind.READ:
        return AgencyUnavailable if means is OutcomeUnknown else means
    return OutcomeUnknown if means is ContractViolation else means
