"""An example application's file: who applies for what, how the agency will behave, and how it must end."""

from datetime import time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue, TypeAdapter

from nagorik import PERSONAL, Applicant, ApplicationState, Model, PaymentState, Text
from nagorik.data_files import read_file
from nagorik.values import Money
from nagorik_platform.json_files import parse_json
from nagorik_testing.faults.kinds import Fault

LONGEST_STAGE: Final = 1e9
"""Seconds, some thirty years: beyond it lies the end of the calendar."""


class ExampleProblem(ValueError):
    """An example that cannot be played, though its file can be read. Its text never says what a field holds."""


class Act(Model):
    """What the citizen does when the application waits for them."""

    hold: str
    """The hold's code, such as ``correction-requested``."""
    action: Literal["go-on", "corrected", "pay-again", "withdraw"]
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    """Fields of the form that the citizen changes first."""


class Ruling(Model):
    """What an officer of the platform decides about a payment that only a person can settle."""

    hold: str
    """The hold's code, such as ``payment-under-investigation``."""
    payment_to: PaymentState
    """What becomes of the payment, such as ``refund_manual``; then the fee is due anew."""
    reason: str = Field(min_length=1)


class ExampleAppointment(Model):
    """An appointment that the citizen takes when the agency says, in its own word, that they have to come."""

    when: str
    """The agency's word, as in the status's ``raw``; a status since the last appointment must have it."""
    slot: int = Field(default=1, ge=1)
    """Which of the free ones, the first being 1; the last where there are fewer."""


class Scripted(Model):
    """How an agency's simulator treats this application; the words are the simulator's own."""

    simulator: str
    payment: int | None = Field(default=None, ge=1)
    """At a gateway's simulator: which of the application's payments, the first being 1."""
    outcome: str
    durations: dict[str, Annotated[float, Field(ge=0, le=LONGEST_STAGE)]] = Field(default_factory=dict)
    """Seconds that named stages take."""
    values: dict[str, str] = Field(default_factory=dict)


class ExampleFault(Model):
    """A fault that this application's requests meet, below the plugin."""

    simulator: str
    operation: str
    """Method and path template, as in the simulator's ledger."""
    fault: Annotated[Fault, Field(discriminator="fault")]
    first: int = Field(default=1, ge=1)
    count: int = Field(default=1, ge=1)


class Expectation(Model):
    """How the application must end."""

    state: ApplicationState
    hold: str | None = None
    """The code of what it waits for, for an application that ends waiting."""
    fee: Money | None = None
    """All that was captured and not given back; nothing is expected where absent."""
    at_agency: int = Field(ge=0)
    """Applications in the agency's own ledger for this one: zero where nothing is filed."""
    looked_up: bool = False
    """Whether an answer must have been lost and looked up."""


class Example(Model):
    """One application to be played."""

    title: Text
    service: str
    gateway: str | None = "cashdesk.counter"
    opens: time | None = None
    """When it is opened, on the clocks in Dhaka on the first day; at once where absent or past."""
    applicant: Applicant
    form: Annotated[dict[str, JsonValue], PERSONAL]
    fee_ceiling: Money
    """What the citizen consents to spend."""
    scripted: tuple[Scripted, ...] = ()
    faults: tuple[ExampleFault, ...] = ()
    citizen: tuple[Act, ...] = ()
    officers: tuple[Ruling, ...] = ()
    appointments: tuple[ExampleAppointment, ...] = ()
    """In the order in which they are taken; without any, no appointment is booked."""
    expect: Expectation


class NamedExample(Model):
    """An example and the name of the file it came from."""

    name: str
    example: Example


def read_examples(folder: Path) -> tuple[NamedExample, ...]:
    """All examples in ``folder``, sorted by file name.

    Raises:
        ExampleProblem: The folder has no such file.
        DataFileInvalid: A file is not as it should be; naming the fields, never what they hold.
    """
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise ExampleProblem(f"there are no *.json files in {folder}")
    return tuple(NamedExample(name=_name(path), example=_read(path)) for path in paths)


def _name(path: Path) -> str:
    try:
        path.stem.encode()
    except UnicodeEncodeError:
        raise ExampleProblem(f"{path.name!a}: the file's name is not UTF-8") from None
    return path.stem


def _read(path: Path) -> Example:
    return parse_json(read_file(path), path.name, TypeAdapter(Example), Example)
