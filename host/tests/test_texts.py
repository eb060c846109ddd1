"""Every code that a person may meet has a sentence in both languages."""

import inspect
import re
from typing import get_args

import pytest

from nagorik.model.application import ConsentGap
from nagorik_host.engine import claims, plugins
from nagorik_host.texts import sentence
from nagorik_platform.lifecycle import commands
from nagorik_platform.lifecycle.rules import holds

CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+|ineligible)"')


def codes_of(module, pattern):
    return sorted(set(re.findall(pattern, inspect.getsource(module))))


@pytest.mark.parametrize("code", codes_of(commands, r'NotPossible\("([a-z-]+)"\)'))
def test_refusal_has_a_sentence(code):
    assert sentence("not-possible", code)


@pytest.mark.parametrize("code", [*codes_of(holds, CODE), *(f"consent-{gap}" for gap in get_args(ConsentGap))])
def test_hold_has_a_sentence(code):
    assert sentence("hold", code)


@pytest.mark.parametrize(
    "code", [plugins.PLUGIN_CHANGED, claims.DEFECT, *codes_of(claims, r'_block\(transaction, row\.id, "([a-z-]+)"')]
)
def test_block_has_a_sentence(code):
    assert sentence("blocked", code)


def test_code_without_a_sentence_is_told():
    assert sentence("hold", "never-heard-of") is None
