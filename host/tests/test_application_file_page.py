"""The page about an application's file lists what the file may hold, and the examples can be applied as they are."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter

from nagorik import Applicant
from nagorik_host.application_file import ApplicationFile, GivenConsent, GivenDocument
from nagorik_host.commands.apply import AppliedFile
from nagorik_platform import Platform, PlatformSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "application-file.md").read_text("utf-8")
SECTIONS = {"The file": ApplicationFile, "Applicant": Applicant, "Documents": GivenDocument, "Consent": GivenConsent}
EXAMPLES = sorted((ROOT / "examples" / "counter").glob("*.json"))


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("title", "model"), SECTIONS.items())
def test_every_field_is_listed_and_no_other(title: str, model: type[BaseModel]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (required)? ?\|", section(title), re.MULTILINE)
    assert {name: bool(required) for name, required in rows} == {
        name: field.is_required() for name, field in model.model_fields.items()
    }


def test_every_result_is_listed() -> None:
    results = re.findall(r"^\| `([a-z-]+)` \|", section("A folder"), re.MULTILINE)
    (listed,) = [row for row in results if row == "result"] or [None]
    assert [row for row in results if row != listed] == list(AppliedFile.__annotations__["result"].__args__)


def test_example_on_the_page_is_one() -> None:
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    given = TypeAdapter(ApplicationFile).validate_json(block[1])
    assert (given.service, len(given.documents)) == ("nid.reissue", 1)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_example_can_be_applied(path: Path) -> None:
    given = TypeAdapter(ApplicationFile).validate_json(path.read_bytes())  # noqa: ASYNC240 - a few kilobytes
    assert path.stem == given.service.replace(".", "-")
    async with Platform.discover(PlatformSettings()) as platform:
        await platform.validate(given.service, given.form)
        assert given.gateway is None or platform.gateway(given.gateway)
    assert given.consent is not None
    assert given.title is not None


def test_there_is_an_example_for_each_agency() -> None:
    manifests = (ROOT / "plugins").glob("*/src/*/plugin.toml")
    offering = {
        tomllib.loads(path.read_text("utf-8"))["id"]
        for path in manifests
        if "[[services]]" in path.read_text("utf-8")
    }
    agencies = {json.loads(path.read_text("utf-8"))["service"].partition(".")[0] for path in EXAMPLES}
    assert agencies == offering
