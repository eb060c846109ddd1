"""Why a connection never stood, over real sockets and with both transports: each cause by its own code."""

import errno
import socket
import ssl

import pytest
from authority import BEGINNING, END, FUTURE, HOST, PAST, serving

from nagorik.errors import AgencyUnavailable
from nagorik.operations import Idempotency
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.connect_failures import connect_failure
from nagorik_platform.agency_client.retry_table import NOT_SENT, Failure

NEITHER = Idempotency.NONE


@pytest.fixture(params=["default", "fast"])
def failing(request, world, issuer, tmp_path):
    """Why a write was never sent, after all its attempts."""

    async def made(base, *, host=HOST, trusts=True):
        authority = tmp_path / "authority.pem"
        authority.write_bytes(issuer.pem())
        client = world.client(
            base_url=base,
            egress=frozenset({host}),
            transport_factory=None,
            settings=AgencySettings(
                base_url=base, transport=request.param, certificate_authority=authority if trusts else None
            ),
        )
        http = world.bind(NEITHER, client=client)
        with pytest.raises(AgencyUnavailable) as caught:
            await world.ask(http, NEITHER)
        assert (http.ledger.requests, http.ledger.wrote, http.ledger.unknown) == (4, False, None)
        assert caught.value.because in NOT_SENT
        said = f"{caught.value} {caught.value!r} {caught.value.to_problem()}"
        assert [word for word in (host, base, base.rpartition(":")[2]) if word in said] == []
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        return caught.value.because

    return made


async def test_port_at_which_nobody_listens(failing):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        assert await failing(f"http://{HOST}:{taken.getsockname()[1]}") == "connection-refused"


@pytest.mark.parametrize(
    ("number", "because"),
    [(socket.EAI_NONAME, "name-not-found"), (socket.EAI_AGAIN, "name-lookup-failed")],
)
async def test_name_that_nobody_knows(failing, monkeypatch, number, because):
    """The resolver's answer is made up: a real one would ask the network that a test has none of."""

    def asked(name, *_arguments, **_options):
        assert name in {"agency.invalid", b"agency.invalid"}
        raise socket.gaierror(number, "agency.invalid is not known")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    assert await failing("https://agency.invalid", host="agency.invalid") == because


@pytest.mark.parametrize("by_itself", [False, True])
async def test_certificate_of_an_issuer_that_nobody_trusts(failing, issuer, tmp_path, by_itself):
    async with serving(issuer.serving(tmp_path, by_itself=by_itself)) as port:
        assert await failing(f"https://{HOST}:{port}", trusts=False) == "certificate-issuer-unknown"


@pytest.mark.parametrize(
    ("begin", "end", "because"),
    [(BEGINNING, PAST, "certificate-expired"), (FUTURE, END, "certificate-not-yet-valid")],
)
async def test_certificate_out_of_its_time(failing, issuer, tmp_path, begin, end, because):
    async with serving(issuer.serving(tmp_path, begin=begin, end=end)) as port:
        assert await failing(f"https://{HOST}:{port}") == because


async def test_door_that_speaks_no_tls(failing):
    async with serving() as port:
        assert await failing(f"https://{HOST}:{port}") == "tls-failed"


def beneath(*errors):
    """An error of a transport, above those of the addresses that were tried."""
    outer = ConnectionError("all failed")
    outer.__cause__ = errors[0] if len(errors) == 1 else ExceptionGroup("several", list(errors))
    return outer


@pytest.mark.parametrize(
    ("errors", "failure"),
    [
        ([OSError(errno.ENETUNREACH, "x")], Failure.UNREACHABLE),
        ([OSError(errno.EHOSTUNREACH, "x")], Failure.UNREACHABLE),
        ([OSError(errno.EMFILE, "x")], Failure.NO_SOCKET),
        ([TimeoutError(errno.ETIMEDOUT, "x")], Failure.CONNECT_TIMEOUT),
        ([ConnectionResetError(errno.ECONNRESET, "x")], Failure.CONNECT),
        (
            [OSError(errno.ENETUNREACH, "x"), ConnectionRefusedError(errno.ECONNREFUSED, "x")],
            Failure.CONNECTION_REFUSED,
        ),
        ([ssl.SSLCertVerificationError("x")], Failure.CERTIFICATE),
    ],
)
def test_what_the_system_says(errors, failure):
    assert connect_failure(beneath(*errors)) is failure
