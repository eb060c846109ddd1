"""A plugin's settings, read from its part of the environment and from what the host says."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from nagorik.errors import SettingsRejected
from nagorik.privacy import is_code

SettingsModel = TypeVar("SettingsModel", bound=BaseSettings)


def environment_prefix(plugin_id: str) -> str:
    """The prefix of a plugin's settings in the environment: ``land-mutation`` reads ``NAGORIK_LAND_MUTATION_…``."""
    return f"NAGORIK_{plugin_id.replace('-', '_').upper()}_"


def _code(kind: str) -> str:
    """Pydantic's word for a problem; one of a plugin's own making might quote a value."""
    code = kind.replace("_", "-")
    return code if is_code(code) else "not-accepted"


def load_settings(
    model: type[SettingsModel], plugin_id: str, overrides: Mapping[str, object] | None = None
) -> SettingsModel:
    """Read a plugin's settings from the environment; ``overrides``, by field name, win.

    Raises:
        SettingsRejected: Naming each setting that is missing or wrong, never its value.
    """
    reasons: dict[str, str]
    try:
        return model(_env_prefix=environment_prefix(plugin_id), **dict(overrides or {}))  # type: ignore[arg-type]
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        reasons = {str(problem["loc"][0]) if problem["loc"] else "": _code(problem["type"]) for problem in found}
    except SettingsError:
        # A value in the environment that should be JSON and is not; the library's text names the field, but
        # the exception it chains quotes the value.
        reasons = {"environment": "not-json"}
    raise SettingsRejected(tuple(reasons), plugin=plugin_id, reasons=reasons)
