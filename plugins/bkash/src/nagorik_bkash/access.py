"""How bKash lets a merchant in: a token for an hour, and what it says where it does not."""

import re
from collections.abc import Mapping
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
    InputRejected,
    Layer,
    NagorikError,
    OutcomeUnknown,
    Token,
)
from nagorik_bkash import wire
from nagorik_bkash.codes import CODES, CREDENTIALS, CodeMeaning, meaning_of, word_of
from nagorik_bkash.settings import BkashSettings

_CODE: Final = re.compile(r"[0-9]{4,5}", re.ASCII)
_READ_BY_HOOKS: Final = range(200, 300)
_UNAUTHENTICATED: Final = 401
_OF_SERVERS: Final = 500
"""From this HTTP status on a write's outcome is unknown already."""
_CLAIMS: Final = ("trxID", "refundTrxID", "paymentExecuteTime", "bkashURL", "transactionStatus")
"""Members of a success: beside a refusal they contradict it."""
_NUMBERS: Final = ("paymentID", "merchantInvoice", "merchantInvoiceNumber", "originalTrxID")
"""Members that bKash alone writes."""
_FOR_CERTAIN: Final = frozenset({CodeMeaning.REFUSED, CodeMeaning.DECLINED, CodeMeaning.CANCELLED})
"""What is no, whatever was asked."""


async def login(http: AgencyHttp, settings: BkashSettings, _clock: Clock) -> Token:
    """A token that travels without a scheme. It is granted anew, never refreshed: one serves all processes."""
    try:
        answer = await _granted(http, settings)
    except (AgencyRejected, InputRejected):
        # It is the platform that is refused here, and no payment.
        raise CredentialsRejected from None
    except OutcomeUnknown as unknown:
        raise AgencyUnavailable(because=unknown.because, layer=Layer.AGENCY) from None
    if answer.failed:
        raise CredentialsRejected(CredentialProblem.WRONG)
    if answer.meaning is CodeMeaning.UNAVAILABLE:
        raise AgencyUnavailable(because="maintenance", layer=Layer.AGENCY)
    if answer.meaning is not CodeMeaning.DONE or answer.id_token is None:
        raise ContractViolation(word_of(answer.code))
    try:
        return Token(answer.id_token, expires_in=answer.expires_in, scheme="")
    except ValueError:  # empty, or nothing that a header can carry
        raise ContractViolation("token") from None


async def _granted(http: AgencyHttp, settings: BkashSettings) -> wire.Grant:
    return await http.read(
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


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """What means the same whatever was asked: bKash does not know the merchant, or says why with another status.

    Published clients know the status 200 alone, whose codes each hook reads. With any other, a body that is bKash's
    own decides and not the status, which would have an execution that was done pass for one that was refused, or have
    it told again as one that came too often. What it says is a refusal only where nothing in it speaks against that.
    """
    document = answer.document
    if not isinstance(document, dict):
        return None
    codes = _codes_in(document)
    claims = any(document.get(name) for name in _CLAIMS)
    if set(codes) == {CREDENTIALS} and not claims:
        return CredentialsRejected(CredentialProblem.WRONG)
    if answer.status in _READ_BY_HOOKS or answer.status >= _OF_SERVERS or not (codes or _names_a_payment(document)):
        return None
    meanings = {meaning_of(code) for code in codes}
    if answer.status == _UNAUTHENTICATED and not claims and not CODES.keys() & set(codes):
        # Whatever the code is called, it may be of a token that has ended.
        return None
    meaning = meanings.pop() if len(meanings) == 1 else None
    if meaning in _FOR_CERTAIN and not claims:
        return AgencyRejected(word_of(codes[0]), layer=Layer.GATEWAY)
    return OutcomeUnknown(step="answer", because=word_of(codes[0] if codes else None), layer=Layer.GATEWAY)


def _codes_in(document: Mapping[str, object]) -> list[str]:
    """BKash's codes in an answer; that of a framework, which repeats the HTTP status, is none."""
    given = (str(document.get(name)) for name in ("errorCode", "statusCode"))
    return [code for code in given if code in CODES or _CODE.fullmatch(code)]


def _names_a_payment(document: Mapping[str, object]) -> bool:
    return any(document.get(name) for name in (*_CLAIMS, *_NUMBERS))
