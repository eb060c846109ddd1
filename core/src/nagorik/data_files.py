"""The files that people write by hand, read by one reader: refused with everything that is wrong in them at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args

import tomli
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from nagorik.privacy import MOST_PROBLEMS, is_code

ModelT = TypeVar("ModelT", bound=BaseModel)

LARGEST_FILE: Final = 1_000_000
"""Bytes of a file that somebody wrote by hand."""

_PLACE: Final = re.compile(r"line [0-9]+")
_LONG_NUMBER: Final = re.compile(rb"(?<=[=\[,\s])[+-]?[0-9][0-9_]{639,}")
"""``sys.set_int_max_str_digits`` sets how many are too many, and that no lower than 640."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing wrong in a file.

    Attributes:
        location: Where, as a dotted path (``services.0.reads``); empty for the file as a whole.
        message: What is wrong and what would be right.
    """

    location: str
    message: str

    def __str__(self) -> str:
        return f"{self.location or 'the file'}: {self.message}"


class DataFileInvalid(ValueError):
    """A file that cannot be used.

    Attributes:
        file: Its name, without the folder.
        problems: Everything that is wrong.
    """

    def __init__(self, file: str, problems: Sequence[FileProblem]) -> None:
        super().__init__(file, tuple(problems))
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.file}: {'; '.join(str(problem).removeprefix('the file: ') for problem in self.problems)}"


def read_data_file(package: str, file: str) -> bytes:
    """The content of a file beside a package's modules.

    Raises:
        DataFileInvalid: It is not there, or cannot be read.
    """
    path = files(package).joinpath(file)
    if not path.is_file():
        raise DataFileInvalid(file, [FileProblem("", f"there is no such file in the package {package}")])
    return read_file(path)


def read_file(path: Path | Traversable, *, largest: int = LARGEST_FILE) -> bytes:
    """The content of a file; a pipe or a device, which might never end, is none.

    Raises:
        DataFileInvalid: It cannot be read, or has more than ``largest`` bytes.
    """
    problem = "not a readable file"
    try:
        if path.is_file():
            with path.open("rb") as file:
                content = file.read(largest + 1)
            if len(content) <= largest:
                return content
            problem = f"larger than {largest} bytes"
    except (OSError, ValueError):
        pass  # a ValueError for a name that no file can have
    raise DataFileInvalid(path.name, [FileProblem("", problem)])


def parse_document(content: bytes, file: str, *, private: bool = False) -> dict[str, Any]:
    """A TOML document. Of a ``private`` one, which may name a person or hold a secret, an error says the line alone.

    Raises:
        DataFileInvalid: It is none, or not in UTF-8.
    """
    try:
        # Some editors write a byte-order mark before UTF-8; TOML itself has none.
        return tomli.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        message = "save the file as UTF-8"
    except tomli.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        where = place[0] if place else "its end"
        message = f"not valid TOML: look at {where}" if private else f"not valid TOML: {error}"
    except RecursionError:
        message = "nested too deeply"
    except ValueError:
        # Python reads no integer of thousands of digits, and tomli lets its refusal through.
        number = _LONG_NUMBER.search(content)
        where = f"line {content.count(10, 0, number.start()) + 1}" if number is not None else "the longest"
        message = f"a number has too many digits: look at {where}"
    raise DataFileInvalid(file, [FileProblem("", message)])


def parse_model(content: bytes, file: str, model: type[ModelT], *, private: bool = False) -> ModelT:
    """A TOML document as ``model``; ``private`` as for ``parse_document``.

    Raises:
        DataFileInvalid: As ``parse_document``, or naming every field that is wrong.
    """
    document = parse_document(content, file, private=private)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = problems_of("", error, model, private=private)
    raise DataFileInvalid(file, problems)


def problems_of(
    location: str,
    error: ValidationError,
    model: type[BaseModel] | None = None,
    *,
    shapes: Mapping[str, str] = MappingProxyType({}),
    private: bool = False,
) -> list[FileProblem]:
    """What pydantic found wrong with a file or one entry of it, in the words of its author.

    Args:
        location: Where the entry is; empty for the file.
        error: What pydantic found.
        model: What the entry should have been; a field that it does not have is then compared with those it has.
        shapes: What to write where a field does not have its shape, by its pattern or by pydantic's type of error.
        private: Whether the file may name a person or hold a secret: what is not accepted is then named by a code.
    """
    if (count := error.error_count()) > MOST_PROBLEMS:
        return [FileProblem(location, f"{count} things are wrong")]
    found = []
    errors = error.errors(include_url=False, include_input=False)
    for details in (one for one in errors if not _follows(one, errors)):
        # A dict's key that is no member of its enum is located as (…, key, "[key]").
        parts = [str(part) for part in details["loc"] if part != "[key]"]
        if private:
            # A key that nobody declared may be somebody's number, put where its value belongs.
            parts = [part if is_code(part) else "…" for part in parts]
        place = ".".join([location, *parts]).removeprefix(".")
        context = details.get("ctx", {})
        shape = shapes.get(str(context.get("pattern"))) or shapes.get(details["type"], "").format_map(context)
        found.append(FileProblem(place, shape or _message(details, parts, model, private=private)))
    return found


def _follows(details: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    # A list whose items are wrong is also reported as too short.
    depth = len(details["loc"])
    return details["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == details["loc"] for other in errors
    )


def _message(details: ErrorDetails, location: list[str], model: type[BaseModel] | None, *, private: bool) -> str:
    match details["type"]:
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            known = _model_at(model, location[:-1]) if model is not None else None
            likely = get_close_matches(location[-1], _fields(known), n=1) if known is not None else ()
            return f"there is no field {location[-1]}{f'; did you mean {likely[0]}?' if likely else ''}"
        case "enum" | "literal_error":
            return f"write one of {details['ctx']['expected']}"
        case code if private:
            return str(details.get("ctx", {}).get("en") or f"not accepted ({code})")
        case "string_too_short" if details["ctx"]["min_length"] == 1:
            return "write at least one letter"
        case "too_short" if details["ctx"]["min_length"] == 1:
            return "write at least one"
        case _:
            return details["msg"].removeprefix("Value error, ")


def _model_at(model: type[BaseModel], location: list[str]) -> type[BaseModel]:
    """The model that a path leads to, through lists, mappings and unions; the last that is found on the way."""
    for part in location:
        field = _fields(model).get(part)
        waiting: list[object] = [field.annotation] if field is not None else []
        while waiting:
            kind = waiting.pop(0)
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
                break
            waiting += get_args(kind)
    return model


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}
