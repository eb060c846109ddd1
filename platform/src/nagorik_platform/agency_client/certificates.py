"""The platform's own certificate at an agency that asks for one (mutual TLS), from a PEM or a PKCS#12 file.

It is shown to the agency's base address alone. Its end is read before it is used: a server says that it has expired
only after the request was on its way, and the outcome of a write would be unknown.
"""

import secrets
import ssl
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from nagorik.data_files import DataFileInvalid, read_file
from nagorik.errors import SettingsRejected
from nagorik.settings import AgencySettings

_PKCS12: Final = frozenset({".p12", ".pfx"})


def agency_tls(settings: AgencySettings, *, plugin: str) -> tuple[ssl.SSLContext | None, datetime | None]:
    """Read what an agency's settings say of TLS.

    Returns:
        The context for its base address, ``None`` where the settings leave it to the platform; and when the
        platform's certificate ends, aware, ``None`` without one.

    Raises:
        SettingsRejected: Naming the file's setting, and by a code why it cannot be used: ``file-unreadable``,
            ``not-certificates``, ``certificate-unusable`` (no certificate, no key or another's, or a wrong password),
            ``without-certificate``.
    """
    certificate, authority = settings.client_certificate, settings.certificate_authority
    if certificate is None and settings.client_key is not None:
        raise _rejected("client_key", "without-certificate", plugin)
    if authority is None and certificate is None:
        return None, None
    context = _trusting(authority, plugin)
    return context, None if certificate is None else _load(context, settings, certificate, plugin)


def _trusting(authority: Path | None, plugin: str) -> ssl.SSLContext:
    if authority is None:
        return httpx.create_ssl_context(trust_env=False)
    content = _content(authority, "certificate_authority", plugin)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with suppress(ssl.SSLError, ValueError):
        context.load_verify_locations(cadata=content.decode("ascii"))
    if not context.cert_store_stats()["x509_ca"]:
        raise _rejected("certificate_authority", "not-certificates", plugin)
    return context


def _load(context: ssl.SSLContext, settings: AgencySettings, file: Path, plugin: str) -> datetime:
    """Put the platform's certificate into a context; when it ends."""
    password = settings.client_key_password
    secret = None if password is None else password.get_secret_value().encode()
    content = _content(file, "client_certificate", plugin)
    key_file = settings.client_key
    if key_file is not None:
        _content(key_file, "client_key", plugin)
    with suppress(ssl.SSLError, ValueError, TypeError, IndexError, OSError):  # whose texts may quote the file's path
        if file.suffix.lower() in _PKCS12:
            return _load_pkcs12(context, content, secret)
        # Asked for by a prompt where the key is sealed and no password is given.
        context.load_cert_chain(file, key_file, password=secret or b"")
        return x509.load_pem_x509_certificates(content)[0].not_valid_after_utc
    raise _rejected("client_certificate", "certificate-unusable", plugin)


def _load_pkcs12(context: ssl.SSLContext, content: bytes, secret: bytes | None) -> datetime:
    """As ``_load``; raises ``ValueError`` or ``ssl.SSLError`` where it cannot be used."""
    store = pkcs12.load_pkcs12(content, secret)
    if store.cert is None or store.key is None:
        raise ValueError("no certificate with its key")
    # ssl reads files alone. The key is never on the disk as it is: it is sealed by a word that is not kept.
    word = secrets.token_bytes(32).hex().encode("ascii")
    sealed = store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(word))
    chain = [store.cert.certificate, *(one.certificate for one in store.additional_certs)]
    with tempfile.NamedTemporaryFile(suffix=".pem") as written:
        written.write(b"".join([sealed, *(one.public_bytes(Encoding.PEM) for one in chain)]))
        written.flush()
        context.load_cert_chain(written.name, password=word)
    return store.cert.certificate.not_valid_after_utc


def _content(file: Path, setting: str, plugin: str) -> bytes:
    with suppress(DataFileInvalid):
        return read_file(file)
    raise _rejected(setting, "file-unreadable", plugin)


def _rejected(setting: str, reason: str, plugin: str) -> SettingsRejected:
    return SettingsRejected((setting,), plugin=plugin, reasons={setting: reason})
