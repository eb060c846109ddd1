"""How the invented office lets a caller in: a login with a form, a token that ends, a signature on every request."""

import hashlib
import hmac
from urllib.parse import urlsplit

from pydantic import SecretStr

from nagorik import AgencyHttp, AgencySettings, Clock, SignableRequest, Signature, Token
from nagorik_licensing import wire


class LicensingSettings(AgencySettings):
    """What a host sets for this plugin (``NAGORIK_LICENSING_…``)."""

    user: str
    """The platform's user name at the office."""
    password: SecretStr
    """Its password."""
    signing_key: SecretStr
    """What the office and the platform sign by."""


async def login(http: AgencyHttp, settings: LicensingSettings, _clock: Clock) -> Token:
    """A token for all calls until its end; the office allows few logins in an hour."""
    form = {"user": settings.user, "password": settings.password.get_secret_value()}
    session = await http.read("login", "POST", "/login", form=form, expect=wire.Session)
    return Token(session.token, expires_at=session.valid_until)


async def sign(request: SignableRequest, settings: LicensingSettings, clock: Clock) -> Signature:
    """HMAC over time, method, path and the very bytes that are sent, papers among them."""
    seconds, address = str(int(clock.now().timestamp())), urlsplit(request.url)
    key = settings.signing_key.get_secret_value().encode()
    mac = hmac.new(
        key, "\n".join((seconds, request.method, address.path, address.query, "")).encode(), hashlib.sha256
    )
    async for piece in request.stream():
        mac.update(piece)
    return Signature({"X-Time": seconds, "X-Signature": mac.hexdigest()})
