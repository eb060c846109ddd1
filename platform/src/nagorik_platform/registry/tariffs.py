"""The fee schedule that a manifest names, to show or check; a plugin prices by its own reading."""

from nagorik.data_files import DataFileInvalid, FileProblem, read_file
from nagorik_platform.registry.records import PluginRecord
from nagorik_toolkit.fees import FeeSchedule, parse_schedules


def read_schedule(record: PluginRecord, reference: str) -> FeeSchedule:
    """The schedule that a manifest names as ``file.toml#schedule``, from the plugin's package.

    Raises:
        DataFileInvalid: The file is not there, cannot be used, or has no such schedule.
    """
    file, _, name = reference.partition("#")
    if record.directory is None:
        raise DataFileInvalid(file, [FileProblem("", "not a readable file")])
    schedules = parse_schedules(read_file(record.directory / file), file)
    if name not in schedules:
        raise DataFileInvalid(file, [FileProblem(name, "there is no such schedule")])
    return schedules[name]
