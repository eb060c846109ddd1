"""Logging in: once for all that need it, renewed when refused, and never another call's business."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass

import httpx
import pytest
from pydantic import Field, Secret, SecretBytes, SecretStr

from nagorik.errors import (
    AgencyUnavailable,
    CredentialProblem,
    CredentialsRejected,
    Layer,
    Outcome,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.http import Token, WireModel
from nagorik.operations import Idempotency
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client import IssuedToken
from nagorik_platform.agency_client.exchange import MOST_TOKENS
from nagorik_platform.agency_client.tokens import settings_as_text
from nagorik_toolkit.formats.cookies import SessionCookies

NATIVE, REFERENCE, NEITHER = Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE, Idempotency.NONE
CLASSES = [None, Idempotency.SAFE, NATIVE, REFERENCE, NEITHER]


class Granted(WireModel):
    access_token: SecretStr
    expires_in: float | None = None


async def login(http, settings, _clock):
    assert settings.base_url
    granted = await http.read("login", "POST", "/token", form={"grant_type": "x"}, expect=Granted)
    return Token(granted.access_token, expires_in=granted.expires_in)


def grant(token, expires_in=None):
    return httpx.Response(200, json={"access_token": token, "expires_in": expires_in})


class Shifting(Token):
    def as_header(self):
        raise RuntimeError("a secret")


@pytest.mark.parametrize(
    "token",
    [
        Token("elsewhere", scheme="", header="Host"),
        Token("0", scheme="", header="Content-Length"),
        Token("mine", scheme="", header="idempotency-key"),
        Shifting("t"),
    ],
    ids=["host", "content-length", "idempotency-key", "subclass"],
)
async def test_a_token_takes_no_header_of_the_clients_own(world, token):
    async def log_in(_http, _settings, _clock):
        return token

    with pytest.raises(PluginFault) as raised:
        await world.ask(world.bind(NATIVE, login=log_in), NATIVE)
    assert raised.value.fault == "login-wrong-result"
    assert world.agency.requests == []


def sent_tokens(world):
    return [r.headers.get("Authorization") for r in world.agency.requests]


@pytest.mark.parametrize("kind", CLASSES)
async def test_a_refused_token_is_renewed_once_and_the_request_sent_again(world, kind):
    http = world.bind(kind, login=login)
    world.agency.will(grant("t1"), httpx.Response(401), grant("t2"), world.filed())
    assert (await world.ask(http, kind)).reference == "REF-1"
    assert sent_tokens(world) == [None, "Bearer t1", None, "Bearer t2"]
    assert world.clock.elapsed == 0
    assert http.ledger.unknown is None


async def test_many_refusals_share_one_renewal(world):
    client = world.client(login=login)
    tokens = iter(["t1", "t2", "t3"])

    def answer(request):
        if request.url.path == "/v1/token":
            return grant(next(tokens))
        return world.filed() if request.headers["Authorization"] == "Bearer t2" else httpx.Response(401)

    world.agency.for_ever(lambda: answer)
    await asyncio.gather(*(world.ask(world.bind(client=client)) for _ in range(4)))
    assert world.agency.paths().count("/v1/token") == 2


async def test_a_token_is_renewed_before_it_expires(world):
    client = world.client(login=login)
    world.agency.will(grant("t1", 100), world.filed(), world.filed(), grant("t2", 100), world.filed())
    for elapsed in (0, 89, 90):
        world.clock.elapsed = elapsed
        await world.ask(world.bind(client=client))
    assert [t for t in sent_tokens(world) if t] == ["Bearer t1", "Bearer t1", "Bearer t2"]


@pytest.mark.parametrize(
    ("broken", "fault", "exception"),
    [
        (lambda: 1 / 0, "login-raised", "ZeroDivisionError"),
        (lambda: None, "login-wrong-result", None),
        (lambda: Token("bad\r\ntoken"), "login-raised", "ValueError"),
    ],
)
async def test_a_login_that_misbehaves_is_the_plugins_fault(world, broken, fault, exception):
    async def bad(_http, _settings, _clock):
        return broken()

    with pytest.raises(PluginFault) as caught:
        await world.ask(world.bind(login=bad))
    assert (caught.value.fault, caught.value.exception) == (fault, exception)
    assert world.agency.requests == []


async def test_a_login_that_fails_during_a_native_write_in_doubt_leaves_it_unknown(world):
    http = world.bind(NATIVE, login=login)
    world.agency.will(grant("t1"), httpx.ReadTimeout("x"), httpx.Response(401), httpx.Response(403))
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(http, NATIVE)
    assert caught.value.because == "read-timeout"


async def test_an_expired_token_that_only_the_plugin_recognises_is_renewed(world):
    def error_reader(answer):
        if isinstance(answer.document, dict) and answer.document.get("error") == "token-expired":
            return CredentialsRejected(CredentialProblem.EXPIRED)
        return None

    http = world.bind(NEITHER, login=login, error_reader=error_reader)
    world.agency.will(grant("t1"), httpx.Response(200, json={"error": "token-expired"}), grant("t2"), world.filed())
    assert (await world.ask(http, NEITHER)).reference == "REF-1"


def cookie(value):
    return httpx.Response(302, headers={"Set-Cookie": f"SID={value}; HttpOnly", "Location": "/home"})


async def log_in_at_a_site(http, _settings, _clock):
    return await http.read("login", "POST", "/login", form={"user": "u"}, accept={302}, expect=SessionCookies("SID"))


@pytest.mark.parametrize("kind", CLASSES)
async def test_a_session_that_has_ended_is_begun_anew_where_the_site_leads_to_its_login(world, kind):
    http = world.bind(kind, login=log_in_at_a_site)
    ended = httpx.Response(302, headers={"Location": "/login?next=/applications", "Set-Cookie": "SID=nobody"})
    world.agency.will(cookie("s1"), ended, cookie("s2"), world.filed())
    assert (await world.ask(http, kind)).reference == "REF-1"
    assert [r.headers.get("Cookie") for r in world.agency.requests] == [None, "SID=s1", None, "SID=s2"]
    assert http.ledger.unknown is None


async def test_session_is_not_shown_to_another_host(world):
    http = world.bind(login=log_in_at_a_site)
    world.agency.will(cookie("s1"), world.filed(), world.filed())
    await world.ask(http)
    await http.read("file", "GET", "https://files.example.gov.bd/x", expect=type(None), accept={200, 201})
    assert [r.headers.get("Cookie") for r in world.agency.requests] == [None, "SID=s1", None]


LIMITED = {"limits": {"per_second": 1000, "logins": 2, "login_period": "PT1H"}}


async def test_no_login_is_sent_beyond_the_agencys_limit(world):
    client = world.client(login=login, manifest=LIMITED)
    tokens = (f"t{number}" for number in range(9))
    used = set()

    def answer(request):
        """Each token is good for one call."""
        if request.url.path == "/v1/token":
            return grant(next(tokens))
        token = request.headers["Authorization"]
        is_used = token in used
        used.add(token)
        return httpx.Response(401) if is_used else world.filed()

    world.agency.for_ever(lambda: answer)
    for _ in range(2):
        await world.ask(world.bind(client=client))
    world.clock.elapsed += 600
    with pytest.raises(RateLimited) as refused:
        await world.ask(world.bind(NEITHER, client=client), NEITHER)
    assert (refused.value.retry_after, refused.value.layer, refused.value.outcome) == (
        3000.0,
        Layer.CORE,
        Outcome.NOT_SENT,
    )
    assert world.agency.paths().count("/v1/token") == 2
    world.clock.elapsed += 3000
    await world.ask(world.bind(client=client))
    assert world.agency.paths().count("/v1/token") == 3


async def test_a_login_that_is_sent_again_is_one_more(world):
    client = world.client(login=login, manifest=LIMITED)
    world.agency.for_ever(lambda: httpx.ReadTimeout("x"))
    with pytest.raises(RateLimited):
        await world.ask(world.bind(client=client))
    assert world.agency.paths() == ["/v1/token"] * 2


async def test_a_login_that_never_reached_the_agency_does_not_count(world):
    client = world.client(login=login, manifest=LIMITED, attempts=3)
    world.agency.will(*[httpx.ConnectError("x")] * 3, grant("t1"), world.filed())
    with pytest.raises(AgencyUnavailable):
        await world.ask(world.bind(client=client))
    assert (await world.ask(world.bind(client=client))).reference == "REF-1"


async def test_a_login_that_is_broken_off_on_its_way_counts(world):
    client = world.client(login=login, manifest={"limits": {**LIMITED["limits"], "logins": 1}})
    arrived = asyncio.Event()

    async def never(_request):
        arrived.set()
        await asyncio.Event().wait()

    world.agency.will(never)
    asking = asyncio.create_task(world.ask(world.bind(client=client)))
    await arrived.wait()
    await client.aclose()
    with pytest.raises(AgencyUnavailable):
        await asking
    with pytest.raises(RateLimited):
        await world.ask(world.bind(client=client))
    assert len(world.agency.requests) == 1


class Older:
    """Other processes' tokens, each of a login that began before the first was refused, and then one of its own."""

    def __init__(self, clock, number) -> None:
        self._clock = clock
        self._left = number
        self.stale = []

    async def obtain(self, _terms, stale):
        self.stale.append(stale)
        self._left -= 1
        began = self._clock.monotonic() - (1 if self._left >= 0 else 0)
        return IssuedToken(Token(f"t{len(self.stale)}"), 60.0, f"login-{len(self.stale)}", began)

    async def refused(self, _terms, login, kind):
        assert login == f"login-{len(self.stale)}"


