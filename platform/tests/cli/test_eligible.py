import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

NID = "19900000000000042"
APPLICANT = {
    "name": {"en": "PORIKKHA NAGORIK"},
    "birth_date": "1990-01-01",
    "identifiers": [{"type": "nid", "value": NID}],
}
RULES = """\
from nagorik import Applicant, Criterion, EligibilityDecision, Source, Text, Verdict, hookimpl

SOURCE = Source(title="Water Act", verified=True)


@hookimpl
async def nagorik_check_eligibility(request, context):
    print("a plugin that talks")
    adult = Criterion(
        id="adult",
        verdict=Verdict.PASS if request.on.year - request.applicant.birth_date.year > 18 else Verdict.FAIL,
        text=Text(en="About your age.", bn="আপনার বয়স সম্পর্কে।"),
        source=SOURCE,
    )
    other = Criterion(id="other", verdict=Verdict.{verdict}, text=Text(en="About the rest.", bn="বাকিটা সম্পর্কে।"))
    return EligibilityDecision(criteria=(adult, other))
"""


def install(site: Any, plugin: str, verdict: str = "PASS", source: str | None = None) -> None:
    root = site.plugin(plugin, fees="", files={"plugin.py": source or RULES.replace("{verdict}", verdict)})
    manifest = root / "plugin.toml"
    manifest.write_text(manifest.read_text("utf-8").replace('reads = ["status"]', 'reads = ["eligibility"]'), "utf-8")


@pytest.fixture
def applicant(tmp_path: Any) -> str:
    file = tmp_path / "applicant.json"
    file.write_text(json.dumps(APPLICANT), "utf-8")
    return str(file)


def test_services_are_told_in_groups_with_reasons(site: Any, nagorik: Any, applicant: str) -> None:
    install(site, "wasa")
    install(site, "perhaps", "CANNOT_TELL")
    install(site, "never", "FAIL")
    install(site, "broken", source=RULES.replace("{verdict}", "NONSENSE"))
    result = nagorik("eligible", "--applicant", applicant, "--on", "2026-11-24")
    assert result.code == 0
    lines = [line.rstrip() for line in result.out.splitlines()]
    assert lines[:2] == [
        "On 24 November 2026. No agency was asked.",
        "২৪ নভেম্বর ২০২৬ তারিখে। কোনো সংস্থার কাছে জানতে চাওয়া হয়নি।",
    ]
    may = lines.index("May apply (1) / আবেদন করা যাবে (১)")
    cannot_tell = lines.index("Cannot tell yet (2) / এখনো বলা যাচ্ছে না (২)")
    may_not = lines.index("May not apply (1) / আবেদন করা যাবে না (১)")
    assert lines[may + 1 : cannot_tell - 1] == ["  wasa.connection  New connection / নতুন সংযোগ"]
    assert "  perhaps.connection  New connection / নতুন সংযোগ" in lines[cannot_tell:may_not]
    assert lines[may_not + 1 :] == [
        "  never.connection  New connection / নতুন সংযোগ",
        "    এই শর্ত পূরণ হয়নি, তাই আবেদন করা যায় না:",
        "    This condition is not met, so that an application is not possible:",
        "      – বাকিটা সম্পর্কে।",
        "        About the rest.",
    ]
    assert "The platform's connection for this service failed." in result.out
    assert "About your age." not in result.out
    assert "a plugin that talks" not in result.out
    assert NID not in result.out + result.err


def test_reason_is_told_with_where_its_rule_stands(site: Any, nagorik: Any, applicant: str) -> None:
    install(site, "wasa", source=RULES.replace("{verdict}", "PASS").replace("> 18", "> 180"))
    lines = nagorik("eligible", "--applicant", applicant).out.splitlines()
    told = lines.index("        About your age.")
    assert lines[told + 1] == "        উৎস · source: Water Act (যাচাই করা · verified)"


def test_json_has_everything(site: Any, nagorik: Any, applicant: str) -> None:
    install(site, "wasa", "CANNOT_TELL")
    install(site, "other")
    result = nagorik(
        "eligible", "--applicant", applicant, "--json", "--on", "2000-01-01", "--service", "wasa.connection"
    )
    assert result.document["on"] == "2000-01-01"
    [entry] = result.document["services"]
    assert (entry["service"], entry["eligibility"], entry["because"], entry["problem"]) == (
        "wasa.connection",
        "ineligible",
        None,
        None,
    )
    assert [item["verdict"] for item in entry["criteria"]] == ["fail", "cannot-tell"]
    assert entry["criteria"][0]["source"]["title"] == "Water Act"


def test_the_applicant_may_come_from_standard_input(site: Any, nagorik: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "wasa")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(APPLICANT).encode())))
    assert "wasa.connection" in nagorik("eligible", "--applicant", "-").out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{\n\ns3cret", "not valid JSON: look at line 3"),
        (json.dumps([NID]), "write an object, in braces"),
        (json.dumps({**APPLICANT, "birth_date": NID + "x"}), "birth_date: write a date such as 2026-11-24"),
        (json.dumps({"name": APPLICANT["name"]}), "birth_date: this field is required"),
        (json.dumps({**APPLICANT, NID: 1}), "…: there is no field …"),
        (json.dumps({**APPLICANT, "identifiers": [{"type": "nid", "value": NID + "00"}]}), "identifiers.0"),
        (json.dumps({**APPLICANT, "sex": NID}), "sex: write one of 'female', 'male' or 'other'"),
        ("x" * 100_001, "larger than 100000 bytes"),
    ],
)
def test_a_wrong_applicant_is_told_by_field_and_never_by_value(
    site: Any, nagorik: Any, tmp_path: Any, content: str, told: str
) -> None:
    install(site, "wasa")
    file = tmp_path / "wrong.json"
    file.write_text(content, "utf-8")
    result = nagorik("eligible", "--applicant", str(file))
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert NID not in result.err
    assert "s3cret" not in result.err


def test_a_missing_file_and_an_unknown_service_are_told(site: Any, nagorik: Any, applicant: str) -> None:
    install(site, "wasa")
    missing = nagorik("eligible", "--applicant", "nowhere.json")
    assert (missing.code, missing.err) == (
        2,
        "nagorik: nowhere.json: not a readable file\n",
    )
    unknown = nagorik("eligible", "--applicant", applicant, "--service", "wasa.conection")
    assert (unknown.code, unknown.err) == (
        2,
        "nagorik: there is no service wasa.conection; did you mean wasa.connection?\n",
    )
