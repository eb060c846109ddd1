"""Playing the fault matrix: every row of every operation of every offer, one finding of each."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from nagorik import AgencyRejected, InputRejected, Operation, PluginFault
from nagorik.manifest import AnyOffer, Manifest
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.fee_stages import fee_stages
from nagorik_testing.contract.matrix import FOR_EVER, ROWS, SIX, FaultRow, OperationKind
from nagorik_testing.contract.matrix_judging import PlayedRow, describe, judge
from nagorik_testing.contract.own_code import own_code_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import FeeStage, Rig, operations_of
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.usual_call import UsualCall, call_usually, end_name, logins_since
from nagorik_testing.contract.verdict import (
    CheckStatus,
    Finding,
    NothingThere,
    NotReachable,
    Origin,
    Symptom,
    origin_of,
)
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import Dripping, Garbled, Padded, Reshaped, Slow
from nagorik_testing.faults.plan import FaultRule
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks
from nagorik_testing.simulator.ledger import SeenRequest
from nagorik_testing.wire.codec import Codec

CUT_SHORT: Final = Garbled(how="cut-short")
UNCHANGED: Final = "the fault changes no byte of this answer"
UNASKED: Final = "it is answered without asking the agency, so that nothing below it can go wrong"
UNREACHED: Final = "it cannot be called without a fault, see F00"
OF_THE_SIMULATOR: Final = "what an agency does with it, the simulator does not say"


class PlainRow(NamedTuple):
    """What is looked at in a call that meets no fault."""

    id: str
    title: str
    expected: str


CALLED: Final = PlainRow("F00", "the operation can be called without a fault", "a result")
UNCHANGED_BOOKS: Final = PlainRow(
    "F00-safe", "asking changes nothing at the agency", "a ledger that holds what it held before"
)
REACHED: Final = CALLED.id
"""Stands in place of a fault row where an operation meets no fault."""
_WORST_FIRST: Final = (CheckStatus.FAILED, CheckStatus.NOT_REACHED, CheckStatus.PASSED, CheckStatus.NOT_APPLICABLE)
"""Of the stages at which one operation is played, the worst is reported."""
SAFE: Final = UNCHANGED_BOOKS.id
"""For reads, and for writes that are declared ``safe``: they are sent again as often as an answer is lost."""


def rows_of(kinds: Collection[OperationKind]) -> tuple[str, ...]:
    """The rows that an operation of these kinds is put to, by id: first that it can be called at all."""
    safe = (SAFE,) if OperationKind.READ in kinds else ()
    return (REACHED, *safe, *(row.id for row in ROWS))


def reason_not_applicable(row: FaultRow, operation: Operation, manifest: Manifest) -> str | None:
    """Why an operation of a plugin cannot meet a fault; ``None`` if it can."""
    if row.login_only and manifest.login is None:
        return "the plugin does not log in"
    if row.document_only and operation is Operation.DELIVERABLE:
        return "a file is no document"
    if operation is Operation.HEALTH and isinstance(row.fault, Reshaped):
        return "it is asked whether the agency answers, and not what it says"
    return None


def _reason_unnoticed(row: FaultRow, codec: Codec) -> str | None:
    """Why nobody could notice a fault in what an agency speaks; ``None`` where it can be."""
    if row.fault == CUT_SHORT and not codec.answers.has_end:
        return f"{codec.answers.name} has no end by which one that was cut short could be told"
    return None


async def play_matrix(
    subject: Subject,
    offer: AnyOffer,
    operations: Collection[Operation] | None = None,
    rows: Sequence[FaultRow] = ROWS,
    *,
    traced: bool = False,
) -> AsyncIterator[Finding]:
    """The findings of all rows for one service or gateway, operation by operation; of each row one, whatever happens.

    Args:
        subject: The plugin and its simulated agency.
        offer: The service or gateway; with the plugin's first one its operations as a whole are played, too.
        operations: Those to play; all that there are if not given.
        rows: The faults.
        traced: Whether what fails is played once more, to tell where in the plugin's code that was decided.
    """
    for operation in sorted(operations_of(subject.manifest, offer)):
        if operations is not None and operation not in operations:
            continue
        priced = operation in {Operation.QUOTE, Operation.ADVISE_PAYMENT}
        fees = await fee_stages(subject, offer) if priced else (FeeStage(),)
        found: dict[str, Finding] = {}
        for number, fee in enumerate(fees):
            played = [row for row in rows if row in SIX] if number else rows
            async for finding in _Play(subject, offer, operation, traced, fee).all(played):
                worst = found.setdefault(finding.check, finding)
                found[finding.check] = min(worst, finding, key=lambda one: _WORST_FIRST.index(one.status))
        for finding in found.values():
            yield finding


@dataclass(slots=True)
class _Play:
    """One operation, row by row.

    Attributes:
        traced: Whether what fails is played once more, to tell where that was decided.
        fee: The stage whose fee it is about.
        waits: How a rig is prepared without idle looks, once one has been.
        refused_at: Stages at which the operation was tried too early.
    """

    subject: Subject
    offer: AnyOffer
    operation: Operation
    traced: bool
    fee: FeeStage
    waits: list[timedelta] = field(default_factory=list)
    refused_at: list[str] = field(default_factory=list)

    async def all(self, rows: Sequence[FaultRow]) -> AsyncIterator[Finding]:
        """First without a fault; then with each, where that can be played, or why it cannot."""
        plain: list[FaultRow | PlainRow] = [CALLED, *([UNCHANGED_BOOKS] if self._kind is OperationKind.READ else [])]
        try:
            usual = await self._called_usually()
        except NothingThere as nothing:
            for row in [*plain, *rows]:
                yield self._found(row, CheckStatus.NOT_APPLICABLE, because=str(nothing))
            return
        except NotReachable as missing:
            usual = UsualCall(missing=str(missing), origin=missing.origin)
        if usual.missing or (usual.step is None and self._kind is not OperationKind.READ):
            yield self._unreached(usual)
            for row in [*plain[1:], *rows]:
                yield self._found(row, CheckStatus.NOT_APPLICABLE, because=UNREACHED)
            return
        if usual.unrouted:
            yield self._found(CALLED, CheckStatus.FAILED, got=usual.unrouted, because=OF_THE_SIMULATOR)
        else:
            yield self._found(CALLED, CheckStatus.PASSED)
        if self._kind is OperationKind.READ:
            yield await self._safe(usual)
        async for finding in self._faults(rows, usual):
            yield finding

    async def _faults(self, rows: Sequence[FaultRow], usual: UsualCall) -> AsyncIterator[Finding]:
        if usual.step is None:
            for row in rows:
                yield self._found(row, CheckStatus.NOT_APPLICABLE, because=UNASKED)
            return
        async for finding in (
            self.writes(rows, usual) if self.operation in self.offer.writes else self.reads(rows, usual)
        ):
            yield finding

    def _unreached(self, usual: UsualCall) -> Finding:
        return self._found(
            CALLED,
            CheckStatus.NOT_REACHED if usual.missing else CheckStatus.FAILED,
            got=usual.missing or "nothing is sent to the agency",
            because="without it, nothing else of the operation can be proved",
            origin=usual.origin,
            symptoms=frozenset({Symptom.ENDING if usual.missing else Symptom.SENDING}),
        )

    async def _safe(self, usual: UsualCall) -> Finding:
        if not usual.left:
            return self._found(UNCHANGED_BOOKS, CheckStatus.PASSED)
        origin, exchange = await self._traced(None, usual)
        return self._found(
            UNCHANGED_BOOKS,
            CheckStatus.FAILED,
            got=f"it leaves at the agency: {', '.join(sorted(usual.left))}",
            because="it is asked again whenever an answer is lost, and leaves it there each time",
            origin=origin,
            exchange=exchange,
            symptoms=frozenset({Symptom.EFFECT}),
        )

    async def _called_usually(self) -> UsualCall:
        """The operation, called once.

        Raises:
            NotReachable: It cannot be called, or fails without any fault.
            NothingThere: There is nothing to call it with.
        """
        while True:
            tap = Wiretap()
            async with open_rig(tap.on(self.subject), self.offer.id) as rig:
                await self._prepare(rig)
                before = len(rig.simulator.ledger.requests())
                end, usual = await call_usually(rig, tap, self.operation, self._kind)
                too_early = self.operation is Operation.BOOK_SLOT and isinstance(end.error, AgencyRejected)
                if too_early and rig.stage not in self.refused_at:
                    self.refused_at.append(rig.stage)  # appointments are shown before any can be taken
                    self.waits.clear()
                    continue
                if end.error is not None:
                    fields = [one.pointer for one in end.error.fields] if isinstance(end.error, InputRejected) else []
                    named = f"{end_name(end)}{' at ' if fields else ''}{', '.join(fields)}"
                    why = [f"{named} without any fault{logins_since(rig, before)}", usual.unrouted]
                    raise NotReachable("; ".join(filter(None, why)), origin_of(end.error))
            if usual.left and end.seconds and self._kind is OperationKind.READ:
                return replace(usual, left=usual.left - await self._due(end.seconds))
            return usual

    async def _prepare(self, rig: Rig) -> None:
        rig.waits, rig.refused_at, rig.fee = self.waits, self.refused_at, self.fee
        await prepare_operation(rig, self.operation)

    async def _due(self, seconds: float) -> Counter[str]:
        """What the agency does for good by itself while these simulated seconds pass without a call."""
        async with open_rig(self.subject, self.offer.id) as rig:
            await self._prepare(rig)
            effects = rig.effects()
            rig.clock.advance(seconds)
            return rig.effects() - effects

    async def reads(self, rows: Sequence[FaultRow], usual: UsualCall) -> AsyncIterator[Finding]:
        """All rows before one agency, since reading changes nothing there; each on a platform of its own.

        What is usual is asked for again only when time has passed, by which the agency may have come to say something
        else.
        """
        asked_at: datetime | None = None
        async with open_rig(self.subject, self.offer.id) as rig:
            await self._prepare(rig)
            for row in rows:
                if skipped := self._skipped(row):
                    yield skipped
                    continue
                rig.simulator.faults.clear()
                async with rig.restarted():
                    if row.same and rig.clock.now() != asked_at:
                        usual = replace(usual, result=(await call_operation(rig, self.operation)).result)
                        asked_at = rig.clock.now()
                    finding = await self._met(row, rig, usual)
                yield finding

    async def writes(self, rows: Sequence[FaultRow], usual: UsualCall) -> AsyncIterator[Finding]:
        """Each row before an agency of its own."""
        for row in rows:
            yield self._skipped(row) or await self._written(row, usual)

    async def _written(self, row: FaultRow, usual: UsualCall) -> Finding:
        async with open_rig(self.subject, self.offer.id) as rig:
            try:
                await self._prepare(rig)
            except NotReachable as missing:
                return self._found(row, CheckStatus.NOT_REACHED, got=str(missing), origin=missing.origin)
            return await self._met(row, rig, usual)

    def _skipped(self, row: FaultRow) -> Finding | None:
        reason = reason_not_applicable(row, self.operation, self.subject.manifest) or _reason_unnoticed(
            row, self.subject.simulator.codec
        )
        return None if reason is None else self._found(row, CheckStatus.NOT_APPLICABLE, because=reason)

    async def _met(self, row: FaultRow, rig: Rig, usual: UsualCall) -> Finding:
        """Play a row on a rig that is prepared."""
        cell, ledger = row.expected[self._kind], rig.simulator.ledger
        earlier, watch = len(ledger.requests()), _Watch.begin(rig, usual)
        rule = self._disturb(row, rig, usual)
        with capture_logs() as heard:
            end = await call_operation(rig, self.operation)
        ledger.on_request = None
        if rule.idle and rule.idle == rule.used:
            return self._found(row, CheckStatus.NOT_APPLICABLE, because=UNCHANGED)
        logins = None
        if self.subject.manifest.login is not None:
            logins = sum(seen.is_login for seen in ledger.requests()[earlier:])
        arrived = ledger.requests(usual.step)[watch.before :]
        reached = [seen for seen in arrived if seen.fault not in {"refused-before-processing"}]
        left = rig.effects() - (watch.begun if self._kind is OperationKind.READ else watch.effects)
        if left and end.seconds and self._kind is OperationKind.READ:
            left = await self._left_alone(row, usual)
        happened = left.total()
        wrong = judge(
            row,
            cell,
            usual,
            PlayedRow(
                end,
                keys=tuple(seen.idempotency_key for seen in reached),
                left=left,
                effects_before=(watch.effects - watch.begun).total(),
                filed=bool(ledger.effects("application")),
                met=bool(rule.used),
                leaks=count_leaks(heard.text + end.text * (end.error is not None), _watched(rig)),
            ),
            kind=self._kind,
            deadline=self.subject.manifest.limits.deadline,
        )
        problems = [problem for of_symptom in wrong.values() for problem in of_symptom]
        if not problems:
            return self._found(row, CheckStatus.PASSED, logins=logins)
        # Faults of the plugin's own in a row would put it into quarantine.
        origin, exchange = (
            (origin_of(end.error), None) if isinstance(end.error, PluginFault) else await self._traced(row, usual)
        )
        shown = f"{end_name(end)}, {len(reached)} requests{logins_since(rig, earlier)}, {happened} effects"
        return self._found(
            row,
            CheckStatus.FAILED,
            got=shown,
            because="; ".join(problems),
            origin=origin,
            exchange=exchange,
            symptoms=frozenset(symptom for symptom, of_symptom in wrong.items() if of_symptom),
            takes_all_levels=cell.effects is not None and happened > 1,
            logins=logins,
        )

    async def _traced(self, row: FaultRow | None, usual: UsualCall) -> tuple[Origin | None, tuple[str, str] | None]:
        """Play a row once more: from where in the plugin's code it ends so, and what was exchanged."""
        code = own_code_of(self.subject) if self.traced else None
        if code is None:
            return None, None
        tap, sent_from = Wiretap(), list[str | None]()
        # A response that takes long or is large is not read twice.
        whole = row is None or not isinstance(row.fault, Slow | Dripping | Padded)
        async with open_rig(tap.on(self.subject) if whole else self.subject, self.offer.id) as rig:
            try:
                await self._prepare(rig)
            except NotReachable:
                return None, None
            passed, ledger = len(tap.exchanges), rig.simulator.ledger
            if row is not None:
                self._disturb(row, rig, usual)
            ledger.on_request = lambda seen: None if seen.is_login else sent_from.append(code.running())
            with capture_logs():
                end = await call_operation(rig, self.operation)
        heard = tap.since(passed)
        return code.origin_of(end, sent_from[-1] if sent_from else None), heard[-1].texts if heard else None

    def _disturb(self, row: FaultRow, rig: Rig, usual: UsualCall) -> FaultRule:
        """Let the agency answer with the row's fault the request that is to meet it."""
        faults, step = rig.simulator.faults, usual.step or ""
        rule = faults.add(step, row.fault, first=usual.turn, count=row.count)
        if row.then is not None:
            faults.add(step, row.then, first=usual.turn + 1, count=FOR_EVER)
        return rule

    async def _left_alone(self, row: FaultRow, usual: UsualCall) -> Counter[str]:
        """What a read leaves at an agency where nothing else happened, what falls due by itself left aside."""
        async with open_rig(self.subject, self.offer.id) as rig:
            await self._prepare(rig)
            effects = rig.effects()
            self._disturb(row, rig, usual)
            end = await call_operation(rig, self.operation)
            left = rig.effects() - effects
        return left - await self._due(end.seconds) if left else left

    @property
    def _kind(self) -> OperationKind:
        return OperationKind.of(self.offer.writes.get(self.operation))

    def _found(self, row: "FaultRow | PlainRow", status: CheckStatus, *, got: str = "", **more: Any) -> Finding:
        """A finding of a row; ``more`` are further fields of it."""
        idle = status is CheckStatus.NOT_APPLICABLE
        expected = row.expected if isinstance(row, PlainRow) else describe(row.expected[self._kind])
        more["expected"] = "" if idle else expected
        more["got"] = f"stage {self.fee.name}: {got}" if got and self.fee != FeeStage() else got
        return finding_of(row, self.operation, self.offer, status, **more)


