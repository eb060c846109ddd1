"""Forms of which fields are drawn: all that the price hangs on, and others that a quote could refuse."""

import importlib
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, NamedTuple

from nagorik import Applicant, InputRejected
from nagorik.manifest import PublicService
from nagorik.privacy import Form
from nagorik_platform.fees.assessment import assess_published
from nagorik_platform.fees.published import GivenRejected, PublishedFees
from nagorik_platform.fees.typed_words import typed_fields
from nagorik_toolkit.fees import FeeBasis, FeeSchedule, Numbers
from nagorik_toolkit.form_validation import form_schema
from nagorik_toolkit.partial_forms import FieldMissing, partial_form


class FilledForm(NamedTuple):
    """A form that a citizen could file."""

    service: str
    applicant: Applicant
    form: Mapping[str, Any]


class DrawnForm(NamedTuple):
    """A form of which fields were drawn.

    Attributes:
        filled: The whole form.
        fields: Those, and all others that its price hangs on, by the keys of its document.
    """

    filled: FilledForm
    fields: frozenset[str]


class PriceDraws:
    """Draws each field that the basis of a service and its checks read, and now and then one that they do not.

    Of these, whatever has choices, a number or a day: so a plugin that refuses one in its quote alone is found.
    """

    def __init__(self, service: PublicService, schedule: FeeSchedule, package: str, on: date) -> None:
        assert service.form is not None
        self._service, self._schedule, self._on = service.id, schedule, on
        self._rng = random.Random(f"fees of {service.id}")  # noqa: S311 - the same draws in every run
        self._form: type[Form] = self._object(package, service.form)
        by_fields = lambda _, form, __: FeeBasis.of_fields(schedule, form, due={})  # noqa: E731 - as the platform has it
        self._assess = by_fields if schedule.basis is None else self._object(package, schedule.basis)
        self._fields = typed_fields(form_schema(self._form))

    @staticmethod
    def _object(package: str, reference: str) -> Any:
        module, _, name = reference.partition(":")
        return getattr(importlib.import_module(f"{package}.{module}"), name)

    @property
    def names(self) -> list[str]:
        """All that can be typed at a counter: the fields of the form and the dimensions of the schedule."""
        return sorted({*self._fields, *(one.dimension for one in self._schedule.dimensions)})

    def ask(self, given: Mapping[str, str]) -> PublishedFees | GivenRejected:
        """What the counter is told, by the plugin's code with nothing around it: what it raises comes out."""
        try:
            return assess_published(self._service, self._schedule, self._form, self._assess, given, self._on)
        except GivenRejected as rejected:
            return rejected

    def draw(self, example: FilledForm) -> DrawnForm:
        """The example with some of these fields drawn anew; which there are may hang on what was drawn."""
        form: dict[str, Any] = {name: value for name, value in example.form.items() if value is not None}
        drawn: set[str] = set()
        for name in sorted(self._fields.keys() & form.keys()):
            if self._rng.random() < 0.2 and self._draw(name, form):
                drawn.add(name)
        while fields := sorted(self._read_by_basis(form) - drawn):
            drawn.update(fields)
            for name in fields:
                if name not in form or self._rng.random() < 0.7:
                    self._draw(name, form)
        applicant = example.applicant
        born = form.get("birth_date")
        if born is not None and born != applicant.birth_date.isoformat():
            # Whose numbers have the year of birth in them, those of before are another's.
            changed = {"birth_date": date.fromisoformat(born), "identifiers": ()}
            applicant = applicant.model_copy(update=changed)
        return DrawnForm(
            FilledForm(self._service, applicant, form), frozenset(drawn | self._read_by_basis(example.form))
        )

    def _read_by_basis(self, form: Mapping[str, Any]) -> set[str]:
        try:
            partial = partial_form(self._form, form)
        except InputRejected:
            return set()
        partial.read.clear()
        basis = self._assess(self._service, partial.form, self._on)
        for ask in (*basis.dimensions.values(), *basis.checks):
            with suppress(InputRejected, FieldMissing):
                ask()
        keys = {name: field.alias or name for name, field in self._form.model_fields.items()}
        return {keys[name] for name in partial.read}

    def _draw(self, name: str, form: dict[str, Any]) -> bool:
        """Whether there was something to draw for a field."""
        rng, field = self._rng, self._fields[name]
        kinds = {part.get("type") for part in field.parts}
        if name == "birth_date":
            self._move_birth(form, self._on - timedelta(days=rng.randrange(-30, 100 * 365)))
        elif field.choices:
            form[name] = rng.choice(field.choices).value
        elif field.items:
            form[name] = rng.sample([choice.value for choice in field.items], rng.randint(1, len(field.items)))
        elif "integer" in kinds:
            most = max(part.get("maximum", 0) for part in field.parts)
            form[name] = rng.choice([rng.randint(1, most), *self._edges(name)])
        elif any(part.get("format") == "date" for part in field.parts):
            form[name] = (self._on - timedelta(days=rng.randrange(-800, 20 * 365))).isoformat()
        elif name == "fiscal_year":
            year = self._on.year + rng.randint(-3, 3)
            form[name] = f"{year}-{(year + 1) % 100:02d}"
        elif name in {"area", "family_area"}:
            form[name] = f"{rng.choice([0, 1, 8, 9, 10, 30])}.{rng.randrange(10_000):04d}"
        else:
            return False
        return True

    def _edges(self, name: str) -> list[int]:
        """Where the schedule's spans of a dimension of that name begin and end."""
        return [
            edge
            for one in self._schedule.dimensions
            if one.dimension == name
            for value in one.values
            if isinstance(value, Numbers)
            for edge in (value.low - 1, value.low, value.high or value.low + 1)
            if edge > 0
        ]

    @staticmethod
    def _move_birth(form: dict[str, Any], born: date) -> None:
        """Another date of birth, with the numbers that begin with its year."""
        for name, value in form.items():
            if isinstance(value, str) and len(value) == 17 and value.isdecimal():
                form[name] = f"{born.year}{value[4:]}"
        form["birth_date"] = born.isoformat()
