"""Keys are read as an operator writes them, and a mistake is told by its line and without the key."""

import base64
import contextlib

import pytest
from hypothesis import given, strategies as st

from nagorik_host.vault import KeyringInvalid, make_keys, read_keyring

INDEX, NEW, OLD = (base64.urlsafe_b64encode(bytes([fill]) * 32).decode() for fill in (1, 2, 3))


def test_first_wrapping_key_is_in_use():
    ring = read_keyring(f"# our keys\n\nindex:{INDEX}\n2026-11:{NEW}\n 2026-05 : {OLD}\n")
    assert ring.current == "2026-11"
    assert list(ring.wrapping) == ["2026-11", "2026-05"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no line begins with index:"),
        (f"index:{INDEX}", "there is no wrapping key"),
        (f"a:{NEW}", "no line begins with index:"),
        (f"index:{INDEX}\na:{NEW}\na:{OLD}", "line 3: the name a is there twice"),
        (f"index:{INDEX}\na:{INDEX}", "the key index is used for wrapping too"),
        (f"index:{INDEX}\na", "line 2: the key has 0 bytes"),
        (f"index:{INDEX}\n:{NEW}", "line 2: write name:key"),
        (f"index:{INDEX}\na:not base64!", "line 2: the key is not URL-safe Base64"),
        (f"index:{INDEX}\na:c2hvcnQ=", "line 2: the key has 5 bytes and not 32"),
        (f"index:{INDEX}\na:ক", "line 2: the key is not URL-safe Base64"),
    ],
)
def test_mistake_is_told_by_its_line(text, told):
    with pytest.raises(KeyringInvalid) as caught:
        read_keyring(text)
    assert told in str(caught.value)
    assert not any(key in str(caught.value) for key in (INDEX, NEW, OLD))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(KeyringInvalid):
        read_keyring(text)


def test_made_keys_are_read_and_not_shown():
    text = make_keys("first")
    assert repr(read_keyring(text)) == "<Keyring first>"
    assert make_keys("first") != text
