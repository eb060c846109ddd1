"""What a plugin makes of a message: a report that is proved, a hint, or nothing."""

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nagorik import (
    AgencyClosed,
    AgencyUnavailable,
    CredentialsRejected,
    NagorikError,
    Operation,
    PluginFault,
    RateLimited,
    ServiceNotOffered,
    SettingsRejected,
)
from nagorik.manifest import AnyOffer, PaymentGateway
from nagorik.model.payment import PaymentNoticeRequest
from nagorik.model.status import CallbackRequest
from nagorik_host.vault import KeyMissing, Vault
from nagorik_platform import Platform
from nagorik_platform.lifecycle import Noticed, Reported
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import PluginRecord
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

MESSAGE: Final = "message"
"""The place that a message's content is sealed for."""

READ_SECONDS: Final = 2.0
"""Seconds that a plugin has for one message."""
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
"""Time until a message that cannot be read now is tried again; it doubles from the first to the longest."""
READINGS: Final = 4
"""How often a message is read whose reading does not end in time."""
_OUT_OF_TIME: Final = frozenset({"deadline", "abandoned", "cancelled"})

DEFECT: Final = "defect"
KEY_MISSING: Final = "key-missing"

_READS: Final = frozenset({Operation.CALLBACK, Operation.PAYMENT_NOTICE})
_NOT_NOW: Final = (
    AgencyClosed,
    AgencyUnavailable,
    CredentialsRejected,
    RateLimited,
    ServiceNotOffered,
    SettingsRejected,
)
"""Errors that say nothing about a message: its plugin is kept out, or lacks what it proves messages with."""


@dataclass(frozen=True, slots=True, repr=False)
class UnreadMessage:
    """A message that was taken to be read, as it is kept.

    Attributes:
        id: Its own id.
        offer: The service or gateway whose address it came to.
        message: The hash that makes two proved messages one.
        received_at: When it came.
        looks: How often it was read before, or tried to be.
        lost_looks: How often in a row, at last, nothing more was heard of whoever read it.
        wrapped: Its data key.
        sealed: Headers and body.
    """

    id: str
    offer: str
    message: str
    received_at: datetime
    looks: int
    lost_looks: int
    wrapped: bytes | None
    sealed: bytes

    @property
    def plugin(self) -> str:
        """The id of the plugin that is to read it."""
        return self.offer.partition(".")[0]


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """What a plugin made of a message: something that happened, or why it says nothing.

    Attributes:
        outcome: What happened.
        result: Why it says nothing.
        again: Whether it says nothing yet, and is to be read again.
    """

    outcome: Noticed | Reported | None
    result: str = ""
    again: bool = False


class MessageReader:
    """Lets the plugins read messages."""

    def __init__(self, platform: Platform, vault: Vault) -> None:
        """Read by the plugins of ``platform`` what ``vault`` opens."""
        self._platform = platform
        self._vault = vault

    def require(self, offer: str) -> None:
        """See that a message can be for an offer.

        Raises:
            ServiceNotOffered: No installed plugin that this host lets in offers it, or not messages to it.
        """
        found = self._offer(offer)
        if found is None:
            self._platform.service(offer)
            raise ServiceNotOffered("unknown-service")
        if not _READS.intersection(found.reads):
            raise ServiceNotOffered("operation-not-offered")

    def readable(self, now: datetime) -> frozenset[str]:
        """The offers whose messages can be read by this process now."""
        return frozenset(
            offer.id
            for record in self._platform.plugins
            if record.manifest is not None and _is_worth_asking(record, now)
            for offer in record.manifest.offers
            if _READS.intersection(offer.reads)
        )

    async def read(self, message: UnreadMessage) -> Reading:
        """What the plugin makes of a message."""
        try:
            key = self._vault.data_key(message.wrapped, message.id)
            content = json.loads(key.open(message.sealed, MESSAGE))
            headers, body = content["headers"], b64decode(content["body"])
            if isinstance(self._offer(message.offer), PaymentGateway):
                notice = await self._platform.parse_payment_notice(
                    PaymentNoticeRequest(gateway=message.offer, headers=headers, body=body), seconds=READ_SECONDS
                )
                return Reading(Noticed(notice.payment))
            report = await self._platform.parse_callback(
                CallbackRequest(service=message.offer, headers=headers, body=body), seconds=READ_SECONDS
            )
        except _NOT_NOW as error:
            return Reading(None, error.code, again=True)
        except KeyMissing as error:
            # A process that holds the key can read it.
            log_defect("message_left_to_others", message, error)
            return Reading(None, KEY_MISSING, again=True)
        except PluginFault as fault:
            # What ended a reading may be another's doing, such as whoever kept the process from running.
            in_vain = fault.fault in _OUT_OF_TIME and message.looks + 1 < READINGS
            return Reading(None, fault.code, again=in_vain)
        except NagorikError as error:
            return Reading(None, error.code)
        except Exception as error:  # noqa: BLE001 - one message's defect is nobody else's
            log_defect("message_unreadable", message, error)
            return Reading(None, DEFECT)
        return Reading(Reported(report.agency_reference, report.status))

    def _offer(self, offer: str) -> AnyOffer | None:
        """What the manifest of an installed plugin says of an offer, one in quarantine for a fault included."""
        for record in self._platform.plugins:
            for found in record.manifest.offers if record.manifest is not None else ():
                if found.id == offer:
                    return found
        return None


def _is_worth_asking(record: PluginRecord, now: datetime) -> bool:
    """Whether a plugin can be used, or is in quarantine until now at most."""
    refusal = record.quarantine
    return refusal is None or (refusal.probe_at is not None and now >= refusal.probe_at)


def log_defect(event: str, message: UnreadMessage, error: Exception) -> None:
    """Tell of what is wrong with a message, by the names of things alone."""
    _log.error(event, defect=type_name(error), offer=message.offer, message=message.id)
