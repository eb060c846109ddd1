"""What the agency refuses against what the citizen filled in: a field that it names is shown where it comes from."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from nagorik import Form, InputRejected, Operation
from nagorik.http import AgencyResponse
from nagorik.manifest import AnyOffer
from nagorik_platform.registry import Imported, resolve_object
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.checks.filing import Filings, open_filings, other_example
from nagorik_testing.contract.checks.inspection import UNHEARD_OF, form_of, leaves, record_of, with_value
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.simulator.base import ErrorAnswer
from nagorik_toolkit.form_validation import Location

_FORM: Final = "/form/"
_NOTHING: Final = frozenset({"", "None", "[]", "{}"})
"""How a place that holds nothing is written down."""
_STEP: Final = re.compile(r"[. /\[\]]+")


async def _at_its_field(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    async with open_filings(subject, offer) as filings:
        pointed = {
            name: pointers
            for name in sorted(
                {_last(place) for place, value in filings.usual.sent.items() if _is_said(place, value)}
            )
            for pointers in [_pointers(subject, filings, name)]
            if pointers
        }
        if not pointed:
            raise NotConcerned("no example of the agency's own errors names a field that is sent")
        moved = await _moved(filings, model, set().union(*pointed.values()))
    return [
        f"the agency refuses {name}, and the citizen is shown {pointer}, of which {name} says nothing"
        for name, pointers in pointed.items()
        for pointer in sorted(pointers & moved.keys())
        if name not in moved[pointer]
    ]


def _is_said(place: str, value: str) -> bool:
    """Whether the body says something in a place; an agency that names an empty one has its own reasons."""
    return " body " in place and value not in _NOTHING


def _pointers(subject: Subject, filings: Filings, name: str) -> frozenset[str]:
    """The fields of the form at which a refusal of what is sent as ``name`` is told."""
    found: set[str] = set()
    for example in filings.rig.simulator.error_answers():
        if issubclass(example.means, InputRejected):
            for place, _ in leaves(example.document):
                told = _told(subject, filings, example, place, name)
                found |= told - _told(subject, filings, example, place, UNHEARD_OF)
    return frozenset(found)


def _told(subject: Subject, filings: Filings, example: ErrorAnswer, place: Location, word: str) -> frozenset[str]:
    """The fields of the form that the plugin's error reader names, where an error answer has a word in one place."""
    reference = subject.manifest.error_reader
    read = None if reference is None else resolve_object(record_of(subject), reference)
    if not isinstance(read, Imported) or not callable(read.value):
        raise NotConcerned("its manifest names no error reader that can be imported")
    answers = filings.codec.answers
    document: JsonValue = with_value(example.document, place, word)
    label = answers.media_type.encode("ascii")
    error = read.value(
        AgencyResponse(example.status, [(b"content-type", label)], answers.write(document, error=True))
    )
    fields = error.fields if isinstance(error, InputRejected) else ()
    return frozenset(problem.pointer for problem in fields if problem.pointer.startswith(_FORM))


async def _moved(filings: Filings, model: type[Form], pointers: set[str]) -> Mapping[str, frozenset[str]]:
    """For each pointer whose field can be filled in otherwise: the names under which something else is sent then."""
    moved: dict[str, frozenset[str]] = {}
    for field in variations_of(model, filings.rig.draft.form, other_example(filings.rig)):
        of_field = {pointer for pointer in pointers if _is_within(field[0].place, pointer)}
        if not of_field:
            continue
        for variation in field:
            filed = await filings.file_form(variation.form, variation.place)
            if filed.sent:
                names = frozenset(map(_last, filings.changed(filed.sent)))
                for pointer in of_field:
                    moved[pointer] = moved.get(pointer, frozenset()) | names
    return moved


def _is_within(place: Location, pointer: str) -> bool:
    """Whether a pointer leads to a field, or to what it is part of or consists of."""
    one, other = [str(step) for step in place], list(_steps(pointer.removeprefix(_FORM)))
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _steps(path: str) -> Iterator[str]:
    return (step for step in path.split("/") if step)


def _last(place: str) -> str:
    """What the agency calls a place of its interface: the last step, without the numbers of a list."""
    steps = [step for step in _STEP.split(place) if step and not step.isdecimal()]
    return steps[-1] if steps else place


REFUSED_FIELDS: Final = (
    Check(
        id="submit/refused-at-its-field",
        family=CheckFamily.SUBMISSION,
        title="a field that the agency refuses is shown to the citizen at the field that it comes from",
        why="The agency refuses the plot's number, the form marks the district, and a citizen mends what was right.",
        modes=(55,),
        expected="for every name of what is sent that a refusal may hold, as the simulator gives an example of one: "
        "a field of the form whose other value changes what is sent under that name",
        fix="Correct the table from the agency's names to /form/… that the error reader uses.",
        scope=CheckScope.SERVICES,
        needs=(Operation.SUBMIT,),
        examine=_at_its_field,
    ),
)
