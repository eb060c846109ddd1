from typing import Any

import pytest

from nagorik_platform.registry import Imported, QuarantineCode, resolve_object


def test_an_object_of_the_plugin_is_found_relative_to_its_package(site: Any) -> None:
    site.install(files={"forms.py": "class Form:\n    title = 'connection'\n"})
    record = site.discover().record("wasa")
    found = resolve_object(record, "forms:Form")
    assert isinstance(found, Imported)
    assert found.value.title == "connection"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("forms:Missing", "names nagorik_wasa.forms:Missing, which is not there (AttributeError)"),
        ("broken:Form", "cannot be imported: nagorik_wasa.broken raised ValueError at broken.py:1"),
        ("lacking:Form", "cannot be imported: nagorik_wasa.lacking raised NameError at lacking.py:1"),
    ],
)
def test_a_broken_reference_is_a_value(site: Any, reference: str, why: str) -> None:
    site.install(
        files={"forms.py": "class Form: ...\n", "broken.py": "raise ValueError('text')\n", "lacking.py": "x\n"}
    )
    refusal = resolve_object(site.discover().record("wasa"), reference)
    assert not isinstance(refusal, Imported)
    assert refusal.code is QuarantineCode.REFERENCE_BROKEN
    assert refusal.reason == f"nagorik-wasa 1.0.0 names {reference} in its manifest, and {why}."


def test_a_plugin_without_package_has_no_objects(site: Any) -> None:
    site.install(value="no_such_package")
    with pytest.raises(ValueError, match="package is not known"):
        resolve_object(site.discover().record("wasa"), "forms:Form")
