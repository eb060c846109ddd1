"""The facade's types are those of the hooks."""

import typing

from nagorik import hookspecs
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform import requests
from nagorik_platform.requests import TypedOperation


def test_every_operation_has_the_types_of_its_hook() -> None:
    hints = {
        name: hint
        for name, hint in typing.get_type_hints(requests).items()
        if typing.get_origin(hint) is typing.Final
    }
    constants = {name: value for name, value in vars(requests).items() if isinstance(value, TypedOperation)}
    assert {value.operation for value in constants.values()} == set(Operation)
    for name, value in constants.items():
        [typed] = typing.get_args(hints[name])
        request, result = typing.get_args(typed)
        specified = typing.get_type_hints(getattr(hookspecs, OPERATIONS[value.operation].hook))
        assert (name, request) == (value.operation.name, specified["request"])
        assert result == specified["return"]
