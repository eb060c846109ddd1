"""How long it takes to know every installed plugin, beside importing them all.

Writes installed plugins to a temporary directory, each with ten services and the modules that an agency's plugin
has: forms, the wire format, hooks. Then measures, in alternating fresh processes,

- discover: ``Registry.discover``, which reads and validates every manifest and imports no plugin;
- import: importing each plugin's entry point, its bytecode cached, and reading nothing.

What both need (nagorik, pydantic) is imported before the clock starts. Prints medians and their ratio.

    python benchmarks/discovery.py [--quick] [--plugins 500] [--rounds 5]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SERVICES = 10
WIRE_MODELS = 14
FORMS = 6

DISCOVER = """
import sys, time
from nagorik_platform.registry import Registry
import nagorik.hookspecs
started = time.perf_counter()
registry = Registry.discover(path=[sys.argv[1]])
seconds = time.perf_counter() - started
assert len(registry.usable) == int(sys.argv[2]), registry.quarantined[:1]
assert len(registry.services()) == int(sys.argv[2]) * int(sys.argv[3])
assert not [name for name in sys.modules if name.startswith("nagorik_p") and name[9:10].isdigit()]
print(seconds)
"""

IMPORT = """
import sys, time
from importlib import import_module
import nagorik_platform.registry, nagorik.hookspecs
sys.path.insert(0, sys.argv[1])
started = time.perf_counter()
for number in range(int(sys.argv[2])):
    import_module(f"nagorik_p{number}.plugin")
seconds = time.perf_counter() - started
print(seconds)
"""

MANIFEST_HEAD = """\
manifest_version = 1
id = "{id}"
requires_api = "1.0"
name = {{ en = "Water Supply and Sewerage Authority", bn = "পানি সরবরাহ ও পয়ঃনিষ্কাশন কর্তৃপক্ষ" }}
owners = [{{ name = "Integration team", contact = "integration@{id}.example" }}]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.{id}.example"]
windows = [{{ days = "sun-thu", open = "09:00", close = "17:00" }}]
limits = {{ concurrency = 4, per_second = 10 }}
"""

MANIFEST_SERVICE = """
[[services]]
id = "{id}.service-{number}"
name = {{ en = "New water connection", bn = "নতুন পানির সংযোগ" }}
form = "forms:Form{form}"
reads = ["eligibility", "quote", "find", "status"]
writes = {{ submit = "client-reference", advise-payment = "native" }}
fees = "fees.toml#connection"
documents = ["holding-tax-receipt", "nid"]
processing = "P15D"
"""

FORM = '''

class Form{number}(Form):
    """A form."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    """The applicant's name."""
    father_name: str | None = None
    """The father's name."""
    birth_date: date
    """The date of birth."""
    mobile: Annotated[str, StringConstraints(pattern=r"^01[3-9][0-9]{{8}}$")]
    """The mobile number."""
    holding: Annotated[str, Field(title="Holding", description="The holding's number")]
    """The holding's number."""
    quantity: int = Field(default=1, ge=1, le=20)
    """How many."""
'''

WIRE = '''

class Answer{number}(Model):
    """An answer."""

    file_no: str
    state: Literal["received", "in-review", "approved", "rejected"]
    received_at: datetime
    fee: Decimal | None = None
    items: tuple[str, ...] = ()
    office: str | None = None
'''

HOOKS = (
    "nagorik_check_eligibility",
    "nagorik_quote_fees",
    "nagorik_find_submission",
    "nagorik_get_status",
    "nagorik_submit",
    "nagorik_advise_payment",
)


def install(site: Path, number: int) -> None:
    """Write one installed plugin."""
    plugin_id = f"p{number}"
    package = site / f"nagorik_{plugin_id}"
    package.mkdir(parents=True)
    info = site / f"nagorik_{plugin_id}-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{plugin_id}\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{plugin_id} = nagorik_{plugin_id}.plugin\n")
    (info / "RECORD").write_text("")
    services = [
        MANIFEST_SERVICE.format(id=plugin_id, number=service, form=service % FORMS) for service in range(SERVICES)
    ]
    (package / "plugin.toml").write_text(MANIFEST_HEAD.format(id=plugin_id) + "".join(services), "utf-8")
    (package / "__init__.py").write_text('"""A plugin."""\n')
    forms = "from datetime import date\nfrom typing import Annotated\n\n"
    forms += "from nagorik.privacy import Form\nfrom pydantic import Field, StringConstraints\n"
    (package / "forms.py").write_text(forms + "".join(FORM.format(number=form) for form in range(FORMS)))
    wire = "from datetime import datetime\nfrom decimal import Decimal\nfrom typing import Literal\n\n"
    wire += "from nagorik.privacy import Model\n"
    (package / "wire.py").write_text(wire + "".join(WIRE.format(number=model) for model in range(WIRE_MODELS)))
    hooks = f"from nagorik.hookspecs import hookimpl\nfrom nagorik_{plugin_id} import forms, wire\n"
    hooks += "".join(
        f"\n\n@hookimpl\nasync def {hook}(request, context):\n    return wire, forms\n" for hook in HOOKS
    )
    (package / "plugin.py").write_text(hooks)


def measure(program: str, site: Path, plugins: int) -> float:
    """Seconds that ``program`` reports from a fresh process."""
    command = [sys.executable, "-c", program, str(site), str(plugins), str(SERVICES)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="60 plugins, 3 rounds")
    parser.add_argument("--plugins", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    plugins = options.plugins or (60 if options.quick else 500)
    rounds = options.rounds or (3 if options.quick else 5)
    with tempfile.TemporaryDirectory() as directory:
        site = Path(directory)
        for number in range(plugins):
            install(site, number)
        for program in (IMPORT, DISCOVER):  # writes the bytecode and warms the file cache
            measure(program, site, plugins)
        discover, imports = [], []
        for _ in range(rounds):
            discover.append(measure(DISCOVER, site, plugins))
            imports.append(measure(IMPORT, site, plugins))
    quick, slow = statistics.median(discover), statistics.median(imports)
    models = FORMS + WIRE_MODELS
    print(f"{plugins} plugins, {plugins * SERVICES} services, {models} models each, {rounds} rounds, medians")
    print(f"  discover {quick * 1e3:9.1f} ms  ({min(discover) * 1e3:.1f}-{max(discover) * 1e3:.1f})")
    print(f"  import   {slow * 1e3:9.1f} ms  ({min(imports) * 1e3:.1f}-{max(imports) * 1e3:.1f})")
    print(f"  import / discover = {slow / quick:.1f}")


if __name__ == "__main__":
    main()
