"""Are the objects that a manifest names of the kind that their field asks for?"""

import inspect
from collections.abc import Iterator

from pydantic import BaseModel

from nagorik.loading.findings import Finding, Severity
from nagorik.loading.importing import Imported
from nagorik.loading.records import PluginRecord
from nagorik.loading.references import resolve_object
from nagorik.privacy import Form


def check_objects(record: PluginRecord) -> Iterator[Finding]:
    """Import every object that the manifest names, and look at its kind. Calls none of them."""
    references = record.manifest.references if record.manifest is not None else ()
    for location, reference in references:
        found = resolve_object(record, reference)
        if isinstance(found, Imported):
            yield from _kind(location, reference, found.value)
        else:
            yield Finding(Severity.ERROR, location, found.reason, found.hint)


def _kind(location: str, reference: str, value: object) -> Iterator[Finding]:
    match location.rpartition(".")[2]:
        case "form":
            yield from _form(location, reference, value)
        case "settings" if not _is_settings(value):
            message = f"{reference} is not a subclass of AgencySettings"
            yield Finding(Severity.ERROR, location, message, "Derive it from nagorik.settings.AgencySettings.")
        case "login" if not inspect.iscoroutinefunction(value):
            yield Finding(Severity.ERROR, location, f"{reference} is not a coroutine function", "Write async def.")
        case "answers" if not callable(value):
            yield Finding(Severity.ERROR, location, f"{reference} cannot be called", "Name a function.")
        case _:
            return


def _form(location: str, reference: str, value: object) -> Iterator[Finding]:
    if not (inspect.isclass(value) and issubclass(value, BaseModel)):
        yield Finding(Severity.ERROR, location, f"{reference} is not a pydantic model", "Derive it from Form.")
    elif not issubclass(value, Form):
        message = f"{reference} does not derive from Form, so what a citizen writes is not masked in log lines"
        yield Finding(Severity.WARNING, location, message, "Derive it from nagorik.privacy.Form.")


def _is_settings(value: object) -> bool:
    # Reading settings needs pydantic-settings, which nothing else here does.
    from nagorik.settings import AgencySettings

    return inspect.isclass(value) and issubclass(value, AgencySettings)
