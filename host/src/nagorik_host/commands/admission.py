"""Which plugins this host lets in, for the commands that are not the host's own."""

from nagorik_host.configured import is_configured
from nagorik_platform.cli.admission import AdmissionUnknown
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.registry import ADMIT_ALL, Admission


def admitted() -> Admission:
    """As the settings ``allow`` and ``deny`` say; everything, at once, where no host is set up.

    Raises:
        AdmissionUnknown: The settings cannot be used.
    """
    if not is_configured():
        return ADMIT_ALL
    from nagorik_host.settings import HostSettingsRejected, load_host_settings

    try:
        settings = load_host_settings()
    except HostSettingsRejected as rejected:
        raise AdmissionUnknown(str(rejected), ExitCode.USAGE) from None
    return settings.admission
