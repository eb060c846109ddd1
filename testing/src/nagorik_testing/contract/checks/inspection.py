"""What several checks look with.

Scripts, records, objects that a manifest names, effects; and operations brought to where they can be called.
"""

import re
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Form, Operation, Text
from nagorik.data_files import DataFileInvalid
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values.text import has_bangla_letters, has_latin_letters
from nagorik_platform.registry import Imported, PluginRecord, resolve_object
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_testing.contract.checks.check import NotConcerned
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.faults.kinds import Slow
from nagorik_testing.simulator.application_book import ApplicationBook, Case
from nagorik_toolkit.fees import FeeSchedule
from nagorik_toolkit.form_validation import Location

_BANGLA_SIGN: Final = re.compile(r"[ঀ-৿]")
"""A letter, a digit or the sign of the taka."""
_QUOTED: Final = re.compile(r"“[^”]*”|‘[^’]*’|\"[^\"]*\"")
_WORD: Final = {"Bangla": re.compile(r"[ঀ-৥ৰৱ]{2,}"), "English": re.compile(r"\b[A-Za-z]?[a-z]+\b")}
"""An abbreviation in capitals is a word of no language."""
_FEWEST_WORDS: Final = 2
_LONG: Final = 10
"""Digits from which on a number leads to one person."""
LANGUAGES: Final = frozenset(_WORD)


def wrong_scripts(what: str, text: Text) -> list[str]:
    """What is wrong with a text's scripts: Bangla that holds no Bangla letter, English that holds one of its own.

    Within quotes English may hold them, as somebody else's words: those of a number plate.
    """
    wrong = []
    if not has_bangla_letters(text.bn):
        wrong.append(f"the Bangla text of {what} holds no Bangla letter")
    if _BANGLA_SIGN.search(_QUOTED.sub(" ", text.en)):
        wrong.append(f"the English text of {what} holds Bangla letters")
    elif not has_latin_letters(text.en):
        wrong.append(f"the English text of {what} holds no Latin letter")
    return wrong


def languages_of(text: str) -> frozenset[str]:
    """The languages in which a text says something: in more than one word."""
    return frozenset(language for language, word in _WORD.items() if len(word.findall(text)) >= _FEWEST_WORDS)


def record_of(subject: Subject) -> PluginRecord:
    """The plugin's record.

    Raises:
        NotReachable: It is not in the registry.
    """
    record = subject.registry.record(subject.manifest.id)
    if record is None:
        raise NotReachable(f"plugin {subject.manifest.id} is not in its registry")
    return record


def form_of(subject: Subject, offer: AnyOffer) -> type[Form]:
    """The model of a service's form.

    Raises:
        NotConcerned: It has none.
        NotReachable: The manifest names one that cannot be imported, or that is no form.
    """
    if not isinstance(offer, PublicService) or offer.form is None:
        raise NotConcerned("it has no form")
    found = resolve_object(record_of(subject), offer.form)
    if not (isinstance(found, Imported) and isinstance(found.value, type) and issubclass(found.value, Form)):
        raise NotReachable(f"{offer.form} is no form that can be imported")
    return found.value


def schedule_of(subject: Subject, offer: AnyOffer) -> FeeSchedule:
    """The schedule that a service's fees come from.

    Raises:
        NotConcerned: Its manifest names none.
        NotReachable: It names one that is not there or cannot be read.
    """
    if not isinstance(offer, PublicService) or offer.fees is None:
        raise NotConcerned("its manifest names no fee schedule")
    try:
        return read_schedule(record_of(subject), offer.fees)
    except DataFileInvalid as error:
        raise NotReachable(str(error)) from None


def example_form(rig: Rig) -> dict[str, JsonValue]:
    """What the simulator says that a citizen would fill in.

    Raises:
        NotReachable: It says nothing of this service.
    """
    try:
        return dict(rig.draft.form)
    except (NotImplementedError, KeyError):
        raise NotReachable(f"the simulator has no example of {rig.offer}") from None


