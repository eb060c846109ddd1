"""What SSLCommerz signs in what it posts, and how.

``verify_key`` names the signed fields. Their values and the digest of the store's password, under ``store_passwd``,
are sorted by name and written as ``name=value`` with ``&`` between them; the digest of that is the signature. Nothing
is escaped in it, so that a value which goes on as ``&name=`` could as well be two fields, and is not believed. MD5
makes ``verify_sign``; ``verify_sign_sha2`` is made likewise with SHA-256. MD5 is the gateway's choice: a notice is a
hint and no more, and the gateway is asked before anything is believed.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

MOST_FIELDS: Final = 200
"""Fields of one message, at most; the gateway posts some thirty."""
ALWAYS_SIGNED: Final = frozenset({"tran_id", "amount", "currency", "status"})
"""What has to be among the signed fields, whatever the message says."""
PAID: Final = frozenset({"valid", "validated"})
"""The words that claim money, in any case; such a message has to sign its ``val_id`` too."""
PASSWORD_FIELD: Final = "store_passwd"  # noqa: S105 - the name of a field
"""Under which the password's digest is signed."""
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,50}")
_TWO_FIELDS: Final = re.compile(r"&[A-Za-z0-9_]{1,50}=")
"""What in a value reads as its end and the beginning of another field."""


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


SIGNATURES: Final[Mapping[str, Callable[[bytes], str]]] = MappingProxyType(
    {"verify_sign": _md5, "verify_sign_sha2": _sha256}
)
"""Each signature's field with its digest; both have to be there and right."""
_UNSIGNED: Final = frozenset({"verify_key", PASSWORD_FIELD, *SIGNATURES})


class NotSigned(ValueError):
    """A message that the gateway did not sign as it is; the text is a code."""


def digest_of(fields: Mapping[str, str], password: str, digest: Callable[[bytes], str]) -> str:
    """The signature of ``fields``."""
    signed = {**fields, PASSWORD_FIELD: digest(password.encode())}
    return digest("&".join(f"{name}={signed[name]}" for name in sorted(signed)).encode())


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a form in UTF-8.

    Raises:
        NotSigned: ``not-a-form``, or ``repeated-field``: of a field that comes twice nobody knows which is signed.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise NotSigned("not-a-form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise NotSigned("repeated-field")
    return fields


def signed_fields(body: bytes, password: str) -> dict[str, str]:
    """What the gateway signed in a message: nothing else of it may be read.

    Raises:
        NotSigned: ``not-a-form``, ``repeated-field``, ``signed-fields`` where what has to be signed is not,
            ``two-fields-in-one``, or ``signature``.
    """
    form = read_form(body)
    names = form.get("verify_key", "").split(",")
    if len(set(names)) != len(names) or not all(_NAME.fullmatch(name) and name in form for name in names):
        raise NotSigned("signed-fields")
    claims_money = form.get("status", "").strip().casefold() in PAID
    insisted = ALWAYS_SIGNED | ({"val_id"} if claims_money else set())
    if not insisted <= set(names) or _UNSIGNED & set(names):
        raise NotSigned("signed-fields")
    if claims_money and not form["val_id"].strip():
        raise NotSigned("signed-fields")
    fields = {name: form[name] for name in names}
    if any(_TWO_FIELDS.search(value) for value in fields.values()):
        raise NotSigned("two-fields-in-one")
    right = [
        hmac.compare_digest(digest_of(fields, password, digest).encode(), form.get(name, "").encode())
        for name, digest in SIGNATURES.items()
    ]
    if not all(right):
        raise NotSigned("signature")
    return fields
