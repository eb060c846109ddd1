"""Session cookies, for an agency that knows who is logged in by them: read at the login, sent as a token is.

They go where a token goes: to the agency's base address, on every request, until they end or are refused. None is
taken from any other answer, and none follows a redirect.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any, Final

from nagorik.http import AgencyResponse, Token


class SessionCookies:
    """Reads the cookies of a session off the answer to a login, as the token that the requests after it carry.

    ::

        http.read("login", "POST", "/login", form=..., accept={200, 302}, expect=SessionCookies("JSESSIONID"))
    """

    format: Final = "cookies"
    accept: Final = "*/*"
    model: Any = Token

    def __init__(self, *names: str) -> None:
        """Read the cookies called ``names``, which a session needs all of.

        Raises:
            ValueError: None is named.
        """
        if not names:
            raise ValueError("a session has a cookie at least")
        self._names = names

    def read(self, answer: AgencyResponse) -> Token:
        """As ``AnswerReader.read``.

        The token ends when the first of the cookies does, by ``Max-Age`` or else ``Expires`` (RFC 6265, 4.1.2); one
        without either is good until it is refused.

        Raises:
            ValueError: One of the cookies is not set, is set to nothing, or is deleted.
        """
        found = _set_by(answer)
        wanted = [found[name] for name in self._names if name in found]
        lives = [life for cookie in wanted if (life := _life(cookie)) is not None]
        ends = [end for cookie in wanted if _life(cookie) is None and (end := _end(cookie)) is not None]
        past = any(life <= 0 for life in lives)
        if len(wanted) < len(self._names) or past or not all(cookie.coded_value for cookie in wanted):
            raise ValueError("the answer begins no session")
        return Token(
            "; ".join(f"{cookie.key}={cookie.coded_value}" for cookie in wanted),
            scheme="",
            header="Cookie",
            expires_in=min(lives, default=None),
            expires_at=min(ends, default=None),
        )

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``: any answer of an agency's site may be a page."""
        return bool(_set_by(answer))


def _set_by(answer: AgencyResponse) -> dict[str, Morsel[str]]:
    """The cookies that an answer sets, by name; of one that is set twice, the last."""
    found: dict[str, Morsel[str]] = {}
    for name, value in answer.raw_headers:
        if name.lower() == b"set-cookie":
            cookie = SimpleCookie()
            try:
                cookie.load(value.decode("latin-1"))
            except CookieError:
                continue  # one that the agency misspells is none
            found.update(cookie)
    return found


def _life(cookie: Morsel[str]) -> float | None:
    """Seconds that a cookie is good for, where it says so by ``Max-Age``."""
    try:
        return float(int(cookie["max-age"]))
    except ValueError:
        return None


def _end(cookie: Morsel[str]) -> datetime | None:
    """When a cookie ends, where it says so by ``Expires``."""
    try:
        end = parsedate_to_datetime(cookie["expires"])
    except (TypeError, ValueError):
        return None
    return end.replace(tzinfo=UTC) if end.tzinfo is None else end
