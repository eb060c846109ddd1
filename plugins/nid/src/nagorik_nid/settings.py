"""What a host sets for this plugin (``NAGORIK_NID_…``)."""

from pydantic import Field, SecretStr

from nagorik import AgencySettings


class NidSettings(AgencySettings):
    """``base_url`` is the host alone: the paths below begin at its root."""

    username: SecretStr
    """The partner's user name at the EC."""
    password: SecretStr
    """Its password. Once it has expired, the EC refuses every call, not only the login."""
    partner_service: str = Field(default="/partner-service/rest", pattern=r"^/[A-Za-z0-9/._-]+$")
    """Where the EC's partner service begins."""
    verification_path: str = Field(default="/demographic/verification", pattern=r"^/[A-Za-z0-9/._-]+$")
    """Below the partner service. The EC has moved it before: ``/voter/demographic/verification`` and
    ``/voter/details`` are in use elsewhere."""
