"""What a price is assessed on, as far as a form says it: one basis for a quote and for who asks without applying."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Self, TypeAlias

from nagorik.errors import FieldProblem, InputRejected
from nagorik.model.fee import FeeDue, Quote, QuoteRequest
from nagorik.privacy import Form
from nagorik_toolkit.fees.schedule import FeeSchedule
from nagorik_toolkit.refusals import refuse


@dataclass(frozen=True)
class FeeBasis:
    """The schedule that a filled-in form is charged by, and how each of its dimensions follows from the form.

    A plugin quotes by it, and names the function that makes it in its fee file, so that ``nagorik fees`` asks the
    same code with a form that is filled in as far as anybody knows.
    """

    schedule: FeeSchedule
    due: FeeDue | Mapping[str, FeeDue]
    """When it falls due; by stage where the stages differ."""
    dimensions: Mapping[str, Callable[[], int | str]] = field(default_factory=dict)
    """For each dimension that follows from the form, what gives it. The others only the agency knows."""
    agency_adds: bool = False
    """Whether the agency asks for more than the schedule has, such as arrears that it alone knows."""
    checks: tuple[Callable[[], None], ...] = ()
    """Each raises ``InputRejected`` at the fields whose values the rules of the day do not allow: a booklet that is
    not for that age, a year that has not begun, a paid plan for what is free. Each is asked by itself, so that one
    that waits for a field (``FieldMissing``) hides no other."""

    @classmethod
    def of_fields(
        cls,
        schedule: FeeSchedule,
        form: Form,
        *,
        due: FeeDue | Mapping[str, FeeDue],
        checks: tuple[Callable[[], None], ...] = (),
    ) -> Self:
        """Each dimension is the form's field of its name, where the form has one."""
        named = (one.dimension for one in schedule.dimensions if one.dimension in type(form).model_fields)
        return cls(schedule, due, {name: _reader(form, name) for name in named}, checks=checks)

    def due_at(self, stage: str) -> FeeDue:
        """When the payment of a stage falls due.

        Raises:
            KeyError: The stages differ, and there is no such stage.
        """
        return self.due if isinstance(self.due, FeeDue) else self.due[stage]

    def choice(self, **known: int | str) -> dict[str, int | str]:
        """The dimensions as the form has them, with those that are ``known`` otherwise."""
        return {name: give() for name, give in self.dimensions.items()} | known

    def refuse_forbidden(self) -> None:
        """Ask every one of ``checks``.

        Raises:
            InputRejected: With the problems of all that refuse the form.
        """
        problems: list[FieldProblem] = []
        for check in self.checks:
            try:
                check()
            except InputRejected as rejected:
                problems += rejected.fields
        refuse(dict.fromkeys(problems))

    def quote(self, request: QuoteRequest, *, valid_for: timedelta, **known: int | str) -> Quote:
        """The quote of the schedule for the form, good for ``valid_for``; ``known`` are the agency's dimensions.

        What has been filed stays what it is: it is not checked again by later rules.

        Raises:
            InputRejected: One of ``checks`` refuses a form that has not been filed yet.
            AgencyRejected, FeeError: As ``FeeSchedule.quote``.
        """
        if request.agency_reference is None:
            self.refuse_forbidden()
        due = self.due_at(request.stage)
        return self.schedule.quote(request, due=due, valid_for=valid_for, **self.choice(**known))


AssessFees: TypeAlias = Callable[[str, Form, date], FeeBasis]
"""What a fee file names as ``basis``: the basis for a service's form on a day in Dhaka.

The form may be filled in only in part: a field that is not raises ``FieldMissing`` when it is read, which the
function lets through. It makes no calls.
"""


def _reader(form: Form, name: str) -> Callable[[], int | str]:
    def read() -> int | str:
        value: int | str = getattr(form, name)
        return value

    return read
