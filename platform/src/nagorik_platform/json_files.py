"""The JSON files that people write by hand, refused with everything that is wrong in them at once."""

import json
import math
import re
from collections.abc import Iterator
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from nagorik.data_files import DataFileInvalid, FileProblem, problems_of
from nagorik.privacy import MOST_PROBLEMS, is_code

T = TypeVar("T")

_PLACE: Final = re.compile(r"line [0-9]+")


def parse_json(content: bytes, file: str, adapter: TypeAdapter[T], model: type[BaseModel] | None = None) -> T:
    """A JSON document, which may name a person: an error says the place and never what is written there.

    Args:
        content: What the file holds.
        file: Its name.
        adapter: What the document should be.
        model: The adapter's model, if it has one; as for ``problems_of``.

    Raises:
        DataFileInvalid: It is none, not in UTF-8, says one thing twice, or has fields that are wrong.
    """
    try:
        text = content.decode("utf-8-sig")
        from_json(text)
        written = json.loads(
            text, object_pairs_hook=_Members, parse_int=str, parse_float=_finite, parse_constant=_finite
        )
    except UnicodeDecodeError:
        problems = [FileProblem("", "save the file as UTF-8")]
    except ValueError as error:
        place = _PLACE.search(str(error))
        problems = [FileProblem("", f"not valid JSON: look at {place[0] if place else 'its numbers'}")]
    else:
        problems = [FileProblem(place, "is written twice; keep one of them") for place in _repeated(written, ())]
        if len(problems) > MOST_PROBLEMS:
            problems = [FileProblem("", f"{len(problems)} names are written twice; keep one of each")]
        if not problems:
            try:
                return adapter.validate_json(text)
            except ValidationError as error:
                problems = problems_of("", error, model, private=True)
    raise DataFileInvalid(file, problems)


class _Members(tuple[tuple[str, object], ...]):
    """A JSON object's members as they are written; a dict would keep the last of two of one name."""

    __slots__ = ()


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError
    return float(number)


def _repeated(value: object, place: tuple[str, ...]) -> Iterator[str]:
    """Where a name stands twice in one object; a name that might be anything is left out."""
    members = value if isinstance(value, _Members) else enumerate(value) if isinstance(value, list) else ()
    seen = set()
    for name, held in members:
        shown = name if isinstance(name, int) or is_code(name) else "…"
        here = (*place, str(shown))
        if name in seen:
            yield ".".join(here)
        seen.add(name)
        yield from _repeated(held, here)
