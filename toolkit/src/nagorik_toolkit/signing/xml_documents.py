"""XML signatures (XML-DSig, W3C Recommendation of 2013) that stand in the document that they sign, by ``signxml``."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

_PLAIN: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)


class XmlAlgorithm(StrEnum):
    """How a document is signed; each with SHA-256 and exclusive canonicalisation."""

    RSA_SHA256 = "rsa-sha256"
    ECDSA_SHA256 = "ecdsa-sha256"
    HMAC_SHA256 = "hmac-sha256"


_METHODS: Final = MappingProxyType(
    {
        XmlAlgorithm.RSA_SHA256: SignatureMethod.RSA_SHA256,
        XmlAlgorithm.ECDSA_SHA256: SignatureMethod.ECDSA_SHA256,
        XmlAlgorithm.HMAC_SHA256: SignatureMethod.HMAC_SHA256,
    }
)


def signed_xml(
    content: bytes,
    *,
    key: bytes,
    algorithm: XmlAlgorithm = XmlAlgorithm.RSA_SHA256,
    certificate: bytes | None = None,
    key_name: str | None = None,
    reference: str | None = None,
) -> bytes:
    """A document with its signature in it, for a ``Signature(content=…)``.

    Args:
        content: The document, as ``SignableRequest.content`` has it.
        key: The secret itself, or a private key in PEM that is not sealed.
        algorithm: How to sign.
        certificate: In PEM with its chain, to be put into the signature; without one the key itself is, but for a
            secret.
        key_name: What the agency calls the key, if it wants to know.
        reference: The ``Id`` of the one element that is signed; the whole document without. The signature stands
            at the end of the document, or where an empty ``ds:Signature`` with the ``Id`` ``placeholder`` holds its
            place.

    Raises:
        ValueError: The document is no XML, has a document type, or the key is of another algorithm.
    """
    try:
        root = etree.fromstring(content, _PLAIN)
    except etree.XMLSyntaxError:
        raise ValueError("what is to be signed is no XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type is not signed")
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=_METHODS[algorithm],
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    secret = key.decode("ascii") if algorithm is XmlAlgorithm.HMAC_SHA256 else key
    try:
        signed = signer.sign(
            root,
            key=secret,
            cert=None if certificate is None else certificate.decode("ascii"),
            key_name=key_name,
            reference_uri=reference,
        )
    except (TypeError, AttributeError):
        raise ValueError(f"the key is not one for {algorithm}") from None
    return etree.tostring(signed, xml_declaration=True, encoding="utf-8")
