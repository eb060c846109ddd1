"""From the text of a fee file to its schedules, or to everything that is wrong with it at once."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_data_file
from nagorik.manifest.fields import SHAPES
from nagorik_toolkit.fees.schedule import FeeSchedule
from nagorik_toolkit.fees.tariff import DIMENSION_NAME

FEES_FILE: Final = "fees.toml"

_SHAPES: Final = MappingProxyType({**SHAPES, DIMENSION_NAME: "write lower-case ASCII words joined by underscores"})


def read_schedules(package: str, file: str = FEES_FILE) -> Mapping[str, FeeSchedule]:
    """The schedules in a file of ``package``, by name; a plugin's module gives its own ``__package__``.

    Raises:
        DataFileInvalid: Naming every field that is wrong.
    """
    return parse_schedules(read_data_file(package, file), file)


def parse_schedules(content: bytes, file: str = FEES_FILE) -> Mapping[str, FeeSchedule]:
    """The schedules in the content of a file, by name; errors as ``read_schedules``."""
    document = parse_document(content, file)
    if not document:
        raise DataFileInvalid(file, [FileProblem("", "holds no schedule; begin one with [name]")])
    schedules: dict[str, FeeSchedule] = {}
    problems: list[FileProblem] = []
    for name, table in document.items():
        if not isinstance(table, dict) or "id" in table:
            what = "the name of the table is the schedule's id" if isinstance(table, dict) else "write a table"
            problems.append(FileProblem(name, what))
            continue
        try:
            schedules[name] = FeeSchedule.model_validate({"id": name, **table})
        except ValidationError as error:
            problems += [
                FileProblem(_as_written(problem.location, document), problem.message)
                for problem in problems_of(name, error, FeeSchedule, shapes=_SHAPES)
            ]
    if problems:
        raise DataFileInvalid(file, problems)
    return MappingProxyType(schedules)


def _as_written(location: str, document: object) -> str:
    # Dimensions and conditions are written as tables and validated as lists: say the key, not its number.
    path: list[str] = []
    at = document
    for part in location.split("."):
        name = part
        if isinstance(at, dict):
            if part not in at and part.isdecimal() and int(part) < len(at):
                name = list(at)[int(part)]
            at = at.get(name)
        elif isinstance(at, list) and part.isdecimal() and int(part) < len(at):
            at = at[int(part)]
        path.append(name)
    return ".".join(path)
