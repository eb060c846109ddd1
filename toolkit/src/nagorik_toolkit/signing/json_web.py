"""JSON Web Signatures (RFC 7515) of a body, detached from it, by ``joserfc``."""

from collections.abc import Mapping
from enum import StrEnum

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from nagorik.http import SignableRequest


class JwsAlgorithm(StrEnum):
    """How a body is signed, by the names of RFC 7518 and RFC 9864."""

    HS256 = "HS256"
    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    ED25519 = "Ed25519"


def detached_jws(
    request: SignableRequest,
    *,
    key: bytes,
    algorithm: JwsAlgorithm,
    key_id: str | None = None,
    header: Mapping[str, str | int] | None = None,
    encoded: bool = True,
) -> str:
    """The signature of a request's body without the body, as ``HEADER..SIGNATURE``; agencies take it in a header.

    Args:
        request: What is going to be sent.
        key: The secret itself, or a private key in PEM that is not sealed.
        algorithm: How to sign.
        key_id: What the agency calls the key (``kid``).
        header: Further members of the signature's header, such as ``iat``.
        encoded: Whether the body is signed in base64url, as RFC 7515 has it; else as it is (RFC 7797, ``b64`` is
            false and critical).

    Raises:
        ValueError: The body is streamed: a JWS is over all of it at once. Or the key is of another algorithm.
    """
    protected: dict[str, object] = {"alg": algorithm.value, **(header or {})}
    if key_id is not None:
        protected["kid"] = key_id
    if not encoded:
        protected |= {"b64": False, "crit": ["b64"]}
    if request.content is None and request.method not in {"GET", "DELETE"}:
        raise ValueError("a body that is streamed has no JWS: sign its digest")
    payload = request.content or b""
    # An agency may want members in the header that no standard has.
    registry = jws.JWSRegistry(algorithms=[algorithm.value], strict_check_header=False)
    signed = jws.serialize_compact(protected, payload, _key(key, algorithm), registry=registry)
    begin, *_, end = signed.split(".")
    return f"{begin}..{end}"


def _key(key: bytes, algorithm: JwsAlgorithm) -> Key:
    try:
        return _imported(key, algorithm)
    except (JoseError, TypeError, ValueError):
        raise ValueError(f"the key is not one for {algorithm}") from None  # what a library says may quote it


def _imported(key: bytes, algorithm: JwsAlgorithm) -> Key:
    match algorithm:
        case JwsAlgorithm.HS256:
            return OctKey.import_key(key)
        case JwsAlgorithm.ES256:
            return ECKey.import_key(key)
        case JwsAlgorithm.ED25519:
            return OKPKey.import_key(key)
        case _:
            return RSAKey.import_key(key)
