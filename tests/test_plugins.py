"""What holds for every plugin of this repository, found by pattern: it is valid, and says what it has to say."""

import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from nagorik import Text, has_bangla_letters
from nagorik_platform.number_mask import is_telling
from nagorik_testing.validation.checks import validate_path
from nagorik_testing.validation.findings import Severity
from nagorik_toolkit import TextCatalogue, parse_texts

ROOT: Final = Path(__file__).resolve().parent.parent
PROJECTS: Final = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
MESSAGES: Final = sorted(ROOT.glob("plugins/*/src/*/messages.toml"))
VERDICTS: Final = (".pass", ".fail", ".cannot-tell")
LAST_DAY: Final = "-until"
"""What an outcome with a last day has behind its code."""
REFUSED: Final = ".field-refused"
"""Of the plugin's own id: for a field that the agency refuses, where the class names no other sentence."""
FILL: Final = Text(bn="ক", en="a")
MADE_UP: Final = re.compile(r'"([a-z-]+\.)\{')
"""A code whose end the code makes up, such as that of an agency's own word, or a field's."""


def catalogue(file: Path) -> TextCatalogue:
    return parse_texts(file.read_bytes())


def plugin_of(path: Path) -> str:
    return path.relative_to(ROOT / "plugins").parts[0]


@pytest.mark.parametrize("project", PROJECTS, ids=plugin_of)
def test_plugin_is_valid_as_it_lies_here(project: Path) -> None:
    found = validate_path(project, on=date(2026, 11, 27), run=True)
    assert [finding for finding in found if finding.severity is Severity.ERROR] == []


@pytest.mark.parametrize("messages", MESSAGES, ids=plugin_of)
def test_every_sentence_is_used(messages: Path) -> None:
    beside = messages.parent
    sources = "".join(path.read_text("utf-8") for path in (*beside.glob("*.py"), *beside.glob("statuses.toml")))
    made_up = tuple(MADE_UP.findall(sources))
    unused = []
    for code in sorted(catalogue(messages).codes()):
        name = code.rpartition(".")[0] if code.endswith(VERDICTS) else code.removesuffix(LAST_DAY)
        if code == f"{plugin_of(messages)}{REFUSED}" and "(AgencyPlugin[" in sources:
            continue
        if f'"{name}"' not in sources and not code.startswith(made_up):
            unused.append(code)
    assert unused == []


CORES: Final = sorted(path for path in (ROOT / "core").glob("src/**/*.toml") if path.name.endswith("messages.toml"))


@pytest.mark.parametrize("messages", [*MESSAGES, *CORES], ids=lambda path: str(path.relative_to(ROOT).parent))
def test_no_sentence_would_pass_for_one_that_tells_of_somebody(messages: Path) -> None:
    texts = catalogue(messages)
    for code in texts.codes():
        sentence = texts.text(code, **dict.fromkeys(texts.placeholders(code), FILL))
        assert not is_telling(sentence.bn), code
        assert not is_telling(sentence.en), code


@pytest.mark.parametrize("messages", MESSAGES, ids=plugin_of)
def test_every_sentence_is_in_the_letters_of_its_language(messages: Path) -> None:
    texts = catalogue(messages)
    for code in texts.codes():
        sentence = texts.text(code, **dict.fromkeys(texts.placeholders(code), FILL))
        assert has_bangla_letters(sentence.bn), code
        assert not has_bangla_letters(sentence.en), code
