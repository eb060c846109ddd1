"""What is wrong with a piece of national data, as a code and a sentence in both languages.

The sentences live in ``messages.toml``, one per code, and have no placeholders: an error about an identifier
that repeated the identifier would carry it into logs, queues and screens.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from nagorik.privacy import CodedError

if TYPE_CHECKING:
    from nagorik.model.text import Text


class NationalDataError(CodedError):
    """A value that is not what it should be. Never holds the value.

    Attributes:
        code: Stable and machine-readable, such as ``nid.length``; a key of ``messages.toml``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def text(self) -> "Text":
        """One sentence or two for the person who must correct it, in both languages."""
        return sentence(self.code)

    def for_pydantic(self) -> PydanticCustomError:
        """This error as pydantic keeps it: the code as ``type``, both texts under ``bn`` and ``en`` in ``ctx``."""
        text = self.text
        return PydanticCustomError(self.code, text.en, {"bn": text.bn, "en": text.en})

    def __str__(self) -> str:
        return f"{self.code}: {self.text.en}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code}>"


@dataclass(frozen=True, slots=True)
class DataWarning:
    """Something unusual about a value that is accepted all the same."""

    code: str

    @property
    def text(self) -> "Text":
        """One sentence for the person who entered the value, in both languages."""
        return sentence(self.code)


def sentence(code: str) -> "Text":
    """The catalogue's text for ``code``; an unknown code is a programming error and raises ``KeyError``."""
    return _catalogue()[code]


def codes() -> frozenset[str]:
    """Every code that this package can put into an error or a warning."""
    return frozenset(_catalogue())


@cache
def _catalogue() -> Mapping[str, "Text"]:
    # Imported here because the models that hold a Text also hold a Money, which comes from this package.
    from nagorik.model.text import Text

    raw = tomllib.loads(files("nagorik.bangladesh").joinpath("messages.toml").read_text("utf-8"))
    return {code: Text(**texts) for code, texts in raw.items()}
