"""Sealing: each application has a data key of its own, wrapped by a key of the host.

Rotating a host's key wraps the data keys anew and touches nothing else. Erasing a citizen's data destroys the data
key: what was sealed stays, so that the journal's chain still verifies, and can never be read again.
"""

import hmac
import os
from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from nagorik_host.vault.keyring import INDEX, KEY_BYTES, Keyring, is_key_name

NONCE_BYTES: Final = 12
PIECE: Final = 65_536
"""Bytes that are sealed together of what is too large to be sealed as a whole."""
_VERSION: Final = b"\x01"
"""The first byte of everything sealed, so that another cipher can follow this one."""
SEALED_PIECE: Final = len(_VERSION) + NONCE_BYTES + PIECE + 16
"""Bytes of a whole piece that is sealed, the cipher's tag included."""


class SealBroken(Exception):
    """What was sealed was changed, belongs to another place, or was sealed by another key."""


class KeyMissing(Exception):
    """The wrapping key is not on this process's ring; what was sealed may be as sound as ever.

    Attributes:
        key: The name of the key.
    """

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(f"the key {key} is not on the ring")
        self.key = key


class Erased(Exception):
    """The data key is destroyed: what it sealed cannot be read any more."""


class DataKey:
    """A key that seals content for a place, such as ``payload`` or ``journal/17``: it opens at no other."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """Use ``key``, 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, place: str) -> bytes:
        """Seal ``content``: only this key opens it, and only at this place."""
        nonce = os.urandom(NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Open what was sealed for ``place``.

        Raises:
            SealBroken: It was changed, or was sealed for another place or by another key.
        """
        body = memoryview(sealed)[len(_VERSION) :]
        try:
            if sealed[: len(_VERSION)] == _VERSION:
                return self._cipher.decrypt(bytes(body[:NONCE_BYTES]), bytes(body[NONCE_BYTES:]), place.encode())
        except (InvalidTag, ValueError):
            pass  # too short, too, is not sealed
        raise SealBroken("what was sealed was changed, or belongs elsewhere")

    def seal_pieces(self, pieces: Iterable[bytes], place: str) -> Iterator[bytes]:
        """Seal content in pieces of ``PIECE`` bytes but for the last; no piece can be moved or left out."""
        for piece, where in _placed(pieces, place):
            yield self.seal(piece, where)

    def open_pieces(self, sealed: Iterable[bytes], place: str) -> Iterator[bytes]:
        """Open what was sealed piece by piece, each as soon as the next one of ``sealed`` is there.

        Raises:
            SealBroken: A piece was changed, moved or left out, or the end is missing.
        """
        for piece, where in _placed(sealed, place):
            yield self.open(piece, where)

    def __repr__(self) -> str:
        return "<DataKey>"


class Vault:
    """Makes data keys, wraps them, and hashes what has to be found again.

    Attributes:
        current: The name of the wrapping key in use.
        names: The names of all wrapping keys, the one in use first.
        checks: By key name, the index key's among them, a keyed hash that says whether two keys are the same.
    """

    def __init__(self, keyring: Keyring) -> None:
        """Use the keys of ``keyring``."""
        self.current = keyring.current
        self.names = tuple(keyring.wrapping)
        self._wrapping = {name: DataKey(key) for name, key in keyring.wrapping.items()}
        self._lookup, self._chain, self._ledger = (
            _derived(keyring.index, purpose) for purpose in (b"lookup", b"chain", b"ledger")
        )
        keys = {INDEX: keyring.index, **keyring.wrapping}
        self.checks = {name: _mac(_derived(key, b"check"), name.encode()) for name, key in keys.items()}

    def make_data_key(self, application: str) -> tuple[DataKey, bytes]:
        """A new data key for an application, and the same key wrapped for keeping."""
        key = os.urandom(KEY_BYTES)
        return DataKey(key), self._wrap(key, application)

    def data_key(self, wrapped: bytes | None, application: str) -> DataKey:
        """The data key of an application.

        Raises:
            Erased: It was destroyed.
            KeyMissing: It was wrapped by a key that is not on the ring.
            SealBroken: It was changed, or wrapped for another application.
        """
        if wrapped is None:
            raise Erased
        return DataKey(self._unwrap(wrapped, application))

    def rewrap(self, wrapped: bytes, application: str) -> bytes:
        """The same data key, wrapped by the key in use; errors as ``data_key``."""
        return self._wrap(self._unwrap(wrapped, application), application)

    def wrapped_by(self, wrapped: bytes) -> str:
        """The name of the host's key that a data key is wrapped by; nonsense where it is damaged."""
        return wrapped.partition(b":")[0].decode(errors="replace")

    def lookup(self, kind: str, value: str) -> str:
        """A keyed hash, 64 hexadecimal digits, by which ``value`` is found without being kept.

        The same value of another ``kind`` has another hash.
        """
        return _mac(self._lookup, kind.encode() + b"\x00" + value.encode()).hex()

    def link(self, previous: bytes, entry: bytes) -> bytes:
        """The chain's next link, 32 bytes: keyed, so that the database alone is not enough to make one."""
        return _mac(self._chain, previous + entry)

    def ledger_link(self, previous: bytes, record: bytes) -> bytes:
        """As ``link``, for the chains of the ledger, by a key of their own."""
        return _mac(self._ledger, previous + record)

    def _wrap(self, key: bytes, application: str) -> bytes:
        return self.current.encode() + b":" + self._wrapping[self.current].seal(key, application)

    def _unwrap(self, wrapped: bytes, application: str) -> bytes:
        name, _, sealed = wrapped.partition(b":")
        if not is_key_name(name):
            raise SealBroken("this is not wrapped as this host wraps")
        key = self._wrapping.get(name.decode())
        if key is None:
            raise KeyMissing(name.decode())
        return key.open(sealed, application)

    def __repr__(self) -> str:
        return f"<Vault wrapping by {self.current}>"


def _placed(pieces: Iterable[bytes], place: str) -> Iterator[tuple[bytes, str]]:
    """Each piece with its own place, which says whether it is the last; no piece at all is one of nothing."""
    number, held = 0, b""
    for piece in pieces:
        if number:
            yield held, f"{place}/{number}"
        number, held = number + 1, piece
    yield held, f"{place}/{max(number, 1)}/last"


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=b"nagorik-host/" + purpose).derive(key)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
