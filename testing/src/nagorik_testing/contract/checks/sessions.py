"""Sessions at an agency: one that has ended is begun anew and nobody notices, and one that is good is used."""

from datetime import timedelta
from typing import Final

import httpx

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CallEnd, NothingThere, NotReachable, plain_values
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.simulator.in_process import SimulatorTransport
from nagorik_testing.wire.codec import Codec

LOOKED_AT: Final = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 45, 90, 180, 360, 720, 1440))
"""After a login: each time but for the last about twice the one before."""
MINUTES_IN_WORDS: Final = 120
_READS: Final = (Operation.STATUS, Operation.QUERY_PAYMENT, Operation.FIND, Operation.QUOTE, Operation.ELIGIBILITY)
_WRITES: Final = (Operation.SUBMIT, Operation.START_PAYMENT)


@check("robustness/ended-session")
async def _logs_in_again(subject: Subject, offer: AnyOffer) -> list[str]:
    if subject.manifest.login is None:
        raise NotConcerned("it logs in nowhere")
    wrong, ended = list[str](), False
    for operation in (operation for operation in (*_READS, *_WRITES) if operation in offer.operations):
        async with open_rig(subject, offer.id) as rig:
            _ = rig.simulator  # no session of a live agency's is ended
            try:
                await prepare_operation(rig, operation)
            except (NothingThere, NotReachable):
                continue  # of operations that cannot be called, the matrix of faults tells
            usual = await call_operation(rig, operation)
            if usual.error is not None:
                continue  # nor does it succeed in a session that lives
            if operation in _WRITES:
                rig.references = another_application(rig.references)
                rig.payment = str(rig.references.idempotency_key)
            rig.simulator.restart()
            end, again = await _logs_in(rig, operation)
        ended = ended or again
        problem = end.error.code if isinstance(end.error, NagorikError) else type(end.error).__name__
        if end.error is None:
            same = operation in _WRITES or again or plain_values(end.result) == plain_values(usual.result)
            problem = "" if same else "another result"
        wrong += [f"{operation.value} in a session that the agency has ended ends in {problem}"] if problem else []
    if not ended and not wrong:
        raise NotConcerned("no session is kept, or the simulator's restart() ends none")
    return wrong


@check("robustness/token-kept")
async def _keeps_its_token(subject: Subject, offer: AnyOffer) -> list[str]:
    if subject.manifest.login is None:
        raise NotConcerned("it logs in nowhere")
    for operation in (operation for operation in _READS if operation in offer.operations):
        try:
            used = await _used_for(subject, offer, operation)
            if used is not None and (
                used == LOOKED_AT[-1] or not await _is_good(subject, offer, operation, 2 * used)
            ):
                return []
        except (NothingThere, NotReachable):
            continue  # of operations that cannot be called, the matrix of faults tells
        if used is not None:
            minutes = round(used.total_seconds() / 60)
            span = f"{minutes} minutes" if minutes <= MINUTES_IN_WORDS else f"{round(minutes / 60)} hours"
            return [f"a new login {span} after the last, and its token is good for twice as long"]
    raise NotConcerned("no read of its logs in")


async def _used_for(subject: Subject, offer: AnyOffer, operation: Operation) -> timedelta | None:
    """After what time of its first login another is made, at most; ``None`` where none is made for the operation."""
    async with open_rig(subject, offer.id) as rig:
        _ = rig.simulator  # a live agency's time cannot be moved
        await prepare_operation(rig, operation)
        async with rig.restarted():
            if not (await _logs_in(rig, operation))[1]:
                return None
            began = rig.clock.now()
            for after in LOOKED_AT:
                rig.advance(max(began + after - rig.clock.now(), timedelta(0)))
                if (await _logs_in(rig, operation))[1]:
                    return rig.clock.now() - began
    return LOOKED_AT[-1]


async def _logs_in(rig: Rig, operation: Operation) -> tuple[CallEnd, bool]:
    """How a call ends, and whether it logs in."""
    before = len(rig.simulator.ledger.requests())
    end = await call_operation(rig, operation)
    return end, any(made.is_login for made in rig.simulator.ledger.requests()[before:])


async def _is_good(subject: Subject, offer: AnyOffer, operation: Operation, after: timedelta) -> bool:
    """Whether the agency still answers a request with the token of the first login, by then the only one."""
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        await prepare_operation(rig, operation)
        async with rig.restarted():
            before = len(tap.exchanges)
            await call_operation(rig, operation)
            rig.clock.advance(after)
            for once in tap.since(before)[:1]:
                made, url = once.request, once.request.url
                again = httpx.Request(made.method, url, headers=made.headers, content=once.sent)
                async with httpx.AsyncClient(transport=SimulatorTransport(rig.simulator)) as agency:
                    answer = await agency.send(again)
                shapes = [_shape(rig.simulator.codec, content) for content in (answer.content, once.answer)]
                return answer.status_code == once.status and shapes[0] == shapes[1]
    return False


def _shape(codec: Codec, answer: bytes) -> frozenset[str]:
    """Where an answer says anything: an error that comes with the status of a success says it elsewhere."""
    try:
        return frozenset(place for place, _ in codec.answers.places(answer))
    except ValueError:
        return frozenset()
