"""Overhearing what the simulated agency answers, so that one word of it can be replaced."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import JsonValue
from starlette.types import Message, Receive, Scope, Send

from nagorik_testing.contract.bench import Bench, Subject
from nagorik_testing.contract.checks.inspection import leaves, written
from nagorik_testing.fault import Altered

UNHEARD_OF = "UNHEARD-OF"
"""A word that no agency uses."""


class Overheard:
    """Mixed into a simulator: keeps its last JSON answer."""

    last_answer: JsonValue = None

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the simulator's, and listen."""
        body = bytearray()

        async def listening(message: Message) -> None:
            body.extend(message.get("body", b""))
            await send(message)

        await super().app(scope, receive, listening)  # type: ignore[misc]
        try:
            self.last_answer = json.loads(bytes(body))
        except ValueError:
            self.last_answer = None


def overheard(subject: Subject) -> Subject:
    """The subject before the same simulator, whose answers are kept."""
    kind: Any = type(f"Overheard{subject.simulator.__name__}", (Overheard, subject.simulator), {})
    return replace(subject, simulator=kind)


def words_of(bench: Bench, told: str) -> Iterator[str]:
    """Places of the last answer that hold a text which ``told`` repeats: where the agency's word may stand."""
    answer: JsonValue = getattr(bench.simulator, "last_answer", None)
    for place, value in leaves(answer):
        if isinstance(value, str) and len(value) > 1 and value in told:
            yield written(place)


def replaced_word(place: str) -> Altered:
    """A fault that puts a word nobody has heard of into one place of an answer."""
    return Altered(put={place: UNHEARD_OF})
