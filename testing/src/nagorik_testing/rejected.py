"""A file of QA's that cannot be used, with the place in it that has to be mended."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

ModelT = TypeVar("ModelT", bound=BaseModel)

_OF_A_VALIDATOR = frozenset({"value_error", "assertion_error"})
_EXPLAINED = {"extra_forbidden": "there is no such field", "missing": "this field is missing"}


class FileRejected(ValueError):
    """The file cannot be used; the text names it, and the table and field of each problem."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{path.name}: {problem}" for problem in problems))
        self.path = path
        self.problems = problems


def read_toml(path: Path, model: type[ModelT]) -> ModelT:
    """The file as ``model``.

    Raises:
        FileRejected: It cannot be read, is not TOML in UTF-8, or does not fit.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise FileRejected(path, [f"cannot be read: {problem.strerror}"]) from None
    except UnicodeDecodeError:
        raise FileRejected(path, ["is not text in UTF-8"]) from None
    except tomllib.TOMLDecodeError as problem:
        raise FileRejected(path, [f"is not TOML: {problem}"]) from None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    raise FileRejected(path, [f"{_place(each['loc'])}: {_told(each)}" for each in problems])


def _place(place: tuple[int | str, ...]) -> str:
    """The table as TOML writes it, then the field: ``[[exchange]] number 2, request.path``."""
    if not place:
        return "the file"
    if len(place) > 1 and isinstance(place[1], int):
        field = ".".join(map(str, place[2:]))
        return f"[[{place[0]}]] number {place[1] + 1}{f', {field}' if field else ''}"
    return ".".join(map(str, place))


def _told(problem: ErrorDetails) -> str:
    if problem["type"] in _OF_A_VALIDATOR:
        return str(problem["ctx"]["error"])
    return _EXPLAINED.get(problem["type"], problem["msg"])
