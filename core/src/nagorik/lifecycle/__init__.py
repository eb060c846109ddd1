"""The legal moves of an application and of a payment: pure functions over two tables, no I/O."""

from nagorik.lifecycle.application import (
    APPLICATION_TRANSITIONS,
    ApplicationTransition,
    application_targets,
    route_to_reported_state,
)
from nagorik.lifecycle.labels import state_label
from nagorik.lifecycle.payment import (
    PAYMENT_TRANSITIONS,
    PaymentTransition,
    is_settled,
    payment_targets,
)
from nagorik.lifecycle.transition import IllegalTransition

__all__ = [
    "APPLICATION_TRANSITIONS",
    "PAYMENT_TRANSITIONS",
    "ApplicationTransition",
    "IllegalTransition",
    "PaymentTransition",
    "application_targets",
    "is_settled",
    "payment_targets",
    "route_to_reported_state",
    "state_label",
]
