"""Playing the fault matrix: every row, for every operation of every offer that reaches its agency."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Final

from pydantic import SecretStr

from nagorik import NagorikError, Operation
from nagorik.manifest import PaymentGateway, PublicService
from nagorik_testing.contract.bench import PLAYED, Bench, End, FreeOfCharge, NotReachable, Subject, open_bench
from nagorik_testing.contract.matrix import RESULT, ROWS, Cell, Kind, Row
from nagorik_testing.contract.verdict import Finding, Standing
from nagorik_testing.contract.watch import canaries, leaked, listening

LOGIN_PATHS: Final = ("login", "token", "auth")
"""Words in the path of an operation that obtains a token, which is not the step under test."""

Offer = PublicService | PaymentGateway


async def play_matrix(subject: Subject, offer: Offer) -> AsyncIterator[Finding]:
    """The findings of all rows for one service or gateway, operation by operation."""
    for operation in sorted(offer.operations & PLAYED):
        kind = Kind.of(offer.writes.get(operation))
        try:
            step = await _step(subject, offer, operation)
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
        for row in ROWS:
            yield await _play(subject, offer, operation, kind, row, step)


async def _step(subject: Subject, offer: Offer, operation: Operation) -> str | None:
    """The request that an operation makes last, as the ledger names it; ``None`` if it makes none.

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
        return made[-1] if made else None


async def _play(subject: Subject, offer: Offer, operation: Operation, kind: Kind, row: Row, step: str) -> Finding:
    cell = row.cells[kind]
    check = f"{operation.value}/{row.id}"
    expected = _described(cell)
    if row.login_only and subject.manifest.login is None:
        return _finding(check, offer, row, Standing.NOT_APPLICABLE, because="the plugin does not log in")
    if row.json_only and operation is Operation.ARTEFACT:
        return _finding(check, offer, row, Standing.NOT_APPLICABLE, because="a file is no JSON")
    async with open_bench(subject, offer.id) as bench:
        try:
            await bench.prepare(operation)
        except NotReachable as missing:
            return _finding(check, offer, row, Standing.NOT_REACHED, expected=expected, got=str(missing))
        before, effects = len(bench.simulator.ledger.requests(step)), _effects(bench)
        rule = bench.simulator.faults.add(step, row.fault, count=row.count)
        with listening() as heard:
            end = await bench.call(operation)
        arrived = bench.simulator.ledger.requests(step)[before:]
        reached = [seen for seen in arrived if seen.fault not in {"refused-before-processing"}]
        happened = sum((_effects(bench) - effects).values())
        problems = [
            *_wrong_end(end, cell),
            *_wrong_count(len(reached), cell),
            *_wrong_effects(happened, cell, bench),
            *_wrong_keys([seen.idempotency_key for seen in reached], kind),
        ]
        if end.seconds > max(row.longest, subject.manifest.limits.deadline + 1):
            problems.append(f"{end.seconds:.0f} simulated seconds")
        if not rule.used:
            problems.append("the fault never happened")
        leaks = leaked(heard.text + end.told * (end.error is not None), _sought(bench))
        if leaks:
            problems.append(f"{leaks} canaries of personal data in logs or error texts")
    if not problems:
        return _finding(check, offer, row, Standing.PASSED, expected=expected)
    told = f"{_name(end)}, {len(reached)} requests, {happened} effects"
    return _finding(
        check,
        offer,
        row,
        Standing.FAILED,
        expected=expected,
        got=told,
        because="; ".join(problems),
    )


def _finding(
    check: str,
    offer: Offer,
    row: Row,
    standing: Standing,
    *,
    expected: str = "",
    got: str = "",
    because: str = "",
) -> Finding:
    return Finding(
        check=check,
        offer=offer.id,
        title=row.title,
        standing=standing,
        expected=expected,
        got=got,
        because=because,
    )


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
