"""A session that the agency has ended: the platform logs in again, and nobody notices."""

from typing import Final

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig, another_application, is_login
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable

_READS: Final = (Operation.STATUS, Operation.QUERY_PAYMENT, Operation.FIND, Operation.QUOTE, Operation.ELIGIBILITY)
_WRITES: Final = (Operation.SUBMIT, Operation.START_PAYMENT)
_NO_SESSION: Final = "no session is kept, or the simulator's restart() ends none"


async def _logs_in_again(subject: Subject, offer: AnyOffer) -> list[str]:
    if subject.manifest.login is None:
        raise NotConcerned("it logs in nowhere")
    wrong: list[str] = []
    ended = False
    for operations in (_READS, _WRITES):
        offered = (operation for operation in operations if operation in offer.operations)
        for operation in offered:
            async with open_rig(subject, offer.id) as rig:
                _ = rig.simulator  # no session of a live agency's is ended
                try:
                    await prepare_operation(rig, operation)
                except (NothingThere, NotReachable):
                    continue  # of operations that cannot be called, the matrix of faults tells
                problem, again = await _after_a_restart(rig, operation)
            ended = ended or again
            if problem:
                wrong.append(f"{operation.value} in a session that the agency has ended ends in {problem}")
            if problem or again:
                break
    if not ended and not wrong:
        raise NotConcerned(_NO_SESSION)
    return wrong


async def _after_a_restart(rig: Rig, operation: Operation) -> tuple[str, bool]:
    """The error in which a call ends after the agency lost its sessions, and whether it was logged in again."""
    end = await call_operation(rig, operation)
    if end.error is not None:
        return "", False  # nor does it succeed in a session that lives
    if operation in _WRITES:
        rig.references = another_application(rig.references)
        rig.payment = str(rig.references.idempotency_key)
    rig.simulator.restart()
    before = len(rig.simulator.ledger.requests())
    end = await call_operation(rig, operation)
    again = any(is_login(made.operation) for made in rig.simulator.ledger.requests()[before:])
    error = end.error
    return "" if error is None else error.code if isinstance(error, NagorikError) else type(error).__name__, again


SESSIONS: Final = (
    Check(
        id="robustness/ended-session",
        family=CheckFamily.ROBUSTNESS,
        title="a session that the agency has ended is begun anew, and the call goes on",
        why="The agency restarts at noon. Its sessions are gone, and the plugin takes its word for wrong "
        "credentials: nobody logs in again, and every citizen is sent away until an operator looks.",
        modes=(31, 62),
        expected="after the simulator's restart(), the result as ever and one more login",
        fix="Let the error reader map the agency's word for an ended session to CredentialsRejected with "
        "CredentialProblem.EXPIRED; WRONG is for credentials that a login does not mend.",
        scope=CheckScope.OFFERS,
        examine=_logs_in_again,
    ),
)
