"""What a person reads beside a code, in both languages."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from nagorik import Text

Table = Literal["hold", "blocked", "not-possible", "outage", "event"]


def sentence(table: Table, code: str) -> Text | None:
    """The sentence for a code, or ``None`` where there is none: the code then stands for itself."""
    return _sentences()[table].get(code)


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    tables = tomllib.loads(files("nagorik_host").joinpath("sentences.toml").read_text("utf-8"))
    return {table: {code: Text(**texts) for code, texts in rows.items()} for table, rows in tables.items()}
