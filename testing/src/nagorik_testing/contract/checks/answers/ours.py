"""What decides by our reference, decides by ours alone: under another's it is told as if there were none."""

from pydantic import JsonValue

from nagorik_testing.contract.checks.answers.told_result import Facts, anywhere, facts_of
from nagorik_testing.contract.checks.answers.variations import other_number
from nagorik_testing.contract.checks.answers.varied import AnswerEnd, TellingRule, Untold, VariedAnswer, named
from nagorik_toolkit.form_validation import Location


async def told_of_another(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told for certain where an answer names somebody else's reference, and not where it names none.

    Of an answer that is read alike whether our reference stands in it or not, nothing is known: it was asked for by
    another number.
    """
    if not isinstance(value, str) or value not in _ours(varied) or (other := other_number(value)) == value:
        return []
    missing = await varied.ends(varied.document.without(at))
    decided: Facts = frozenset() if missing is None else _facts(varied.usual) - _facts(missing)
    if not decided or not varied.is_new(TellingRule.OURS, at, decided):
        return []
    end = await varied.put(at, other)
    wrong: Facts = frozenset() if end is None else decided & _facts(end)
    return [
        Untold(TellingRule.OURS, f"{named(varied, at)} of somebody else is told as ours, in {place}")
        for place in sorted({anywhere(place) for place, _ in wrong})
    ]


def _ours(varied: VariedAnswer) -> set[str]:
    rig = varied.play.rig
    return {rig.references.client_reference, str(rig.references.idempotency_key), rig.payment}


def _facts(end: AnswerEnd) -> Facts:
    return facts_of(end.result, end.told)
