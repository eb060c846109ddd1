"""Playing the fault matrix: every row, for every operation of every offer that reaches its agency."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, SecretStr

from nagorik import NagorikError, Operation
from nagorik.manifest import PaymentGateway, PublicService
from nagorik_testing.contract.bench import PLAYED, Bench, End, FreeOfCharge, NotReachable, Subject, open_bench
from nagorik_testing.contract.matrix import FOR_EVER, RESULT, ROWS, Cell, Kind, Row
from nagorik_testing.contract.verdict import Finding, Standing
from nagorik_testing.contract.watch import canaries, leaked, listening

LOGIN_PATHS: Final = ("login", "token", "auth")
"""Words in the path of an operation that obtains a token, which is not the step under test."""

Offer = PublicService | PaymentGateway


async def play_matrix(subject: Subject, offer: Offer, rows: Sequence[Row] = ROWS) -> AsyncIterator[Finding]:
    """The findings of all rows for one service or gateway, operation by operation."""
    for operation in sorted(offer.operations & PLAYED):
        try:
            step, usual = await _step(subject, offer, operation)
        except FreeOfCharge:
            continue
        except NotReachable as missing:
            yield Finding(
                check=f"{operation.value}/F00",
                offer=offer.id,
                title="the operation can be called without a fault",
                standing=Standing.NOT_REACHED,
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


async def _step(subject: Subject, offer: Offer, operation: Operation) -> tuple[str | None, object]:
    """The request that an operation makes last, as the ledger names it, and its result; ``None`` if it makes none.

    Raises:
        NotReachable: The operation cannot be called, or fails without any fault.
    """
    async with open_bench(subject, offer.id) as bench:
        await bench.prepare(operation)
        before = len(bench.simulator.ledger.requests())
        end = await bench.call(operation)
        if end.error is not None:
            raise NotReachable(f"{_name(end)} without any fault")
        made = [
            seen.operation
            for seen in bench.simulator.ledger.requests()[before:]
            if not any(word in seen.operation for word in LOGIN_PATHS)
        ]
        return made[-1] if made else None, end.result


@dataclass(frozen=True, slots=True)
class _Play:
    """One operation, row by row.

    Attributes:
        step: The request that meets the faults.
        usual: What the operation returns without any.
        course: How a bench is prepared without idle looks, once one has been.
    """

    subject: Subject
    offer: Offer
    operation: Operation
    step: str
    usual: object
    course: list[timedelta] = field(default_factory=list)

    async def reads(self, rows: Sequence[Row]) -> AsyncIterator[Finding]:
        """All rows before one agency, since reading changes nothing there; each on a platform of its own."""
        async with open_bench(self.subject, self.offer.id) as bench:
            await bench.prepare(self.operation)
            for row in rows:
                yield self._skipped(row) or await self._read(row, bench)

    async def _read(self, row: Row, bench: Bench) -> Finding:
        bench.simulator.faults.clear()
        async with bench.restarted():
            usual = (await bench.call(self.operation)).result if row.same else None
            return await self._met(row, bench, usual)

    async def writes(self, rows: Sequence[Row]) -> AsyncIterator[Finding]:
        """Each row before an agency of its own."""
        for row in rows:
            yield self._skipped(row) or await self._written(row)

    async def _written(self, row: Row) -> Finding:
        async with open_bench(self.subject, self.offer.id) as bench:
            bench.course = self.course
            try:
                await bench.prepare(self.operation)
            except NotReachable as missing:
                return self._found(row, Standing.NOT_REACHED, got=str(missing))
            return await self._met(row, bench, self.usual)

    def _skipped(self, row: Row) -> Finding | None:
        if row.login_only and self.subject.manifest.login is None:
            return self._found(row, Standing.NOT_APPLICABLE, because="the plugin does not log in")
        if row.json_only and self.operation is Operation.ARTEFACT:
            return self._found(row, Standing.NOT_APPLICABLE, because="a file is no JSON")
        return None

    async def _met(self, row: Row, bench: Bench, usual: object) -> Finding:
        """Play a row on a bench that is prepared; ``usual`` is what a result is compared with."""
        cell, ledger = row.cells[self._kind], bench.simulator.ledger
        before, effects = len(ledger.requests(self.step)), _effects(bench)
        rule = bench.simulator.faults.add(self.step, row.fault, count=row.count)
        if row.then is not None:
            bench.simulator.faults.add(self.step, row.then, first=2, count=FOR_EVER)
        with listening() as heard:
            end = await bench.call(self.operation)
        arrived = ledger.requests(self.step)[before:]
        reached = [seen for seen in arrived if seen.fault not in {"refused-before-processing"}]
        happened = sum((_effects(bench) - effects).values())
        problems = [
            *_wrong_end(end, cell),
            *_wrong_count(len(reached), cell),
            *_wrong_effects(happened, cell, bench),
            *_wrong_keys([seen.idempotency_key for seen in reached], self._kind),
        ]
        if row.same and end.error is None and _meaning(end.result) != _meaning(usual):
            problems.append("the result is another than without the fault")
        if end.seconds > max(row.longest, self.subject.manifest.limits.deadline + 1):
            problems.append(f"{end.seconds:.0f} simulated seconds")
        if not rule.used:
            problems.append("the fault never happened")
        leaks = leaked(heard.text + end.told * (end.error is not None), _sought(bench))
        if leaks:
            problems.append(f"{leaks} canaries of personal data in logs or error texts")
        if not problems:
            return self._found(row, Standing.PASSED)
        told = f"{_name(end)}, {len(reached)} requests, {happened} effects"
        return self._found(row, Standing.FAILED, got=told, because="; ".join(problems))

    @property
    def _kind(self) -> Kind:
        return Kind.of(self.offer.writes.get(self.operation))

    def _found(self, row: Row, standing: Standing, *, got: str = "", because: str = "") -> Finding:
        return Finding(
            check=f"{self.operation.value}/{row.id}",
            offer=self.offer.id,
            title=row.title,
            standing=standing,
            expected="" if standing is Standing.NOT_APPLICABLE else _described(row.cells[self._kind]),
            got=got,
            because=because,
        )


def _meaning(result: object) -> object:
    """What a result says, without the agency's own words, which may change with the bytes that they come in."""
    return _without_raw(result.model_dump()) if isinstance(result, BaseModel) else result


