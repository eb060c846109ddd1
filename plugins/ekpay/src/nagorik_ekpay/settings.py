"""What a host sets for this plugin (``NAGORIK_EKPAY_…``)."""

from pydantic import Field, SecretStr

from nagorik import AgencySettings


class EkpaySettings(AgencySettings):
    """``base_url`` is ekPay's address with its version: ``https://pg.ekpay.gov.bd/ekpaypg/v1``."""

    merchant_id: str = Field(min_length=1, max_length=100)
    """The merchant's registration at ekPay (``mer_reg_id``)."""
    merchant_key: SecretStr
    """Its password (``mer_pas_key``)."""
    whitelisted_address: str = Field(min_length=1, max_length=100)
    """The platform's own IP address as ekPay has it on its list (``mac_addr``); nothing else protects the status."""
    notice_email: str = Field(default="", max_length=254)
    """Where ekPay may write about payments (``ipn_email``); without one it posts to the notice address alone."""
