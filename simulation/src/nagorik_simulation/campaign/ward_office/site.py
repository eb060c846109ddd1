"""Installs the ward office for as long as a campaign lasts: its distribution lies in a folder of its own.

Its package there holds the manifest, and takes the code from here, so that two releases are the same code.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

PLUGIN: Final = "ward"
RELEASE: Final = "2.0.0"
OLDER_RELEASE: Final = "1.0.0"
_PACKAGE: Final = "nagorik_ward"
_HERE: Final = "nagorik_simulation.campaign.ward_office"
_MANIFEST: Final = "plugin.toml"
_ENTRY_POINTS: Final = f"""\
[nagorik.plugins]
{PLUGIN} = {_PACKAGE}.plugin

[nagorik.simulators]
{PLUGIN} = {_HERE}.simulator:WardOffice
"""


@contextmanager
def ward_office(release: str = RELEASE) -> Iterator[Path]:
    """Have the ward office installed in this process, as the release that is named; the folder of its metadata."""
    with TemporaryDirectory(prefix="nagorik-campaign-site-") as folder:
        site = write_site(Path(folder), release)
        with on_path(site):
            yield site


def write_site(folder: Path, release: str) -> Path:
    """Write a release into ``folder``, from where ``on_path`` has it found."""
    info = folder / f"nagorik_{PLUGIN}-{release}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{PLUGIN}\nVersion: {release}\n", "utf-8")
    (info / "entry_points.txt").write_text(_ENTRY_POINTS, "utf-8")
    package = folder / _PACKAGE
    package.mkdir()
    (package / "__init__.py").touch()
    for module in ("forms", "plugin"):
        (package / f"{module}.py").write_text(f"from {_HERE}.{module} import *\n", "utf-8")
    (package / _MANIFEST).write_text((files(_HERE) / _MANIFEST).read_text("utf-8"), "utf-8")
    return folder


@contextmanager
def on_path(site: Path) -> Iterator[None]:
    """Let this process find what is installed in ``site``."""
    sys.path.insert(0, str(site))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        # Another folder's modules may be asked for by the same names next.
        for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
            del sys.modules[name]
        invalidate_caches()
