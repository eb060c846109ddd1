"""Why a connection never stood, read off the exceptions beneath a transport's own.

An operator calls another person for an unknown name, an expired certificate and a refused connection. Nothing but
the exceptions' types and numbers is read: their texts hold hosts and addresses.
"""

import errno
import socket
import ssl
from types import MappingProxyType
from typing import Final

from nagorik_platform.agency_client.retry_table import Failure

# The numbers are OpenSSL's (X509_V_ERR_…, x509_vfy.h); ssl names none of them.
_VERIFY: Final = MappingProxyType(
    {
        2: Failure.CERTIFICATE_ISSUER,  # the issuer's certificate is missing
        9: Failure.CERTIFICATE_NOT_YET_VALID,
        10: Failure.CERTIFICATE_EXPIRED,
        18: Failure.CERTIFICATE_ISSUER,  # signed by itself
        19: Failure.CERTIFICATE_ISSUER,  # signed by an issuer that signed itself and is not trusted
        20: Failure.CERTIFICATE_ISSUER,  # the issuer is not among those that are trusted
        21: Failure.CERTIFICATE_ISSUER,  # sent without the certificates between it and its issuer
        62: Failure.CERTIFICATE_WRONG_HOST,
        64: Failure.CERTIFICATE_WRONG_HOST,  # the same for an address in numbers
    }
)
# TLS 1.3 lets a client send before the server has looked at its certificate. By OpenSSL's names of the alerts
# (RFC 8446, 6.2), such as SSLV3_ALERT_CERTIFICATE_EXPIRED and TLSV13_ALERT_CERTIFICATE_REQUIRED.
_OF_CLIENT: Final = (
    "ALERT_CERTIFICATE_",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_UNKNOWN_CA",
)
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_NO_SOCKET: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL})


def connect_failure(error: BaseException) -> Failure:
    """Find which failure to connect an exception is; of several addresses, the first in the order of ``Failure``."""
    found = [failure for link in _links(error) if (failure := _of(link)) is not None]
    return min(found, key=[*Failure].index, default=Failure.CONNECT)


def refuses_certificate(error: BaseException) -> bool:
    """Whether a connection broke since the agency does not take the platform's own certificate."""
    return any(_of(link) is Failure.CLIENT_CERTIFICATE for link in _links(error))


def _links(error: BaseException) -> list[BaseException]:
    """An exception and what is beneath it, each once, the outermost first."""
    links = [error]
    for link in links:
        parts = link.exceptions if isinstance(link, BaseExceptionGroup) else ()
        beneath = (*parts, link.__cause__, link.__context__)
        links.extend(one for one in beneath if one is not None and one not in links)
    return links


def _of(error: BaseException) -> Failure | None:
    match error:
        case ssl.SSLCertVerificationError():
            # What aiohttp puts above the refusal is of the same class, and has no number.
            return _VERIFY.get(getattr(error, "verify_code", 0), Failure.CERTIFICATE)
        case ssl.SSLError():
            reason = error.reason if isinstance(getattr(error, "reason", None), str) else ""
            of_client = "_ALERT_" in reason and any(word in reason for word in _OF_CLIENT)
            return Failure.CLIENT_CERTIFICATE if of_client else Failure.TLS
        case socket.gaierror():
            return Failure.NAME_NOT_FOUND if error.errno in _NO_SUCH_NAME else Failure.NAME_LOOKUP
        case ConnectionRefusedError():
            return Failure.CONNECTION_REFUSED
        case TimeoutError():
            return Failure.CONNECT_TIMEOUT
        case OSError() if error.errno in _NO_WAY:
            return Failure.UNREACHABLE
        case OSError() if error.errno in _NO_SOCKET:
            return Failure.NO_SOCKET
    return None
