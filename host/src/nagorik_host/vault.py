"""Citizens' data at rest: sealed, found by a keyed hash, erased by destroying a key.

Each application has a data key of its own, wrapped by a key of the host. Rotating a host's key wraps the data keys
anew and touches nothing else. Erasing a citizen's data destroys the data key: what was sealed stays, so that the
journal's chain still verifies, and can never be read again.

An operator keeps the host's keys as text, one to a line: ``name:key``, the key 32 random bytes in URL-safe Base64.
``index:`` names the key of all look-ups and chains; it never changes. All other lines are wrapping keys: the first
wraps, the others only unwrap. To rotate, write a new one above; drop an old one once it wraps nothing.
"""

import base64
import hmac
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

INDEX: Final = "index"
"""The name of the key of all look-ups and chains."""
KEY_BYTES: Final = 32
PIECE: Final = 65_536
"""Bytes that are sealed together of what is too large to be sealed as a whole."""
_VERSION: Final = b"\x01"
"""The first byte of everything sealed, so that another cipher can follow this one."""
_HEAD: Final = len(_VERSION) + 12
"""Bytes of the version and the nonce."""
SEALED_PIECE: Final = _HEAD + PIECE + 16
"""Bytes of a whole piece that is sealed, the cipher's tag included."""
_NAME: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def is_key_name(name: bytes) -> bool:
    """Whether a key may have this name: up to 40 ASCII letters, digits, dots, hyphens and underscores."""
    return _NAME.fullmatch(name) is not None


class KeyringInvalid(ValueError):
    """The keys cannot be used; the text says why, naming a line and never a key."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Keys by name.

    Attributes:
        index: The key of all keyed hashes.
        wrapping: The keys that wrap the applications' own; the first is in use.
    """

    index: bytes
    wrapping: Mapping[str, bytes]

    @property
    def current(self) -> str:
        """The name of the wrapping key in use."""
        return next(iter(self.wrapping))


def read_keyring(text: str) -> Keyring:
    """Read the keys that ``text`` lists; empty lines and lines that begin with ``#`` do not count.

    Raises:
        KeyringInvalid: A line is not ``name:key`` with 32 bytes, a name is there twice, or a key is missing.
    """
    keys: dict[str, bytes] = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        name, _, written = (part.strip() for part in line.partition(":"))
        try:
            key = base64.b64decode(written.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            key = b""
        if not is_key_name(name.encode()) or name in keys or len(key) != KEY_BYTES:
            what = f"a name of its own, and {KEY_BYTES} bytes in URL-safe Base64"
            raise KeyringInvalid(f"line {number}: write name:key, {what}")
        keys[name] = key
    index = keys.pop(INDEX, None)
    if index is None or not keys:
        raise KeyringInvalid(f"write a line {INDEX}: and one with a name of your choice, such as 2026-11:")
    return Keyring(index, MappingProxyType(keys))


def make_keys(name: str) -> str:
    """A new keyring as text: an index key, and a wrapping key with this name."""
    return make_key(INDEX) + make_key(name)


def make_key(name: str) -> str:
    """One more key, as the line of a keyring."""
    return f"{name}:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}\n"


class SealBroken(Exception):
    """What was sealed was changed, belongs to another place, or was sealed by another key."""


class KeyMissing(Exception):
    """The wrapping key is not on this process's ring; what was sealed may be as sound as ever."""

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(f"the key {key} is not on the ring")


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
        nonce = os.urandom(_HEAD - len(_VERSION))
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Open what was sealed for ``place``.

        Raises:
            SealBroken: It was changed, or was sealed for another place or by another key.
        """
        nonce, body = sealed[len(_VERSION) : _HEAD], sealed[_HEAD:]
        with suppress(InvalidTag, ValueError):  # too short, too, is not sealed
            if sealed.startswith(_VERSION):
                return self._cipher.decrypt(nonce, body, place.encode())
        raise SealBroken("what was sealed was changed, or belongs elsewhere")

    def seal_pieces(self, pieces: Iterable[bytes], place: str) -> Iterator[bytes]:
        """Seal content in pieces of ``PIECE`` bytes but for the last; no piece can be moved or left out."""
        return (self.seal(piece, where) for piece, where in _placed(pieces, place))

    def open_pieces(self, sealed: Iterable[bytes], place: str) -> Iterator[bytes]:
        """Open what was sealed piece by piece, each as soon as the next one of ``sealed`` is there.

        Raises:
            SealBroken: A piece was changed, moved or left out, or the end is missing.
        """
        return (self.open(piece, where) for piece, where in _placed(sealed, place))


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
        self.checks = {
            name: hmac.digest(_derived(key, b"check"), name.encode(), "sha256") for name, key in keys.items()
        }

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
        return hmac.digest(self._lookup, kind.encode() + b"\x00" + value.encode(), "sha256").hex()

    def link(self, previous: bytes, entry: bytes) -> bytes:
        """The chain's next link, 32 bytes: keyed, so that the database alone is not enough to make one."""
        return hmac.digest(self._chain, previous + entry, "sha256")

    def ledger_link(self, previous: bytes, record: bytes) -> bytes:
        """As ``link``, for the chains of the ledger, by a key of their own."""
        return hmac.digest(self._ledger, previous + record, "sha256")

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
