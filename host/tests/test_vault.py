"""What is sealed opens where it was sealed, by the application's own key; a mistake in the keys is named by line."""

import base64
import contextlib

import pytest
from hypothesis import given, strategies as st

from nagorik_host.vault import Erased, KeyMissing, KeyringInvalid, SealBroken, Vault, make_keys, read_keyring

INDEX, NEW, OLD = (base64.urlsafe_b64encode(bytes([fill]) * 32).decode() for fill in (1, 2, 3))
VAULT = Vault(read_keyring(f"index:{INDEX}\nold:{OLD}"))
ROTATED = Vault(read_keyring(f"# our keys\n\nindex:{INDEX}\nnew:{NEW}\n old : {OLD}\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a line index: and"),
        (f"index:{INDEX}", "write a line index: and"),
        (f"a:{NEW}", "write a line index: and"),
        (f"index:{INDEX}\na:{NEW}\na:{OLD}", "line 3: write name:key"),
        (f"index:{INDEX}\na", "line 2: write name:key"),
        (f"index:{INDEX}\n:{NEW}", "line 2: write name:key"),
        (f"index:{INDEX}\na:not base64!", "line 2: write name:key"),
        (f"index:{INDEX}\na:c2hvcnQ=", "line 2: write name:key"),
        (f"index:{INDEX}\na:ক", "line 2: write name:key"),
    ],
)
def test_mistake_in_the_keys_is_told_by_its_line_and_without_a_key(text, said):
    with pytest.raises(KeyringInvalid) as caught:
        read_keyring(text)
    assert said in str(caught.value)
    assert not any(key in str(caught.value) for key in (INDEX, NEW, OLD))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(KeyringInvalid):
        read_keyring(text)


def test_made_keys_are_new_and_not_shown():
    ring = read_keyring(make_keys("first"))
    assert ring.current == "first"
    assert repr(ring.wrapping["first"]) not in repr(ring)
    assert make_keys("first") != make_keys("first")


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_is_sealed_opens_again(content, place):
    key, wrapped = VAULT.make_data_key("a")
    assert VAULT.data_key(wrapped, "a").open(key.seal(content, place), place) == content


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_change_is_noticed(content, data):
    key, _ = VAULT.make_data_key("a")
    sealed = bytearray(key.seal(content, "here"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        key.open(bytes(sealed), "here")


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_nothing_else_opens(content):
    key, _ = VAULT.make_data_key("a")
    with pytest.raises(SealBroken):
        key.open(content, "here")


def test_another_place_and_another_application_do_not_open():
    key, wrapped = VAULT.make_data_key("a")
    with pytest.raises(SealBroken):
        key.open(key.seal(b"x", "here"), "there")
    with pytest.raises(SealBroken):
        VAULT.data_key(wrapped, "b")


def test_rotation_keeps_what_was_sealed_readable():
    key, wrapped = VAULT.make_data_key("a")
    again = ROTATED.rewrap(wrapped, "a")
    assert (ROTATED.wrapped_by(wrapped), ROTATED.wrapped_by(again)) == ("old", "new")
    assert ROTATED.data_key(again, "a").open(key.seal(b"kept", "here"), "here") == b"kept"
    with pytest.raises(KeyMissing, match="the key new is not on the ring"):
        VAULT.data_key(again, "a")
    with pytest.raises(Erased):
        VAULT.data_key(None, "a")


def test_lookup_tells_kinds_apart_and_survives_rotation():
    assert VAULT.lookup("reference", "1") == ROTATED.lookup("reference", "1") != VAULT.lookup("nid", "1")
    assert Vault(read_keyring(make_keys("old"))).lookup("reference", "1") != VAULT.lookup("reference", "1")
