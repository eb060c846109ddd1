"""The dated figures of ``rules.toml``."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from nagorik.model.source import Source
from nagorik.privacy import Model


class Rule(Model):
    """A figure that holds from one day to another, both included; an open end is one that nobody has published."""

    years: int = 0
    hours: int = 0
    effective_from: date = date.min
    effective_to: date = date.max
    source: Source


def rule(name: str, day: date) -> Rule:
    """The figure that holds on ``day``, a date in Dhaka."""
    return next(found for found in _rules()[name] if found.effective_from <= day <= found.effective_to)


@cache
def _rules() -> Mapping[str, tuple[Rule, ...]]:
    raw = tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))
    return {name: tuple(Rule(**entry) for entry in entries) for name, entries in raw.items()}
