"""What an operator reads: the desk's texts, and values written in the language of the page."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from nagorik import Money, Text, dhaka_date, to_bangla_digits
from nagorik.values.sentences import read_sentence_tables
from nagorik_toolkit.texts import Fill, TextCatalogue, day_text, moment_text, money_text

Language = Literal["bn", "en"]
OWN_NAMES: Final = {"bn": "বাংলা", "en": "English"}
"""What each language calls itself."""
_TEXTS: Final = "nagorik_portal.desk.texts"


@cache
def catalogue() -> TextCatalogue:
    """All texts of ``texts/*.toml``; that of the table ``[home.title]`` has the code ``home.title``."""
    names = sorted(file.name for file in files(_TEXTS).iterdir() if file.name.endswith(".toml"))
    tables = [one for name in names for one in read_sentence_tables(_TEXTS, name).items()]
    return TextCatalogue({f"{table}.{code}": text for table, found in tables for code, text in found.items()})


def text(code: str, **fills: Fill) -> Text:
    """A text of the desk with its places filled, in both languages."""
    return catalogue().text(code, **fills)


def written(value: object, language: Language) -> str:
    """A value in one language: a ``Text`` or its document, an amount, a day, an instant in Dhaka, a number."""
    match value:
        case Text() | {"bn": str(), "en": str()}:
            return str(value[language] if isinstance(value, dict) else getattr(value, language))
        case Money():
            return written(money_text(value), language)
        case datetime():
            return written(moment_text(value), language)
        case date():
            return written(day_text(value), language)
        case int() if language == "bn":
            return to_bangla_digits(str(value))
    return str(value)


def age_text(since: datetime, now: datetime) -> Text:
    """How many days ago something was, on the calendar in Dhaka: today, yesterday, 3 days ago."""
    days = max((dhaka_date(now) - dhaka_date(since)).days, 0)
    near = ("time.today", "time.yesterday")
    return text(near[days]) if days < len(near) else text("time.days-ago", days=days)
