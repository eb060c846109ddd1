"""What a host sets for this plugin (``NAGORIK_SSLCOMMERZ_…``)."""

from pydantic import Field, SecretStr

from nagorik import AgencySettings


class SslCommerzSettings(AgencySettings):
    """``base_url`` is ``https://securepay.sslcommerz.com``, or the sandbox's; the paths begin at its root."""

    store_id: str = Field(min_length=1, max_length=30, pattern=r"^\S+$", repr=False)
    """The store that SSLCommerz has opened for the platform."""
    store_password: SecretStr = Field(max_length=30)
    """The store's password. It travels in the address of each question, as the gateway wants it."""
    receipt_email: str = Field(max_length=50, pattern=r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
    """The platform's own mailbox, to which the gateway mails its receipts: no payer is asked for an address."""
    address: str = Field(min_length=1, max_length=50)
    """The platform's own address, where the gateway wants the payer's: nothing of a citizen's is handed on."""
    city: str = Field(min_length=1, max_length=50)
    """The city of that address."""
    postcode: str = Field(min_length=1, max_length=30)
    """Its postcode."""
