"""What an operator reads: the desk's texts, and values written in the language of the page."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeGuard

from nagorik import Money, Text, dhaka_date, to_bangla_digits
from nagorik.values.sentences import read_sentence_tables
from nagorik_toolkit.texts import Fill, TextCatalogue, day_text, moment_text, money_text

Language = Literal["bn", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("bn", "en")


@cache
def catalogue() -> TextCatalogue:
    """All texts of ``texts/*.toml``; that of the table ``[home.title]`` has the code ``home.title``."""
    package = "nagorik_portal.desk.texts"
    names = sorted(file.name for file in files(package).iterdir() if file.name.endswith(".toml"))
    tables = [
        (table, sentences) for name in names for table, sentences in read_sentence_tables(package, name).items()
    ]
    return TextCatalogue({f"{table}.{code}": text for table, found in tables for code, text in found.items()})


def text(code: str, **fills: Fill) -> Text:
    """A text of the desk with its places filled, in both languages."""
    return catalogue().text(code, **fills)


def is_language(written: object) -> TypeGuard[Language]:
    """Whether it names a language of the desk."""
    return written in LANGUAGES


def written(value: object, language: Language) -> str:
    """A value in one language: a ``Text`` or its document, an amount, a day, an instant in Dhaka, a number."""
    match value:
        case Text():
            return value.bn if language == "bn" else value.en
        case {"bn": str(bn), "en": str(en)}:
            return bn if language == "bn" else en
        case Money():
            return written(money_text(value), language)
        case datetime():
            return written(moment_text(value), language)
        case date():
            return written(day_text(value), language)
        case int() | float():
            return to_bangla_digits(str(value)) if language == "bn" else str(value)
    return str(value)


def age_text(since: datetime, now: datetime) -> Text:
    """How many days ago something was, on the calendar in Dhaka: today, yesterday, 3 days ago."""
    days = (dhaka_date(now) - dhaka_date(since)).days
    match max(days, 0):
        case 0:
            return text("time.today")
        case 1:
            return text("time.yesterday")
    return text("time.days-ago", days=days)


def both(value: Mapping[str, object]) -> Text:
    """A text that came as its document, ``{"bn": …, "en": …}``."""
    return Text.model_validate(value)
