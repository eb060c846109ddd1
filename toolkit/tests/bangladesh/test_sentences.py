"""Every code of a value or of national data has its sentences in the core's catalogue; none is left over."""

import re
import tomllib
from importlib.resources import files


def test_every_code_in_the_source_has_its_sentences_and_every_sentence_its_code() -> None:
    toolkit = files("nagorik_toolkit")
    packages = (files("nagorik.values"), toolkit, toolkit / "bangladesh", toolkit / "fees")
    modules = (each for package in packages for each in package.iterdir() if each.name.endswith(".py"))
    source = "".join(each.read_text("utf-8") for each in modules)
    catalogue = tomllib.loads(files("nagorik.values").joinpath("messages.toml").read_text("utf-8"))
    kinds = "|".join(sorted({code.split(".")[0] for code in catalogue}))
    used = set(re.findall(rf'"((?:{kinds})\.[a-z-]+)"', source))
    assert used == set(catalogue)
