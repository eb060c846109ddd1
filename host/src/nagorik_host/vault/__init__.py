"""Citizens' data at rest: sealed, found by a keyed hash, erased by destroying a key."""

from nagorik_host.vault.keyring import Keyring, KeyringInvalid, make_keys, read_keyring
from nagorik_host.vault.seal import PIECE, SEALED_PIECE, DataKey, Erased, KeyMissing, SealBroken, Vault

__all__ = [
    "PIECE",
    "SEALED_PIECE",
    "DataKey",
    "Erased",
    "KeyMissing",
    "Keyring",
    "KeyringInvalid",
    "SealBroken",
    "Vault",
    "make_keys",
    "read_keyring",
]
