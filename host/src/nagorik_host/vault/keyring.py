"""The host's keys, as an operator keeps them: text from the environment or a file, one key to a line.

A line is ``name:key``, the key 32 random bytes in URL-safe Base64. ``index:`` names the key of all look-ups and
chains; it never changes. All other lines are wrapping keys: the first wraps, the others only unwrap. To rotate, write
a new one above; drop an old one once it wraps nothing.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

KEY_BYTES: Final = 32
INDEX: Final = "index"
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

    def wrapping_by(self, name: str) -> "Keyring":
        """The same keys, of which another is in use.

        Raises:
            KeyError: There is no wrapping key by this name.
        """
        return Keyring(self.index, MappingProxyType({name: self.wrapping[name], **self.wrapping}))

    def __repr__(self) -> str:
        return f"<Keyring {', '.join(self.wrapping)}>"


def read_keyring(text: str) -> Keyring:
    """Read the keys that ``text`` lists; empty lines and lines that begin with ``#`` do not count.

    Raises:
        KeyringInvalid: A line is not ``name:key`` with 32 bytes, a name or the index key is there twice, or a key is
            missing.
    """
    keys: dict[str, bytes] = {}
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    for number, line in lines:
        if line and not line.startswith("#"):
            name, _, written = (part.strip() for part in line.partition(":"))
            if not is_key_name(name.encode()):
                raise KeyringInvalid(
                    f"line {number}: write name:key, the name of up to 40 letters, digits, . _ and -"
                )
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
    return f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"


def _key(written: str, number: int) -> bytes:
    try:
        key = base64.b64decode(written.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        raise KeyringInvalid(f"line {number}: the key is not URL-safe Base64") from None
    if len(key) != KEY_BYTES:
        raise KeyringInvalid(f"line {number}: the key has {len(key)} bytes and not {KEY_BYTES}")
    return key
