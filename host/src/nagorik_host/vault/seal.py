"""Sealing: each application has a data key of its own, wrapped by a key of the host.

Rotating a host's key wraps the data keys anew and touches nothing else. Erasing a citizen's data destroys the data
key: what was sealed stays where it is, so that the journal's chain still verifies, and nobody can read it again.
"""

import hmac
import os
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from nagorik_host.vault.keyring import INDEX, KEY_BYTES, Keyring, is_key_name

NONCE_BYTES: Final = 12
PIECE: Final = 65_536
"""Bytes that are sealed together of what is too large to be sealed, or read, as a whole."""
_TAG_BYTES: Final = 16
_VERSION: Final = b"\x01"
"""The first byte of everything sealed, so that another cipher can follow this one."""
SEALED_PIECE: Final = PIECE + len(_VERSION) + NONCE_BYTES + _TAG_BYTES
"""Bytes of a whole piece that is sealed."""


class SealBroken(Exception):
    """What was sealed was changed, belongs to another place, or was sealed by another key."""


class KeyMissing(Exception):
    """What was sealed is wrapped by a key that is not on this process's ring.

    That is the matter of whoever runs the process: what was sealed may be as sound as ever.

    Attributes:
        key: The name of the key; whatever is written where a name should be, no more of it than a name's length.
    """

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(f"the key {key} is not on the ring")
        self.key = key


class Erased(Exception):
    """The data key is destroyed: what it sealed cannot be read any more."""


class DataKey:
    """One application's own key, unwrapped."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """Use ``key``, 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, place: str) -> bytes:
        """``content``, readable by this key and at this place only.

        Args:
            content: What nobody else may read.
            place: Where it is kept, such as ``payload`` or ``journal/17``; what is moved elsewhere does not open.
        """
        nonce = os.urandom(NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for ``place``.

        Raises:
            SealBroken: It was changed, or was sealed for another place or by another key.
        """
        return _open(self._cipher, sealed, place.encode())

    def seal_pieces(self, pieces: Iterable[bytes], place: str) -> Iterator[bytes]:
        """Seal content piece by piece, so that none can be left out, moved, or cut off at the end.

        Args:
            pieces: The content, each of ``PIECE`` bytes but for the last.
            place: As for ``seal``.

        Raises:
            ValueError: A piece that is not the last has another length.
        """
        number, held = 0, b""
        for piece in pieces:
            if number:
                yield self.seal(_whole(held), f"{place}/{number}")
            number, held = number + 1, piece
        yield self.seal(held, f"{place}/{max(number, 1)}/last")

    def open_pieces(self, sealed: Iterable[bytes], place: str) -> Iterator[bytes]:
        """What was sealed piece by piece, each as soon as the next one of ``sealed`` is there.

        Raises:
            SealBroken: A piece was changed, moved or left out, or the end is missing.
        """
        number, held = 0, b""
        for piece in sealed:
            if number:
                yield self.open(held, f"{place}/{number}")
            number, held = number + 1, piece
        yield self.open(held, f"{place}/{max(number, 1)}/last")

    def __repr__(self) -> str:
        return "<DataKey>"


class Vault:
    """Makes data keys, wraps them, and hashes what has to be found again."""

    def __init__(self, keyring: Keyring) -> None:
        """Use the keys of ``keyring``."""
        self._current = keyring.current
        self._wrapping = {name: AESGCM(key) for name, key in keyring.wrapping.items()}
        self._lookup = _derived(keyring.index, b"lookup")
        self._chain = _derived(keyring.index, b"chain")
        keys = {INDEX: keyring.index, **keyring.wrapping}
        self.checks: Mapping[str, bytes] = MappingProxyType(
            {name: _mac(_derived(key, b"check"), name.encode()) for name, key in keys.items()}
        )
        """By key name, the index key's among them, a keyed hash that tells whether two keys are the same."""
        self._ledger = _derived(keyring.index, b"ledger")

    @property
    def current(self) -> str:
        """The name of the wrapping key in use."""
        return self._current

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all wrapping keys, the one in use first."""
        return (self._current, *(name for name in self._wrapping if name != self._current))

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
        """The same data key, wrapped by the key in use.

        Raises:
            KeyMissing: As ``data_key``.
            SealBroken: As ``data_key``.
        """
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
        """The chain's next link, 32 bytes: keyed, so that nobody can make one who has the database alone."""
        return _mac(self._chain, previous + entry)

    def ledger_link(self, previous: bytes, record: bytes) -> bytes:
        """As ``link``, for the chains of the ledger, by a key of their own."""
        return _mac(self._ledger, previous + record)

    def _wrap(self, key: bytes, application: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        sealed = _VERSION + nonce + self._wrapping[self._current].encrypt(nonce, key, application.encode())
        return self._current.encode() + b":" + sealed

    def _unwrap(self, wrapped: bytes, application: str) -> bytes:
        name, _, sealed = wrapped.partition(b":")
        if not is_key_name(name):
            raise SealBroken("this is not wrapped as this host wraps")
        cipher = self._wrapping.get(name.decode())
        if cipher is None:
            raise KeyMissing(name.decode())
        return _open(cipher, sealed, application.encode())

    def __repr__(self) -> str:
        return f"<Vault wrapping by {self._current}>"


def _whole(piece: bytes) -> bytes:
    if len(piece) != PIECE:
        raise ValueError(f"a piece that is not the last has {PIECE} bytes")
    return piece


def _open(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    if sealed[:1] != _VERSION:
        raise SealBroken("this is not sealed as this host seals")
    body = memoryview(sealed)[1:]
    try:
        return cipher.decrypt(bytes(body[:NONCE_BYTES]), bytes(body[NONCE_BYTES:]), place)
    except (InvalidTag, ValueError):
        raise SealBroken("what was sealed was changed, or belongs elsewhere") from None


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=b"nagorik-host/" + purpose).derive(key)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
