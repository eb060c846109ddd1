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

RELEASE: Final = "2.0.0"
OLDER_RELEASE: Final = "1.0.0"
_HERE: Final = "nagorik_simulation.campaign.ward_office"
_ENTRY_POINTS: Final = f"""\
[nagorik.plugins]
ward = nagorik_ward.plugin

[nagorik.simulators]
ward = {_HERE}.simulator:WardOffice
"""


def write_site(folder: Path, release: str) -> Path:
    """Write a release into ``folder``, which Python finds once it is on its path."""
    info = f"nagorik_ward-{release}.dist-info"
    for name, text in {
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: nagorik-ward\nVersion: {release}\n",
        f"{info}/entry_points.txt": _ENTRY_POINTS,
        "nagorik_ward/__init__.py": "",
        "nagorik_ward/forms.py": f"from {_HERE}.forms import *\n",
        "nagorik_ward/plugin.py": f"from {_HERE}.plugin import *\n",
        "nagorik_ward/plugin.toml": (files(_HERE) / "plugin.toml").read_text("utf-8"),
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


@contextmanager
def ward_office() -> Iterator[Path]:
    """Have the newest release installed in this process; the folder that it is in."""
    with TemporaryDirectory(prefix="nagorik-campaign-site-") as folder:
        sys.path.insert(0, str(write_site(Path(folder), RELEASE)))
        invalidate_caches()
        try:
            yield Path(folder)
        finally:
            sys.path.remove(folder)
            # Another folder's modules may be asked for by the same names next.
            for name in [name for name in sys.modules if name.partition(".")[0] == "nagorik_ward"]:
                del sys.modules[name]
            invalidate_caches()
