"""Settings of the market office's plugins."""

from pydantic import SecretStr

from nagorik.settings import AgencySettings


class StallSettings(AgencySettings):
    password: SecretStr
