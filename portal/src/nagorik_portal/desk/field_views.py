"""Fields as the templates draw them: names and ids of inputs, what stands in them, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nagorik import Text
from nagorik_portal.desk.fields import DATE_PARTS, Field, Typed
from nagorik_portal.desk.wording import Language, text, written

_FEW: int = 15
"""Options up to this number are radio buttons; more are a list to choose from."""


@dataclass(frozen=True)
class FieldView:
    """One field on a page; ``kind`` names the template below ``fields/`` that draws it.

    Attributes:
        at: The place of the field, which is also the name of its input.
        id: The id of its input, or what the ids of its inputs begin with.
        first: The id of its first input, which an error summary links to.
        items: Options, or the parts of a date, as the macros take them.
        members: Fields within it.
        is_heading: Whether its label is the heading of the page.
    """

    kind: str
    at: str
    id: str
    first: str
    label: str
    hint: dict[str, str] | None
    error: dict[str, str] | None
    value: str = ""
    items: tuple[dict[str, object], ...] = ()
    members: tuple["FieldView", ...] = ()
    number: str = ""
    count: int = 0
    is_heading: bool = False
    inputmode: str | None = None

    @property
    def label_classes(self) -> str:
        """How large the label is: the heading of the page is the largest."""
        return "govuk-label--l" if self.is_heading else "govuk-label--s"

    @property
    def legend_classes(self) -> str:
        """As ``label_classes``, for what has several inputs."""
        return "govuk-fieldset__legend--l" if self.is_heading else "govuk-fieldset__legend--s"

    @property
    def described_by(self) -> str | None:
        """The ids of its hint and its error, where it has any."""
        said = [f"{self.id}-{name}" for name, part in (("hint", self.hint), ("error", self.error)) if part]
        return " ".join(said) or None

    def all_views(self) -> Iterator["FieldView"]:
        """This field and those within it."""
        yield self
        for member in self.members:
            yield from member.all_views()


def field_view(
    field: Field,
    at: str,
    typed: Typed,
    language: Language,
    problems: Mapping[str, Text],
    *,
    is_heading: bool = False,
    number: int | None = None,
) -> FieldView:
    """Draw a field with what was typed; ``problems`` are by the places of fields."""

    def say(value: object) -> str:
        return written(value, language)

    def within(member: Field, place: str, number: int | None = None) -> FieldView:
        return field_view(member, place, typed, language, problems, number=number)

    identity = at.replace(".", "-")
    hints = [say(part) for part in (field.hint, text("form.if-known") if field.nullable else None) if part]
    members, items, kind, count = (), (), field.kind, 0
    match field.kind:
        case "group":
            members = tuple(within(member, f"{at}.{member.key}") for member in field.members)
        case "list":
            count = field.count(typed, at)
            members = tuple(within(field.members[0], f"{at}.{index}", index + 1) for index in range(count))
        case "date":
            items = tuple(_part(part, at, identity, typed, language, at in problems) for part in DATE_PARTS)
        case "several":
            items = tuple(
                {
                    "value": option.word,
                    "name": f"{at}.{option.word}",
                    "text": say(option.label),
                    "checked": f"{at}.{option.word}" in typed,
                }
                for option in field.options
            )
        case "choice":
            items = _options(field, at, typed, language)
            kind = "choice" if len(items) <= _FEW else "select"
    label = say(field.label) if number is None else say(text("form.entry", label=field.label, number=number))
    first = f"{identity}-day" if field.kind == "date" else members[0].first if members else identity
    return FieldView(
        kind=kind,
        at=at,
        id=identity,
        first=first,
        label=label,
        hint={"text": " ".join(hints)} if hints else None,
        error={"text": say(problems[at])} if at in problems else None,
        value=typed.get(at, ""),
        items=items,
        members=members,
        number=say(number) if number is not None else "",
        count=count,
        is_heading=is_heading,
        inputmode="numeric" if field.kind == "number" or field.masked else None,
    )


def _options(field: Field, at: str, typed: Typed, language: Language) -> tuple[dict[str, object], ...]:
    default = "" if field.default is None else next((o.word for o in field.options if o.value == field.default), "")
    chosen = typed.get(at, default)
    known = [(option.word, written(option.label, language)) for option in field.options]
    if field.nullable:
        known.append(("", written(text("form.not-known"), language)))
    return tuple(
        {"value": word, "text": label, "checked": word == chosen, "selected": word == chosen} for word, label in known
    )


def _part(part: str, at: str, identity: str, typed: Typed, language: Language, is_wrong: bool) -> dict[str, object]:  # noqa: FBT001 - called once
    width = "govuk-input--width-4" if part == "year" else "govuk-input--width-2"
    return {
        "name": f"{at}.{part}",
        "id": f"{identity}-{part}",
        "label": written(text(f"form.{part}"), language),
        "value": typed.get(f"{at}.{part}", ""),
        "classes": f"{width} govuk-input--error" if is_wrong else width,
    }
