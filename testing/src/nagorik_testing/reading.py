"""Reading a request as a strict agency does: the first field that is wrong is refused by its name."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.requests import Request

from nagorik.bangladesh import Money, NationalDataError, dhaka_zone
from nagorik_testing.refusal import Refusal

ISO_DAY: Final = "%Y-%m-%d"
_WORDS_OF_FORMATS: Final = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM"}


async def content_of(request: Request) -> dict[str, Any]:
    """The request's JSON object; an empty one where there is no body.

    Raises:
        Refusal: 400, where it is anything else.
    """
    try:
        content = json.loads(await request.body() or b"{}")
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Refusal(400, "body", "a JSON object is expected")
    return content


def text_in(content: Mapping[str, Any], field: str, *, required: bool = True) -> str:
    """A field's text, trimmed; empty where it is absent and need not be there.

    Raises:
        Refusal: 400, where it is missing or no text.
    """
    value = content.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not (value.strip() or not required):
        raise Refusal(400, field, "text is expected")
    return value.strip()


def choice_in(content: Mapping[str, Any], field: str, choices: Collection[str], default: str | None = None) -> str:
    """A word out of a closed list.

    Raises:
        Refusal: 400.
    """
    word = text_in(content, field, required=default is None) or default
    if word is None or word not in choices:
        raise Refusal(400, field, f"one of {', '.join(choices)} is expected")
    return word


def day_in(content: Mapping[str, Any], field: str, form: str = ISO_DAY) -> date:
    """A day, written as ``form`` says: ``%d/%m/%Y`` and the like.

    Raises:
        Refusal: 400.
    """
    written = text_in(content, field)
    try:
        day = datetime.strptime(written, form).date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        day = None
    if day is None or f"{day:{form}}" != written:
        raise Refusal(400, field, f"{_in_words(form)} is expected")
    return day


def instant_in(content: Mapping[str, Any], field: str, *local: str) -> datetime:
    """An instant, in UTC: RFC 3339 with an offset, or one of the ``local`` forms on the clocks in Dhaka.

    Raises:
        Refusal: 400.
    """
    written = text_in(content, field)
    for form in local:
        try:
            return datetime.strptime(written, form).replace(tzinfo=dhaka_zone()).astimezone(UTC)
        except ValueError:
            continue
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        raise Refusal(400, field, " or ".join(["RFC 3339", *map(_in_words, local)]) + " is expected") from None
    if instant.utcoffset() is None:
        raise Refusal(400, field, "an offset from UTC is expected")
    return instant.astimezone(UTC)


def amount_in(content: Mapping[str, Any], field: str = "amount") -> Money:
    """An amount in taka, as text with two places.

    Raises:
        Refusal: 400.
    """
    try:
        return Money.taka(text_in(content, field))
    except NationalDataError:
        raise Refusal(400, field, "taka with two places are expected") from None


def rows_in(content: Mapping[str, Any], field: str, *texts: str) -> list[dict[str, Any]]:
    """A list of objects that each hold the named ``texts``; an empty one where the field is absent.

    Raises:
        Refusal: 400.
    """
    rows = content.get(field) or []
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and all(isinstance(row.get(text), str) for text in texts) for row in rows
    ):
        raise Refusal(400, field, f"a list of {{{', '.join(texts)}}} is expected")
    return rows


def _in_words(form: str) -> str:
    for sign, word in _WORDS_OF_FORMATS.items():
        form = form.replace(sign, word)
    return form
