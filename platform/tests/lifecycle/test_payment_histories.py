"""Payments in any order of answer, notice, lost answer, crash and late success: nothing lost, nothing taken twice.

The same machine as for whole lives, begun where money is asked for, so that every history is one of a payment.
``NAGORIK_HISTORIES=50000 pytest -s`` plays more of them than a commit waits for, and prints what was in them.
"""

import os
import sys
from collections import Counter

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import initialize

from nagorik.model.fee import FeeDue
from nagorik.model.status import PaymentState as P
from nagorik.operations import Operation
from nagorik_platform.lifecycle import CitizenActed

from .test_state_machine import CAPABILITIES, REFUND_HABITS, LifecycleMachine

HISTORIES = int(os.environ.get("NAGORIK_HISTORIES", "40"))
PAID = sorted(name for name, one in CAPABILITIES.items() if one.offers(Operation.START_PAYMENT))
COUNTED: Counter[str] = Counter()


GIVEN_BACK = sorted(name for name, one in CAPABILITIES.items() if one.offers(Operation.REFUND_PAYMENT))


class PaymentHistoryMachine(LifecycleMachine):
    """An application whose payer is asked for money from the first moment on."""

    @initialize(
        name=st.sampled_from(PAID),
        price=st.sampled_from([70, 230, 1100]),
        waits=st.booleans(),
        patience=st.sampled_from([1, 3, 20]),
        refunds=st.sampled_from(REFUND_HABITS),
    )
    def open(self, name, price, waits, patience, refunds):
        super().open(
            name=name,
            numbered=False,
            consented=True,
            far=0,
            price=price,
            due=FeeDue.BEFORE_SUBMISSION,
            waits=waits,
            patience=patience,
            refunds=refunds,
        )
        while not self.row.payments:
            self._do_the_sensible_thing()

    def teardown(self):
        super().teardown()
        if not hasattr(self, "row"):
            return
        COUNTED["histories"] += 1
        for payment in self.row.payments:
            account = self.gateway.account(payment.id)
            COUNTED["payments"] += 1
            COUNTED["captured at the gateway"] += account.taken is not None
            COUNTED["given back"] += account.refunds
            COUNTED[f"ended {payment.state.value}"] += 1
            assert account.taken is None or payment.state in {P.CONFIRMED, P.REFUNDED, P.REFUND_MANUAL}
        for event in self.journal:
            COUNTED["lost or interrupted"] += event.kind == "attempt-ended" and event.result == "outcome-unknown"
            COUNTED["notices"] += event.kind == "payment-noticed"
            COUNTED["completions"] += event.kind == "attempt-began" and event.operation is Operation.COMPLETE_PAYMENT


class RefundHistoryMachine(PaymentHistoryMachine):
    """An application that is taken back as soon as its payer has paid."""

    @initialize(
        name=st.sampled_from(GIVEN_BACK),
        price=st.sampled_from([70, 230, 1100]),
        waits=st.booleans(),
        refunds=st.sampled_from(REFUND_HABITS),
    )
    def open(self, name, price, waits, refunds):
        super().open(name=name, price=price, waits=waits, patience=20, refunds=refunds)
        while not self.row.payment_in(P.CAPTURED):
            self._let_the_agency_finish()
            self._do_the_sensible_thing()
        self._take(CitizenActed("withdraw"))


for machine in (PaymentHistoryMachine, RefundHistoryMachine):
    machine.TestCase.settings = settings(
        settings.get_profile("lifecycle"),
        max_examples=HISTORIES,
        stateful_step_count=25,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
TestPaymentHistories = PaymentHistoryMachine.TestCase
TestRefundHistories = RefundHistoryMachine.TestCase


def teardown_module():
    sys.stdout.writelines(f"\n{number:>9,} {what}" for what, number in sorted(COUNTED.items()))
