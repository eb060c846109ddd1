"""The sentences of ``messages.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic_core import PydanticCustomError

from nagorik.model.text import Text


def text(code: str, **fills: Text) -> Text:
    """The sentence for ``code``, with each ``{name}`` in it replaced in both languages."""
    sentence = _catalogue()[code]
    return Text(
        bn=sentence.bn.format(**{name: fill.bn for name, fill in fills.items()}),
        en=sentence.en.format(**{name: fill.en for name, fill in fills.items()}),
    )


def problem(code: str) -> PydanticCustomError:
    """A form's complaint about a field, for a validator to raise."""
    sentence = text(code)
    return PydanticCustomError(code, sentence.en, {"bn": sentence.bn, "en": sentence.en})


@cache
def _catalogue() -> Mapping[str, Text]:
    raw = tomllib.loads(files(__package__).joinpath("messages.toml").read_text("utf-8"))
    return {code: Text(**texts) for code, texts in raw.items()}
