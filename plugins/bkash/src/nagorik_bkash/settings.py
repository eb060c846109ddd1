"""What a host sets for this plugin (``NAGORIK_BKASH_…``)."""

import re
from datetime import timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from nagorik import AgencySettings, CallContext

SHORTEST_LIFE: Final = timedelta(minutes=10)
LONGEST_LIFE: Final = timedelta(days=1)
PAGE_DOMAINS: Final = "bkash.com bka.sh"
"""BKash's own, as of 2026-11-27: answers that clients on GitHub publish name ``payment.bkash.com`` and
``sandbox.payment.bkash.com``, and the interface lies below ``bka.sh``. Not verified with bKash."""
_DOMAIN: Final = r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"
_SNS_HOST: Final = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com")
_TOPIC: Final = r"^arn:aws:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$"


class BkashSettings(AgencySettings):
    """``base_url`` ends in the version: ``https://tokenized.pay.bka.sh/v1.2.0-beta``.

    All five come from bKash's Merchant Integration Portal; those of its sandbox are others.
    """

    username: SecretStr
    """The merchant's user name."""
    password: SecretStr
    """Its password."""
    app_key: SecretStr
    """Sent with every call."""
    app_secret: SecretStr
    """Sent with the login alone."""
    read_timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds of silence after which an answer is given up. bKash asks for 30."""
    payment_lifetime: timedelta = Field(default=timedelta(hours=2), ge=SHORTEST_LIFE, le=LONGEST_LIFE)
    """For how long a payer may agree to a payment, ten minutes to a day. bKash publishes no such time: this one is
    the platform's own, and it can keep to it because no money moves before the platform itself executes."""
    page_domains: str = Field(default=PAGE_DOMAINS, pattern=rf"^{_DOMAIN}(?: {_DOMAIN})*$")
    """The domains of bKash's page for payers, of those in the manifest's ``payer_hosts``, with a space between."""
    notice_topic: str | None = Field(default=None, pattern=_TOPIC)
    """The ``TopicArn`` under which bKash sends this merchant's notices; without it no notice is believed."""
    notice_origin: str = "https://sns.ap-southeast-1.amazonaws.com"
    """Where the certificates of notices lie, and nowhere else: Amazon SNS in the region of the topic. A simulator
    keeps its own at the base address."""

    @model_validator(mode="after")
    def _certificates_lie_at_amazons(self) -> Self:
        # A notice names where its certificate lies, and whoever forges one names a place of their own.
        parts, home = urlsplit(self.notice_origin), urlsplit(self.base_url)
        amazons = parts.scheme == "https" and _SNS_HOST.fullmatch(parts.netloc) is not None
        simulated = bool(parts.netloc) and (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
        if not (amazons or simulated) or parts.path or parts.query or parts.fragment:
            raise PydanticCustomError("not_amazon_sns", "an origin of Amazon SNS is expected")
        return self


Context = CallContext[BkashSettings]
"""What a hook of this plugin is given."""
