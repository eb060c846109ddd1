"""A certificate authority of a test, and servers on the loopback that speak TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
BEGINNING, PAST, FUTURE, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2001, 2090, 2091))


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def built(
    name: x509.Name, key: EllipticCurvePrivateKey, issuer: x509.Name, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


class Issuer:
    """A certificate authority, which signs for servers on the loopback address and for clients."""

    def __init__(self) -> None:
        self.key = generate_private_key(SECP256R1())
        self.name = named("Issuer of a test")
        self.certificate = (
            built(self.name, self.key, self.name, BEGINNING, END)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def trusting(self) -> ssl.SSLContext:
        """What a client has that knows this authority and no other."""
        return ssl.create_default_context(cadata=self.pem().decode())

    def pem(self) -> bytes:
        """The authority's own certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def client(self, *, end: datetime = END) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
        """A certificate for a client, and its key."""
        key = generate_private_key(SECP256R1())
        unsigned = built(named("Platform of a test"), key, self.name, BEGINNING, end).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        return unsigned.sign(self.key, hashes.SHA256()), key

    def serving(
        self,
        folder: Path,
        *,
        begin: datetime = BEGINNING,
        end: datetime = END,
        host: str = HOST,
        by_itself: bool = False,
        asking: "Issuer | None" = None,
    ) -> ssl.SSLContext:
        """What a server has whose certificate is valid from ``begin`` to ``end``, for ``host``.

        It asks its clients for certificates by the authority ``asking``, if there is one.
        """
        key, name = generate_private_key(SECP256R1()), named("Server of a test")
        signer = key if by_itself else self.key
        signed = (
            built(name, key, name if by_itself else self.name, begin, end)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        chain, private = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(signed.public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        if asking is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=asking.pem().decode())
        return context


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, shown: list[bytes | None] | None = None) -> AsyncIterator[int]:
    """Answers what is sent to it, over TLS or without; gives the port, and into ``shown`` what clients show it."""
    handlers = set[asyncio.Task[None]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if shown is not None:
            shown.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        try:
            await reader.readuntil(b"\r\n\r\n" if tls else b"\x01")
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n"
                b'Connection: close\r\n\r\n{"reference": "REF-1"}'
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.get_running_loop().create_task(answer(reader, writer)))

    server = await asyncio.start_server(begin, HOST, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
