"""What a plugin can be asked to do: one table that the loader, the dispatcher and the suite all read."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Operation(StrEnum):
    """The operations of all hook families, by the names that a manifest uses."""

    ELIGIBILITY = "eligibility"
    QUOTE = "quote"
    ADVISE_PAYMENT = "advise-payment"
    START_PAYMENT = "start-payment"
    QUERY_PAYMENT = "query-payment"
    COMPLETE_PAYMENT = "complete-payment"
    LIST_PAYMENTS = "list-payments"
    REFUND_PAYMENT = "refund-payment"
    PAYMENT_NOTICE = "payment-notice"
    SUBMIT = "submit"
    FIND = "find"
    ANSWER_CORRECTION = "answer-correction"
    WITHDRAW = "withdraw"
    STATUS = "status"
    CALLBACK = "callback"
    SLOTS = "slots"
    BOOK_SLOT = "book-slot"
    DELIVERABLE = "deliverable"
    HEALTH = "health"


class Family(StrEnum):
    """Who offers an operation: an agency for a service, a payment gateway, or a plugin as a whole."""

    SERVICE = "service"
    GATEWAY = "gateway"
    PLUGIN = "plugin"


class Idempotency(StrEnum):
    """What doing a write twice does at the agency. It selects the retry policy; a plugin cannot choose another."""

    SAFE = "safe"
    """Has no effect at the agency (RFC 9110's sense of safe), whatever the HTTP verb: tried again like a read."""
    NATIVE = "native"
    """The agency honours an idempotency key: tried again with the same key."""
    CLIENT_REFERENCE = "client-reference"
    """The agency can be searched by the platform's own reference: never sent again before a look-up."""
    NONE = "none"
    """Neither: a lost answer is settled by a person."""


class OperationSpec(NamedTuple):
    """How an operation is reached and what it may do."""

    hook: str
    family: Family
    writes: bool
    """Whether it can have an effect at the agency or gateway; such operations need an idempotency class."""


OPERATIONS: Final[Mapping[Operation, OperationSpec]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: OperationSpec("nagorik_check_eligibility", Family.SERVICE, writes=False),
        Operation.QUOTE: OperationSpec("nagorik_quote_fees", Family.SERVICE, writes=False),
        Operation.ADVISE_PAYMENT: OperationSpec("nagorik_advise_payment", Family.SERVICE, writes=True),
        Operation.START_PAYMENT: OperationSpec("nagorik_start_payment", Family.GATEWAY, writes=True),
        Operation.QUERY_PAYMENT: OperationSpec("nagorik_query_payment", Family.GATEWAY, writes=False),
        Operation.COMPLETE_PAYMENT: OperationSpec("nagorik_complete_payment", Family.GATEWAY, writes=True),
        Operation.LIST_PAYMENTS: OperationSpec("nagorik_list_payments", Family.GATEWAY, writes=False),
        Operation.REFUND_PAYMENT: OperationSpec("nagorik_refund_payment", Family.GATEWAY, writes=True),
        Operation.PAYMENT_NOTICE: OperationSpec("nagorik_parse_payment_notice", Family.GATEWAY, writes=False),
        Operation.SUBMIT: OperationSpec("nagorik_submit", Family.SERVICE, writes=True),
        Operation.FIND: OperationSpec("nagorik_find_submission", Family.SERVICE, writes=False),
        Operation.ANSWER_CORRECTION: OperationSpec("nagorik_answer_correction", Family.SERVICE, writes=True),
        Operation.WITHDRAW: OperationSpec("nagorik_withdraw", Family.SERVICE, writes=True),
        Operation.STATUS: OperationSpec("nagorik_get_status", Family.SERVICE, writes=False),
        Operation.CALLBACK: OperationSpec("nagorik_parse_callback", Family.SERVICE, writes=False),
        Operation.SLOTS: OperationSpec("nagorik_list_slots", Family.SERVICE, writes=False),
        Operation.BOOK_SLOT: OperationSpec("nagorik_book_slot", Family.SERVICE, writes=True),
        Operation.DELIVERABLE: OperationSpec("nagorik_fetch_deliverable", Family.SERVICE, writes=False),
        Operation.HEALTH: OperationSpec("nagorik_check_health", Family.PLUGIN, writes=False),
    }
)
