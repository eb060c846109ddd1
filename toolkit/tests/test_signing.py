"""Signatures by a standard, verified by the other side of the libraries and by the RFCs' own examples."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature, algorithms
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from lxml import etree
from signxml import InvalidSignature as InvalidXmlSignature, SignatureConfiguration, XMLVerifier
from signxml.algorithms import SignatureMethod

from nagorik import SignableRequest
from nagorik_toolkit.signing.http_messages import MessageAlgorithm, sign_message
from nagorik_toolkit.signing.json_web import JwsAlgorithm, detached_jws
from nagorik_toolkit.signing.xml_documents import XmlAlgorithm, signed_xml

AT = datetime(2021, 4, 20, 2, 7, 53, tzinfo=UTC)
"""When the examples of RFC 9421 were made."""
BODY = '{"নাম": "value"}'.encode()
SECRET = b"a made-up secret of more than 32 bytes"


class StandingClock:
    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def request(body: bytes | None = BODY, *, streamed: bool = False, **headers: str) -> SignableRequest:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body or b""), 3):
            yield (body or b"")[start : start + 3]

    given = {"Host": "example.com", "Content-Type": "application/json", **headers}
    return SignableRequest(
        "POST", "https://example.com/foo?param=Value&Pet=dog", given, None if streamed else body, pieces
    )


def pem(key: Any) -> bytes:
    content: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return content


def public(key: Any) -> bytes:
    content: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return content


RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
KEYS: dict[MessageAlgorithm, Any] = {
    MessageAlgorithm.HMAC_SHA256: SECRET,
    MessageAlgorithm.RSA_PSS_SHA512: RSA,
    MessageAlgorithm.RSA_V1_5_SHA256: RSA,
    MessageAlgorithm.ECDSA_P256_SHA256: EC,
    MessageAlgorithm.ED25519: ED,
}


class Agency(HTTPSignatureKeyResolver):
    def __init__(self, key: Any) -> None:
        self.key = key if isinstance(key, bytes) else key.public_key()

    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == "platform-1"
        return self.key

    def resolve_private_key(self, key_id: str) -> Any:
        raise AssertionError(key_id)


class Message:
    """A request as it arrives."""

    def __init__(self, sent: SignableRequest, headers: dict[str, str], *, url: str | None = None) -> None:
        self.method, self.url = sent.method, url or sent.url
        self.headers = {**sent.headers, **headers}


async def verified(
    sent: SignableRequest, algorithm: MessageAlgorithm, headers: dict[str, str], **changed: Any
) -> Any:
    verifier = HTTPMessageVerifier(
        signature_algorithm=getattr(algorithms, algorithm.name), key_resolver=Agency(KEYS[algorithm])
    )
    return verifier.verify(Message(sent, headers, **changed), max_age=None)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("algorithm", MessageAlgorithm)
async def test_agency_verifies_a_signed_message(algorithm: MessageAlgorithm, streamed: bool) -> None:
    sent, key = request(streamed=streamed), KEYS[algorithm]
    signature = await sign_message(
        sent,
        StandingClock(),
        key=key if isinstance(key, bytes) else pem(key),
        key_id="platform-1",
        algorithm=algorithm,
        covered=("@method", "@target-uri", "content-type", "content-digest"),
        lasts=timedelta(days=36_500),
        tag="nagorik",
        nonce="n-1",
    )
    assert signature.content is None
    digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    assert signature.headers["Content-Digest"] == f"sha-256=:{digest}:"
    (result,) = await verified(sent, algorithm, dict(signature.headers))
    assert set(result.covered_components) >= {'"@method"', '"@target-uri"', '"content-type"', '"content-digest"'}
    assert result.parameters["created"] == int(AT.timestamp())
    for name, value in {"Content-Type": "text/plain", "Content-Digest": "sha-256=:AAAA:"}.items():
        with pytest.raises(InvalidSignature):
            await verified(sent, algorithm, {**signature.headers, name: value})
    with pytest.raises(InvalidSignature):
        await verified(sent, algorithm, dict(signature.headers), url="https://example.com/other")


async def test_signature_is_the_one_of_the_rfcs_example() -> None:
    """RFC 9421, B.2.5, with the shared secret of B.1.5."""
    secret = base64.b64decode(
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
    )
    sent = request(Date="Tue, 20 Apr 2021 02:07:55 GMT")
    signature = await sign_message(
        sent,
        StandingClock(),
        key=secret,
        key_id="test-shared-secret",
        algorithm=MessageAlgorithm.HMAC_SHA256,
        covered=("date", "@authority", "content-type"),
        names_algorithm=False,
        label="sig-b25",
    )
    assert signature.headers["Signature"] == "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        (MessageAlgorithm.ED25519, RSA),
        (MessageAlgorithm.RSA_PSS_SHA512, EC),
        (MessageAlgorithm.ECDSA_P256_SHA256, ED),
        (MessageAlgorithm.ED25519, b"nothing of the kind"),
    ],
)
async def test_key_of_another_kind_is_refused(algorithm: MessageAlgorithm, key: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        await sign_message(
            request(),
            StandingClock(),
            key=key if isinstance(key, bytes) else pem(key),
            key_id="platform-1",
            algorithm=algorithm,
        )


JWS_KEYS: dict[JwsAlgorithm, tuple[bytes, Any]] = {
    JwsAlgorithm.HS256: (SECRET, OctKey.import_key(SECRET)),
    JwsAlgorithm.RS256: (pem(RSA), RSAKey.import_key(public(RSA))),
    JwsAlgorithm.PS256: (pem(RSA), RSAKey.import_key(public(RSA))),
    JwsAlgorithm.ES256: (pem(EC), ECKey.import_key(public(EC))),
    JwsAlgorithm.ED25519: (pem(ED), OKPKey.import_key(public(ED))),
}


@pytest.mark.parametrize("body", [BODY, b"plain-words", b""])
@pytest.mark.parametrize("encoded", [True, False])
@pytest.mark.parametrize("algorithm", JwsAlgorithm)
def test_agency_verifies_a_detached_signature(algorithm: JwsAlgorithm, encoded: bool, body: bytes) -> None:
    private, key = JWS_KEYS[algorithm]
    word = detached_jws(
        request(body), key=private, algorithm=algorithm, key_id="platform-1", header={"iat": 7}, encoded=encoded
    )
    begin, middle, _ = word.split(".")
    header = json.loads(base64.urlsafe_b64decode(begin + "=" * (-len(begin) % 4)))
    assert (middle, header["alg"], header["kid"], header["iat"]) == ("", algorithm.value, "platform-1", 7)
    assert is_signed(word, body, key, algorithm, encoded=encoded)
    assert not is_signed(word, body + b"!", key, algorithm, encoded=encoded)


def is_signed(word: str, body: bytes, key: Any, algorithm: JwsAlgorithm, *, encoded: bool) -> bool:
    """As RFC 7515 (appendix F) and RFC 7797 have it verified: with the body put back, or beside it."""
    begin, _, end = word.split(".")
    there = f"{begin}.{base64.urlsafe_b64encode(body).rstrip(b'=').decode()}.{end}" if encoded else word
    registry = jws.JWSRegistry(algorithms=[algorithm.value], strict_check_header=False)
    beside = {} if encoded else {"payload": body}
    try:
        jws.deserialize_compact(there, key, registry=registry, **beside)
    except BadSignatureError:
        return False
    return True


def test_body_that_is_streamed_has_no_jws() -> None:
    with pytest.raises(ValueError, match="streamed"):
        detached_jws(request(streamed=True), key=SECRET, algorithm=JwsAlgorithm.HS256)


@pytest.mark.parametrize(("algorithm", "key"), [(JwsAlgorithm.ES256, RSA), (JwsAlgorithm.RS256, EC)])
def test_jws_takes_no_key_of_another_kind(algorithm: JwsAlgorithm, key: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        detached_jws(request(), key=pem(key), algorithm=algorithm)


XML = '<filing xmlns="urn:example:fire" Id="f1"><name>চকবাজার</name></filing>'.encode()
XML_KEYS: dict[XmlAlgorithm, tuple[bytes, Any]] = {
    XmlAlgorithm.RSA_SHA256: (pem(RSA), RSA),
    XmlAlgorithm.ECDSA_SHA256: (pem(EC), EC),
    XmlAlgorithm.HMAC_SHA256: (SECRET, None),
}


def xml_verified(content: bytes, algorithm: XmlAlgorithm) -> Any:
    methods = frozenset({SignatureMethod.from_fragment(algorithm.value)})
    config = SignatureConfiguration(require_x509=False, signature_methods=methods)
    key = {"hmac_key": SECRET} if algorithm is XmlAlgorithm.HMAC_SHA256 else {}
    return XMLVerifier().verify(content, expect_config=config, **key)


@pytest.mark.parametrize("reference", [None, "f1"])
@pytest.mark.parametrize("algorithm", XmlAlgorithm)
def test_agency_verifies_a_signed_document(algorithm: XmlAlgorithm, reference: str | None) -> None:
    private, _ = XML_KEYS[algorithm]
    signed = signed_xml(XML, key=private, algorithm=algorithm, key_name="platform-1", reference=reference)
    found = xml_verified(signed, algorithm)
    assert found.signed_xml.findtext("{urn:example:fire}name") == "চকবাজার"
    changed = signed.replace("চকবাজার".encode(), "লালবাগ".encode())
    assert changed != signed
    with pytest.raises(InvalidXmlSignature):
        xml_verified(changed, algorithm)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not xml", "no XML"),
        (b"", "no XML"),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "document type"),
    ],
)
def test_what_is_no_plain_document_is_not_signed(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        signed_xml(content, key=pem(RSA))


def test_document_takes_no_key_of_another_kind() -> None:
    with pytest.raises(ValueError, match=r"."):
        signed_xml(XML, key=pem(EC))
    with pytest.raises(ValueError, match=r"."):
        signed_xml(XML, key=b"nothing of the kind")


def test_signed_document_reads_as_it_did() -> None:
    root = etree.fromstring(signed_xml(XML, key=pem(RSA)))
    assert (root.tag, root[0].text) == ("{urn:example:fire}filing", "চকবাজার")
    assert b"PRIVATE" not in etree.tostring(root)