@dataclass(slots=True)
class _Watch:
    """What the agency had done when the request arrived that meets a fault.

    Attributes:
        before: Requests to the same address before it.
        begun: Effects when the call began.
        effects: Effects when it arrived.
    """

    before: int
    begun: Counter[str]
    effects: Counter[str]

    @classmethod
    def begin(cls, rig: Rig, usual: UsualCall) -> "_Watch":
        """Listen to the ledger until its ``on_request`` is taken away."""
        ledger, begun = rig.simulator.ledger, rig.effects()
        watch = cls(len(ledger.requests(usual.step)) + usual.turn - 1, begun, begun)

        def notice(seen: SeenRequest) -> None:
            if seen.operation == usual.step and len(ledger.requests(usual.step)) == watch.before + 1:
                watch.effects = rig.effects()

        ledger.on_request = notice
        return watch


def finding_of(
    row: FaultRow | PlainRow, operation: Operation, offer: AnyOffer, status: CheckStatus, **more: Any
) -> Finding:
    """A finding of a row; of what the plugin offers as a whole it is the plugin's, and no offer's."""
    whose = None if operation is Operation.HEALTH else offer.id
    return Finding(check=f"{operation.value}/{row.id}", offer=whose, title=row.title, status=status, **more)


def _watched(rig: Rig) -> tuple[str, ...]:
    settings: Mapping[str, object] = rig.simulator.settings("http://127.0.0.1")
    secrets = [
        value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings.items()
        if name in {"password", "secret", "token", "api_key", "app_secret"}
    ]
    return (*canary_values(rig.citizen, *secrets), rig.references.client_reference)
