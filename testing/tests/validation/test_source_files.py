from pathlib import Path

import pytest

from nagorik_testing.validation.source_files import check_reference


def written(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return directory


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
def test_the_source_tells_that_a_name_is_bound(tmp_path: Path, source: str) -> None:
    package = written(tmp_path, {"forms.py": source, "inner/__init__.py": source})
    assert check_reference(package, "forms:Form") is None
    assert check_reference(package, "inner:Form") is None


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("forms:Form", "forms does not define Form"),
        ("absent:Form", "there is no module absent in the package"),
        ("absent.deep:Form", "there is no module absent.deep in the package"),
        ("broken:Form", "broken does not define Form"),
    ],
)
def test_the_source_tells_what_is_missing(tmp_path: Path, reference: str, problem: str) -> None:
    forms = "def f():\n    Form = 1\nform = 2\n"
    package = written(tmp_path, {"forms.py": forms, "broken.py": "def (:"})
    assert check_reference(package, reference) == problem


def test_an_extension_module_has_the_benefit_of_the_doubt(tmp_path: Path) -> None:
    package = written(tmp_path, {"fast.cpython-311-x86_64-linux-gnu.so": ""})
    assert check_reference(package, "fast:Form") is None
