from typing import Any

import pytest

from nagorik_platform.registry import Imported, QuarantineCode, resolve_object
from nagorik_platform.registry.references import check_reference


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


@pytest.mark.parametrize(
    "source",
    [
        "class Form: ...",
        "def Form(): ...",
        "async def Form(): ...",
        "Form = 1",
        "a, Form = 1, 2",
        "Form: int = 1",
        "from .other import Form",
        "from .other import Thing as Form",
        "from .other import *",
        "def __getattr__(name): ...",
        "try:\n    from x import Form\nexcept ImportError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    from x import Form",
        "if True:\n    pass\nelse:\n    Form = 1",
    ],
)
def test_the_source_tells_that_a_name_is_bound(site: Any, source: str) -> None:
    package = site.install(files={"forms.py": source, "inner/__init__.py": source})
    assert check_reference(site.directory / package, "forms:Form") is None
    assert check_reference(site.directory / package, "inner:Form") is None


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("forms:Form", "forms does not define Form"),
        ("absent:Form", "there is no module absent in the package"),
        ("absent.deep:Form", "there is no module absent.deep in the package"),
        ("broken:Form", "broken does not define Form"),
    ],
)
def test_the_source_tells_what_is_missing(site: Any, reference: str, problem: str) -> None:
    forms = "def f():\n    Form = 1\nform = 2\n"
    package = site.install(files={"forms.py": forms, "broken.py": "def (:"})
    assert check_reference(site.directory / package, reference) == problem


def test_an_extension_module_has_the_benefit_of_the_doubt(site: Any) -> None:
    package = site.install(files={"fast.cpython-311-x86_64-linux-gnu.so": ""})
    assert check_reference(site.directory / package, "fast:Form") is None
