"""Telling text that may be personal from the tokens that run a service.

The rules mask too much rather than too little. What they cannot know is a single word without digits under a key of
its author's choosing: a first name there passes, so names travel as ``PersonName``.
"""

import re
from typing import Final

LONGEST_TOKEN: Final = 120

ID_KEYS: Final = frozenset({"application", "payment", "quote", "request_id", "span_id", "trace_id"})
"""Keys of the platform's own ids, in which runs of digits are nobody's number."""
DAY_KEYS: Final = frozenset({"day", "effective_from", "effective_to", "on"})
"""Keys of days on which something is asked or holds; under any other a date may be a birth date."""

_ID: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{32}|[0-9A-HJKMNP-TV-Z]{26}"  # UUID, trace, ULID
)
_EVENT: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.:/<>#@+-]+")
_DIGITS: Final = re.compile(r"\d(?:[\W_]{0,3}\d){5}")
"""Six digits of any script, with up to three separators, visible or not, between two of them."""
_TELLING: Final = re.compile(r"://|www\.|@|eyJ[A-Za-z0-9_-]+\.|bearer|basic\s", re.IGNORECASE)
"""URLs, e-mail addresses, JSON web tokens and authorisation headers."""
_OPAQUE: Final = re.compile(r"(?=[A-Za-z0-9_+/=-]*\d)(?=[A-Za-z0-9_+/=-]*[A-Za-z])[A-Za-z0-9_+/=-]{24,}")
"""A long mixture of letters and digits: a token, a key, a hash."""


def is_event(text: str) -> bool:
    """Whether ``text`` can be a fixed event name: ``plugin_quarantined``, not a sentence and nothing formatted."""
    return len(text) <= LONGEST_TOKEN and _EVENT.fullmatch(text) is not None and _DIGITS.search(text) is None


def is_key(text: str) -> bool:
    """Whether ``text`` can be the name of a field."""
    return len(text) <= LONGEST_TOKEN and _KEY.fullmatch(text) is not None and not is_telling(text)


def is_telling(text: str) -> bool:
    """Whether ``text`` holds a number of six digits or more, an address, a URL or a token."""
    return bool(_DIGITS.search(text) or _TELLING.search(text) or _OPAQUE.search(text))


def may_be_shown(key: str, text: str) -> bool:
    """Whether ``text`` under ``key`` may stand in a log line: one short ASCII token that tells nothing.

    Text of several words, or in Bangla, is somebody's words and never shown.
    """
    if not text:
        return True
    if len(text) > LONGEST_TOKEN or _TOKEN.fullmatch(text) is None:
        return False
    if key in ID_KEYS and _ID.fullmatch(text) and not text.isdigit():
        return True
    return not is_telling(text)
