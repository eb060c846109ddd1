"""Settings of the permit office, and some that let a password be seen."""

from pydantic import SecretStr

from nagorik.settings import AgencySettings


class PermitSettings(AgencySettings):
    password: SecretStr


class OpenSettings(AgencySettings):
    password: str