@pytest.mark.parametrize("kind", CLASSES)
async def test_only_a_token_of_a_later_login_says_that_the_credentials_are_refused(world, kind):
    client = world.client(login=login, token_store=Older(world.clock, 2))
    world.agency.will(httpx.Response(401), httpx.Response(401), world.filed())
    assert (await world.ask(world.bind(kind, client=client), kind)).reference == "REF-1"
    assert sent_tokens(world) == ["Bearer t1", "Bearer t2", "Bearer t3"]
    again = world.client(login=login, token_store=Older(world.clock, 2))
    world.agency.will(*[httpx.Response(401)] * 3)
    with pytest.raises(CredentialsRejected):
        await world.ask(world.bind(kind, client=again), kind)


async def test_tokens_of_earlier_logins_are_not_tried_for_ever(world):
    client = world.client(login=login, token_store=Older(world.clock, 100))
    world.agency.for_ever(lambda: httpx.Response(401))
    with pytest.raises(CredentialsRejected):
        await world.ask(world.bind(client=client))
    assert len(world.agency.requests) == MOST_TOKENS


class Secretive(AgencySettings):
    user: str
    password: SecretStr


def test_a_token_belongs_to_what_says_who_logs_in_where():
    first = Secretive(base_url="https://a.example", user="u", password=SecretStr("p"))
    same = first.model_copy(update={"read_timeout": 3.0, "connect_timeout": 1.0, "transport": "fast"})
    others = [
        first.model_copy(update={"password": SecretStr("q")}),
        first.model_copy(update={"base_url": "https://b.example"}),
        first.model_copy(update={"user": "v"}),
    ]
    assert settings_as_text(first) == settings_as_text(same)
    assert len({settings_as_text(one) for one in (first, *others)}) == 4


