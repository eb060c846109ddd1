"""Every code that a person may meet has a sentence in both languages."""

import inspect
import re
from typing import get_args

import pytest

from nagorik.journey import holds, wishes
from nagorik.model.consent import ConsentGap
from nagorik_host.engine import desk, versions
from nagorik_host.sentences import sentence

CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+|ineligible)"')


def codes_of(module, pattern):
    return sorted(set(re.findall(pattern, inspect.getsource(module))))


@pytest.mark.parametrize("code", codes_of(wishes, r'NotPossible\("([a-z-]+)"\)'))
def test_refusal_has_a_sentence(code):
    assert sentence("not-possible", code)


@pytest.mark.parametrize("code", [*codes_of(holds, CODE), *(f"consent-{gap}" for gap in get_args(ConsentGap))])
def test_hold_has_a_sentence(code):
    assert sentence("hold", code)


@pytest.mark.parametrize(
    "code", [versions.PLUGIN_CHANGED, desk.DEFECT, *codes_of(desk, r'_block\(transaction, row\.id, "([a-z-]+)"')]
)
def test_block_has_a_sentence(code):
    assert sentence("blocked", code)


def test_code_without_a_sentence_is_told():
    assert sentence("hold", "never-heard-of") is None
