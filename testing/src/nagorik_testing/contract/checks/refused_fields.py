"""A field that the agency refuses is told at the field that the citizen filled in, and at no other."""

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import JsonValue

from nagorik import InputRejected
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import Filings, open_filings, other_example
from nagorik_testing.contract.checks.inspection import form_of, leaves, requests_made, with_value
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.simulator.base import ErrorAnswer
from nagorik_toolkit.form_validation import Location

_IN_THE_BODY: Final = " body "
_FORM: Final = "/form"
NOBODYS_NAME: Final = "ashrutapurbo"
"""What no agency calls a field."""


@check("submit/refused-field")
async def _at_its_field(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong: list[str] = []
    async with open_filings(subject, offer) as filings:
        errors = [each for each in filings.rig.simulator.error_answers() if issubclass(each.means, InputRejected)]
        if not errors:
            raise NotConcerned("the simulator names no error of the agency's about a field")
        step = requests_made(filings.rig)[-1]
        sources: dict[str, set[str]] = {}
        for field in variations_of(model, filings.rig.draft.form, other_example(filings.rig)):
            varied = await filings.file_form(field[0].form, field[0].place)
            for name in _names(filings.changed(varied.sent) if varied.sent else ()):
                sources.setdefault(name, set()).add("/".join((_FORM, *map(str, field[0].place))))
        told = 0
        for error in errors:
            for at in _places_of_a_name(error, sources):
                in_any_case = await _pointers(filings, step, error, at, NOBODYS_NAME)
                met = {name: await _pointers(filings, step, error, at, name) for name in sources}
                for name, fields in sources.items():
                    pointers = met[name] - in_any_case
                    told += len(pointers)
                    if any(not any(_is_at(pointer, field) for field in fields) for pointer in pointers):
                        wrong.append(f"{name}, refused by the agency, is told at another field")
                # What is told whatever is named follows from the error; the rest, from the name.
                by_name = {each for each in in_any_case if not all(each in pointers for pointers in met.values())}
                told += len(by_name)
                if by_name:
                    wrong.append("something that is no field, refused by the agency, is told at one")
    if not told:
        raise NotConcerned("no field is named where the agency refuses one, or by no name that is sent")
    return list(dict.fromkeys(wrong))


def _names(places: Sequence[str] | frozenset[str]) -> Iterator[str]:
    """What the agency calls the fields at these places; an entry of a list has no name of its own."""
    for place in sorted(places):
        _, found, within = place.partition(_IN_THE_BODY)
        steps = within.split(".")
        if found and not any(step.isdigit() for step in steps):
            yield steps[-1]


def _places_of_a_name(error: ErrorAnswer, names: dict[str, set[str]]) -> list[Location]:
    """Where in an error the field may be named: where it names one that is sent, else wherever a text stands."""
    texts = [(at, value) for at, value in leaves(error.document) if isinstance(value, str)]
    known = [at for at, value in texts if value in names]
    return known or [at for at, value in texts if value.isidentifier()]


async def _pointers(filings: Filings, step: str, error: ErrorAnswer, at: Location, name: str) -> set[str]:
    """The fields of the form at which the agency's refusal of one that it calls ``name`` is told."""
    document: JsonValue = with_value(error.document, at, name)
    rig = filings.rig
    rig.simulator.faults.add(step, InjectedResponse(status=error.status, document=document))
    try:
        filed = await filings.file(rig.draft)
    finally:
        rig.simulator.faults.clear()
    if not isinstance(filed.end, InputRejected):
        return set()
    return {field.pointer for field in filed.end.fields if field.pointer.startswith(f"{_FORM}/")}


def _is_at(pointer: str, field: str) -> bool:
    """Whether an error is told at a field, at a part of it, or at what it is a part of."""
    return f"{pointer}/".startswith(f"{field}/") or f"{field}/".startswith(f"{pointer}/")
