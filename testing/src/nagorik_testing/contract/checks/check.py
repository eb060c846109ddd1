"""What a check is: a question put to every offer of a plugin, whose answer can be no.

A function examines one offer, and ``checks.toml`` has the check's code, what it is put to and its texts.
"""

import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.resources import files
from typing import Final

from pydantic import TypeAdapter

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer, Manifest, PaymentGateway, PublicService
from nagorik_testing.contract.live import NotPlayed
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import (
    CheckStatus,
    Finding,
    NotReachable,
    Origin,
    Symptom,
    origin_of,
)
from nagorik_testing.validation.findings import Severity


class CheckFamily(StrEnum):
    """What a check is about."""

    CATALOGUE = "catalogue"
    ELIGIBILITY = "eligibility"
    FEES = "fees"
    SUBMISSION = "submission"
    PAYMENT = "payment"
    STATUS = "status"
    PRIVACY = "privacy"
    ROBUSTNESS = "robustness"
    PROCESS = "process"


class CheckScope(StrEnum):
    """What a check is put to."""

    PLUGIN = "plugin"
    """The plugin once, whatever it offers."""
    SERVICES = "services"
    GATEWAYS = "gateways"
    OFFERS = "offers"
    """Services and gateways alike."""


class NotConcerned(Exception):
    """An examination has nothing to look at in this offer; the text says why."""


Examine = Callable[[Subject, AnyOffer], Awaitable[list[str]]]
"""Looks at one offer; each text says one thing that is wrong, and holds nothing of a citizen.

On one rig it stops well before the faults in a row that put a plugin into quarantine, since all checks share one
registry.
"""


class Minor(str):
    """A problem that alone weighs no more than a warning, whatever the severity of its check."""

    __slots__ = ()


EXAMINATIONS: Final[dict[str, Examine]] = {}
"""By the id of their check."""


def check(identity: str) -> Callable[[Examine], Examine]:
    """Let a function examine for the check with this id; ``checks.toml`` describes it."""

    def register(examine: Examine) -> Examine:
        if identity in EXAMINATIONS:
            raise ValueError(f"{identity} is examined twice")
        EXAMINATIONS[identity] = examine
        return examine

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        code: Stable, such as ``NGK404``.
        id: What it is called, such as ``submit/F17-replay``.
        family: What it is about.
        title: What is checked, in English.
        why: The failure that it stands for in the real world.
        modes: That failure's numbers in docs/reference/failure-modes.md.
        expected: What has to come of it.
        fix: What an author does about a failure.
        scope: What it is put to.
        needs: Operations without which it does not concern an offer.
        presupposes: Ids of checks without which this one says nothing: where one of them fails, this one follows.
        examine: Does it.
        former: Ids of checks that are part of it now.
        severity: How much it weighs that it fails.
        takes_all_levels: Whether a failure takes every level: something was done twice.
    """

    code: str
    id: str
    family: CheckFamily
    title: str
    why: str
    modes: tuple[int, ...]
    expected: str
    fix: str
    scope: CheckScope
    examine: Examine = field(repr=False)
    needs: tuple[Operation, ...] = ()
    presupposes: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    takes_all_levels: bool = False

    def concerns(self, manifest: Manifest) -> bool:
        """Whether a plugin offers anything that this check is put to."""
        return self.scope is CheckScope.PLUGIN or any(
            self.reason_not_concerned(offer) is None for offer in manifest.offers
        )

    async def run(self, subject: Subject) -> AsyncIterator[Finding]:
        """One finding for each offer, or one for the plugin as a whole."""
        if self.scope is CheckScope.PLUGIN:
            yield await self._finding(subject, subject.manifest.offers[0])
            return
        for offer in subject.manifest.offers:
            yield await self._finding(subject, offer)

    async def _finding(self, subject: Subject, offer: AnyOffer) -> Finding:
        if (reason := self.reason_not_concerned(offer)) is not None:
            return self._found(offer, CheckStatus.NOT_APPLICABLE, because=reason)
        try:
            problems = await self.examine(subject, offer)
        except (NotConcerned, NotPlayed) as idle:
            return self._found(offer, CheckStatus.NOT_APPLICABLE, because=str(idle))
        except NotReachable as missing:
            return self._found(offer, CheckStatus.NOT_REACHED, got=str(missing), origin=missing.origin)
        except NotImplementedError:
            return self._found(offer, CheckStatus.NOT_REACHED, got=f"the simulator has no example of {offer.id}")
        except NagorikError as error:
            ended = f"a call ends in {error.code}, without any fault of the agency"
            return self._found(offer, CheckStatus.FAILED, got=ended, because=self.why, origin=origin_of(error))
        if not problems:
            return self._found(offer, CheckStatus.PASSED)
        found = self._found(offer, CheckStatus.FAILED, got="; ".join(dict.fromkeys(problems)), because=self.why)
        mild = all(isinstance(problem, Minor) for problem in problems)
        severity = Severity.WARNING if mild else self.severity
        return replace(found, severity=severity, takes_all_levels=self.takes_all_levels)

    def reason_not_concerned(self, offer: AnyOffer) -> str | None:
        """Why it is not put to an offer; ``None`` if it is."""
        if self.scope is CheckScope.SERVICES and not isinstance(offer, PublicService):
            return "it is a gateway"
        if self.scope is CheckScope.GATEWAYS and not isinstance(offer, PaymentGateway):
            return "it is a service"
        missing = (operation for operation in self.needs if operation not in offer.operations)
        return next((f"it does not offer {operation.value}" for operation in missing), None)

    def _found(
        self,
        offer: AnyOffer,
        status: CheckStatus,
        *,
        got: str = "",
        because: str = "",
        origin: Origin | None = None,
    ) -> Finding:
        return Finding(
            check=self.id,
            offer=None if self.scope is CheckScope.PLUGIN else offer.id,
            title=self.title,
            status=status,
            expected=self.expected,
            got=got,
            because=because,
            origin=origin,
            severity=self.severity,
            symptoms=frozenset() if origin is None else frozenset({Symptom.ENDING}),
        )


_DESCRIBED: Final = TypeAdapter(tuple[Check, ...])


def described_checks() -> tuple[Check, ...]:
    """Every check of ``checks.toml``, in its order, with the examination that is registered for it."""
    described = tomllib.loads(files(__package__).joinpath("checks.toml").read_text("utf-8"))
    return _DESCRIBED.validate_python(
        [{**texts, "code": code, "examine": EXAMINATIONS[texts["id"]]} for code, texts in described.items()]
    )
