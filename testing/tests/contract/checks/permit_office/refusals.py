"""Error readers of an office that names the field which it refuses."""

from typing import Any

from nagorik import FieldProblem, InputRejected, NagorikError, Text
from permit_office import plugin

RIGHT = {"nid": "/form/nid", "mobile": "/form/mobile", "road": "/form/address/road", "name": "/applicant/name"}


def points_right(answer: Any) -> NagorikError | None:
    return _pointed(answer, RIGHT)


def points_astray(answer: Any) -> NagorikError | None:
    return _pointed(answer, {**RIGHT, "mobile": "/form/name", "road": "/form/mobile"})


def points_to_a_group(answer: Any) -> NagorikError | None:
    """Right: leads to the whole address; a name that is never sent leads nowhere that could be wrong."""
    return _pointed(answer, {**RIGHT, "road": "/form/address", "floor": "/form/name"})


def always_points_to_the_name(answer: Any) -> NagorikError | None:
    """Right: the office may refuse nothing else, whatever it calls it."""
    return _pointed(answer, {}, usual="/form/name")


def _pointed(answer: Any, fields: dict[str, str], usual: str | None = None) -> NagorikError | None:
    error = answer.document.get("error") if isinstance(answer.document, dict) else None
    if answer.status == 422 and isinstance(error, dict):
        pointer = fields.get(str(error.get("field")), usual)
        wrong = Text(bn="দপ্তর এটি গ্রহণ করেনি", en="The office does not take this")
        return InputRejected([FieldProblem(pointer=pointer, code="refused", text=wrong)]) if pointer else None
    return plugin.read_error(answer)
