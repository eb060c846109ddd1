"""What is said of a citizen where nobody should read it."""

from collections.abc import AsyncIterator
from typing import Final

from nagorik import Operation
from nagorik_testing.contract.bench import Bench, End, Subject
from nagorik_testing.contract.checks.calling import ready_benches
from nagorik_testing.contract.checks.check import About, Check, Family, Offer
from nagorik_testing.contract.checks.inspection import is_login, leaves
from nagorik_testing.contract.watch import canaries, leaked, listening
from nagorik_testing.fault import Answered

_SHORTEST: Final = 10
"""Digits from which on a number of the example is one that leads to somebody."""


async def _results(subject: Subject, offer: Offer) -> list[str]:
    return [
        f"what {operation.value} returns shows personal data when it is printed"
        async for operation, bench, end, _ in _called(subject, offer)
        if leaked(f"{end.told}\n{bench.draft!r}" if _is_service(bench) else end.told, _sought(bench))
    ]


async def _logs(subject: Subject, offer: Offer) -> list[str]:
    return [
        f"{operation.value} writes personal data into the log"
        async for operation, bench, _, heard in _called(subject, offer)
        if leaked(heard, _sought(bench))
    ]


async def _errors(subject: Subject, offer: Offer) -> list[str]:
    wrong = []
    async for operation, bench in ready_benches(subject, offer):
        for step in sorted(bench.simulator.faults.operations):
            if not is_login(step):
                bench.simulator.faults.add(step, _quoting(bench), count=None)
        with listening() as heard:
            end = await bench.call(operation)
        if leaked(heard.text + end.told, _sought(bench)):
            wrong.append(f"{operation.value} repeats what the agency's refusal quotes")
    return wrong


def _quoting(bench: Bench) -> Answered:
    quoted = " ".join(canaries(bench.citizen))
    body = f'{{"status": "ERROR", "error": {{"field": "{quoted}", "message": "{quoted}"}}}}'
    return Answered(status=400, body=body, headers={"content-type": "application/json"})


async def _called(subject: Subject, offer: Offer) -> AsyncIterator[tuple[Operation, Bench, End, str]]:
    """Each operation of the offer, called once without a fault, with all that was logged."""
    async for operation, bench in ready_benches(subject, offer):
        with listening() as heard:
            end = await bench.call(operation)
        yield operation, bench, end, heard.text


def _is_service(bench: Bench) -> bool:
    return any(service.id == bench.offer for service in bench.platform.services)


def _sought(bench: Bench) -> tuple[str, ...]:
    numbers = []
    if _is_service(bench):
        numbers = [
            value
            for _, value in leaves(dict(bench.draft.form))
            if isinstance(value, str) and len(value) >= _SHORTEST and value.isdecimal()
        ]
    return canaries(bench.citizen, bench.references.client_reference, *bench.named, *bench.secrets, *numbers)


PRIVACY: Final = (
    Check(
        id="privacy/results",
        family=Family.PRIVACY,
        title="a result and a draft show nothing of the citizen when they are printed",
        why="An exception report prints its local variables, and the citizen's number is in somebody's inbox (63).",
        expected="no canary in any representation",
        fix="Put a value that is about a citizen into a field of the class PERSONAL.",
        about=About.OFFERS,
        examine=_results,
    ),
    Check(
        id="privacy/logs",
        family=Family.PRIVACY,
        title="nothing of the citizen is logged",
        why="A line that was written for one hour of debugging keeps every number for a year (63).",
        expected="no canary in any line of any logger",
        fix="Log with context.log, and only codes and counts.",
        about=About.OFFERS,
        examine=_logs,
    ),
    Check(
        id="privacy/error-texts",
        family=Family.PRIVACY,
        title="an agency's refusal that quotes the citizen is not repeated",
        why="Agencies quote the number that they refuse, and the platform's error carries it into logs and tickets "
        "(63, 77).",
        expected="no canary in the error's text, its causes and the log",
        fix="Raise AgencyRejected with a code of your own, never with the agency's free text.",
        about=About.OFFERS,
        examine=_errors,
    ),
)
