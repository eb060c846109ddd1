"""What is sealed opens where it was sealed, with the application's own key, and nowhere else."""

import pytest
from hypothesis import given, strategies as st

from nagorik_host.vault import Erased, KeyMissing, SealBroken, Vault, make_keys, read_keyring

KEYS = make_keys("old")
VAULT = Vault(read_keyring(KEYS))


def with_new_key(keys: str) -> str:
    index, old = keys.splitlines()
    return f"{index}\n{make_keys('new').splitlines()[1]}\n{old}\n"


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


@given(st.binary(max_size=40))
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
    sealed = key.seal(b"kept", "here")
    rotated = Vault(read_keyring(with_new_key(KEYS)))
    again = rotated.rewrap(wrapped, "a")
    assert (rotated.wrapped_by(wrapped), rotated.wrapped_by(again)) == ("old", "new")
    assert rotated.data_key(again, "a").open(sealed, "here") == b"kept"
    with pytest.raises(KeyMissing, match="the key new is not on the ring"):
        VAULT.data_key(again, "a")


def test_destroyed_key_opens_nothing():
    with pytest.raises(Erased):
        VAULT.data_key(None, "a")


def test_lookup_tells_kinds_apart_and_survives_rotation():
    rotated = Vault(read_keyring(with_new_key(KEYS)))
    assert VAULT.lookup("reference", "1") == rotated.lookup("reference", "1") != VAULT.lookup("nid", "1")
    assert Vault(read_keyring(make_keys("old"))).lookup("reference", "1") != VAULT.lookup("reference", "1")
