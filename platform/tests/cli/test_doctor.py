import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from authority import END, PAST, Issuer
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from nagorik_platform.cli import checks, doctor
from nagorik_platform.configuration import PlatformSettings

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SECRET = "hunter2hunter2"
EXAMINE = checks.examine
SETTINGS = """
from pydantic import SecretStr, field_validator

from nagorik.settings import AgencySettings


class WasaSettings(AgencySettings):
    api_key: SecretStr
    pages: int = 3

    @field_validator("pages")
    @classmethod
    def _odd(cls, value):
        if value == 13:
            raise RuntimeError("s3cret")
        return value
"""


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _: EXAMINE(NOW))


def by_name(document: Any) -> dict[str, tuple[str, str, str]]:
    return {item["check"]: (item["status"], item["message"], item["hint"]) for item in document["checks"]}


def test_sound_installation_is_sound(site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.plugin()
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", "https://api.wasa.example")
    result = nagorik("doctor", "--json")
    assert result.code == 0
    assert result.document["sound"] is True
    told = by_name(result.document)
    assert told["core"][1] == "nagorik 1.0.0, hook API 1.0"
    status, message = told["plugin wasa"][:2]
    assert status == "fine"
    assert re.fullmatch(r"nagorik-wasa 1\.0\.0, for hook API 1\.0, is ready: imported in \d\.\d\d s", message)
    assert told["settings wasa"][:2] == ("fine", "set: NAGORIK_WASA_BASE_URL")
    assert told["fees wasa.connection"][:2] == (
        "fine",
        "the tariff circular-2020 is charged on 2026-11-24 (verified)",
    )
    assert told["python"][0] == "fine"
    shown = nagorik("doctor")
    assert shown.code == 0
    assert "This installation is sound." in shown.out
    assert "api.wasa.example" not in shown.out + result.out


def test_quarantined_plugin_is_wrong_and_says_what_to_do(site: Any, nagorik: Any) -> None:
    site.plugin(api="9.0")
    result = nagorik("doctor", "--json")
    assert result.code == 1
    assert result.document["sound"] is False
    status, message, hint = by_name(result.document)["plugin wasa"]
    assert status == "wrong"
    assert message.startswith("api-incompatible: nagorik-wasa 1.0.0 was written for hook API 9.0")
    assert hint == "Install a release of the plugin for this core, or the core that the plugin needs."
    shown = nagorik("doctor")
    assert shown.code == 1
    assert "Something is wrong with this installation." in shown.out


def test_fault_that_only_importing_shows_is_found(site: Any, nagorik: Any) -> None:
    site.plugin(files={"plugin.py": "raise ValueError('s3cret')\n"})
    result = nagorik("doctor", "--json")
    assert result.code == 1
    assert by_name(result.document)["plugin wasa"][1].startswith("import-failed: ")
    assert "s3cret" not in result.out


def test_settings_are_told_by_name_alone(site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.plugin(extra='settings = "settings:WasaSettings"', files={"settings.py": SETTINGS})
    monkeypatch.setenv("NAGORIK_WASA_API_KEY", SECRET)
    missing = nagorik("doctor", "--json")
    assert missing.code == 0
    assert by_name(missing.document)["settings wasa"][:2] == (
        "warning",
        "missing: NAGORIK_WASA_BASE_URL; set: NAGORIK_WASA_API_KEY",
    )
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", "https://api.wasa.example")
    monkeypatch.setenv("NAGORIK_WASA_PAGES", f"{SECRET}x")
    wrong = nagorik("doctor", "--json")
    assert wrong.code == 1
    assert by_name(wrong.document)["settings wasa"][1].startswith("not accepted: NAGORIK_WASA_PAGES; set: ")
    monkeypatch.setenv("NAGORIK_WASA_PAGES", "13")
    raising = nagorik("doctor", "--json")
    assert "the settings model raised RuntimeError" in by_name(raising.document)["settings wasa"][1]
    for result in (missing, wrong, raising):
        assert SECRET not in result.out
        assert "s3cret" not in result.out


def test_misspelt_setting_is_found(site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.plugin()
    site.plugin("wasa-billing")
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", "https://api.wasa.example")
    monkeypatch.setenv("NAGORIK_WASA_BILLING_BASE_URL", "https://api.wasa.example")
    monkeypatch.setenv("NAGORIK_WASA_REED_TIMEOUT", "3")
    found = [item for item in nagorik("doctor", "--json").document["checks"] if item["check"] == "settings wasa"]
    assert [(item["status"], item["message"], item["hint"]) for item in found] == [
        ("fine", "set: NAGORIK_WASA_BASE_URL", ""),
        (
            "warning",
            "NAGORIK_WASA_REED_TIMEOUT is set, and there is no such setting",
            "Did you mean NAGORIK_WASA_READ_TIMEOUT?",
        ),
    ]


@pytest.mark.parametrize(
    ("settings", "told"),
    [("settings:Absent", "settings:Absent"), ("settings:NotSettings", "do not derive from AgencySettings")],
)
def test_settings_model_that_is_none_is_wrong(site: Any, nagorik: Any, settings: str, told: str) -> None:
    site.plugin(extra=f'settings = "{settings}"', files={"settings.py": "class NotSettings:\n    pass\n"})
    result = nagorik("doctor", "--json")
    assert result.code == 1
    assert told in by_name(result.document)["settings wasa"][1]


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (datetime(2027, 6, 30, 17, 59, tzinfo=UTC), "fine"),
        (datetime(2027, 6, 30, 18, 0, tzinfo=UTC), "wrong"),  # midnight in Dhaka, after the last day
    ],
)
def test_fees_without_a_tariff_today_are_wrong(site: Any, now: datetime, status: str) -> None:
    site.plugin()
    (fees,) = [check for check in EXAMINE(now) if check.name == "fees wasa.connection"]
    assert fees.status == status


def test_fees_that_cannot_be_read_are_wrong(site: Any, nagorik: Any) -> None:
    site.plugin(files={"fees.toml": "[connection]\n"})
    result = nagorik("doctor", "--json")
    assert result.code == 1
    assert by_name(result.document)["fees wasa.connection"][1].startswith("fees.toml: connection.title: ")


def test_nothing_installed_is_a_warning(site: Any, nagorik: Any) -> None:
    result = nagorik("doctor", "--json")
    assert result.code == 0
    assert by_name(result.document)["plugins"][0] == "warning"


def test_what_a_plugin_prints_when_it_is_imported_is_none_of_the_result(site: Any, nagorik: Any) -> None:
    package = site.plugin()
    plugin = package / "plugin.py"
    plugin.write_text(f"print('loading...')\n{plugin.read_text('utf-8')}", "utf-8")
    assert nagorik("doctor", "--json").document["checks"]
    result = nagorik("validate", "nagorik-wasa", "--run", "--on", "2026-11-24", "--json")
    assert result.document["valid"] is True


@pytest.mark.parametrize("url", ["http://api.wasa.example", "https://elsewhere.example", "api.wasa.example"])
def test_address_that_the_platform_would_refuse_is_told_by_name(
    site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    site.plugin()
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", url)
    result = nagorik("doctor", "--json")
    warned = [item for item in result.document["checks"] if item["status"] == "warning"]
    assert [(item["check"], item["message"]) for item in warned] == [
        ("settings wasa", "NAGORIK_WASA_BASE_URL is no address that the plugin may reach")
    ]
    assert "Use https and a host of the manifest (api.wasa.example)" in warned[0]["hint"]
    assert "elsewhere" not in result.out


def test_an_import_that_hangs_is_told_and_the_others_are_still_checked(
    site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "host_composition", lambda: PlatformSettings(import_seconds=1.0))
    released = threading.Event()
    monkeypatch.setattr(threading, "hung_import", released, raising=False)
    site.plugin(files={"plugin.py": "import threading\nthreading.hung_import.wait()\n"})
    site.plugin("desa", fees="")
    try:
        told = by_name(nagorik("doctor", "--json").document)
    finally:
        released.set()
    assert told["plugin wasa"][0] == "wrong"
    assert "did not end its import within 1 seconds" in told["plugin wasa"][1]
    assert told["plugin desa"][0] == "fine"


CHECK = """
from nagorik_platform.cli.checks import DoctorCheck, DoctorStatus


def examine(now):
    yield DoctorCheck("water", DoctorStatus.WARNING, f"there is none on {now:%Y-%m-%d}", "Dig a well.")
"""


def contributed(site: Any, source: str) -> None:
    site.install("extra-checks", "[nagorik.checks]\nwater = extra_checks.water:examine\n", {"water.py": source})


def test_other_distributions_add_checks(site: Any, nagorik: Any) -> None:
    contributed(site, CHECK)
    told = by_name(nagorik("doctor", "--json").document)
    assert told["water"] == ("warning", "there is none on 2026-11-24", "Dig a well.")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ValueError('s3cret')\n", "the check water of extra-checks 1.0.0 cannot be used: "),
        ("examine = 5\n", "the check water of extra-checks 1.0.0 raised TypeE"),
        (
            "def examine(now):\n    raise ValueError('s3cret')\n",
            "the check water of extra-checks 1.0.0 raised ",
        ),
    ],
)
def test_broken_check_is_wrong_and_hinders_no_other(site: Any, nagorik: Any, source: str, message: str) -> None:
    contributed(site, source)
    result = nagorik("doctor", "--json")
    told = by_name(result.document)
    assert result.code == 1
    assert told["check water"][0] == "wrong"
    assert told["check water"][1].startswith(message)
    assert told["python"][0] == "fine"
    assert "s3cret" not in result.out


