"""The platform's own certificate, over real sockets and with both transports: shown to the agency, to it alone."""

from datetime import timedelta

import pytest
from authority import END, HOST, serving
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from pydantic import SecretStr

from nagorik.errors import CredentialProblem, CredentialsRejected, Layer, SettingsRejected
from nagorik.operations import Idempotency
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.certificates import agency_tls
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.agency_client.transport import OutgoingRequest, Timeouts

WRITE = Idempotency.NONE
WORD = "made-up-word"


@pytest.fixture
def files(issuer, tmp_path):
    """The settings of an agency's TLS, by how the certificate is kept."""

    def made(kind="apart", *, end=END, signer=issuer):
        certificate, key = signer.client(end=end)
        pem = certificate.public_bytes(Encoding.PEM)
        word = WORD.encode()
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(word))
        authority = tmp_path / "authority.pem"
        authority.write_bytes(issuer.pem())
        own = tmp_path / ("platform.p12" if kind.startswith("pkcs12") else "platform.pem")
        settings = {"certificate_authority": authority, "client_certificate": own}
        match kind:
            case "apart":
                own.write_bytes(pem)
                settings["client_key"] = tmp_path / "own-key.pem"
                settings["client_key"].write_bytes(plain)
            case "together":
                own.write_bytes(pem + plain)
            case "sealed":
                own.write_bytes(pem + sealed)
                settings["client_key_password"] = SecretStr(WORD)
            case "pkcs12":
                algorithm = BestAvailableEncryption(word)
                own.write_bytes(pkcs12.serialize_key_and_certificates(b"n", key, certificate, None, algorithm))
                settings["client_key_password"] = SecretStr(WORD)
            case "pkcs12 open":
                own.write_bytes(pkcs12.serialize_key_and_certificates(b"n", key, certificate, None, NoEncryption()))
        return settings | {"der": certificate.public_bytes(Encoding.DER)}

    return made


@pytest.fixture(params=["default", "fast"])
def client(request, world):
    def made(port, settings, **options):
        base = f"https://{HOST}:{port}"
        own = AgencySettings(base_url=base, transport=request.param, **settings)
        hosts = frozenset({HOST, "localhost"})
        return world.client(base_url=base, egress=hosts, transport_factory=None, settings=own, **options)

    return made


@pytest.mark.parametrize("kind", ["apart", "together", "sealed", "pkcs12", "pkcs12 open"])
async def test_agency_is_shown_the_platforms_certificate(world, client, files, issuer, tmp_path, kind):
    settings, shown = files(kind), []
    der = settings.pop("der")
    async with serving(issuer.serving(tmp_path, asking=issuer), shown) as port:
        filed = await world.ask(world.bind(WRITE, client=client(port, settings)), WRITE)
    assert (filed.reference, set(shown)) == ("REF-1", {der})


async def test_certificate_that_has_ended_is_not_shown_and_nothing_is_sent(world, client, files, issuer, tmp_path):
    settings, shown = files(end=world.clock.now() + timedelta(hours=1)), []
    del settings["der"]
    async with serving(issuer.serving(tmp_path, asking=issuer), shown) as port:
        made = client(port, settings)
        world.clock.elapsed += 3600.0
        http = world.bind(WRITE, client=made)
        with pytest.raises(CredentialsRejected) as caught:
            await world.ask(http, WRITE)
    assert (caught.value.kind, caught.value.layer) == (CredentialProblem.EXPIRED, Layer.CORE)
    assert (http.ledger.requests, http.ledger.unknown, shown) == (0, None, [])


async def test_other_hosts_are_not_shown_it_and_the_agencys_authority_is_not_trusted_for_them(
    world, client, files, issuer, tmp_path
):
    settings, shown = files(), []
    del settings["der"]
    async with serving(issuer.serving(tmp_path, asking=issuer), shown) as port:
        elsewhere = world.bind(client=client(port, settings)).resources.elsewhere
        request = OutgoingRequest("GET", f"https://{HOST}:{port}/x", [(b"Host", HOST.encode())], None)
        answer = await elsewhere.send(request, Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000))
    assert (answer, shown) == (Failure.CERTIFICATE_ISSUER, [])


def put(setting, content):
    """Have a file hold something else."""
    return lambda settings, _: settings[setting].write_bytes(content)


def another_key(settings, issuer):
    _, key = issuer.client()
    settings["client_key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def gone(setting):
    return lambda settings, _: settings[setting].unlink()


def unset(setting):
    return lambda settings, _: settings.pop(setting)


def another_word(settings, _):
    settings["client_key_password"] = SecretStr("another")


def called_pkcs12(settings, _):
    own = settings["client_certificate"]
    settings["client_certificate"] = own.rename(own.with_suffix(".pfx"))


UNREADABLE, UNUSABLE = "file-unreadable", "certificate-unusable"
WRONG = {
    "no file": ("apart", gone("client_certificate"), "client_certificate", UNREADABLE),
    "no certificate": ("apart", put("client_certificate", b"nothing"), "client_certificate", UNUSABLE),
    "empty": ("apart", put("client_certificate", b""), "client_certificate", UNUSABLE),
    "another's key": ("apart", another_key, "client_certificate", UNUSABLE),
    "no key": ("apart", unset("client_key"), "client_certificate", UNUSABLE),
    "no key file": ("apart", gone("client_key"), "client_key", UNREADABLE),
    "wrong password": ("sealed", another_word, "client_certificate", UNUSABLE),
    "no password": ("sealed", unset("client_key_password"), "client_certificate", UNUSABLE),
    "no PKCS#12": ("apart", called_pkcs12, "client_certificate", UNUSABLE),
    "PKCS#12, wrong password": ("pkcs12", another_word, "client_certificate", UNUSABLE),
    "a key alone": ("apart", unset("client_certificate"), "client_key", "without-certificate"),
    "no authority": ("apart", put("certificate_authority", b"\x30"), "certificate_authority", "not-certificates"),
    "authority, no file": ("apart", gone("certificate_authority"), "certificate_authority", UNREADABLE),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_file_that_cannot_be_used_is_named_by_its_setting(files, issuer, tmp_path, wrong):
    kind, change, name, reason = WRONG[wrong]
    settings = files(kind)
    del settings["der"]
    change(settings, issuer)
    with pytest.raises(SettingsRejected) as caught:
        agency_tls(AgencySettings(base_url=f"https://{HOST}", **settings), plugin="demo")
    assert (caught.value.names, caught.value.reasons) == ((name,), {name: reason})
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    said = f"{caught.value} {caught.value!r} {caught.value.to_problem()}"
    assert [told for told in (str(tmp_path), WORD) if told in said] == []


def test_nothing_is_left_of_a_key(files, tmp_path, monkeypatch):
    left = tmp_path / "left"
    left.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(left))
    settings = files("pkcs12")
    del settings["der"]
    assert agency_tls(AgencySettings(base_url=f"https://{HOST}", **settings), plugin="demo")[1] == END
    assert list(left.iterdir()) == []


def test_without_any_of_it_the_platform_decides():
    assert agency_tls(AgencySettings(base_url=f"https://{HOST}"), plugin="demo") == (None, None)