async def test_whoever_may_not_log_in_has_lost_all_access(world):
    def error_reader(answer):
        return CredentialsRejected(CredentialProblem.NOT_PERMITTED) if answer.status == 403 else None

    client = world.client(login=login, error_reader=error_reader)
    world.agency.will(httpx.Response(403))
    with pytest.raises(CredentialsRejected) as refused:
        await world.ask(world.bind(client=client))
    assert refused.value.kind is CredentialProblem.REVOKED


async def test_refused_credentials_are_not_tried_by_each_call(world):
    """An agency locks an account at which somebody knocks fifty times with a wrong password."""
    client = world.client(login=login)
    world.agency.for_ever(lambda: httpx.Response(401))
    ends = []
    for _ in range(50):
        try:
            await world.ask(world.bind(NEITHER, client=client), NEITHER)
        except CredentialsRejected as error:
            ends.append((error.kind, error.layer, error.outcome))
    assert world.agency.paths() == ["/v1/token"]
    wrong = CredentialProblem.WRONG
    assert ends == [(wrong, ends[0][1], Outcome.NOT_SENT), *[(wrong, Layer.CORE, Outcome.NOT_SENT)] * 49]


FIRST_DAYS = [0, 0.25, 1.25, 5.25, 29.25, 53.25]
"""At which hours refused credentials are tried, by whoever asks every quarter of an hour."""


def own_word(kind):
    """What reads each answer of the status 299 as the agency's word for refused credentials."""
    return lambda answer: CredentialsRejected(kind) if answer.status in {299, 401} else None


