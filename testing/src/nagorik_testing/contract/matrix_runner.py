"""Playing the fault matrix: every row, for every operation of every offer that reaches its agency.

Before a live agency nothing can be made to go wrong: there each operation is called once and without a fault.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, SecretStr

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer, Manifest
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_cells import FOR_EVER, RESULT, Cell, FaultRow, OperationKind
from nagorik_testing.contract.rig import CALLABLE_OPERATIONS, Rig, is_login
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CallEnd, CheckStatus, Finding, FreeOfCharge, NotReachable
from nagorik_testing.faults.kinds import Garbled
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks
from nagorik_testing.wire.codec import Codec

CUT_SHORT: Final = Garbled(how="cut-short")
UNCHANGED: Final = "the fault changes no byte of this answer"


def reason_not_applicable(row: FaultRow, operation: Operation, manifest: Manifest) -> str | None:
    """Why an operation of a plugin cannot meet a fault; ``None`` if it can."""
    if row.login_only and manifest.login is None:
        return "the plugin does not log in"
    if row.document_only and operation is Operation.DELIVERABLE:
        return "a file is no document"
    return None


def _reason_unnoticed(row: FaultRow, codec: Codec) -> str | None:
    """Why nobody could notice a fault in what an agency speaks; ``None`` where it can be."""
    if row.fault == CUT_SHORT and not codec.answers.has_end:
        return f"{codec.answers.name} has no end by which one that was cut short could be told"
    return None


async def play_matrix(subject: Subject, offer: AnyOffer, rows: Sequence[FaultRow] = ROWS) -> AsyncIterator[Finding]:
    """The findings of all rows for one service or gateway, operation by operation."""
    for operation in sorted(offer.operations & CALLABLE_OPERATIONS):
        try:
            step, usual = await _step(subject, offer, operation)
        except FreeOfCharge:
            continue
        except NotReachable as missing:
            yield Finding(
                check=f"{operation.value}/F00",
                offer=offer.id,
                title="the operation can be called without a fault",
                status=CheckStatus.NOT_REACHED,
                expected="a result",
                got=str(missing),
                because="without it, nothing else of the operation can be proved",
            )
            continue
        if step is None:
            continue  # it is answered without the agency, so that nothing below it can go wrong
        play = _Play(subject, offer, operation, step, usual)
        async for finding in play.reads(rows) if operation in offer.reads else play.writes(rows):
            yield finding


async def _step(subject: Subject, offer: AnyOffer, operation: Operation) -> tuple[str | None, object]:
    """The request that an operation makes last, as the ledger names it, and its result; ``None`` if it makes none.

    Raises:
        NotReachable: The operation cannot be called, or fails without any fault.
    """
    async with open_rig(subject, offer.id) as rig:
        await rig.prepare(operation)
        before = len(rig.simulator.ledger.requests())
        end = await rig.call(operation)
        if end.error is not None:
            raise NotReachable(f"{_name(end)} without any fault{_logins(rig, before)}")
        made = [seen.operation for seen in rig.simulator.ledger.requests()[before:] if not is_login(seen.operation)]
        return made[-1] if made else None, end.result


@dataclass(frozen=True, slots=True)
class _Play:
    """One operation, row by row.

    Attributes:
        step: The request that meets the faults.
        usual: What the operation returns without any.
        waits: How a rig is prepared without idle looks, once one has been.
    """

    subject: Subject
    offer: AnyOffer
    operation: Operation
    step: str
    usual: object
    waits: list[timedelta] = field(default_factory=list)

    async def reads(self, rows: Sequence[FaultRow]) -> AsyncIterator[Finding]:
        """All rows before one agency, since reading changes nothing there; each on a platform of its own."""
        async with open_rig(self.subject, self.offer.id) as rig:
            await rig.prepare(self.operation)
            for row in rows:
                yield self._skipped(row) or await self._read(row, rig)

    async def _read(self, row: FaultRow, rig: Rig) -> Finding:
        rig.simulator.faults.clear()
        async with rig.restarted():
            usual = (await rig.call(self.operation)).result if row.same else None
            return await self._met(row, rig, usual)

    async def writes(self, rows: Sequence[FaultRow]) -> AsyncIterator[Finding]:
        """Each row before an agency of its own."""
        for row in rows:
            yield self._skipped(row) or await self._written(row)

    async def _written(self, row: FaultRow) -> Finding:
        async with open_rig(self.subject, self.offer.id) as rig:
            rig.waits = self.waits
            try:
                await rig.prepare(self.operation)
            except NotReachable as missing:
                return self._found(row, CheckStatus.NOT_REACHED, got=str(missing))
            return await self._met(row, rig, self.usual)

    def _skipped(self, row: FaultRow) -> Finding | None:
        reason = reason_not_applicable(row, self.operation, self.subject.manifest) or _reason_unnoticed(
            row, self.subject.simulator.codec
        )
        return None if reason is None else self._found(row, CheckStatus.NOT_APPLICABLE, because=reason)

    async def _met(self, row: FaultRow, rig: Rig, usual: object) -> Finding:
        """Play a row on a rig that is prepared; ``usual`` is what a result is compared with."""
        cell, ledger = row.cells[self._kind], rig.simulator.ledger
        before, effects, earlier = len(ledger.requests(self.step)), _effects(rig), len(ledger.requests())
        rule = rig.simulator.faults.add(self.step, row.fault, count=row.count)
        if row.then is not None:
            rig.simulator.faults.add(self.step, row.then, first=2, count=FOR_EVER)
        with capture_logs() as heard:
            end = await rig.call(self.operation)
        if rule.idle and rule.idle == rule.used:
            return self._found(row, CheckStatus.NOT_APPLICABLE, because=UNCHANGED)
        logins = None
        if self.subject.manifest.login is not None:
            logins = sum(is_login(seen.operation) for seen in ledger.requests()[earlier:])
        arrived = ledger.requests(self.step)[before:]
        reached = [seen for seen in arrived if seen.fault not in {"refused-before-processing"}]
        happened = sum((_effects(rig) - effects).values())
        problems = [
            *_wrong_end(end, cell),
            *_wrong_count(len(reached), cell),
            *_wrong_effects(happened, cell, rig),
            *_wrong_keys([seen.idempotency_key for seen in reached], self._kind),
        ]
        if row.same and end.error is None and _meaning(end.result) != _meaning(usual):
            problems.append("the result is another than without the fault")
        if end.seconds > max(row.longest, self.subject.manifest.limits.deadline + 1):
            problems.append(f"{end.seconds:.0f} simulated seconds")
        if not rule.used:
            problems.append("the fault never happened")
        leaks = count_leaks(heard.text + end.text * (end.error is not None), _watched(rig))
        if leaks:
            problems.append(f"{leaks} canaries of personal data in logs or error texts")
        if not problems:
            return self._found(row, CheckStatus.PASSED, logins=logins)
        shown = f"{_name(end)}, {len(reached)} requests{_logins(rig, earlier)}, {happened} effects"
        return self._found(row, CheckStatus.FAILED, got=shown, because="; ".join(problems), logins=logins)

    @property
    def _kind(self) -> OperationKind:
        return OperationKind.of(self.offer.writes.get(self.operation))

    def _found(
        self, row: FaultRow, status: CheckStatus, *, got: str = "", because: str = "", logins: int | None = None
    ) -> Finding:
        return Finding(
            check=f"{self.operation.value}/{row.id}",
            offer=self.offer.id,
            title=row.title,
            status=status,
            expected="" if status is CheckStatus.NOT_APPLICABLE else _describe(row.cells[self._kind]),
            got=got,
            because=because,
            logins=logins,
        )


def _meaning(result: object) -> object:
    """What a result says, without the agency's own words, which may change with the bytes that they come in."""
    return _without_raw(result.model_dump()) if isinstance(result, BaseModel) else result


