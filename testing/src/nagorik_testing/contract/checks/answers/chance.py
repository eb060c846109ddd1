"""Nothing that is sent or told is left to chance: the same answers, with every draw at its lowest and its highest."""

import re
from typing import Final

from nagorik import NagorikError
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.told_result import anywhere, told_by
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold
from nagorik_testing.contract.observation.chance import Chance, turned_to
from nagorik_testing.contract.wiretap import places_of

_FRESH_EACH_TIME: Final = re.compile(
    r"signature|nonce|salt|boundary|timestamp|h?mac$|(?:request|message|trace|correlation)[_-]?id", re.IGNORECASE
)
"""In the name of a place: what an agency wants to be another each time."""
_TURNS: Final = (Chance.LOWEST, Chance.HIGHEST, Chance.LOWEST)
"""What differs between the first and the last of them does so by nature, such as the name of a kept document."""


async def left_to_chance(play: AnswerPlay, package: str) -> list[Untold]:
    """What is sent or told otherwise where the plugin draws otherwise."""
    ends: list[dict[str, object]] = []
    for chance in _TURNS:
        with turned_to(chance, package):
            ends.append(await _end(play))
    lowest, highest, again = ends
    differing = {
        anywhere(place)
        for place in {*lowest, *highest}
        if lowest.get(place) != highest.get(place)
        and lowest.get(place) == again.get(place)
        and not _FRESH_EACH_TIME.search(place)
    }
    return [
        Untold(TellingRule.CHANCE, f"{play.operation.value}: {place} is left to chance")
        for place in sorted(differing)
    ]


async def _end(play: AnswerPlay) -> dict[str, object]:
    """What is told and sent, by place."""
    try:
        result = await play.replay.again(play.call, play.kept)
    except NagorikError as error:
        told: dict[str, object] = {"how it ends": error.code}
    else:
        told = {"how it ends": type(result).__name__} | {
            f"{at}, told,": value for at, value in told_by(result).items()
        }
    sent = places_of(play.replay.asked, play.rig.simulator.codec)
    return told | {f"{at}, sent,": value for at, value in sent.items()}
