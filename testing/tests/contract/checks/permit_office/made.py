"""Hooks by the name of their class, as an entry point names them, in whatever process."""

from importlib import import_module
from typing import Any

MODULES = (
    "broken",
    "misbehaving",
    "process_faults",
    "import_faults",
    "careless",
    "untruthful",
    "unheeding",
    "forgetful",
    "priced",
    "judging",
    "own_faults",
    "withholding",
    "overlooking",
    "shown",
    "noting",
    "at_the_agency",
    "in_the_host",
    "families",
    "payments",
    "markup",
    "proofs",
    "at_the_till",
    "tills",
    "surveyed",
)
"""The last seven need the kit, which a host does not have."""


def __getattr__(name: str) -> Any:
    for module in MODULES:
        kind = getattr(import_module(f"permit_office.{module}"), name, None)
        if isinstance(kind, type):
            return kind()
    raise AttributeError(name)
