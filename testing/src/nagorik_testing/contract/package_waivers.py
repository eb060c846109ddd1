"""Where a plugin keeps its waivers."""

from pathlib import Path
from typing import Final

from nagorik_testing.contract.bench import Subject
from nagorik_testing.contract.waivers import Waiver, WaiversInvalid, parse_waivers

WAIVERS_FILE: Final = "contract-waivers.toml"
"""The file's name in a plugin's package, beside ``plugin.toml``."""


def waivers_of(subject: Subject, given: Path | None = None) -> tuple[Waiver, ...]:
    """The waivers of the file given, or else of the plugin's package; none where it has no such file.

    Raises:
        WaiversInvalid: The file cannot be read, or breaks the format.
    """
    record = subject.registry.record(subject.manifest.id)
    path = given
    if path is None and record is not None and record.directory is not None:
        path = record.directory / WAIVERS_FILE
        path = path if path.is_file() else None
    if path is None:
        return ()
    try:
        return parse_waivers(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise WaiversInvalid(f"{path.name} cannot be read") from None
    except WaiversInvalid as problem:
        raise WaiversInvalid(f"{path.name}: {problem}") from None
