"""The host's keys, as an operator keeps them: text from the environment or a file, one key to a line.

A line is ``name:key``, the key 32 random bytes in URL-safe Base64. ``index:`` names the key that everything is found
and chained by; it never changes. All other lines are wrapping keys: the first wraps what is new, the others only
unwrap what is old, so a key is rotated by writing a new one above it, and is dropped once nothing is wrapped by it.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

KEY_BYTES: Final = 32
INDEX: Final = "index"
_NAME: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def is_key_name(name: bytes) -> bool:
    """Whether a key may be called so: up to 40 ASCII letters, digits, dots, hyphens and underscores."""
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

    def wrapping_by(self, name: str) -> "Keyring":
        """The same keys, of which another is in use.

        Raises:
            KeyError: There is no wrapping key by this name.
        """
        others = {other: key for other, key in self.wrapping.items() if other != name}
        return Keyring(self.index, MappingProxyType({name: self.wrapping[name], **others}))

    def __repr__(self) -> str:
        return f"<Keyring {', '.join(self.wrapping)}>"


def read_keyring(text: str) -> Keyring:
    """The keys that ``text`` lists; empty lines and lines that begin with ``#`` do not count.

    Raises:
        KeyringInvalid: A line is not ``name:key``, a name is none, a key has not 32 bytes, a name or a key is there
            twice, or one is missing.
    """
    keys: dict[str, bytes] = {}
    for number, name, written in _lines(text):
        if name in keys:
            raise KeyringInvalid(f"line {number}: the name {name} is there twice")
        keys[name] = _key(written, number)
    index = keys.pop(INDEX, None)
    if index is None:
        raise KeyringInvalid(f"no line begins with {INDEX}: (the key that applications are found by)")
    if not keys:
        raise KeyringInvalid("there is no wrapping key: write a line with a name of your choice, such as 2026-11:")
    if index in keys.values():
        raise KeyringInvalid(f"the key {INDEX} is used for wrapping too; give it a value of its own")
    return Keyring(index, MappingProxyType(keys))


def make_keys(name: str) -> str:
    """A new keyring as text: an index key, and a wrapping key with this name."""
    return make_key(INDEX) + make_key(name)


def make_key(name: str) -> str:
    """One more key, as the line of a keyring."""
    return f"{name}:{_written(secrets.token_bytes(KEY_BYTES))}\n"


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        name, colon, written = content.partition(":")
        if not colon or not name.strip():
            raise KeyringInvalid(f"line {number}: write name:key")
        if not is_key_name(name.strip().encode()):
            raise KeyringInvalid(f"line {number}: a key's name is up to 40 letters, digits, dots and hyphens")
        yield number, name.strip(), written.strip()


def _key(written: str, number: int) -> bytes:
    try:
        key = base64.b64decode(written.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise KeyringInvalid(f"line {number}: the key is not URL-safe Base64") from None
    if len(key) != KEY_BYTES:
        raise KeyringInvalid(f"line {number}: the key has {len(key)} bytes and not {KEY_BYTES}")
    return key


def _written(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode("ascii")
