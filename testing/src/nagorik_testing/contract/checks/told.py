"""What is told, held against the agency's answers: what is changed in one is changed in the other, exactly."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from nagorik.manifest import AnyOffer
from nagorik_platform.registry import Registry
from nagorik_testing.contract.checks.answers.examination import AnswerExamination
from nagorik_testing.contract.checks.answers.plays import answer_plays
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.checks.inspection import record_of
from nagorik_testing.contract.subject import Subject


@dataclass(slots=True)
class _Examined:
    """What was looked at of one plugin, and what was found of each of its offers."""

    examination: AnswerExamination
    found: dict[str, list[Untold] | None] = field(default_factory=dict)


_EXAMINED: Final[WeakKeyDictionary[Registry, dict[type, _Examined]]] = WeakKeyDictionary()
"""By the plugin's registry and its simulator: all rules look at once."""


def _examined(subject: Subject) -> _Examined:
    by_simulator = _EXAMINED.setdefault(subject.registry, {})
    if subject.simulator not in by_simulator:
        by_simulator[subject.simulator] = _Examined(AnswerExamination(record_of(subject).package or ""))
    return by_simulator[subject.simulator]


async def _untold(subject: Subject, offer: AnyOffer) -> list[Untold]:
    examined = _examined(subject)
    if offer.id not in examined.found:
        async with answer_plays(subject, offer) as plays:
            examined.found[offer.id] = await examined.examination.of(plays) if plays else None
    found = examined.found[offer.id]
    if found is None:
        raise NotConcerned("the agency is asked nothing for what it tells")
    return found


def _held_to(rule: TellingRule) -> Callable[[Subject, AnyOffer], Awaitable[list[str]]]:
    async def examine(subject: Subject, offer: AnyOffer) -> list[str]:
        return [untold.text for untold in await _untold(subject, offer) if untold.rule is rule]

    return examine


async def _left_out(subject: Subject, _: AnyOffer) -> list[str]:
    asked = False
    for offer in subject.manifest.offers:
        with suppress(NotConcerned):
            await _untold(subject, offer)
            asked = True
    if not asked:
        raise NotConcerned("the agency is asked nothing for what it tells")
    leaves, declared = _examined(subject).examination.leaves, subject.simulator.untold
    left_out = dict(leaves.left_out())
    wrong = [f"nothing follows from {place}" for place, names in left_out.items() if not names & declared.keys()]
    wrong += [
        f"the simulator declares {name} as untold, and something follows from it"
        for name in sorted(declared.keys() & leaves.names_heeded - frozenset[str]().union(*left_out.values()))
    ]
    return wrong + [f"the simulator does not say why {name} is not told" for name, why in declared.items() if not why]


