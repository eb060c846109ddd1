"""What is reported, held against the agency's responses: what is changed in one is changed in the other, exactly."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from nagorik import Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.answers import values, words
from nagorik_testing.contract.checks.answers.fields import FieldsRead
from nagorik_testing.contract.checks.answers.observer import Leaf, LeafRule, VariedAnswer, given_twice, vocabulary
from nagorik_testing.contract.checks.answers.plays import AnswerPlay, answer_plays
from nagorik_testing.contract.checks.answers.results import PlainResult
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import record_of
from nagorik_testing.contract.subject import Subject

PRESERVED, UNKNOWN_WORD, OF_ANOTHER = "response/preserved", "response/unknown-word", "response/of-another"
STEADY, ON_ITS_DAY = "response/steady", "response/on-its-day"
RULES: Final[tuple[tuple[LeafRule, str], ...]] = (
    (values.texts, PRESERVED),
    (words.unknown_words, UNKNOWN_WORD),
    (words.refusals, PRESERVED),
    (words.together, PRESERVED),
    (values.amounts, PRESERVED),
    (values.counts, PRESERVED),
    (values.references, PRESERVED),
    (values.instants, PRESERVED),
    (values.sentences, PRESERVED),
    (words.on_its_day, ON_ITS_DAY),
    (values.flags, PRESERVED),
    (values.beside, PRESERVED),
    (values.lists, PRESERVED),
    (words.of_another, OF_ANOTHER),
    (words.undated, STEADY),
)
_OF_A_FORM: Final = frozenset({Operation.ELIGIBILITY, Operation.QUOTE, Operation.SUBMIT, Operation.ANSWER_CORRECTION})
"""What is made of a form is made for each service; everything else is read and asked by the same code."""


@dataclass(slots=True)
class _Observation:
    """What was looked at of a plugin, whichever offer it was a response to."""

    package: str
    fields: FieldsRead = field(default_factory=FieldsRead)
    seen: set[object] = field(default_factory=set)
    tried: set[object] = field(default_factory=set)

    def is_new(self, *key: object) -> bool:
        """Whether something is looked at for the first time."""
        known = key in self.seen
        self.seen.add(key)
        return not known


Wrong = dict[str, list[str]]
"""What is wrong, by the id of its check."""


async def _observation(subject: Subject, _: AnyOffer) -> _Observation:
    return _Observation(record_of(subject).package or "")


async def _observed(subject: Subject, offer: AnyOffer) -> Wrong:
    """What is wrong with what is reported for an offer.

    Raises:
        NotConcerned: The agency is asked nothing for it.
    """
    observation = await subject.once(_observation, subject.manifest.offers[0])
    async with answer_plays(subject, offer) as plays:
        if not plays:
            raise NotConcerned("the agency is asked nothing for what is reported")
        wrong: Wrong = {identity: [] for _, identity in RULES}
        known, documents = (vocabulary(plays), words.kindred_words(observation.package)), words.DocumentsShown()
        for play in plays:
            given = await given_twice(play)
            if given is not None:
                answers = [
                    VariedAnswer(play, number, document, *given, *known, observation.tried)
                    for number, kept in enumerate(play.kept)
                    if (document := kept.document(play.rig.simulator.codec)) is not None
                ]
                await _look_at_play(play, *given, observation, wrong)
                for answer in answers:
                    documents.note(answer)
                    wrong[UNKNOWN_WORD] += [text async for text in words.words_in_raw(answer)]
                    if observation.is_new(answer.shape):
                        await _look_at_answer(answer, observation, documents, wrong)
        wrong[PRESERVED] += documents.wrong()
        return wrong


async def _look_at_play(
    play: AnswerPlay, usual: PlainResult, unsteady: frozenset[str], observation: _Observation, wrong: Wrong
) -> None:
    operation, offer = play.operation, play.rig.offer
    wrong[PRESERVED] += values.english_in_bangla(play, usual)
    wrong[STEADY] += [
        f"{operation.value}: {place} is reported otherwise of the same responses"
        for place in words.by_the_clock(operation, unsteady)
    ]
    read_by = offer if operation in _OF_A_FORM else play.kept[-1].label
    if observation.is_new("chance", read_by, operation, type(usual.returned)):
        wrong[STEADY] += await words.left_to_chance(play, observation.package)
    if play.priced is not None and observation.is_new("price", operation, offer):
        wrong[PRESERVED] += [text async for text in values.price(play, play.priced, usual)]


async def _look_at_answer(
    answer: VariedAnswer, observation: _Observation, documents: words.DocumentsShown, wrong: Wrong
) -> None:
    for at, value in answer.document.parts():
        leaf = Leaf(answer, at, value)
        for rule, identity in RULES:
            if not answer.is_over:
                texts = [text async for text in rule(leaf)]
                wrong[identity] += [f"{leaf.name}{'' if text[0] == ':' else ' '}{text}" for text in texts]
        if not answer.is_over:
            await observation.fields.note(leaf)
            await documents.look(leaf)


def _held_to(identity: str) -> Callable[[Subject, AnyOffer], Awaitable[list[str]]]:
    async def examine(subject: Subject, offer: AnyOffer) -> list[str]:
        return list(dict.fromkeys((await subject.once(_observed, offer))[identity]))

    return examine


for _identity in dict.fromkeys(identity for _, identity in RULES):
    check(_identity)(_held_to(_identity))


@check("response/fields-read")
async def _fields_read(subject: Subject, _: AnyOffer) -> list[str]:
    observed = 0
    for offer in subject.manifest.offers:
        with suppress(NotConcerned):
            observed += bool(await subject.once(_observed, offer))
    if not observed:
        raise NotConcerned("the agency is asked nothing for what is reported")
    fields = (await subject.once(_observation, subject.manifest.offers[0])).fields
    declared, ignored = subject.simulator.ignored_response_fields, fields.ignored()
    wrong = [f"nothing reads {place}" for place, names in ignored.items() if not names & declared.keys()]
    read = declared.keys() & fields.names_read - frozenset[str]().union(*ignored.values())
    wrong += [f"ignored_response_fields names {name}, and something reads it" for name in sorted(read)]
    return wrong + [
        f"ignored_response_fields gives no reason for {name}" for name, why in declared.items() if not why
    ]
