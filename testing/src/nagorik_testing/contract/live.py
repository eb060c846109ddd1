"""A run against an agency's own sandbox: what may be asked of it, and what cannot be known there."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, NoReturn
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, SecretStr

from nagorik import PERSONAL, Applicant, Operation, hookimpl
from nagorik.data_files import parse_model, read_file
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.privacy import Model
from nagorik_platform import Call
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.clock import FlowingClock
from nagorik_testing.simulator.loopback import LOOPBACK

LIVE: Final = "live: "
"""What the reason of a check that is not run against a live agency begins with."""
WRITES: Final = f"{LIVE}it would write at the agency, and --destructive was not given"
TIME: Final = f"{LIVE}it would have to move the agency's clock"
SIMULATOR: Final = f"{LIVE}it needs the simulator's ledger, script or faults"
ANOTHER: Final = f"{LIVE}it needs a second test person"

_PAID: Final = (Operation.SUBMIT, Operation.ADVISE_PAYMENT, Operation.STATUS)
_BEGUN: Final = (Operation.START_PAYMENT, Operation.QUERY_PAYMENT)
RESTS_ON: Final[Mapping[str, tuple[Operation, ...]]] = MappingProxyType(
    {
        Operation.FIND: (Operation.SUBMIT,),
        Operation.STATUS: (Operation.SUBMIT,),
        Operation.WITHDRAW: (Operation.SUBMIT,),
        Operation.CALLBACK: (Operation.SUBMIT,),
        Operation.ADVISE_PAYMENT: (Operation.QUOTE, Operation.SUBMIT),
        Operation.ANSWER_CORRECTION: _PAID,
        Operation.DELIVERABLE: _PAID,
        Operation.SLOTS: _PAID,
        Operation.BOOK_SLOT: (*_PAID, Operation.SLOTS),
        Operation.QUERY_PAYMENT: (Operation.START_PAYMENT,),
        Operation.PAYMENT_NOTICE: (Operation.START_PAYMENT,),
        Operation.COMPLETE_PAYMENT: _BEGUN,
        Operation.LIST_PAYMENTS: _BEGUN,
        Operation.REFUND_PAYMENT: _BEGUN,
    }
)
"""What a rig calls before an operation, to have what it is called with."""
_SECRET_NAMES: Final = ("password", "secret", "token", "api_key")
_TAKES_TIME: Final = frozenset(
    {
        Operation.ANSWER_CORRECTION,
        Operation.DELIVERABLE,
        Operation.COMPLETE_PAYMENT,
        Operation.REFUND_PAYMENT,
        Operation.BOOK_SLOT,
    }
)
_POSTED: Final = frozenset({Operation.CALLBACK, Operation.PAYMENT_NOTICE})
"""Operations that begin with a message of the agency's own, which a simulator alone can be made to write."""


class NotPlayed(Exception):
    """The check cannot be made against a live agency, or may not; the text says why."""


class TestPerson(Model):
    """Whom one service is tried with, at the agency's sandbox."""

    __test__ = False

    applicant: Annotated[Applicant, PERSONAL]
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    agency_reference: Annotated[str | None, PERSONAL] = None
    """Of an application that is there already, so that reads need no write."""
    client_reference: Annotated[str | None, PERSONAL] = None
    """Under which it was filed."""


class TestPeople(Model):
    """People whom the agency's sandbox provides, by service."""

    __test__ = False

    source: str = Field(min_length=1)
    """Who provides them, such as the sandbox's handbook. Real people may not be used."""
    services: dict[str, TestPerson]


@dataclass(frozen=True, slots=True, repr=False)
class Live:
    """The agency that is asked.

    Attributes:
        base_url: Where it is. Credentials come from the environment, as a host's do.
        destructive: Whether writes may be sent that leave something there.
        people: Whom it knows; the simulator's example of a synthetic citizen where none are given.
        clock: Makes the time of one rig.
    """

    base_url: str
    destructive: bool = False
    people: TestPeople | None = None
    clock: Callable[[], "AgencyTime"] = field(default_factory=lambda: AgencyTime)

    @property
    def host(self) -> str:
        """The one host that may be reached beside those of the manifest.

        Raises:
            ValueError: The address names none.
        """
        host = urlsplit(self.base_url).hostname
        if host is None:
            raise ValueError("the address of the live agency names no host")
        return host

    def person(self, offer: str) -> TestPerson | None:
        """Whom an offer is tried with, if that is told."""
        return None if self.people is None else self.people.services.get(offer)

    def names_of(self, offer: str) -> tuple[str, ...]:
        """Names and numbers of an offer's test person, which may appear nowhere."""
        person = self.person(offer)
        if person is None:
            return ()
        applicant = person.applicant
        phone = () if applicant.phone is None else (applicant.phone.e164,)
        numbers = (str(identifier.value) for identifier in applicant.identifiers)
        return (*filter(None, (applicant.name.en, applicant.name.bn)), *numbers, *phone)

    def withheld(self, offer: AnyOffer) -> Mapping[Operation, str]:
        """The operations of an offer that are not called, each with the reason."""
        person = self.person(offer.id)
        there = person is not None and person.agency_reference is not None
        reads = {one for one in offer.operations if offer.writes.get(one, Idempotency.SAFE) is Idempotency.SAFE}
        allowed = frozenset(offer.operations) if self.destructive else reads
        reasons: dict[Operation, str] = {}
        for operation in offer.operations:
            if operation in _TAKES_TIME:
                reasons[operation] = TIME
            elif operation in _POSTED:
                reasons[operation] = SIMULATOR
            elif operation not in allowed or not (there or allowed.issuperset(RESTS_ON.get(operation, ()))):
                reasons[operation] = WRITES
        return reasons

    def __repr__(self) -> str:
        return f"<Live {'destructive' if self.destructive else 'reads only'}>"


class ReadsOnly:
    """A host's policy under which no call gets through that could leave anything at the agency."""

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None] | None:
        """Refuse a write, whichever check it comes from.

        Raises:
            NotPlayed: It is one.
        """
        if call.idempotency is None or call.idempotency is Idempotency.SAFE:
            return None
        raise NotPlayed(WRITES)


class AgencyTime(FlowingClock):
    """The time at a live agency: it passes by itself, and nobody moves it."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start or datetime.now(UTC))

    def advance(self, *_: object) -> NoReturn:
        """Refuse.

        Raises:
            NotPlayed: Always.
        """
        raise NotPlayed(TIME)

    def set(self, *_: object) -> NoReturn:
        """Refuse, as ``advance`` does.

        Raises:
            NotPlayed: Always.
        """
        raise NotPlayed(TIME)


def secret_settings(simulator: Simulator, live: Live | None) -> tuple[str, ...]:
    """The secret settings that the plugin was given."""
    if live is not None:
        prefix = environment_prefix(simulator.plugin_id)
        given: Mapping[str, object] = {
            name.removeprefix(prefix).lower(): value for name, value in os.environ.items() if name.startswith(prefix)
        }
    else:
        given = simulator.settings(f"http://{LOOPBACK}")
    return tuple(
        value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
        if isinstance(value, SecretStr) or name.endswith(_SECRET_NAMES)
    )


def load_people(path: Path) -> TestPeople:
    """The test people of a TOML file: ``source``, and ``[services."ID"]`` with ``applicant`` and ``form``.

    Raises:
        DataFileInvalid: It cannot be read, or breaks the format; naming the place, never what stands there.
    """
    return parse_model(read_file(path), path.name, TestPeople, private=True)
