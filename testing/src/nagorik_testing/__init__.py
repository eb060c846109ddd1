"""Simulated agencies that fail the way real agencies fail, and the people who apply there.

Each name lives in the module of its concept and is imported when it is first used, so that pytest, which loads the
kit's fixtures in every run, stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nagorik_testing.admin import (
        refused as refused,
    )
    from nagorik_testing.application_book import (
        ApplicationBook as ApplicationBook,
        Replication as Replication,
    )
    from nagorik_testing.case import (
        Case as Case,
        PaymentTold as PaymentTold,
    )
    from nagorik_testing.citizens import (
        SyntheticCitizen as SyntheticCitizen,
        SyntheticCitizens as SyntheticCitizens,
    )
    from nagorik_testing.clock import (
        FlowingClock as FlowingClock,
        SimulatedClock as SimulatedClock,
    )
    from nagorik_testing.conditions import (
        BrownOut as BrownOut,
        ClosedOutside as ClosedOutside,
        Condition as Condition,
        Outage as Outage,
        RateLimit as RateLimit,
        Weather as Weather,
    )
    from nagorik_testing.course import (
        Course as Course,
    )
    from nagorik_testing.desk import (
        ADMIN_PATH as ADMIN_PATH,
        About as About,
        Desk as Desk,
    )
    from nagorik_testing.exchanges import (
        Exchange as Exchange,
        Provenance as Provenance,
    )
    from nagorik_testing.fault import (
        Altered as Altered,
        Answered as Answered,
        AnswerLost as AnswerLost,
        ClosedBeforeProcessing as ClosedBeforeProcessing,
        Dripping as Dripping,
        Encoded as Encoded,
        Fault as Fault,
        Garbled as Garbled,
        MaintenancePage as MaintenancePage,
        NotSent as NotSent,
        Padded as Padded,
        Reshaped as Reshaped,
        Slow as Slow,
        Truncated as Truncated,
    )
    from nagorik_testing.fault_plan import (
        FaultPlan as FaultPlan,
        FaultRule as FaultRule,
    )
    from nagorik_testing.front import (
        ReadRequest as ReadRequest,
    )
    from nagorik_testing.in_process import (
        SimulatorTransport as SimulatorTransport,
        reached_in_process as reached_in_process,
    )
    from nagorik_testing.installed import (
        SimulatorUnusable as SimulatorUnusable,
        installed_simulators as installed_simulators,
        load_simulator as load_simulator,
    )
    from nagorik_testing.ledger import (
        Effect as Effect,
        Ledger as Ledger,
        SeenRequest as SeenRequest,
    )
    from nagorik_testing.loopback import (
        serve as serve,
    )
    from nagorik_testing.reading import (
        amount_in as amount_in,
        choice_in as choice_in,
        content_of as content_of,
        day_in as day_in,
        instant_in as instant_in,
        rows_in as rows_in,
        text_in as text_in,
    )
    from nagorik_testing.refusal import (
        Handler as Handler,
        Refusal as Refusal,
        plain_envelope as plain_envelope,
        routes_of as routes_of,
    )
    from nagorik_testing.rejected import (
        FileRejected as FileRejected,
    )
    from nagorik_testing.replays import (
        Replays as Replays,
    )
    from nagorik_testing.scenario_file import (
        ScenarioFile as ScenarioFile,
    )
    from nagorik_testing.script import (
        EVERYONE as EVERYONE,
        Scenario as Scenario,
        Script as Script,
    )
    from nagorik_testing.simulator import (
        ErrorAnswer as ErrorAnswer,
        ExampleApplication as ExampleApplication,
        Simulator as Simulator,
    )
    from nagorik_testing.slot_board import (
        Slot as Slot,
        SlotBoard as SlotBoard,
    )
    from nagorik_testing.socket_guard import (
        OutsideReached as OutsideReached,
        only_this_machine as only_this_machine,
    )
    from nagorik_testing.specimen import (
        specimen_pdf as specimen_pdf,
        specimen_picture as specimen_picture,
    )
    from nagorik_testing.strict_router import (
        StrictRouter as StrictRouter,
    )
    from nagorik_testing.strict_transport import (
        late as late,
    )
    from nagorik_testing.temporary_links import (
        TemporaryLinks as TemporaryLinks,
    )
    from nagorik_testing.token_desk import (
        TokenDesk as TokenDesk,
        bearer as bearer,
    )
    from nagorik_testing.unsatisfied import (
        Unsatisfied as Unsatisfied,
    )

_HOMES = {
    "admin": ("refused",),
    "application_book": ("ApplicationBook", "Replication"),
    "case": ("Case", "PaymentTold"),
    "citizens": ("SyntheticCitizen", "SyntheticCitizens"),
    "clock": ("FlowingClock", "SimulatedClock"),
    "conditions": ("BrownOut", "ClosedOutside", "Condition", "Outage", "RateLimit", "Weather"),
    "course": ("Course",),
    "desk": ("ADMIN_PATH", "About", "Desk"),
    "exchanges": ("Exchange", "Provenance"),
    "fault": (
        "Altered",
        "AnswerLost",
        "Answered",
        "ClosedBeforeProcessing",
        "Dripping",
        "Encoded",
        "Fault",
        "Garbled",
        "MaintenancePage",
        "NotSent",
        "Padded",
        "Reshaped",
        "Slow",
        "Truncated",
    ),
    "fault_plan": ("FaultPlan", "FaultRule"),
    "front": ("ReadRequest",),
    "in_process": ("SimulatorTransport", "reached_in_process"),
    "installed": ("SimulatorUnusable", "installed_simulators", "load_simulator"),
    "ledger": ("Effect", "Ledger", "SeenRequest"),
    "loopback": ("serve",),
    "reading": ("amount_in", "choice_in", "content_of", "day_in", "instant_in", "rows_in", "text_in"),
    "refusal": ("Handler", "Refusal", "plain_envelope", "routes_of"),
    "rejected": ("FileRejected",),
    "replays": ("Replays",),
    "scenario_file": ("ScenarioFile",),
    "script": ("EVERYONE", "Scenario", "Script"),
    "simulator": ("ErrorAnswer", "ExampleApplication", "Simulator"),
    "slot_board": ("Slot", "SlotBoard"),
    "socket_guard": ("OutsideReached", "only_this_machine"),
    "specimen": ("specimen_pdf", "specimen_picture"),
    "strict_router": ("StrictRouter",),
    "strict_transport": ("late",),
    "temporary_links": ("TemporaryLinks",),
    "token_desk": ("TokenDesk", "bearer"),
    "unsatisfied": ("Unsatisfied",),
}
_HOME_OF = {name: f"nagorik_testing.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module nagorik_testing has no attribute {name}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
