"""What is still to be said, asked one question at a time on a terminal."""

from collections.abc import Callable, Mapping
from typing import Final

from nagorik_testing.scaffold.answers import CLASSES, AnswersRefused, Kind, check

QUESTIONS: Final[Mapping[str, str]] = {
    "kind": f"What does the plugin do ({', '.join(Kind)})?",
    "name_en": "The agency's name in English?",
    "name_bn": "The agency's name in Bangla?",
    "service_slug": "A short name of its service, in lower-case words joined by hyphens?",
    "service_en": "The service's name in English?",
    "service_bn": "The service's name in Bangla?",
    "idempotency": f"What does the agency promise of a repeated request ({', '.join(CLASSES)})?",
}
"""By the answer's name. For all but the last, every kind of plugin needs one."""


def missing(said: Mapping[str, object]) -> list[str]:
    """Names of the answers that are still to be given, in the order in which they are asked."""
    needless = {"idempotency"} if said.get("kind") in {Kind.READ_ONLY, None} else set()
    return [name for name in QUESTIONS if name not in said and name not in needless]


def ask(said: Mapping[str, object], answer: Callable[[str], str], tell: Callable[[str], None]) -> dict[str, object]:
    """``said`` with the missing answers, each asked again until it is acceptable."""
    given = dict(said)
    while wanted := missing(given):
        name = wanted[0]
        given[name] = answer(f"{QUESTIONS[name]} ")
        problem = _problem_with(name, given)
        if problem is not None:
            tell(problem)
            del given[name]
    return given


def _problem_with(name: str, given: Mapping[str, object]) -> str | None:
    if name == "idempotency" and given[name] not in CLASSES:
        return f"write one of {', '.join(CLASSES)}"
    try:
        check(given)
    except AnswersRefused as refused:
        return refused.problems.get(name)
    return None
