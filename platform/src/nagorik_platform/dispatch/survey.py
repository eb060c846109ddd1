"""What one citizen may apply for, across all agencies, without asking any of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nagorik.errors import InputRejected, NagorikError, PluginFault, ServiceNotOffered
from nagorik.manifest import PublicService
from nagorik.model.eligibility import Criterion, Eligibility, EligibilityDecision
from nagorik.operations import Operation
from nagorik.privacy import Model
from nagorik.values.sentences import Text
from nagorik_platform.registry import Registry
from nagorik_platform.registry.records import ADMISSION_CODES

RULES_SECONDS: Final = 2.0
"""Seconds that one service's rules may take where no agency is asked."""


class NoDecision(StrEnum):
    """Why a service's rules were not applied. None of them says anything about the citizen."""

    NO_RULES = "no-rules"
    """The service's plugin offers no eligibility."""
    PLUGIN_FAULT = "plugin-fault"
    """The plugin failed."""
    QUARANTINED = "quarantined"
    """The plugin is kept out."""
    AGENCY_NEEDED = "agency-needed"
    """The plugin wanted to reach its agency, or a setting that is not there."""


_TEXTS: Final = MappingProxyType(
    {
        NoDecision.NO_RULES: Text(
            en="No conditions of this service are written down on this platform. Ask the agency.",
            bn="এই সেবার কোনো শর্ত এই প্ল্যাটফর্মে লেখা নেই। সংস্থার কাছে জেনে নিন।",
        ),
        NoDecision.PLUGIN_FAULT: Text(
            en="The platform's connection for this service failed. It says nothing about you. Try again later.",
            bn="এই সেবার সংযোগে ত্রুটি হয়েছে। এতে আপনার যোগ্যতা সম্পর্কে কিছু বোঝা যায় না। পরে আবার চেষ্টা করুন।",
        ),
        NoDecision.QUARANTINED: Text(
            en="This service is not available on the platform at present. Try again later.",
            bn="এই সেবা এখন প্ল্যাটফর্মে পাওয়া যাচ্ছে না। পরে আবার চেষ্টা করুন।",
        ),
        NoDecision.AGENCY_NEEDED: Text(
            en="Only the agency knows this, and it was not asked. Begin an application to have it asked.",
            bn="এটি কেবল সংস্থাই জানে, আর সংস্থার কাছে জানতে চাওয়া হয়নি। জানতে হলে আবেদন শুরু করুন।",
        ),
    }
)


class ServiceEligibility(Model):
    """One service and whether the citizen may apply for it, as far as it is known."""

    service: str
    name: Text
    agency: Text
    criteria: tuple[Criterion, ...] = ()
    """Every criterion with its verdict; empty where the rules were not applied."""
    because: NoDecision | None = None
    """Why the rules were not applied."""

    @property
    def eligibility(self) -> Eligibility:
        """As the criteria say; indeterminate without criteria."""
        return EligibilityDecision(criteria=self.criteria).eligibility if self.criteria else Eligibility.INDETERMINATE

    @property
    def problem(self) -> Text | None:
        """For the citizen, why the rules were not applied."""
        return None if self.because is None else _TEXTS[self.because]


async def survey(
    registry: Registry,
    wanted: Sequence[str] | None,
    ask: Callable[[str], Awaitable[EligibilityDecision]],
    import_plugins: Callable[[Iterable[str]], Awaitable[None]],
) -> tuple[ServiceEligibility, ...]:
    """Put ``ask`` to all services at once, or to those wanted, in the catalogue's order.

    Their plugins are imported before: rules that have seconds do not share them with another plugin's import.

    Raises:
        ServiceNotOffered: A wanted service is in no plugin's catalogue.
    """
    known = {service.id: (service, agency) for service, agency in _catalogue(registry)}
    if any(service not in known for service in wanted or ()):
        raise ServiceNotOffered("unknown-service")
    chosen = list(known.values()) if wanted is None else [known[service] for service in dict.fromkeys(wanted)]
    owners = {service.id.partition(".")[0] for service, _ in chosen if Operation.ELIGIBILITY in service.reads}
    await import_plugins([record.id for record in registry.usable if record.id in owners])
    return tuple(await asyncio.gather(*(_entry(service, agency, ask) for service, agency in chosen)))


def _catalogue(registry: Registry) -> list[tuple[PublicService, Text]]:
    """Every service that the host lets in, those included whose plugin is kept out by a fault."""
    return [
        (service, record.manifest.name)
        for record in registry.records
        if record.manifest is not None and registry.record(record.id) is record
        if record.quarantine is None or record.quarantine.code not in ADMISSION_CODES
        for service in record.manifest.services
    ]


async def _entry(
    service: PublicService, agency: Text, ask: Callable[[str], Awaitable[EligibilityDecision]]
) -> ServiceEligibility:
    criteria, because = tuple[Criterion, ...](), None
    if Operation.ELIGIBILITY not in service.reads:
        because = NoDecision.NO_RULES
    else:
        try:
            criteria = (await ask(service.id)).criteria
        except ServiceNotOffered:
            because = NoDecision.QUARANTINED
        except (PluginFault, InputRejected):
            because = NoDecision.PLUGIN_FAULT
        except NagorikError:
            because = NoDecision.AGENCY_NEEDED
    # The criteria were held to their model as the hook's result.
    return ServiceEligibility.model_construct(
        service=service.id, name=service.name, agency=agency, criteria=criteria, because=because
    )