def leaves(document: JsonValue, at: Location = ()) -> Iterator[tuple[Location, JsonValue]]:
    """Every value of a document that holds no other, with where it stands."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, (*at, key))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from leaves(value, (*at, number))
    else:
        yield at, document


def with_value(document: JsonValue, place: Location, value: JsonValue) -> JsonValue:
    """A copy of a document with another value in one place."""
    if not place:
        return value
    first, rest = place[0], place[1:]
    if isinstance(document, dict):
        return {key: with_value(old, rest, value) if key == first else old for key, old in document.items()}
    if isinstance(document, list):
        return [with_value(old, rest, value) if number == first else old for number, old in enumerate(document)]
    return document


def written(place: Location) -> str:
    """A place as a dotted path."""
    return ".".join(str(step) for step in place)


def requests_made(rig: Rig, since: int = 0) -> list[str]:
    """The operations of the agency that were asked for after the first ``since`` requests, without logins."""
    seen = rig.simulator.ledger.requests()[since:]
    return [request.operation for request in seen if not request.is_login]


A_MOMENT: Final = 0.5
"""Simulated seconds that an agency takes over each answer while several ask it."""
UNHEARD_OF = "UNHEARD-OF"
"""A word that no agency uses."""


def slow_down(rig: Rig) -> None:
    """Have the agency take a moment over each answer, so that calls that are made at once overlap."""
    rig.simulator.faults.add("*", Slow(seconds=A_MOMENT), count=None, logins=False)


async def ready_rigs(
    subject: Subject, offer: AnyOffer, *, without: Collection[Operation] = (), seed: int = 0
) -> AsyncGenerator[tuple[Operation, Rig]]:
    """Each operation of an offer with a rig of its own, prepared for it.

    One that cannot be prepared is passed over: the matrix of faults tells of it.

    Raises:
        NotConcerned: The offer has no operation that a rig can call.
        NotReachable: None of them can be prepared, so that nothing would be proved.
    """
    played = sorted(subject.callable_operations(offer) - frozenset(without))
    if not played:
        raise NotConcerned("it offers no operation that can be called")
    reached = False
    for operation in played:
        async with open_rig(subject, offer.id, seed=seed) as rig:
            rig.waits = subject.waits.setdefault((subject.simulator, offer.id, operation, seed), [])
            try:
                await prepare_operation(rig, operation)
            except (NothingThere, NotReachable):
                continue
            reached = True
            yield operation, rig
    if not reached:
        raise NotReachable("none of its operations can be called")


A_WHILE: Final = timedelta(minutes=7)
"""Between a step of the agency's and a question, so that what it dates is another moment than that of asking."""


def personal_numbers(form: Mapping[str, JsonValue]) -> frozenset[str]:
    """The numbers of a form that lead to one person: texts of ten digits or more."""
    texts = (value for _, value in leaves(dict(form)) if isinstance(value, str))
    return frozenset(text for text in texts if len(text) >= _LONG and text.isdecimal())


def enter_state(rig: Rig, case: Case[Any], state: str, remark: str = "") -> None:
    """Put an application into a state of the workflow, from which it goes on only when it is put into another."""
    rig.advance(A_WHILE)
    case.enter(state, rig.clock.now(), remark)
    case.due = None
    rig.advance(A_WHILE)


def books_of(rig: Rig) -> list[ApplicationBook[Any]]:
    """The books in which the simulated agency keeps applications; none where it keeps them otherwise."""
    return [component for component in rig.simulator.components if isinstance(component, ApplicationBook)]


def case_of(rig: Rig) -> Case[Any]:
    """The application, in whichever of the agency's books it is.

    Raises:
        NotConcerned: The simulator keeps no book that could be looked into.
    """
    number = rig.references.agency_reference or ""
    found = next((case for book in books_of(rig) if (case := book.find(number)) is not None), None)
    if found is None:
        raise NotConcerned("the simulator keeps no ApplicationBook in which the application stands")
    return found
