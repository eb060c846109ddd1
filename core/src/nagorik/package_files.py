"""The TOML files of a plugin's package: its sentences, its dated rules, its agency's words."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing wrong in a file.

    Attributes:
        location: Where: the code, the rule or the entry, and the field in it; empty for the file as a whole.
        message: What is wrong and what would be right.
    """

    location: str
    message: str


class PackageFileInvalid(ValueError):
    """A file of a plugin's package that cannot be used; ``problems`` says everything that is wrong at once."""

    def __init__(self, file: str, problems: Sequence[FileProblem]) -> None:
        super().__init__(file, tuple(problems))
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        told = (f"{problem.location}: {problem.message}".removeprefix(": ") for problem in self.problems)
        return f"{self.file}: {'; '.join(told)}"


def package_file(package: str, file: str) -> bytes:
    """The content of a file beside a package's modules.

    Raises:
        PackageFileInvalid: It is not there.
    """
    try:
        return files(package).joinpath(file).read_bytes()
    except OSError:
        raise PackageFileInvalid(file, [FileProblem("", f"there is no such file in the package {package}")]) from None


def parse_document(content: bytes, file: str) -> dict[str, Any]:
    """A TOML document.

    Raises:
        PackageFileInvalid: It is none, or not in UTF-8.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        message = "save the file as UTF-8"
    except tomllib.TOMLDecodeError as error:
        message = f"not valid TOML: {error}"
    except RecursionError:
        message = "nested too deeply"
    raise PackageFileInvalid(file, [FileProblem("", message)])


def told_problems(location: str, error: ValidationError) -> list[FileProblem]:
    """What pydantic found wrong with one entry of a file, in the words of a file's author."""
    return [
        FileProblem(
            ".".join([location, *map(str, details["loc"])]),
            {
                "missing": "this field is required",
                "extra_forbidden": "there is no such field",
                "string_too_short": "write at least one letter",
            }.get(details["type"], details["msg"].removeprefix("Value error, ")),
        )
        for details in error.errors(include_url=False, include_input=False)
    ]
