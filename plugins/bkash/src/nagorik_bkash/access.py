"""How bKash lets a merchant in: a token for an hour, and what it says where it does not."""

from nagorik import (
    AgencyHttp,
    AgencyResponse,
    AgencyUnavailable,
    Clock,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    Layer,
    NagorikError,
    Token,
)
from nagorik_bkash import wire
from nagorik_bkash.codes import CodeMeaning, word_of
from nagorik_bkash.settings import BkashSettings


async def login(http: AgencyHttp, settings: BkashSettings, _clock: Clock) -> Token:
    """A token that travels without a scheme. It is granted anew, never refreshed: one serves all processes."""
    answer = await http.read(
        "grant",
        "POST",
        f"{wire.CHECKOUT}/token/grant",
        json={
            "app_key": settings.app_key.get_secret_value(),
            "app_secret": settings.app_secret.get_secret_value(),
        },
        headers={
            "username": settings.username.get_secret_value(),
            "password": settings.password.get_secret_value(),
        },
        expect=wire.Grant,
    )
    if answer.meaning is CodeMeaning.UNAVAILABLE:
        raise AgencyUnavailable(because="maintenance", layer=Layer.AGENCY)
    if answer.meaning is not CodeMeaning.DONE or answer.id_token is None:
        raise ContractViolation(word_of(answer.code))
    return Token(answer.id_token, expires_in=answer.expires_in, scheme="")


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """What means the same whatever was asked: bKash does not know the merchant. Every other code is its hook's."""
    match answer.document:
        case {"statusCode": "2001"} | {"errorCode": "2001"} | {"status": "fail", "msg": str()}:
            return CredentialsRejected(CredentialProblem.WRONG)
    return None
