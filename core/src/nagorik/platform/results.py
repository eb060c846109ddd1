"""What a hook may return, held to the hook's specification and to the models' own rules."""

import types
from functools import cache
from typing import Union, get_args, get_origin, get_type_hints

from nagorik.operations import OPERATIONS, Operation
from nagorik.privacy import Model


@cache
def result_types(operation: Operation) -> frozenset[type[Model]]:
    """The types that an operation's hook may return, as its specification is annotated."""
    from nagorik import hookspecs

    annotation = get_type_hints(getattr(hookspecs, OPERATIONS[operation].hook))["return"]
    union = get_origin(annotation) in {Union, types.UnionType}
    return frozenset(get_args(annotation) if union else (annotation,))


def checked(operation: Operation, value: object) -> Model | None:
    """``value`` built anew, or ``None`` if ``operation`` may not end in it.

    Its type is taken literally: a subclass may carry more than the host knows how to keep, and a stand-in may lie
    about its class. Its fields are validated again, because ``model_copy(update=…)`` and ``model_construct`` skip it.
    """
    kind = next((kind for kind in result_types(operation) if type(value) is kind), None)
    if kind is None or not isinstance(value, kind):
        return None
    try:
        return kind.model_validate(value.model_dump(round_trip=True, warnings=False))
    except Exception:  # noqa: BLE001 - fields that were never validated may hold anything
        return None
