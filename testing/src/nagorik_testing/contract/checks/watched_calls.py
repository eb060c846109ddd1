"""One walk over all operations, and one while the agency fails: what a call shows, and what it takes of the host."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

from pydantic import JsonValue

from nagorik import ContractViolation, Operation, PluginFault
from nagorik.manifest import AnyOffer, PublicService
from nagorik_platform.tracebacks import WITNESSES
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import Minor, check
from nagorik_testing.contract.checks.inspection import leaves, personal_numbers, ready_rigs, record_of, with_value
from nagorik_testing.contract.checks.stand_ins import exits, real_sleeps
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import Fault, InjectedResponse, MaintenancePage, NotSent
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks

LONG_AWAITED: Final = frozenset(
    {Operation.ANSWER_CORRECTION, Operation.DELIVERABLE, Operation.SLOTS, Operation.BOOK_SLOT}
)
"""Operations that wait for a whole application at the agency; what they keep is seen in the shorter ones."""
_PAGED: Final = frozenset({Operation.SLOTS, Operation.BOOK_SLOT, Operation.ANSWER_CORRECTION})
"""Not looked at for polling: a long list is read by its pages."""
MOST_REQUESTS: Final = 4
"""Requests that one call may take without a fault, besides one for each paper that a write brings."""
LONGEST: Final = 5.0
"""Simulated seconds that a call may take of an agency that answers at once."""
LONGEST_BLOCK: Final = 0.25
"""Real seconds for which a call may keep the event loop; a machine's own hiccups are shorter, or do not repeat."""
TRIES: Final = 3
"""Calls of which each has to block before the plugin is blamed and not the machine."""
FAILURES: Final[tuple[Fault, ...]] = (NotSent(), InjectedResponse(status=500), MaintenancePage())
"""None of them lets the agency do anything, so that one application serves for all."""
_POLLING: Final = "robustness/no-polling"
_BLOCKING: Final = "robustness/F20-blocks-the-loop"
_AT_ONCE: Final = "of an agency that answers at once"
_BLOCKS: Final = f"keeps the event loop for more than {LONGEST_BLOCK * 1000:.0f} ms"

Problems = dict[str, list[str]]
"""What is wrong, by the id of the check that says so."""


async def _watched(subject: Subject, offer: AnyOffer) -> Problems:
    """What is wrong with calls that nothing disturbs."""
    wrong, tap = Problems(), Wiretap()
    with real_sleeps(record_of(subject).package or "") as slept:
        async for operation, rig in ready_rigs(tap.on(subject), offer):
            before = len(tap.exchanges)
            slept.clear()
            with capture_logs() as heard:
                end = await call_operation(rig, operation)
            is_service, sought = isinstance(offer, PublicService), _sought(rig, offer)
            printed = f"{end.text}\n{rig.draft!r}" if is_service else end.text
            addresses = " ".join(str(one.request.url) for one in tap.exchanges[before:])
            most = MOST_REQUESTS + (len(rig.draft.documents) if is_service and operation in offer.writes else 0)
            requests, seconds = len(tap.since(before)), end.seconds + sum(slept)
            is_paged, is_timed = operation in _PAGED, subject.live is None or operation not in LONG_AWAITED
            looked_for = (
                (
                    "privacy/shown",
                    "what {} returns shows personal data when it is printed",
                    count_leaks(printed, sought),
                ),
                ("privacy/shown", "{} writes personal data into the log", count_leaks(heard.text, sought)),
                ("privacy/shown", Minor("{} sends a secret in an address"), count_leaks(addresses, rig.secrets)),
                (_POLLING, f"{{}} takes {requests} requests", requests > most and not is_paged),
                (_POLLING, f"{{}} takes {seconds:.0f} seconds {_AT_ONCE}", seconds > LONGEST and not is_paged),
                # A live agency's time is its own.
                (_BLOCKING, f"{{}} {_BLOCKS}", is_timed and await _block(rig, operation) > LONGEST_BLOCK),
            )
            for check_id, text, is_so in looked_for:
                if is_so:
                    wrong.setdefault(check_id, []).append(type(text)(text.format(operation)))
    return wrong


async def _block(rig: Rig, operation: Operation) -> float:
    """Real seconds of the longest time in which nothing else could run, in the best of a few calls."""
    best = float("inf")
    for _ in range(TRIES):
        calling = asyncio.create_task(call_operation(rig, operation))
        longest, last = 0.0, time.perf_counter()
        while not calling.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        best = min(best, longest)
        if best <= LONGEST_BLOCK:
            break
    return best


async def _failing(subject: Subject, offer: AnyOffer) -> Problems:
    """What is wrong with calls while the agency refuses and quotes the citizen, and while it fails."""
    wrong, package = Problems(), record_of(subject).package or ""
    async for operation, rig in ready_rigs(subject, offer):
        failures = FAILURES[:1] if operation in LONG_AWAITED else FAILURES
        for fault in (*_quoting(rig), *failures):
            rig.simulator.faults.clear()
            rig.simulator.faults.add("*", fault, count=None, logins=False)
            async with rig.restarted() if fault in failures else nullcontext():
                with exits(package) as asked, capture_logs() as heard, _raised() as raised:
                    end = await call_operation(rig, operation)
            if asked or (isinstance(end.error, PluginFault) and end.error.fault == "exit"):
                wrong.setdefault("robustness/F20-exits", []).append(f"{operation} ends the process")
            # What a plugin raises of its own, the host never sees; a debugger and a reporter of errors do.
            if count_leaks(heard.text + end.text, _sought(rig, offer)) + count_leaks(str(raised), rig.secrets):
                what = (
                    "shows personal data or a secret"
                    if fault in failures
                    else "repeats what the agency's refusal quotes"
                )
                wrong.setdefault("privacy/error-texts", []).append(f"{operation} {what}")
    return wrong


@contextmanager
def _raised() -> Iterator[list[object]]:
    """The exceptions of the plugin's own within."""
    raised = list[object]()
    WITNESSES.append(raised.append)
    try:
        yield raised
    finally:
        WITNESSES.remove(raised.append)


def _read_off(walk: Callable[[Subject, AnyOffer], Awaitable[Problems]], check_id: str) -> None:
    @check(check_id)
    async def examine(subject: Subject, offer: AnyOffer) -> list[str]:
        return (await subject.once(walk, offer)).get(check_id, [])


for _id in ("privacy/shown", _POLLING, _BLOCKING):
    _read_off(_watched, _id)
for _id in ("privacy/error-texts", "robustness/F20-exits"):
    _read_off(_failing, _id)


def _quoting(rig: Rig) -> Iterator[InjectedResponse]:
    """A refusal of no agency's, and those of this one, each with everything about the citizen in its sentences."""
    quoted = " ".join(canary_values(rig.citizen))
    body = f'{{"status": "ERROR", "error": {{"field": "{quoted}", "message": "{quoted}"}}}}'
    yield InjectedResponse(status=400, body=body, headers={"content-type": "application/json"})
    for example in rig.simulator.error_answers():
        document: JsonValue = example.document
        for place, value in leaves(example.document):
            # Codes and numbers are left as they are, to be recognised.
            if isinstance(value, str) and " " in value:
                document = with_value(document, place, f"{value} {quoted}")
        if example.means is not ContractViolation and document != example.document:
            yield InjectedResponse(status=example.status, document=document)


def _sought(rig: Rig, offer: AnyOffer) -> tuple[str, ...]:
    form = dict(rig.draft.form) if isinstance(offer, PublicService) else {}
    named = (*rig.named, *rig.secrets, *personal_numbers(form))
    return canary_values(rig.citizen, rig.references.client_reference, *named)
