"""How bKash lets a merchant in: a token for an hour, and what it says where it does not."""

import re
from typing import Final

from nagorik import (
    AgencyHttp,
    AgencyRejected,
    AgencyResponse,
    AgencyUnavailable,
    Clock,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    Layer,
    NagorikError,
    OutcomeUnknown,
    Token,
)
from nagorik_bkash import wire
from nagorik_bkash.codes import CREDENTIALS, CodeMeaning, meaning_of, word_of
from nagorik_bkash.settings import BkashSettings

_CODE: Final = re.compile(r"[0-9]{3,5}", re.ASCII)
_REFUSALS: Final = frozenset(range(400, 500)) - {401, 403, 429}
"""HTTP statuses that would say no by themselves; who is not let in, or comes too often, was not heard."""
_FOR_CERTAIN: Final = frozenset({CodeMeaning.REFUSED, CodeMeaning.DECLINED, CodeMeaning.CANCELLED})
"""What is no, whatever was asked."""


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
    if answer.failed:
        raise CredentialsRejected(CredentialProblem.WRONG)
    if answer.meaning is CodeMeaning.UNAVAILABLE:
        raise AgencyUnavailable(because="maintenance", layer=Layer.AGENCY)
    if answer.meaning is not CodeMeaning.DONE or answer.id_token is None:
        raise ContractViolation(word_of(answer.code))
    return Token(answer.id_token, expires_in=answer.expires_in, scheme="")


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """What means the same whatever was asked: bKash does not know the merchant, or says with a refusal's status why.

    Published clients know the status 200 alone, whose codes each hook reads. A status of refusal would decide by
    itself, and an execution that was done before must not pass for one that was refused.
    """
    document = answer.document
    given = [document.get(name) for name in ("errorCode", "statusCode")] if isinstance(document, dict) else []
    codes = [code for code in map(str, given) if _CODE.fullmatch(code)]
    if CREDENTIALS in codes:
        return CredentialsRejected(CredentialProblem.WRONG)
    if answer.status not in _REFUSALS or not codes:
        return None
    if meaning_of(codes[0]) in _FOR_CERTAIN:
        return AgencyRejected(word_of(codes[0]), layer=Layer.GATEWAY)
    return OutcomeUnknown(step="answer", because=word_of(codes[0]), layer=Layer.GATEWAY)