def _without_raw(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_raw(inner) for key, inner in value.items() if key != "raw"}
    return [_without_raw(inner) for inner in value] if isinstance(value, list | tuple) else value


def _wrong_end(end: CallEnd, cell: Cell) -> list[str]:
    if end.error is None:
        return [] if RESULT in cell.ends else ["the call succeeded"]
    if not isinstance(end.error, NagorikError):
        return [f"{type(end.error).__name__} reached the host"]
    allowed = tuple(kind for kind in cell.ends if isinstance(kind, type))
    return [] if isinstance(end.error, allowed) else [f"the call ended in {type(end.error).__name__}"]


def _wrong_count(requests: int, cell: Cell) -> list[str]:
    least, most = cell.requests
    if least <= requests <= most:
        return []
    if requests > most and cell.effects is not None:
        return ["the write was sent again"]
    return [f"{requests} requests"]


def _wrong_effects(happened: int, cell: Cell, rig: Rig) -> list[str]:
    if cell.effects is None or happened == cell.effects:
        return []
    if happened > 1 and rig.simulator.ledger.effects("application"):
        return ["the citizen is registered twice"]
    return [f"{happened} effects at the agency"]


def _wrong_keys(keys: list[str | None], kind: OperationKind) -> list[str]:
    if kind is not OperationKind.NATIVE or not keys:
        return []
    if None in keys:
        return ["a native write without its key"]
    return [] if len(set(keys)) == 1 else ["the key changed between attempts"]