TOLD: Final = (
    Check(
        id="told/text",
        family=CheckFamily.ROBUSTNESS,
        title="a text of the agency is told whole, and in its own language",
        why="An officer writes what is missing, and the citizen reads its first line; or the Bangla name of an "
        "office stands where the English one belongs.",
        modes=(8, 77),
        expected="wherever a part of an agency's text is told, a longer one with all its letters, and one "
        "with signs between its words, in its language's place; of two languages that the agency writes, both; no "
        "number that is told without the text and not beside it; and no English word in Bangla that nobody wrote",
        fix="Pass texts on as they are; cut nothing and re-encode nothing, and refuse what is too long to be told.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.TEXT),
    ),
    Check(
        id="told/money",
        family=CheckFamily.ROBUSTNESS,
        title="an amount is told to the poisha, in both languages",
        why="Poisha are cut off, the payer brings too little, and the agency's book never agrees with the host's.",
        modes=(14, 17),
        expected="an amount of the agency's with one poisha more told with one poisha more, or refused",
        fix="Read amounts as nagorik.values.Money and compute in poisha; write them with Money.plain or format_taka.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.MONEY),
    ),
    Check(
        id="told/lists",
        family=CheckFamily.ROBUSTNESS,
        title="every entry of the agency's lists is told, however many there are",
        why="The eleventh appointment, the second paper and the arrears of the third year are never seen by anybody.",
        modes=(8, 10),
        expected="each further entry told like the first ones, in a sentence too unless that says how many it leaves "
        "out, none only by itself, or the answer refused; what is issued by a yes of the agency's told beside what "
        "is issued without it",
        fix="Go through the whole list, and refuse what is longer than can be told.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.LISTS),
    ),
    Check(
        id="told/instants",
        family=CheckFamily.ROBUSTNESS,
        title="a day or an hour of the agency's is told as it is",
        why="A citizen comes six hours early, a day late, or in May in place of April.",
        modes=(59,),
        expected="what is told moved by a day, an hour and a minute with the agency's instant, 4 May and 5 April "
        "kept apart, in both languages, and an hour in a sentence as Dhaka's clocks show it",
        fix="Read days and hours with the formats of nagorik_toolkit.wire, and local times with "
        "nagorik.values.dhaka_zone.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.INSTANTS),
    ),
    Check(
        id="told/on-its-day",
        family=CheckFamily.ROBUSTNESS,
        title="a day that is today is told as the agency means it",
        why="Smart cards are given out today, and the platform tells a citizen this morning that the day is over.",
        modes=(58, 75),
        expected="of a field that the simulator's turning_days calls the last day of something, the same told on "
        "that day as before it; of a first day, the same as after it",
        fix="Count the day itself among those on which something holds or is: on >= today for a last day, on <= "
        "today for a first. In the simulator's turning_days, say which of the two a field names.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.TURNING_DAYS),
    ),
    Check(
        id="told/unheard-of",
        family=CheckFamily.ROBUSTNESS,
        title="a word that nobody knows decides nothing",
        why="An agency invents a word, and the plugin tells a payment as confirmed or a paper as issued that is not.",
        modes=(27, 46),
        expected="no state, verdict, payment or deliverable by a word in the agency's answer that no agency uses",
        fix="Look the word up in a table, and tell nothing of what is not in it, or refuse the answer.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.WORDS),
    ),
    Check(
        id="told/refusals",
        family=CheckFamily.ROBUSTNESS,
        title="each word by which the agency refuses is told by a reason of its own",
        why="A passport that was reported lost is told to have expired: its holder pays for another and is refused "
        "again.",
        modes=(27, 77),
        expected="for any two words of the plugin's own models by which an application is refused, two reasons",
        fix="Give each word of the agency a sentence in messages.toml; where two mean the same, let the wire model "
        "read both as one.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.REFUSALS),
    ),
    Check(
        id="told/numbers",
        family=CheckFamily.ROBUSTNESS,
        title="a number and a reference of the agency's are told exactly",
        why="A seat is shown in a full course, and the number of a receipt is another's.",
        modes=(8, 10),
        expected="a count told as it is, zero among them, and a reference whole, with the zeros that it "
        "begins with, its hyphens, and another last digit told with it; what our own client reference decides, "
        "decided by no other",
        fix="Pass numbers and references on as they are; 0 is a number and no gap.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.NUMBERS),
    ),
    Check(
        id="told/ours",
        family=CheckFamily.ROBUSTNESS,
        title="what the agency names under somebody else's reference is not told as ours",
        why="The portal shows the appointment that the applicant booked at a counter, and the platform tells the "
        "citizen that the change of today is done.",
        modes=(5, 10),
        expected="no state, payment, verdict or deliverable that follows from our reference in an answer, where "
        "another's stands in its place",
        fix="Compare the reference in the answer with request.client_reference, whole; that there is one says "
        "nothing.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.OURS),
    ),
    Check(
        id="told/papers",
        family=CheckFamily.ROBUSTNESS,
        title="a paper that the agency's answer shows is told beside every word",
        why="The slip with which a passport is collected is made out at the enrolment. The plugin tells of it once "
        "the passport lies ready, and nobody can prove meanwhile that they applied.",
        modes=(8, 10),
        expected="a paper that a field of the answer brings beside one word of the agency, told beside each other "
        "word of the application for which that field says the same, up to its final one",
        fix="Take the paper from the field that shows it, without looking at the state.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.PAPERS),
    ),
    Check(
        id="told/steady",
        family=CheckFamily.ROBUSTNESS,
        title="the same answers of the agency are told alike, whenever they come",
        why="The hour at which the platform asked is told as the hour at which the money arrived, and no book of the "
        "gateway's agrees with it.",
        modes=(26, 59),
        expected="of answers that say the same, the same told a minute and a half later, also where a day or an hour "
        "is left out of them, but for what is told of the asking itself",
        fix="Take days, hours and references from the agency's answer and from the request: no clock, no chance, no "
        "counter; an hour that it does not name is not told.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.STEADY),
    ),
    Check(
        id="told/left-out",
        family=CheckFamily.ROBUSTNESS,
        title="every day, number, reference and remark of the agency's is told, or its simulator says why not",
        why="The agency names the day of the hearing and the number of the licence, and neither reaches the citizen.",
        modes=(8, 10),
        expected="something else told, sent or refused for another day, number, reference, or yes or no in each "
        "place of the agency's answers, but for what the host knows already and what the simulator's untold gives a "
        "reason for; of a question that has no status, in its answer; in the answer to a question, the remark that a "
        "status tells under the same name",
        fix="Tell it where the result has a place for it, such as at, sequence, reference or reason; where the "
        "citizen has no use for it, say so in the simulator's untold.",
        scope=CheckScope.PLUGIN,
        presupposes=("told/lists", "told/steady"),
        examine=_left_out,
    ),
    Check(
        id="robustness/no-chance",
        family=CheckFamily.ROBUSTNESS,
        title="nothing that is sent or told is left to chance",
        why="A reference is drawn anew with each attempt, so that the agency takes the second for another "
        "application; or one answer in a hundred is told otherwise, and nobody can repeat it.",
        modes=(1, 2),
        expected="the same sent and told for the same request and the same answers, whatever the plugin draws, but "
        "for what is called a nonce, a salt, a timestamp, a signature or the number of a request",
        fix="Take references from the hook's request, and what has to be unique from its client_reference or key; "
        "leave waiting and retrying to the platform.",
        scope=CheckScope.OFFERS,
        examine=_held_to(TellingRule.CHANCE),
    ),
)
