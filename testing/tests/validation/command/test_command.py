import os
from pathlib import Path
from typing import Any

ON = ("--on", "2026-11-24")


def severities(document: Any) -> set[tuple[str, str]]:
    return {(item["severity"], item["location"]) for item in document["findings"]}


def test_valid_plugin_is_valid_by_file_package_and_distribution(site: Any, nagorik: Any) -> None:
    package = site.plugin()
    for target in (package, package / "plugin.toml", "nagorik-wasa"):
        result = nagorik("validate", str(target), *ON, "--json")
        assert result.code == 0
        assert result.document["valid"] is True
        assert result.document["target"] == str(target)
        assert severities(result.document) == {("note", "evidence")}
    assert f"{package} is valid." in nagorik("validate", str(package), *ON).out


def test_every_problem_of_a_manifest_is_told(site: Any, nagorik: Any) -> None:
    package = site.plugin(extra="colour = 3", api="one")
    result = nagorik("validate", str(package), *ON, "--json")
    assert result.code == 1
    assert result.document["valid"] is False
    assert {("error", "colour"), ("error", "requires_api")} <= severities(result.document)
    shown = nagorik("validate", str(package), *ON)
    assert shown.code == 1
    assert "there is no field colour" in shown.out
    assert f"{package} is not valid." in shown.out


def test_pipe_in_a_files_place_is_a_finding_and_nothing_waits_for_it(site: Any, nagorik: Any) -> None:
    package = site.plugin()
    for name, told in (
        ("fees.toml", "there is no file fees.toml in the package"),
        ("rules.toml", "not a readable file"),
        ("plugin.toml", "has no readable plugin.toml in its package"),
    ):
        (package / name).unlink(missing_ok=True)
        os.mkfifo(package / name)
        result = nagorik("validate", "nagorik-wasa", *ON, "--json")
        assert result.code == 1
        assert any(told in item["message"] for item in result.document["findings"])
    assert nagorik("validate", str(package), *ON).code == 1


def test_broken_fee_file_is_an_error_with_its_field(site: Any, nagorik: Any) -> None:
    package = site.plugin()
    fees = package / "fees.toml"
    fees.write_text(fees.read_text("utf-8").replace('"900"', "900"), "utf-8")
    for target in (str(package), "nagorik-wasa"):
        result = nagorik("validate", target, *ON, "--json")
        assert result.code == 1
        (error,) = [item for item in result.document["findings"] if item["severity"] == "error"]
        assert error["location"] == "services.0.fees"
        assert "connection.tariffs.0.rows.1.amount: write the amount in quotes" in error["message"]


def test_day_without_a_tariff_is_a_warning(site: Any, nagorik: Any) -> None:
    site.plugin()
    words = ("validate", "nagorik-wasa", "--on", "2027-07-01", "--json")
    result = nagorik(*words)
    assert result.code == 0
    assert ("warning", "services.0.fees") in severities(result.document)
    strict = nagorik(*words, "--strict")
    assert (strict.code, strict.document["valid"]) == (1, False)


def test_absent_fee_file_is_told_once(site: Any, nagorik: Any) -> None:
    site.plugin(fees='fees = "absent.toml#x"')
    findings = nagorik("validate", "nagorik-wasa", *ON, "--json").document["findings"]
    assert [item["message"] for item in findings if item["location"] == "services.0.fees"] == [
        "there is no file absent.toml in the package"
    ]


def test_hooks_are_verified_only_when_asked(site: Any, nagorik: Any) -> None:
    site.plugin(files={"plugin.py": "answer = 42\n"})
    assert nagorik("validate", "nagorik-wasa", *ON).code == 0
    run = nagorik("validate", "nagorik-wasa", *ON, "--run", "--json")
    assert run.code == 1
    assert "holds no hook" in run.document["findings"][0]["message"]


def test_target_that_is_nothing_is_a_finding(site: Any, nagorik: Any, tmp_path: Path) -> None:
    result = nagorik("validate", str(tmp_path / "absent"), *ON, "--json")
    assert result.code == 1
    assert "no installed distribution" in result.document["findings"][0]["message"]


def test_basis_that_a_schedule_names_has_to_be_there(nagorik: Any, site: Any) -> None:
    package = site.plugin(files={"pricing.py": "def basis(service, form, on):\n    raise NotImplementedError\n"})
    fees = package / "fees.toml"
    written = fees.read_text("utf-8")
    for named, messages in (("basis", []), ("price", ["pricing does not define price"])):
        fees.write_text(written.replace("rounding", f'basis = "pricing:{named}"\nrounding', 1), "utf-8")
        findings = nagorik("validate", "nagorik-wasa", "--json").document["findings"]
        assert [one["message"] for one in findings if one["location"] == "services.0.fees.basis"] == messages


def test_project_is_validated_with_its_fees(nagorik: Any, site: Any, tmp_path: Path) -> None:
    package = site.plugin()
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    package.rename(project / "src" / "nagorik_wasa")
    (project / "pyproject.toml").write_text(
        '[project]\nname = "nagorik-wasa"\nversion = "1.0.0"\ndependencies = ["nagorik-toolkit"]\n'
        '[project.entry-points."nagorik.plugins"]\nwasa = "nagorik_wasa.plugin"\n'
    )
    assert nagorik("validate", str(project), *ON).code == 0
    (project / "src" / "nagorik_wasa" / "fees.toml").write_text("[connection]\n")
    result = nagorik("validate", str(project), *ON, "--json")
    assert result.code == 1
    assert ("error", "services.0.fees") in severities(result.document)


def test_process_returns_the_findings_code(site: Any, process: Any) -> None:
    package = site.plugin(api="one")
    assert process("validate", str(package), *ON).code == 1
