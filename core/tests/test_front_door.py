"""``from nagorik import …``: each name is where its stub says, and costs nothing until it is used."""

import subprocess
import sys

import pytest

import nagorik
from nagorik.model import status


@pytest.mark.parametrize("name", sorted(nagorik.__all__))
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(nagorik, name) is not None


def test_there_are_names() -> None:
    assert {"hookimpl", "CallContext", "SubmitRequest", "Money", "OutcomeUnknown"} <= set(dir(nagorik))


def test_a_flag_is_what_an_agency_reports() -> None:
    assert nagorik.Flag is status.Flag


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="teleport"):
        nagorik.teleport  # noqa: B018


def test_importing_the_core_imports_no_model_and_no_http() -> None:
    code = "import nagorik, sys; print(sorted(m for m in sys.modules if m in ('pydantic', 'httpx', 'pluggy')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
