"""Playing the fault matrix: every row, for every operation of every offer that reaches its agency.

Before a live agency nothing can be made to go wrong: there each operation is called once and without a fault.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, SecretStr

from nagorik import NagorikError, Operation, OutcomeUnknown
from nagorik.errors import Outcome
from nagorik.manifest import AnyOffer, Manifest
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_cells import FOR_EVER, RESULT, Cell, FaultRow, OperationKind
from nagorik_testing.contract.rig import CALLABLE_OPERATIONS, Rig, is_login
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.usual_call import UsualCall, effects_of, end_name, logins_since, without_fault
from nagorik_testing.contract.verdict import CallEnd, CheckStatus, Finding, FreeOfCharge, NotReachable
from nagorik_testing.faults.kinds import Garbled
from nagorik_testing.faults.plan import FaultRule
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks
from nagorik_testing.simulator.ledger import SeenRequest
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
            usual = await without_fault(subject, offer, operation)
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
        if usual is None:
            continue  # it is answered without the agency, so that nothing below it can go wrong
        play = _Play(subject, offer, operation, usual)
        async for finding in play.reads(rows) if operation in offer.reads else play.writes(rows):
            yield finding


@dataclass(frozen=True, slots=True)
class _Play:
    """One operation, row by row.

    Attributes:
        usual: What it is like without any.
        waits: How a rig is prepared without idle looks, once one has been.
    """

    subject: Subject
    offer: AnyOffer
    operation: Operation
    usual: UsualCall
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
            return await self._met(row, rig, self.usual.result)

    def _skipped(self, row: FaultRow) -> Finding | None:
        reason = reason_not_applicable(row, self.operation, self.subject.manifest) or _reason_unnoticed(
            row, self.subject.simulator.codec
        )
        return None if reason is None else self._found(row, CheckStatus.NOT_APPLICABLE, because=reason)

    async def _met(self, row: FaultRow, rig: Rig, usual: object) -> Finding:
        """Play a row on a rig that is prepared; ``usual`` is what a result is compared with."""
        cell, ledger = row.cells[self._kind], rig.simulator.ledger
        earlier, watch = len(ledger.requests()), _Watch.begin(rig, row, self.usual)
        with capture_logs() as heard:
            end = await rig.call(self.operation)
        ledger.on_request = None
        rule = watch.rule
        if rule.idle and rule.idle == rule.used:
            return self._found(row, CheckStatus.NOT_APPLICABLE, because=UNCHANGED)
        logins = None
        if self.subject.manifest.login is not None:
            logins = sum(is_login(seen.operation) for seen in ledger.requests()[earlier:])
        arrived = ledger.requests(self.usual.step)[watch.before :]
        reached = [seen for seen in arrived if seen.fault not in {"refused-before-processing"}]
        happened = (effects_of(rig) - watch.effects).total()
        problems = [
            *_wrong_end(end, cell, self.usual),
            *_wrong_count(len(reached), cell),
            *_wrong_effects(happened, cell, rig),
            *_wrong_effects_before((watch.effects - watch.begun).total(), cell, self.usual),
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
        shown = f"{end_name(end)}, {len(reached)} requests{logins_since(rig, earlier)}, {happened} effects"
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


@dataclass(slots=True)
class _Watch:
    """The faults of a row before one request, and what the agency had done when that arrived.

    Attributes:
        rule: The row's fault.
        before: Requests to the same address before the one that meets it.
        begun: Effects when the call began.
        effects: Effects when the request arrived.
    """

    rule: FaultRule
    before: int
    begun: Counter[str]
    effects: Counter[str]

    @classmethod
    def begin(cls, rig: Rig, row: FaultRow, usual: UsualCall) -> "_Watch":
        """Put the faults in, and listen to the ledger until its ``on_request`` is taken away."""
        faults, ledger, begun = rig.simulator.faults, rig.simulator.ledger, effects_of(rig)
        rule = faults.add(usual.step, row.fault, first=usual.turn, count=row.count)
        if row.then is not None:
            faults.add(usual.step, row.then, first=usual.turn + 1, count=FOR_EVER)
        watch = cls(rule, len(ledger.requests(usual.step)) + usual.turn - 1, begun, begun)

        def notice(seen: SeenRequest) -> None:
            if seen.operation == usual.step and len(ledger.requests(usual.step)) == watch.before + 1:
                watch.effects = effects_of(rig)

        ledger.on_request = notice
        return watch


def _meaning(result: object) -> object:
    """What a result says, without the agency's own words, which may change with the bytes that they come in."""
    return _without_raw(result.model_dump()) if isinstance(result, BaseModel) else result


def _without_raw(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_raw(inner) for key, inner in value.items() if key != "raw"}
    return [_without_raw(inner) for inner in value] if isinstance(value, list | tuple) else value


def _wrong_end(end: CallEnd, cell: Cell, usual: UsualCall) -> list[str]:
    if end.error is None:
        return [] if RESULT in cell.ends else ["the call succeeded"]
    if not isinstance(end.error, NagorikError):
        return [f"{type(end.error).__name__} reached the host"]
    allowed = tuple(kind for kind in cell.ends if isinstance(kind, type))
    if isinstance(end.error, allowed) or (usual.is_after_writes and _tells_of_earlier_writes(end.error, allowed)):
        return []
    return [f"the call ended in {type(end.error).__name__}"]


def _tells_of_earlier_writes(error: NagorikError, allowed: Sequence[type[NagorikError]]) -> bool:
    """Whether an error says that this write was not sent, and that an earlier one of the same call stands."""
    unsent = {kind.code for kind in allowed if kind.outcome is Outcome.NOT_SENT}
    return isinstance(error, OutcomeUnknown) and error.because in unsent


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


def _wrong_effects_before(happened: int, cell: Cell, usual: UsualCall) -> list[str]:
    if cell.effects is None or happened == usual.effects_before:
        return []
    return [f"{happened} effects before the request that met the fault, and not {usual.effects_before}"]


def _wrong_keys(keys: list[str | None], kind: OperationKind) -> list[str]:
    if kind is not OperationKind.NATIVE or not keys:
        return []
    if None in keys:
        return ["a native write without its key"]
    return [] if len(set(keys)) == 1 else ["the key changed between attempts"]


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