COMPOSITION = """
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission


def admitted():
    return Admission(allow=frozenset({"wasa"}))


def composition():
    settings = {"api_key": "hunter2hunter2", "base_url": "http://127.0.0.1:1"}
    return PlatformSettings(
        plugins={"wasa": PluginConfiguration(settings=settings, egress=frozenset({"127.0.0.1"}))},
    )
"""


def composed(site: Any, source: str = COMPOSITION) -> None:
    entry = "[nagorik.compositions]\nhost = some_host.composing:composition\n"
    site.install("some-host", entry, {"composing.py": source})


def test_what_a_host_gives_or_keeps_out_is_no_warning(site: Any, nagorik: Any) -> None:
    composed(site)
    source = "from some_host.composing import admitted\n"
    site.install("some-door", "[nagorik.admissions]\ndoor = some_door.letting:admitted\n", {"letting.py": source})
    site.plugin(extra='settings = "settings:WasaSettings"', files={"settings.py": SETTINGS})
    site.plugin("desa", fees="")
    result = nagorik("doctor", "--json")
    told = by_name(result.document)
    assert told["settings wasa"][:2] == ("fine", "set: none; by the host: api_key, base_url")
    assert told["plugin desa"][:2] == (
        "note",
        "not-allowed: nagorik-desa 1.0.0 is kept out by the host: plugin id desa is not on the host's allow list.",
    )
    assert "settings desa" not in told
    assert SECRET not in result.out


