"""Fields as the templates below ``fields/`` draw them: names, ids, what stands in the inputs, what is wrong."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from nagorik import FieldProblem, Text
from nagorik_portal.desk.fields import DATE_PARTS, Field, Typed
from nagorik_portal.desk.visits import PageError, Visit
from nagorik_portal.desk.wording import text

FORM: Final = "/form"
"""Begins the pointers of problems."""


def field_views(
    visit: Visit,
    fields: Sequence[Field],
    typed: Typed,
    problems: Iterable[FieldProblem] = (),
    *,
    has_heading: bool = False,
) -> tuple[list[dict[str, Any]], list[PageError]]:
    """The fields of a page, and each problem at the first input that it belongs to.

    The label of a field that is alone is the page's heading, unless the page has one.
    """
    said: dict[str, Text] = {}
    for problem in problems:
        said.setdefault(problem.pointer.removeprefix(f"{FORM}/").replace("/", "."), problem.text)
    views = [_view(visit, field, field.key, typed, said) for field in fields]
    if len(views) == 1 and not has_heading:
        views[0] |= {"is_heading": True, "size": "l"}
    inputs = {view["at"]: view["first"] for one in views for view in _within(one)}
    other = views[0]["first"] if views else "main-content"
    return views, [PageError(inputs.get(at, other), sentence) for at, sentence in said.items()]


def _within(view: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield view
    for member in view["members"]:
        yield from _within(member)


def _view(
    visit: Visit, field: Field, at: str, typed: Typed, said: Mapping[str, Text], number: int | None = None
) -> dict[str, Any]:
    identity, is_name = at.replace(".", "-"), field.key in {"bn", "en"}
    hints = [field.hint, text("form.if-known") if field.nullable and not is_name and field.kind != "choice" else None]
    hint = " ".join(visit.say(one) for one in hints if one is not None)
    error = {"text": visit.say(said[at])} if at in said else None
    members = [_view(visit, one, f"{at}.{one.key}", typed, said) for one in field.members if field.kind == "group"]
    if field.kind == "list":
        entries = range(field.count(typed, at))
        members = [_view(visit, field.members[0], f"{at}.{one}", typed, said, one + 1) for one in entries]
    items = _parts(visit, at, typed, error) if field.kind == "date" else _items(visit, field, at, typed)
    notes = [f"{identity}-{name}" for name, one in (("hint", hint), ("error", error)) if one]
    return {
        "kind": field.kind,
        "at": at,
        "id": identity,
        "first": members[0]["first"] if members else f"{identity}-day" if field.kind == "date" else identity,
        "label": visit.say(field.label if number is None else text("form.entry", label=field.label, number=number)),
        "size": "s",
        "hint": {"text": hint} if hint else None,
        "error": error,
        "described_by": " ".join(notes) or None,
        "value": typed.get(at, ""),
        "items": items,
        "members": members,
        "inputmode": "numeric" if field.kind == "number" or field.masked else None,
    }


def _items(visit: Visit, field: Field, at: str, typed: Typed) -> list[dict[str, object]]:
    if field.kind == "several":
        named = [(option, f"{at}.{option.word}") for option in field.options]
        return [
            {"value": one.word, "name": name, "text": visit.say(one.label), "checked": name in typed}
            for one, name in named
        ]
    options = [(option.word, option.label) for option in field.options]
    options += [("", text("form.not-known"))] if field.nullable else []
    default = next((option.word for option in field.options if option.value == field.default), "")
    chosen = typed.get(at, default)
    return [{"value": word, "text": visit.say(label), "checked": word == chosen} for word, label in options]


def _parts(visit: Visit, at: str, typed: Typed, error: object) -> list[dict[str, object]]:
    wrong = " govuk-input--error" if error else ""
    return [
        {
            "name": f"{at}.{part}",
            "id": f"{at.replace('.', '-')}-{part}",
            "label": visit.t(f"form.{part}"),
            "value": typed.get(f"{at}.{part}", ""),
            "classes": f"govuk-input--width-{4 if part == 'year' else 2}{wrong}",
        }
        for part in DATE_PARTS
    ]