def _without_raw(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_raw(inner) for key, inner in value.items() if key != "raw"}
    return [_without_raw(inner) for inner in value] if isinstance(value, list | tuple) else value


def _wrong_end(end: End, cell: Cell) -> list[str]:
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


def _wrong_effects(happened: int, cell: Cell, bench: Bench) -> list[str]:
    if cell.effects is None or happened == cell.effects:
        return []
    if happened > 1 and bench.simulator.ledger.effects("application"):
        return ["the citizen is registered twice"]
    return [f"{happened} effects at the agency"]


def _wrong_keys(keys: list[str | None], kind: Kind) -> list[str]:
    if kind is not Kind.NATIVE or not keys:
        return []
    if None in keys:
        return ["a native write without its key"]
    return [] if len(set(keys)) == 1 else ["the key changed between attempts"]


def _effects(bench: Bench) -> Counter[str]:
    """Effects by kind; a login is none that a citizen would notice."""
    counts = bench.simulator.ledger.effect_counts
    return Counter({kind: count for kind, count in counts.items() if kind != "login"})


def _sought(bench: Bench) -> tuple[str, ...]:
    settings: Mapping[str, object] = bench.simulator.settings("http://127.0.0.1")
    secrets = [
        value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings.items()
        if name in {"password", "secret", "token", "api_key", "app_secret"}
    ]
    return (*canaries(bench.citizen, *secrets), bench.references.client_reference)


def _described(cell: Cell) -> str:
    ends = " or ".join(sorted(kind if isinstance(kind, str) else kind.__name__ for kind in cell.ends))
    least, most = cell.requests
    count = f"{least}" if least == most else f"{least} to {most}"
    told = f"{ends}, {count} request{'' if count == '1' else 's'}"
    return told if cell.effects is None else f"{told}, {cell.effects} effect{'' if cell.effects == 1 else 's'}"


def _name(end: End) -> str:
    return type(end.error if end.error is not None else end.result).__name__
