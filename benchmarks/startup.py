"""What a command costs before it does anything: processor time of fresh processes, beside what everybody knows.

Makes a host's folder with one application in a SQLite file, by the host's own commands. Then measures, in alternating
fresh processes whose bytecode is cached, the processor time (user and system) of

- pass: ``python -c pass``, which every other figure contains;
- pip: ``pip --version``, a command of about the same kind;
- libraries: ``python -c "import sqlalchemy, pydantic"``, which whatever reads the database cannot do without;
- help: ``nagorik --help``;
- track: ``nagorik track ID``, which opens the host and tells where the application is.

Prints medians, what help takes beyond pass beside what pip does, and what track takes beside the libraries.

    python benchmarks/startup.py [--quick] [--rounds 15]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

EXAMPLE: Final = Path(__file__).resolve().parent.parent / "examples" / "host" / "nid-reissue.json"
NAGORIK: Final = ("-c", "import sys; from nagorik_platform.cli import main; sys.exit(main())")
SETTINGS: Final = 'keys_file = "keys.txt"\nallow = ["nid", "cashdesk"]\n'


def nagorik(folder: Path, *words: str) -> str:
    """What a command of the host prints."""
    done = subprocess.run(
        [sys.executable, *NAGORIK, *words], cwd=folder, check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout


def prepare(folder: Path) -> str:
    """Make the host's folder; the id of the application in its books."""
    keys = folder / "keys.txt"
    keys.touch(mode=0o600)
    keys.write_text(nagorik(folder, "keys", "new", "benchmark"), "utf-8")
    (folder / "nagorik.toml").write_text(SETTINGS, "utf-8")
    nagorik(folder, "db", "upgrade")
    (applied,) = json.loads(nagorik(folder, "apply", str(EXAMPLE), "--json"))["applications"]
    return str(applied["application"])


def measure(folder: Path, *words: str) -> float:
    """Milliseconds of processor time of one process."""
    process = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed")
    return (used.ru_utime + used.ru_stime) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5 rounds")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    rounds = options.rounds or (5 if options.quick else 15)
    # Fresh processes must find their bytecode, as an installed command does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        application = prepare(folder)
        commands = {
            "pass": ("-c", "pass"),
            "pip": ("-m", "pip", "--version"),
            "libraries": ("-c", "import sqlalchemy, pydantic; pydantic.BaseModel"),
            "help": (*NAGORIK, "--help"),
            "track": (*NAGORIK, "track", application),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for words in commands.values():  # writes the bytecode and warms the file cache
            measure(folder, *words)
        for _ in range(rounds):
            for name, words in commands.items():
                times[name].append(measure(folder, *words))
    median = {name: statistics.median(found) for name, found in times.items()}
    print(f"processor time of fresh processes, {rounds} rounds, medians")
    for name, found in times.items():
        print(f"  {name:9} {median[name]:7.1f} ms  ({min(found):.1f}-{max(found):.1f})")
    beyond = {name: found - median["pass"] for name, found in median.items()}
    print(f"  beyond pass: help {beyond['help']:.1f} ms, track {beyond['track']:.1f} ms")
    print(f"  help / pip = {beyond['help'] / beyond['pip']:.2f}")
    print(f"  track / libraries = {beyond['track'] / beyond['libraries']:.2f}")


if __name__ == "__main__":
    main()
