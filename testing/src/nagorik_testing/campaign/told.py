"""What became of a campaign so far."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from nagorik_testing.campaign.comparison import Finding


@dataclass(slots=True)
class Told:
    """Counts and findings, added up cohort by cohort."""

    applications: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    at_operations: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    requests: int = 0
    faults: int = 0
    acts: int = 0
    refused_doubles: int = 0
    simulated: timedelta = timedelta()
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Told") -> None:
        """Add what became of further applications."""
        for counter, further in (
            (self.ends, other.ends),
            (self.services, other.services),
            (self.killed, other.killed),
            (self.at_operations, other.at_operations),
        ):
            counter.update(further)
        self.applications += other.applications
        self.calls += other.calls
        self.requests += other.requests
        self.faults += other.faults
        self.acts += other.acts
        self.refused_doubles += other.refused_doubles
        self.simulated += other.simulated
        self.findings += other.findings
