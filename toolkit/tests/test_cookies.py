"""Session cookies: read off the answer to a login, and nothing taken for a session that is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from nagorik import AgencyResponse, Token
from nagorik_toolkit.formats.cookies import SessionCookies

DELETED = "Expires=Thu, 01-Jan-1970 00:00:01 GMT"


def answered(*cookies: str, status: int = 200) -> AgencyResponse:
    headers = [(b"Set-Cookie", cookie.encode("latin-1")) for cookie in cookies]
    return AgencyResponse(status, [(b"Content-Type", b"text/html"), *headers], b"<html>")


@pytest.mark.parametrize(
    ("cookies", "sent", "seconds", "ends"),
    [
        (["SID=abc"], b"SID=abc", None, None),
        (["SID=abc; Path=/; HttpOnly; Secure; SameSite=Lax"], b"SID=abc", None, None),
        (['SID="a b"; Path=/'], b'SID="a b"', None, None),
        (["SID=first", "SID=last"], b"SID=last", None, None),
        (["other=1", "SID=abc; Max-Age=60", "more=2"], b"SID=abc", 60.0, None),
        (
            ["SID=abc; Expires=Tue, 24 Nov 2026 06:00:00 GMT"],
            b"SID=abc",
            None,
            datetime(2026, 11, 24, 6, tzinfo=UTC),
        ),
        (["SID=abc; Max-Age=60; Expires=Tue, 24 Nov 2026 06:00:00 GMT"], b"SID=abc", 60.0, None),
        (["SID=abc; Max-Age=soon; Expires=never"], b"SID=abc", None, None),
        ([f"SID=abc; Max-Age={'9' * 400}"], b"SID=abc", None, None),
        ([f"SID=abc; Expires=Thu, 01 Jan {'9' * 40} 00:00:01 GMT"], b"SID=abc", None, None),
        (["SID=abc; Secure; SameSite=None; Partitioned; Priority=High"], b"SID=abc", None, None),
        (["SID=abc; Path=/", "SID=old; Max-Age=0; Path=/old"], b"SID=abc", None, None),
        (["SID=abc; Path=/", f"SID=; {DELETED}; Domain=old.example"], b"SID=abc", None, None),
        (["SID=old; Max-Age=0", "SID=abc"], b"SID=abc", None, None),
    ],
)
def test_cookie_of_a_session_is_its_token(
    cookies: list[str], sent: bytes, seconds: float | None, ends: datetime | None
) -> None:
    token = SessionCookies("SID").read(answered(*cookies))
    assert token.as_header() == (b"Cookie", sent)
    assert (token.expires_in, token.expires_at) == (seconds, ends)
    assert "abc" not in repr(token)


def test_session_of_several_cookies_ends_with_the_first_of_them() -> None:
    token = SessionCookies("SID", "route").read(answered("route=7; Max-Age=60", "SID=abc; Max-Age=600"))
    assert (token.as_header(), token.expires_in) == ((b"Cookie", b"SID=abc; route=7"), 60.0)


@pytest.mark.parametrize(
    "cookies",
    [
        [],
        ["other=1"],
        ["sid=abc"],  # names are told apart by their case
        ["SID="],
        ["SID=abc; Max-Age=0"],
        ["SID=abc; Max-Age=-1"],
        [f"SID=deleted; {DELETED}"],
        ["SID=abc; Path=/; Partitioned", f"SID=deleted; {DELETED}; Path=/"],
        ["SID=abc", "SID=deleted; Max-Age=0; Path=/"],
        ["SID=abc", "SID=; Max-Age=0"],
        ["SID"],
        ["SID=\u00e4"],
    ],
)
def test_answer_that_begins_no_session_is_none(cookies: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        SessionCookies("SID").read(answered(*cookies))


def test_cookie_that_has_ended_by_the_agencys_own_clock_is_deleted() -> None:
    ends = b"SID=abc; Expires=Tue, 24 Nov 2026 06:00:00 GMT"
    clock = {"before": b"Tue, 24 Nov 2026 05:59:59 GMT", "at": b"Tue, 24 Nov 2026 06:00:00 GMT"}
    dated = {when: AgencyResponse(200, [(b"Date", at), (b"Set-Cookie", ends)], b"") for when, at in clock.items()}
    assert SessionCookies("SID").read(dated["before"]).expires_at == datetime(2026, 11, 24, 6, tzinfo=UTC)
    with pytest.raises(ValueError, match="begins no session"):
        SessionCookies("SID").read(dated["at"])


def test_session_needs_every_cookie_that_is_named() -> None:
    with pytest.raises(ValueError, match="begins no session"):
        SessionCookies("SID", "route").read(answered("SID=abc"))
    with pytest.raises(ValueError, match="a cookie at least"):
        SessionCookies()


def test_body_beside_the_cookies_adds_to_the_token() -> None:
    def ends(token: Token, answer: AgencyResponse) -> Token:
        return Token(token.as_header()[1].decode(), scheme="", header="Cookie", expires_in=answer.document["ttl"])  # type: ignore[index, call-overload]

    answer = AgencyResponse(
        200, [(b"Set-Cookie", b"SID=abc"), (b"Content-Type", b"application/json")], b'{"ttl": 60}'
    )
    token = SessionCookies("SID", beside=ends).read(answer)
    assert (token.as_header(), token.expires_in) == ((b"Cookie", b"SID=abc"), 60)


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_whatever_an_agency_sets_is_a_token_or_no_session(cookie: str) -> None:
    try:
        name, value = SessionCookies("SID").read(answered(cookie)).as_header()
    except ValueError:
        return
    assert (name, value[:4]) == (b"Cookie", b"SID=")
    assert value.decode("ascii").isprintable()
