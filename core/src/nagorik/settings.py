"""A plugin's settings: where its agency is, how long to wait for it, and the secrets that open its door.

They come from the environment (``NAGORIK_<ID>_BASE_URL``), and what the host's own configuration says wins.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretBytes, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict


class AgencySettings(BaseSettings):
    """What every agency needs. A plugin subclasses it and adds its own, secrets as ``SecretStr``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment only under a prefix: one just called ``TRANSPORT`` is someone else's."""
        prefixed = isinstance(env_settings, EnvSettingsSource) and env_settings.env_prefix
        return (init_settings, env_settings) if prefixed else (init_settings,)

    @field_validator("*")
    @classmethod
    def _secrets_are_not_empty(cls, value: object) -> object:
        # An empty secret comes of a variable that nobody filled in, and opens no agency's door.
        if isinstance(value, SecretStr | SecretBytes) and not value.get_secret_value().strip():
            raise PydanticCustomError("secret_empty", "the secret is empty")
        return value

    base_url: str = Field(repr=False)
    """Where the agency's interface begins, such as ``https://api.example.gov.bd/v1``."""
    connect_timeout: float = Field(default=5.0, gt=0, le=120)
    """Seconds until a connection must stand. A connection that never stood proves that nothing was sent."""
    read_timeout: float = Field(default=15.0, gt=0, le=600)
    """Seconds of silence after which an answer is given up; the call's deadline may come sooner."""
    certificate_authority: Path | None = None
    """A PEM file with the certificate authorities that alone are trusted at the agency; without, the usual ones."""
    client_certificate: Path | None = None
    """The platform's own certificate, for an agency that asks for one: PEM with its chain, ``.p12`` or ``.pfx``."""
    client_key: Path | None = None
    """A PEM file with that certificate's key, where its own file does not hold it."""
    client_key_password: SecretStr | None = None
    transport: Literal["default", "fast"] = "default"
    """``fast`` needs the extra ``nagorik[fast]``; it serves many calls in flight with less work."""