def lets_in_and_refuses(world, status):
    """An agency that takes the password, and then refuses whoever calls with the token that it gave out."""
    world.agency.for_ever(
        lambda: lambda request: grant("t") if request.url.path == "/v1/token" else httpx.Response(status)
    )


async def hours_of(world, client, path, *, hours):
    """At which hours something arrives at a path of the agency, when a call is made every quarter of an hour."""
    arrived = []
    for quarter in range(hours * 4):
        world.clock.elapsed, before = quarter * 900.0, world.agency.paths().count(path)
        with pytest.raises(CredentialsRejected):
            await world.ask(world.bind(NEITHER, client=client), NEITHER)
        arrived += [quarter / 4] * (world.agency.paths().count(path) - before)
    return arrived


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, None),
        (401, CredentialProblem.EXPIRED),  # as the NID server says that a password has run out
        (401, CredentialProblem.WRONG),
        (299, CredentialProblem.EXPIRED),
    ],
)
async def test_fresh_token_that_is_refused_is_a_refusal_of_the_credentials(world, status, kind):
    reader = None if kind is None else own_word(kind)
    client = world.client(login=login, error_reader=reader)
    lets_in_and_refuses(world, status)
    # The first token may have ended by itself: one more login tells.
    assert await hours_of(world, client, "/v1/token", hours=60) == [0, *FIRST_DAYS]
    assert world.agency.paths().count("/v1/applications") == len(FIRST_DAYS) + 1


@pytest.mark.parametrize("kind", [CredentialProblem.REVOKED, CredentialProblem.ADDRESS_NOT_ALLOWED])
async def test_own_word_that_is_sure_to_be_of_the_credentials_is_a_refusal_at_once(world, kind):
    client = world.client(login=login, error_reader=own_word(kind))
    lets_in_and_refuses(world, 299)
    assert await hours_of(world, client, "/v1/token", hours=60) == FIRST_DAYS
    assert world.agency.paths().count("/v1/applications") == len(FIRST_DAYS)


async def test_calls_that_are_refused_at_once_are_one_refusal(world):
    client = world.client(login=login)
    lets_in_and_refuses(world, 401)
    await asyncio.gather(*(world.ask(world.bind(client=client)) for _ in range(5)), return_exceptions=True)
    assert world.agency.paths().count("/v1/token") == 2
    world.clock.elapsed = 900.0
    with pytest.raises(CredentialsRejected):
        await world.ask(world.bind(client=client))
    assert world.agency.paths().count("/v1/token") == 3


@dataclass(frozen=True)
class Branch:
    code: str
    key: SecretStr


class Elaborate(AgencySettings):
    scopes: frozenset[str] = frozenset()
    by_district: dict[str, Secret[str]] = Field(default={}, exclude=True)
    hidden: Secret[str] = Field(default=Secret("p"), exclude=True, repr=False)
    raw: SecretBytes = SecretBytes(b"p")
    branches: tuple[Branch, ...] = ()


def test_each_value_that_says_who_logs_in_is_seen(tmp_path):
    first = Elaborate(base_url="https://a.example")
    files = {name: tmp_path / name for name in ("client_certificate", "client_key", "certificate_authority")}
    for file in files.values():
        file.write_text("one")
    given = first.model_copy(update=files)
    texts = {settings_as_text(given)}
    for file in files.values():
        file.write_text("another")
        texts.add(settings_as_text(given))
    others = [
        {"scopes": frozenset({"a"})},
        {"by_district": {"dhaka": Secret("q")}},
        {"by_district": {"dhaka": Secret("r")}},
        {"hidden": Secret("q")},
        {"raw": SecretBytes(b"q")},
        {"branches": (Branch("a", SecretStr("q")),)},
        {"branches": (Branch("a", SecretStr("r")),)},
    ]
    texts |= {settings_as_text(first.model_copy(update=other)) for other in others}
    assert len(texts | {settings_as_text(first)}) == 1 + 1 + len(files) + len(others)


IN_A_PROCESS = """
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.tokens import settings_as_text

class Scoped(AgencySettings):
    scopes: frozenset[str]
    pages: dict[str, frozenset[str]]

scopes = frozenset(map(str, range(20)))
print(settings_as_text(Scoped(base_url="https://a.example", scopes=scopes, pages={"one": scopes})))
"""


def test_settings_are_the_same_text_in_each_process():
    texts = {
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
