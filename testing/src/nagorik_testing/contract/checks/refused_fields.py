"""A field that the agency refuses is told at the field that the citizen filled in, and at no other."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

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

_FORM: Final = "/form"
NOBODYS_NAME: Final = "ashrutapurbo"
"""What no agency calls a field."""


@check("submit/refused-field")
async def _at_its_field(subject: Subject, offer: AnyOffer) -> list[str]:
    model, wrong, told = form_of(subject, offer), list[str](), 0
    async with open_filings(subject, offer) as filings:
        errors = [each for each in filings.rig.simulator.error_answers() if issubclass(each.means, InputRejected)]
        if not errors:
            raise NotConcerned("the simulator names no error of the agency's about a field")
        await filings.file(filings.rig.draft)
        step = requests_made(filings.rig)[-1]
        sources: defaultdict[str, set[str]] = defaultdict(set)
        for field in variations_of(model, filings.rig.draft.form, other_example(filings.rig)):
            varied = await filings.file_form(field[0].form, field[0].place)
            for where in filings.changed(varied.sent) if varied.sent else ():
                _, _, within = where.partition(" body ")
                if within and not any(step.isdigit() for step in within.split(".")):  # an entry of a list has no name
                    sources[within.rpartition(".")[2]].add("/".join((_FORM, *map(str, field[0].place))))
        for error in errors:
            texts = [(at, value) for at, value in leaves(error.document) if isinstance(value, str)]
            # Where it names a field that is sent, else wherever a text stands.
            named = [at for at, value in texts if value in sources]
            for at in named or [at for at, value in texts if value.isidentifier()]:
                in_any_case = await _pointers(filings, step, error, at, NOBODYS_NAME)
                met = {name: await _pointers(filings, step, error, at, name) for name in sources}
                # What is told whatever is named follows from the error; the rest, from the name.
                by_name = in_any_case - in_any_case.intersection(*met.values())
                told += len(by_name) + sum(len(pointers - in_any_case) for pointers in met.values())
                wrong += ["something that is no field, refused by the agency, is told at one"] if by_name else []
                astray = _astray({name: pointers - in_any_case for name, pointers in met.items()}, sources)
                wrong += [f"{name}, refused by the agency, is told at another field" for name in astray]
    if not told:
        raise NotConcerned("no field is named where the agency refuses one, or by no name that is sent")
    return list(dict.fromkeys(wrong))


async def _pointers(filings: Filings, step: str, error: ErrorAnswer, at: Location, name: str) -> set[str]:
    """The fields of the form at which the agency's refusal of one that it calls ``name`` is told."""
    rig, document = filings.rig, with_value(error.document, at, name)
    rig.simulator.faults.add(step, InjectedResponse(status=error.status, document=document))
    try:
        filed = await filings.file(rig.draft)
    finally:
        rig.simulator.faults.clear()
    refused = filed.end.fields if isinstance(filed.end, InputRejected) else ()
    return {field.pointer for field in refused if field.pointer.startswith(f"{_FORM}/")}


def _astray(met: Mapping[str, set[str]], sources: Mapping[str, set[str]]) -> list[str]:
    """The names that are told at a field from which they do not come, nor at a part of it or what it is a part of."""
    return [
        name
        for name, pointers in met.items()
        for one in pointers
        if not any(f"{one}/".startswith(f"{field}/") or f"{field}/".startswith(f"{one}/") for field in sources[name])
    ]