def test_what_a_host_gives_wrongly_or_not_at_all_is_told(site: Any, nagorik: Any) -> None:
    site.plugin(extra='settings = "settings:WasaSettings"', files={"settings.py": SETTINGS})
    composed(site, COMPOSITION.replace('"api_key": "hunter2hunter2"', '"pages": "hunter2hunter2"'))
    result = nagorik("doctor", "--json")
    found = {item["message"] for item in result.document["checks"] if item["check"] == "settings wasa"}
    given = "; set: none; by the host: base_url, pages"
    assert found == {f"not accepted: NAGORIK_WASA_PAGES{given}", f"missing: NAGORIK_WASA_API_KEY{given}"}
    assert SECRET not in result.out


@pytest.mark.parametrize(
    "source", ["raise ValueError('s3cret')\n", "def composition():\n    raise ValueError('s3cret')\n"]
)
def test_composition_that_cannot_be_told_hinders_no_check(site: Any, nagorik: Any, source: str) -> None:
    site.plugin()
    composed(site, source)
    result = nagorik("doctor", "--json")
    assert by_name(result.document)["plugin wasa"][0] == "fine"
    assert "s3cret" not in result.out + result.err


@pytest.mark.parametrize(
    ("end", "status", "message"),
    [
        (PAST, "wrong", "the platform's certificate ended on 2001-01-01"),
        (END, "fine", "the platform's certificate ends on 2091-01-01"),
    ],
)
def test_end_of_the_platforms_certificate_is_told(
    site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: datetime, status: str, message: str
) -> None:
    site.plugin()
    certificate, key = Issuer().client(end=end)
    own = tmp_path / "own.pem"
    own.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", "https://api.wasa.example")
    monkeypatch.setenv("NAGORIK_WASA_CLIENT_CERTIFICATE", str(own))
    told = nagorik("doctor", "--json").document["checks"]
    assert (status, message) in [(item["status"], item["message"]) for item in told]


def test_certificate_that_cannot_be_used_is_told_by_its_setting(
    site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site.plugin()
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", "https://api.wasa.example")
    monkeypatch.setenv("NAGORIK_WASA_CLIENT_CERTIFICATE", str(tmp_path / "secret-place.pem"))
    result = nagorik("doctor", "--json")
    told = [(item["status"], item["message"]) for item in result.document["checks"]]
    assert ("wrong", "NAGORIK_WASA_CLIENT_CERTIFICATE cannot be used: file-unreadable") in told
    assert "secret-place" not in result.out


@pytest.mark.parametrize(("days", "status"), [(29, "warning"), (31, "fine")])
def test_certificate_that_ends_soon_is_told_a_month_before(
    site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, days: int, status: str
) -> None:
    site.plugin(fees="")
    certificate, key = Issuer().client(end=END)
    own = tmp_path / "own.p12"
    own.write_bytes(pkcs12.serialize_key_and_certificates(None, key, certificate, None, NoEncryption()))
    monkeypatch.setenv("NAGORIK_WASA_BASE_URL", "https://api.wasa.example")
    monkeypatch.setenv("NAGORIK_WASA_CLIENT_CERTIFICATE", str(own))
    found = [one for one in EXAMINE(END - timedelta(days=days)) if "certificate" in one.message]
    assert [one.status.value for one in found] == [status]