def _effects(rig: Rig) -> Counter[str]:
    """Effects by kind; a login is none that a citizen would notice."""
    counts = rig.simulator.ledger.effect_counts
    return Counter({kind: count for kind, count in counts.items() if kind != "login"})


def _logins(rig: Rig, since: int) -> str:
    """The logins after the first ``since`` requests and what the agency answered; empty where there are none."""
    statuses = Counter(seen.status for seen in rig.simulator.ledger.requests()[since:] if is_login(seen.operation))
    return "".join(
        f", {count} login{'' if count == 1 else 's'} {f'answered {status}' if status else 'without an answer'}"
        for status, count in statuses.items()
    )


def _watched(rig: Rig) -> tuple[str, ...]:
    settings: Mapping[str, object] = rig.simulator.settings("http://127.0.0.1")
    secrets = [
        value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings.items()
        if name in {"password", "secret", "token", "api_key", "app_secret"}
    ]
    return (*canary_values(rig.citizen, *secrets), rig.references.client_reference)


def _describe(cell: Cell) -> str:
    ends = " or ".join(sorted(kind if isinstance(kind, str) else kind.__name__ for kind in cell.ends))
    least, most = cell.requests
    count = f"{least}" if least == most else f"{least} to {most}"
    shown = f"{ends}, {count} request{'' if count == '1' else 's'}"
    return shown if cell.effects is None else f"{shown}, {cell.effects} effect{'' if cell.effects == 1 else 's'}"


def _name(end: CallEnd) -> str:
    return type(end.error if end.error is not None else end.result).__name__


REACHED: Final = "F00"
"""Stands in place of a fault row where an operation meets no fault."""


async def play_live(subject: Subject, live: Live, offer: AnyOffer) -> AsyncIterator[Finding]:
    """Each operation that may be called, once and without a fault; every other row does not apply."""
    withheld = live.withheld(offer)
    for operation in sorted(offer.operations & CALLABLE_OPERATIONS):
        yield await _call_live(subject, offer, operation, withheld.get(operation))
        for row in ROWS:
            yield Finding(
                check=f"{operation.value}/{row.id}",
                offer=offer.id,
                title=row.title,
                status=CheckStatus.NOT_APPLICABLE,
                because=SIMULATOR,
            )


async def _call_live(subject: Subject, offer: AnyOffer, operation: Operation, reason: str | None) -> Finding:
    if reason is not None:
        return _live_finding(offer, operation, CheckStatus.NOT_APPLICABLE, because=reason)
    try:
        async with open_rig(subject, offer.id) as rig:
            await rig.prepare(operation)
            end = await rig.call(operation)
    except NotPlayed as unplayed:
        return _live_finding(offer, operation, CheckStatus.NOT_APPLICABLE, because=str(unplayed))
    except FreeOfCharge:
        return _live_finding(offer, operation, CheckStatus.NOT_APPLICABLE, because="the example costs nothing")
    except NotReachable as missing:
        return _live_finding(offer, operation, CheckStatus.NOT_REACHED, got=str(missing))
    except NotImplementedError:
        return _live_finding(offer, operation, CheckStatus.NOT_REACHED, got=f"there is no example of {offer.id}")
    if end.error is None:
        return _live_finding(offer, operation, CheckStatus.PASSED)
    # An error's own text may come from the agency; its code does not.
    shown = end.error.code if isinstance(end.error, NagorikError) else type(end.error).__name__
    return _live_finding(
        offer, operation, CheckStatus.FAILED, got=shown, because="the live agency does not answer as declared"
    )


def _live_finding(
    offer: AnyOffer, operation: Operation, status: CheckStatus, *, got: str = "", because: str = ""
) -> Finding:
    return Finding(
        check=f"{operation.value}/{REACHED}",
        offer=offer.id,
        title="the operation can be called without a fault",
        status=status,
        expected="a result",
        got=got,
        because=because,
    )
