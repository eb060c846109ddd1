"""HTTP message signatures (RFC 9421) with a digest of the body (RFC 9530), by ``http-message-signatures``."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPSignatureKeyResolver,
    algorithms,
)

from nagorik.clock import Clock
from nagorik.http import SignableRequest, Signature


class MessageAlgorithm(StrEnum):
    """How a message is signed, by the names of RFC 9421's registry."""

    HMAC_SHA256 = "hmac-sha256"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    RSA_V1_5_SHA256 = "rsa-v1_5-sha256"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    ED25519 = "ed25519"


_ALGORITHMS: Final = MappingProxyType(
    {
        MessageAlgorithm.HMAC_SHA256: algorithms.HMAC_SHA256,
        MessageAlgorithm.RSA_PSS_SHA512: algorithms.RSA_PSS_SHA512,
        MessageAlgorithm.RSA_V1_5_SHA256: algorithms.RSA_V1_5_SHA256,
        MessageAlgorithm.ECDSA_P256_SHA256: algorithms.ECDSA_P256_SHA256,
        MessageAlgorithm.ED25519: algorithms.ED25519,
    }
)
COVERED: Final = ("@method", "@target-uri", "content-digest")
"""What is signed unless an agency says otherwise: what is asked, where, and all that is sent."""
_OWN: Final = frozenset({"content-digest", "signature", "signature-input"})


@dataclass(slots=True, repr=False)
class _Message:
    """A request as the library reads it, and writes the signature's headers to it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: object) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> object:  # noqa: ARG002 - the library's signature
        return self._key

    def resolve_public_key(self, key_id: str) -> object:
        raise NotImplementedError(key_id)  # nothing is verified here


async def sign_message(
    request: SignableRequest,
    clock: Clock,
    *,
    key: bytes,
    key_id: str,
    algorithm: MessageAlgorithm,
    covered: Sequence[str] = COVERED,
    lasts: timedelta | None = None,
    names_algorithm: bool = True,
    label: str = "sig1",
    tag: str | None = None,
    nonce: str | None = None,
) -> Signature:
    """The headers that sign a request: ``Content-Digest`` where it is covered, ``Signature-Input``, ``Signature``.

    Args:
        request: What is going to be sent; a body that is streamed is read once for its digest.
        clock: Gives the time that the signature says it was made at.
        key: The secret itself, or a private key in PEM that is not sealed.
        key_id: What the agency calls the key.
        algorithm: How to sign.
        covered: Header names in lower case and derived components (RFC 9421, 2.2), such as ``@path``, in order.
        lasts: For how long the signature is good, if the agency wants to know.
        names_algorithm: Whether the signature says how it was made; some agencies take it from the key alone.
        label: The signature's name in its headers.
        tag: The application's name, if the agency wants one.
        nonce: A word that is never used twice, if the agency wants one.

    Raises:
        ValueError: The key is of another algorithm.
        http_message_signatures.HTTPMessageSignaturesException: What is to be covered is not there, or cannot be.
    """
    private = _private(key, algorithm)
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
    message = _Message(request.method, request.url, headers)
    if any("content-digest" in one for one in covered):
        message.headers["Content-Digest"] = await _digest(request)
    signer = HTTPMessageSigner(signature_algorithm=_ALGORITHMS[algorithm], key_resolver=_OneKey(private))
    now = clock.now()
    signer.sign(
        message,
        key_id=key_id,
        created=now,
        expires=None if lasts is None else now + lasts,
        include_alg=names_algorithm,
        label=label,
        tag=tag,
        nonce=nonce,
        covered_component_ids=covered,
        use_existing_digest="Content-Digest" in message.headers,
    )
    return Signature({name: value for name, value in message.headers.items() if name.lower() in _OWN})


def _private(key: bytes, algorithm: MessageAlgorithm) -> object:
    if algorithm is MessageAlgorithm.HMAC_SHA256:
        return key
    try:
        private = load_pem_private_key(key, None)
        _ALGORITHMS[algorithm](private_key=private)  # type: ignore[no-untyped-call]
    except (HTTPMessageSignaturesException, TypeError, ValueError):
        raise ValueError(f"the key is not one for {algorithm}") from None  # what a library says may quote it
    return private


async def _digest(request: SignableRequest) -> str:
    """The body's digest as a structured field; an empty body has one, too."""
    seen = hashlib.sha256()
    async for piece in request.stream():
        seen.update(piece)
    return f"sha-256=:{base64.b64encode(seen.digest()).decode('ascii')}:"
