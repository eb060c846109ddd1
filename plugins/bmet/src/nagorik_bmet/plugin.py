"""BMET: registration, orientation and emigration clearance of workers who go abroad, and two look-ups.

Each is filed first and paid for afterwards, where it costs something. BMET does not notice doubles. It publishes no
interface: the reference interface stands in for it.
"""

from collections.abc import Sequence
from typing import Any, Final

from nagorik import (
    AgencyRejected,
    CallbackReport,
    CallbackRequest,
    CallContext,
    Criterion,
    EligibilityRequest,
    Form,
    Verdict,
    hookimpl,
)
from nagorik_bmet.data import DATA
from nagorik_bmet.forms import ClearanceForm
from nagorik_bmet.passport import valid_passport
from nagorik_bmet.settings import BmetSettings
from nagorik_toolkit import (
    AgencyPlugin,
    Applications,
    EligibilityCase,
    EligibilityCheck,
    Lookup,
    LookupOutcome,
    Refused,
    age,
    at_hand,
    in_force,
    own_application,
    read_webhook,
)

REGISTRATION, ORIENTATION, CLEARANCE = "bmet.registration", "bmet.orientation", "bmet.clearance"
FILED: Final = frozenset({REGISTRATION, ORIENTATION, CLEARANCE})
PAPERS: Final = ("visa", "contract", "pdo-certificate", "bank-account", "medical-report")


def is_correction(form: Form | None) -> bool:
    """A card is corrected: no source wants a registration that holds, or months of a passport, for that."""
    return isinstance(form, ClearanceForm) and form.card == "correction"


def is_no_correction(case: EligibilityCase) -> bool:
    """A new application, or a form that is not filled in yet."""
    return not is_correction(case.form)


def domestic_work(name: str, case: EligibilityCase) -> Criterion:
    """Decide by sex and occupation who the limits are for; who is within them need not be asked for either."""
    within = age(at_least="domestic-work-from", at_most="domestic-work-to")(name, case)
    sex, occupation = case.applicant.sex if case.applicant else None, case.field("occupation")
    if within.verdict is Verdict.PASS or sex in {"male", "other"} or occupation not in {None, "domestic-work"}:
        holds: bool | None = True
    else:
        holds = False if sex == "female" and occupation else None
    low, high = case.rules["domestic-work-from"], case.rules["domestic-work-to"]
    return case.criteria.criterion(name, holds, source=low.source, at_least=low.as_int, at_most=high.as_int)


def paper(name: str, case: EligibilityCase) -> Criterion:
    """A card that is corrected has its papers at BMET already: of one that is not listed then, nothing is known."""
    found = at_hand("papers", "clearance-papers")(name, case)
    if is_correction(case.form) and found.verdict is Verdict.FAIL:
        return case.criteria.criterion(name, None, source=found.source)
    return found


class Bmet(AgencyPlugin[BmetSettings]):
    """What is BMET's own."""

    api = "/sim/bmet/v1"
    data = DATA
    services = (
        Applications(REGISTRATION, "registrations"),
        Applications(ORIENTATION, "pdo-bookings"),
        Applications(CLEARANCE, "clearances"),
        Lookup(
            "bmet.card-verification",
            "cards",
            {
                "VALID": LookupOutcome("card-validity", "card.{card}-valid", until=True),
                "EXPIRED": Refused("bmet.{card}-expired"),
                "NOT_FOUND": Refused("bmet.card-not-found"),
            },
        ),
        Lookup(
            "bmet.clearance-verification",
            "clearances",
            {
                "READY": LookupOutcome("clearance", "clearance.ready", issued=True),
                "IN_PROCESS": LookupOutcome("clearance-progress", "clearance.in-process"),
                "FINGERPRINTS_MISSING": LookupOutcome("clearance-progress", "clearance.fingerprints-missing"),
                "NOT_FOUND": Refused("bmet.clearance-not-found"),
            },
        ),
    )
    checks = (
        EligibilityCheck("working-age", "birth_date", age(at_least="working-age-from"), FILED, priced=True),
        EligibilityCheck("own-application", "birth_date", own_application),
        EligibilityCheck("domestic-work", "occupation", domestic_work, {REGISTRATION, CLEARANCE}),
        EligibilityCheck(
            "registration-valid",
            "registered_on",
            in_force("registered_on", "registration-years"),
            {ORIENTATION, CLEARANCE},
            priced=True,
            where=is_no_correction,
        ),
        *(EligibilityCheck(name, "papers", paper, {CLEARANCE}, priced=True) for name in PAPERS),
    )
    unexplained_correction = "status.query-without-remark"

    @hookimpl
    async def nagorik_parse_callback(
        self, request: CallbackRequest, context: CallContext[BmetSettings]
    ) -> CallbackReport:
        """Read how an application stands, as BMET posts it when that changes.

        Raises:
            AgencyRejected: The host has no secret for it, or the message does not prove where it comes from.
        """
        secret = context.settings.callback_secret
        if secret is None:
            raise AgencyRejected("bmet.no-callback-secret")
        standing = read_webhook(request, secret, context.clock.now(), expect=self.standing)
        return CallbackReport(agency_reference=standing.reference, status=self.reported(request.service, standing))

    async def more_criteria(self, request: EligibilityRequest, context: CallContext[Any]) -> Sequence[Criterion]:
        """Ask the passport office, with the worker's consent."""
        if request.service not in {REGISTRATION, CLEARANCE} or is_correction(request.form):
            return ()
        return (await valid_passport(request, context),)


PLUGIN: Final = Bmet()
basis = PLUGIN.basis
read_error = PLUGIN.read_error
