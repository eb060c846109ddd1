"""What is said of a citizen where nobody should read it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik import ContractViolation, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import leaves, ready_rigs, with_value
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks

_SHORTEST: Final = 10
"""Digits from which on a number of the example is one that leads to somebody."""


@check("privacy/results")
async def _results(subject: Subject, offer: AnyOffer) -> list[str]:
    return [
        f"what {shown.operation.value} returns shows personal data when it is printed"
        for shown in await subject.once(_shown, offer)
        if shown.by_its_result
    ]


@check("privacy/logs")
async def _logs(subject: Subject, offer: AnyOffer) -> list[str]:
    return [
        f"{shown.operation.value} writes personal data into the log"
        for shown in await subject.once(_shown, offer)
        if shown.in_the_log
    ]


@check("privacy/error-texts")
async def _errors(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = []
    async for operation, rig in ready_rigs(subject, offer):
        for refusal in _quoting(rig):
            rig.simulator.faults.clear()
            rig.simulator.faults.add("*", refusal, count=None, logins=False)
            with capture_logs() as heard:
                end = await call_operation(rig, operation)
            if count_leaks(heard.text + end.text, _sought(rig)):
                wrong.append(f"{operation.value} repeats what the agency's refusal quotes")
                break
    return wrong


def _quoting(rig: Rig) -> Iterator[InjectedResponse]:
    """A refusal of no agency's, and those of this one, each with everything about the citizen in its sentences."""
    quoted = " ".join(canary_values(rig.citizen))
    body = f'{{"status": "ERROR", "error": {{"field": "{quoted}", "message": "{quoted}"}}}}'
    yield InjectedResponse(status=400, body=body, headers={"content-type": "application/json"})
    for example in rig.simulator.error_answers():
        document = _quoted_in(example.document, quoted)
        if example.means is not ContractViolation and document != example.document:
            yield InjectedResponse(status=example.status, document=document)


def _quoted_in(document: JsonValue, quoted: str) -> JsonValue:
    """A document whose sentences end in a quotation: codes and numbers are left as they are, to be recognised."""
    for place, value in list(leaves(document)):
        if isinstance(value, str) and " " in value:
            document = with_value(document, place, f"{value} {quoted}")
    return document


class _Shown(NamedTuple):
    """Where a call that nothing disturbs shows personal data."""

    operation: Operation
    by_its_result: bool
    in_the_log: bool


async def _shown(subject: Subject, offer: AnyOffer) -> list[_Shown]:
    shown = []
    async for operation, rig in ready_rigs(subject, offer):
        with capture_logs() as heard:
            end = await call_operation(rig, operation)
        printed = f"{end.text}\n{rig.draft!r}" if _is_service(rig) else end.text
        sought = _sought(rig)
        shown.append(_Shown(operation, bool(count_leaks(printed, sought)), bool(count_leaks(heard.text, sought))))
    return shown


def _is_service(rig: Rig) -> bool:
    return any(service.id == rig.offer for service in rig.platform.services)


def _sought(rig: Rig) -> tuple[str, ...]:
    numbers = []
    if _is_service(rig):
        numbers = [
            value
            for _, value in leaves(dict(rig.draft.form))
            if isinstance(value, str) and len(value) >= _SHORTEST and value.isdecimal()
        ]
    return canary_values(rig.citizen, rig.references.client_reference, *rig.named, *rig.secrets, *numbers)
