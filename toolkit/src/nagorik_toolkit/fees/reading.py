"""From the text of a fee file to its schedules, or to everything that is wrong with it at once."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nagorik.data_files import DataFileInvalid, parse_document, read_data_file
from nagorik.manifest.fields import SHAPES
from nagorik_toolkit.fees.errors import FeeProblem, FeesInvalid
from nagorik_toolkit.fees.schedule import FeeSchedule

FEES_FILE: Final = "fees.toml"


def read_schedules(package: str, file: str = FEES_FILE) -> Mapping[str, FeeSchedule]:
    """The schedules in a file of ``package``, by name; a plugin's module gives its own ``__package__``.

    Raises:
        FeesInvalid: Naming every field that is wrong.
    """
    return load_schedules(read_data_file(package, file))


def load_schedules(text: str | bytes) -> Mapping[str, FeeSchedule]:
    """The schedules of a fee file, by name.

    Raises:
        FeesInvalid: Naming every field that is wrong.
    """
    document = _document(text)
    if not document:
        raise FeesInvalid([FeeProblem(location="", message="holds no schedule; begin one with [name]")])
    schedules: dict[str, FeeSchedule] = {}
    problems: list[FeeProblem] = []
    for name, table in document.items():
        if not isinstance(table, dict) or "id" in table:
            what = "the name of the table is the schedule's id" if isinstance(table, dict) else "write a table"
            problems.append(FeeProblem(location=name, message=what))
            continue
        try:
            schedules[name] = FeeSchedule.model_validate({"id": name, **table})
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            problems += [_problem(name, table, details) for details in found if not _follows(details, found)]
    if problems:
        raise FeesInvalid(problems)
    return MappingProxyType(schedules)


def _document(text: str | bytes) -> dict[str, object]:
    try:
        return parse_document(text.encode() if isinstance(text, str) else text, FEES_FILE)
    except DataFileInvalid as error:
        problems = [FeeProblem(location=problem.location, message=problem.message) for problem in error.problems]
    raise FeesInvalid(problems)


def _problem(schedule: str, table: dict[str, object], details: ErrorDetails) -> FeeProblem:
    path = [schedule]
    at: object = table
    for part in details["loc"]:
        name = part
        if isinstance(at, dict):
            # Dimensions and conditions are written as tables and validated as lists: say the key, not its number.
            name = list(at)[part] if isinstance(part, int) and part < len(at) else part
            at = at.get(name)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
        path.append(str(name))
    return FeeProblem(location=".".join(path), message=_message(details))


def _follows(details: ErrorDetails, found: list[ErrorDetails]) -> bool:
    # A list whose items are wrong is also reported as too short.
    depth = len(details["loc"])
    return details["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == details["loc"] for other in found
    )


def _message(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            return f"there is no field {details['loc'][-1]}"
        case "string_pattern_mismatch":
            return SHAPES.get(context["pattern"], "write lower-case ASCII words joined by underscores")
        case "too_short":
            return "write at least one"
        case "enum" | "literal_error":
            return f"write one of {context['expected']}"
        case _:
            return details["msg"].removeprefix("Value error, ")
