"""Listening to everything that a process says while a plugin is called, for the search for personal data."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from nagorik_testing.citizens import SyntheticCitizen


class Heard:
    """What was said: by logging, at every level, of every library."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear the standard library's root logger and every logger below it, at DEBUG."""
    heard = Heard()
    handler = logging.StreamHandler(heard.stream)
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def canaries(citizen: SyntheticCitizen, *secrets: str) -> tuple[str, ...]:
    """What may appear nowhere: the citizen's numbers and names in all their forms, and the secrets given."""
    numbers = {
        citizen.smart_nid.value,
        citizen.legacy_nid.value,
        citizen.full_nid.value,
        citizen.birth_registration.value,
        citizen.phone.e164,
        citizen.phone.e164.removeprefix("+88"),
    }
    names = {name for name in (citizen.name.en, citizen.name.bn, citizen.father.bn, citizen.mother.bn) if name}
    return tuple(sorted(numbers | names | {secret for secret in secrets if secret}))


def leaked(text: str, sought: tuple[str, ...]) -> int:
    """How many of the canaries ``text`` holds. Which ones is not said: a report would leak them again."""
    return sum(canary in text for canary in sought)
