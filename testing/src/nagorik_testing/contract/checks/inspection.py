"""What several checks look with: scripts, records, objects that a manifest names, effects."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from nagorik import Form, Text
from nagorik.fees import FeeSchedule, FeesInvalid, load_schedules
from nagorik.loading import Imported, PluginRecord, resolve_object
from nagorik.manifest import PublicService
from nagorik_testing.contract.bench import Bench, NotReachable, Subject
from nagorik_testing.contract.checks.check import NotConcerned, Offer

_BANGLA_LETTER: Final = re.compile(r"[ঀ-৿]")
_LATIN_LETTER: Final = re.compile(r"[A-Za-z]")
LANGUAGES: Final = frozenset({"Bangla", "English"})
LOGIN: Final = "login"
"""The kind of effect of a login, which no citizen would notice."""
LOGIN_PATHS: Final = ("login", "token", "auth")
"""Words in the path of a request that obtains a token."""

Place = tuple[str | int, ...]


def wrong_scripts(what: str, text: Text) -> list[str]:
    """What is wrong with a text's scripts: Bangla that holds no Bangla letter, English that holds one."""
    wrong = []
    if not _BANGLA_LETTER.search(text.bn):
        wrong.append(f"the Bangla text of {what} holds no Bangla letter")
    if _BANGLA_LETTER.search(text.en):
        wrong.append(f"the English text of {what} holds Bangla letters")
    elif not _LATIN_LETTER.search(text.en):
        wrong.append(f"the English text of {what} holds no Latin letter")
    return wrong


def scripts_of(text: str) -> frozenset[str]:
    """The languages whose letters a text holds."""
    found = {"Bangla": _BANGLA_LETTER.search(text), "English": _LATIN_LETTER.search(text)}
    return frozenset(language for language, letter in found.items() if letter)


def record_of(subject: Subject) -> PluginRecord:
    """The plugin's record.

    Raises:
        NotReachable: It is not in the registry.
    """
    record = subject.registry.record(subject.manifest.id)
    if record is None:
        raise NotReachable(f"plugin {subject.manifest.id} is not in its registry")
    return record


def form_of(subject: Subject, offer: Offer) -> type[Form]:
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


def schedule_of(subject: Subject, offer: Offer) -> FeeSchedule:
    """The schedule that a service's fees come from.

    Raises:
        NotConcerned: Its manifest names none.
        NotReachable: It names one that is not there or cannot be read.
    """
    if not isinstance(offer, PublicService) or offer.fees is None:
        raise NotConcerned("its manifest names no fee schedule")
    file, _, name = offer.fees.partition("#")
    directory = record_of(subject).directory
    try:
        schedules = load_schedules(directory.joinpath(file).read_bytes()) if directory is not None else {}
    except (OSError, FeesInvalid):
        raise NotReachable(f"{file} cannot be read as a fee file") from None
    if name not in schedules:
        raise NotReachable(f"{file} holds no schedule {name}")
    return schedules[name]


def example_form(bench: Bench) -> dict[str, JsonValue]:
    """What the simulator says that a citizen would fill in.

    Raises:
        NotReachable: It says nothing of this service.
    """
    try:
        return dict(bench.draft.form)
    except (NotImplementedError, KeyError):
        raise NotReachable(f"the simulator has no example of {bench.offer}") from None


def leaves(document: JsonValue, at: Place = ()) -> Iterator[tuple[Place, JsonValue]]:
    """Every value of a document that holds no other, with where it stands."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, (*at, key))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from leaves(value, (*at, number))
    else:
        yield at, document


def with_value(document: JsonValue, place: Place, value: JsonValue) -> JsonValue:
    """A copy of a document with another value in one place."""
    if not place:
        return value
    first, rest = place[0], place[1:]
    if isinstance(document, dict):
        return {key: with_value(old, rest, value) if key == first else old for key, old in document.items()}
    if isinstance(document, list):
        return [with_value(old, rest, value) if number == first else old for number, old in enumerate(document)]
    return document


def written(place: Place) -> str:
    """A place as a dotted path."""
    return ".".join(str(step) for step in place)


def effects(bench: Bench) -> Counter[str]:
    """What the agency did for good, by kind."""
    counts: Mapping[str, int] = bench.simulator.ledger.effect_counts
    return Counter({kind: count for kind, count in counts.items() if kind != LOGIN})


def requests_made(bench: Bench, since: int = 0) -> list[str]:
    """The operations of the agency that were asked for after the first ``since`` requests, without logins."""
    seen = bench.simulator.ledger.requests()[since:]
    return [request.operation for request in seen if not is_login(request.operation)]


def is_login(operation: str) -> bool:
    """Whether a request, as the ledger names it, obtains a token."""
    return any(word in operation for word in LOGIN_PATHS)
