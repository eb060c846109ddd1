"""What a host sets for this plugin (``NAGORIK_BMET_…``)."""

from pydantic import SecretStr

from nagorik import AgencySettings


class BmetSettings(AgencySettings):
    """``base_url`` is the host alone."""

    callback_secret: SecretStr | None = None
    """What BMET signs its callbacks with (modelled): ``whsec_`` and Base64. Without it no callback is accepted."""
