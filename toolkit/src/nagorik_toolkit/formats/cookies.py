"""Session cookies, for an agency that knows who is logged in by them: read at the login, sent as a token is.

They go where a token goes: to the agency's base address, on every request, until they end or are refused. None is
taken from any other answer, and no cookie follows a redirect.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from nagorik.http import AgencyResponse, Token

_SET_COOKIE: Final = b"set-cookie"
_FIRST_DAY: Final = datetime(1970, 1, 2, tzinfo=UTC)
"""What is deleted is set to end in 1970, by custom and in every zone."""


class SessionCookies:
    """Reads the cookies of a session off the answer to a login, as the token that the requests after it carry.

    ::

        http.read("login", "POST", "/login", form=..., accept={200, 302}, expect=SessionCookies("JSESSIONID"))
    """

    format: Final = "cookies"
    accept: Final = "*/*"
    model: Any = Token

    def __init__(
        self, *names: str, beside: Callable[[Token, AgencyResponse], Token] = lambda token, _: token
    ) -> None:
        """Read the cookies called ``names``, which a session needs all of.

        ``beside`` adds to the token what the rest of the answer says, such as its end; it raises ``ValueError`` where
        that does not fit.

        Raises:
            ValueError: None is named.
        """
        if not names:
            raise ValueError("a session has a cookie at least")
        self._names, self._beside = names, beside

    def read(self, answer: AgencyResponse) -> Token:
        """As ``AnswerReader.read``.

        The token ends when the first of the cookies does, by ``Max-Age`` or else ``Expires`` (RFC 6265, 4.1.2); one
        without either is good until it is refused. A cookie that is deleted where another of its name is set for
        another path or domain is not the session's.

        Raises:
            ValueError: One of the cookies is not set, is set to nothing, or is deleted.
        """
        found = {cookie.name: cookie for cookie in _set_by(answer)}
        wanted = [found[name] for name in self._names if name in found]
        if len(wanted) < len(self._names) or not all(cookie.value for cookie in wanted):
            raise ValueError("the answer begins no session")
        token = Token(
            "; ".join(f"{cookie.name}={cookie.value}" for cookie in wanted),
            scheme="",
            header="Cookie",
            expires_in=min((cookie.life for cookie in wanted if cookie.life is not None), default=None),
            expires_at=min((cookie.end for cookie in wanted if cookie.life is None and cookie.end), default=None),
        )
        return self._beside(token, answer)

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``: any answer of an agency's site may be a page."""
        return any(name.lower() == _SET_COOKIE for name, _ in answer.raw_headers)


class _Cookie(NamedTuple):
    """A cookie as it is set, without its other attributes: ``Partitioned``, for one, is a browser's matter."""

    name: str
    value: str
    life: float | None
    """Seconds that it is good for, by ``Max-Age``."""
    end: datetime | None
    """When it ends, by ``Expires``."""


def _set_by(answer: AgencyResponse) -> Iterable[_Cookie]:
    """The cookies that an answer sets and does not delete, in its order; each is one by name, domain and path."""
    found: dict[tuple[str, str, str], _Cookie] = {}
    lines = [value.decode("latin-1") for name, value in answer.raw_headers if name.lower() == _SET_COOKIE]
    for line in lines:
        # As the standard (RFC 6265, 5.2) has it be read; Python's own reader drops a cookie with a word that it
        # does not know.
        (name, value), *said = (_pair(part) for part in line.split(";"))
        told = {attribute.lower(): words for attribute, words in said}
        key = (name, told.get("domain", "").lower(), told.get("path") or "/")
        found.pop(key, None)
        cookie = _Cookie(name, value, _life(told.get("max-age", "")), _end(told.get("expires", "")))
        if not _is_deleted(cookie, answer):
            found[key] = cookie
    return found.values()


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip()


def _is_deleted(cookie: _Cookie, answer: AgencyResponse) -> bool:
    """Whether it ends as it is set: by the agency's own clock, and without one not after the first of all days."""
    if cookie.life is not None:
        return cookie.life <= 0
    now = _end(answer.headers.get("date", "")) or _FIRST_DAY
    return cookie.end is not None and cookie.end <= now


def _life(seconds: str) -> float | None:
    try:
        return float(int(seconds))
    except (ValueError, OverflowError):
        return None


def _end(at: str) -> datetime | None:
    try:
        end = parsedate_to_datetime(at)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return end.replace(tzinfo=UTC) if end.tzinfo is None else end
