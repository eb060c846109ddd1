"""Judging a row of the fault matrix: in what a call that met its fault was not as the row's cell says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nagorik import Health, HealthState, NagorikError, OutcomeUnknown
from nagorik.errors import Outcome
from nagorik_testing.contract.matrix import RESULT, Expect, FaultRow, OperationKind
from nagorik_testing.contract.usual_call import UsualCall
from nagorik_testing.contract.verdict import CallEnd, Symptom, plain_values


@dataclass(frozen=True, slots=True)
class PlayedRow:
    """What was seen of the call that met a row's fault.

    Attributes:
        end: How it ended.
        keys: The idempotency key of each request of the step that reached the agency.
        left: What the agency did for good meanwhile, by kind.
        effects_before: Effects of the same call before the request that met the fault.
        filed: Whether the agency holds an application.
        met: Whether the fault happened.
        leaks: Canaries of personal data in logs or error texts.
    """

    end: CallEnd
    keys: tuple[str | None, ...]
    left: Counter[str]
    effects_before: int
    filed: bool
    met: bool
    leaks: int


def judge(
    row: FaultRow, cell: Expect, usual: UsualCall, played: PlayedRow, *, kind: OperationKind, deadline: float
) -> Mapping[Symptom, list[str]]:
    """What is wrong, by symptom, in words; nothing under any of them where all is as the cell says.

    Args:
        row: The fault.
        cell: What must come of it.
        usual: The same call without it.
        played: What came of it.
        kind: What doing the operation twice would do.
        deadline: Simulated seconds that the manifest gives a call.
    """
    end = played.end
    changed = row.same and end.error is None and _meaning(end.result) != _meaning(usual.result)
    late = end.seconds > max(row.longest, deadline + 1)
    return {
        Symptom.ENDING: [
            *_wrong_end(end, cell, usual),
            *(["the result is another than without the fault"] if changed else []),
        ],
        Symptom.SENDING: [
            *_wrong_count(len(played.keys), cell),
            *_wrong_effects(played, cell),
            *_wrong_effects_before(played.effects_before, cell, usual),
            *_wrong_keys(played.keys, kind),
        ],
        Symptom.EFFECT: _wrong_reads(played.left, cell),
        Symptom.DURATION: [f"{end.seconds:.0f} simulated seconds"] * late,
        Symptom.UNTOUCHED: ["the fault never happened"] * (not played.met),
        Symptom.PRIVACY: [f"{played.leaks} canaries of personal data in logs or error texts"] * bool(played.leaks),
    }


def describe(cell: Expect) -> str:
    """What a cell allows, in words."""
    ends = " or ".join(sorted(kind if isinstance(kind, str) else kind.__name__ for kind in cell.outcome))
    least, most = cell.requests
    count = f"{least}" if least == most else f"{least} to {most}"
    shown = f"{ends}, {count} request{'' if count == '1' else 's'}"
    return shown if cell.effects is None else f"{shown}, {cell.effects} effect{'' if cell.effects == 1 else 's'}"


def _meaning(result: object) -> object:
    """What a result says, without the agency's own words, which may change with the bytes that they come in."""
    return _without_raw(plain_values(result))


def _without_raw(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_raw(inner) for key, inner in value.items() if key != "raw"}
    return [_without_raw(inner) for inner in value] if isinstance(value, list | tuple) else value


def _wrong_end(end: CallEnd, cell: Expect, usual: UsualCall) -> list[str]:
    if end.error is None:
        if isinstance(end.result, Health) and end.result.state is not HealthState.UP:
            # That the agency does not answer is what a probe may say instead of an error, where there is one to say.
            return [] if cell.outcome != (RESULT,) else [f"an agency that answers is said to be {end.result.state}"]
        return [] if RESULT in cell.outcome else ["the call succeeded"]
    if not isinstance(end.error, NagorikError):
        return [f"{type(end.error).__name__} reached the host"]
    allowed = tuple(kind for kind in cell.outcome if isinstance(kind, type))
    if isinstance(end.error, allowed) or (usual.is_after_writes and _tells_of_earlier_writes(end.error, allowed)):
        return []
    return [f"the call ended in {type(end.error).__name__}"]


def _tells_of_earlier_writes(error: NagorikError, allowed: Sequence[type[NagorikError]]) -> bool:
    """Whether an error says that this write was not sent, and that an earlier one of the same call stands."""
    unsent = {kind.code for kind in allowed if kind.outcome is Outcome.NOT_SENT}
    return isinstance(error, OutcomeUnknown) and error.because in unsent


def _wrong_count(requests: int, cell: Expect) -> list[str]:
    least, most = cell.requests
    if least <= requests <= most:
        return []
    if requests > most and cell.effects is not None:
        return ["the write was sent again"]
    return [f"{requests} requests"]


def _wrong_effects(played: PlayedRow, cell: Expect) -> list[str]:
    happened = played.left.total()
    if cell.effects is None or happened == cell.effects:
        return []
    if happened > 1 and played.filed:
        return ["the citizen is registered twice"]
    return [f"{happened} effects at the agency"]


def _wrong_effects_before(happened: int, cell: Expect, usual: UsualCall) -> list[str]:
    if cell.effects is None or happened == usual.effects_before:
        return []
    return [f"{happened} effects before the request that met the fault, and not {usual.effects_before}"]


def _wrong_reads(left: Counter[str], cell: Expect) -> list[str]:
    return [f"a read leaves at the agency: {', '.join(sorted(left))}"] if left and cell.effects is None else []


def _wrong_keys(keys: Sequence[str | None], kind: OperationKind) -> list[str]:
    if kind is not OperationKind.NATIVE or not keys:
        return []
    if None in keys:
        return ["a native write without its key"]
    return [] if len(set(keys)) == 1 else ["the key changed between attempts"]
