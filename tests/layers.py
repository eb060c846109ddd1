"""Who may import whom, held by import-linter; the plugins are found by pattern, so that adding one changes no list.

``python tests/layers.py`` checks the workspace that it lies in; the exit code says whether every rule is kept.
"""

import os
import sys
import tempfile
from itertools import permutations, product
from pathlib import Path
from typing import Final

from importlinter.cli import lint_imports

ROOT: Final = Path(__file__).resolve().parent.parent
LIBRARIES: Final = ("nagorik", "nagorik_toolkit", "nagorik_platform", "nagorik_host", "nagorik_testing")
SIMULATION: Final = "nagorik_simulation"
EXTENSIONS: Final = ("nagorik_counter", "nagorik_portal")
EXAMPLES: Final = "examples/plugins/*/src"
"""Plugins that are not installed here."""
WEB: Final = ("fastapi",)
HTTP: Final = ("httpx", "httpcore", "tenacity", "aiohttp")


def distributions(root: Path = ROOT) -> list[list[Path]]:
    """For each plugin in this repository, the example's too, the packages that its distribution is made of."""
    folders = sorted([*root.glob("plugins/*/src"), *root.glob(EXAMPLES)])
    return [sorted(path for path in folder.iterdir() if any(path.rglob("*.py"))) for folder in folders]


def passed_over(root: Path = ROOT) -> list[str]:
    """What import-linter would not see of the plugins, and why."""
    alone = (f"{file.relative_to(root)} lies in no package" for file in root.glob("plugins/*/src/*.py"))
    folders = {file.parent for file in root.glob("plugins/*/src/*/**/*.py")}
    bare = (
        f"{path.relative_to(root)} has no __init__.py" for path in folders if not (path / "__init__.py").is_file()
    )
    return sorted([*alone, *bare])


def modules_of(package: Path) -> list[str]:
    """The top-level modules and packages of a package, by their dotted names."""
    inner = (path for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())
    return sorted(f"{package.name}.{path.stem}" for path in inner if path.stem != "__init__")


def rules() -> str:
    """The rules as import-linter reads them."""
    plugins = distributions()
    found = [package.name for packages in plugins for package in packages]
    simulators = [
        f"{package.name}.simulator"
        for packages in plugins
        for package in packages
        if f"{package.name}.simulator" in modules_of(package)
    ]
    own_code = [
        module
        for packages in plugins
        for package in packages
        for module in modules_of(package)
        if module != f"{package.name}.simulator" or not (package / "plugin.toml").is_file()
    ]
    within_one = [
        f"{one.name}{below} -> {other.name}{beneath}"
        for packages in plugins
        for one, other in permutations(packages, 2)
        for below, beneath in product(("", ".**"), repeat=2)
    ]
    without_http = [
        *modules_of(ROOT / "platform/src/nagorik_platform"),
        "nagorik",
        "nagorik_toolkit",
        "nagorik_host",
        "nagorik_counter",
    ]
    without_http.remove("nagorik_platform.agency_client")
    lines = [
        "[importlinter]",
        "root_packages =",
        *(f"    {name}" for name in (*LIBRARIES, SIMULATION, *EXTENSIONS, *found)),
        "include_external_packages = True",
    ]

    def rule(name: str, kind: str, **lists: "list[str] | tuple[str, ...] | str") -> None:
        lines.extend(
            [f"[importlinter:contract:{name}]", f"name = {name.replace('-', ' ').capitalize()}", f"type = {kind}"]
        )
        for key, value in lists.items():
            lines.extend(
                [f"{key} = {value}"] if isinstance(value, str) else [f"{key} =", *(f"    {item}" for item in value)]
            )

    rule(
        "five-libraries-in-a-chain",
        "layers",
        layers=["nagorik_host", "nagorik_platform", "nagorik_toolkit", "nagorik"],
    )
    rule(
        "the-rooms-of-the-core-lean-one-way",
        "layers",
        containers=["nagorik"],
        layers=[
            "hookspecs",
            "context",
            "http | forms | settings | manifest",
            "model",
            "errors",
            "values",
            "data_files",
            "privacy | operations | clock | payer_pages",
        ],
        exhaustive="True",
    )
    rule(
        "the-rooms-of-the-platform-lean-one-way",
        "layers",
        containers=["nagorik_platform"],
        layers=[
            "cli",
            "lifecycle",
            "platform",
            "dispatch",
            "configuration",
            "registry | agency_client | documents | fees | logs | requests",
            "contract_errors",
            "entry_points | form_schemas | json_files | number_mask | plugin_settings | system_clock | tracebacks",
        ],
        exhaustive="True",
    )
    rule(
        "the-rooms-of-the-lifecycle-lean-one-way",
        "layers",
        containers=["nagorik_platform.lifecycle"],
        layers=[
            "perform | step | advice",
            "attempts | commands",
            "reports",
            "rules",
            "next_action",
            "consent | rule_context",
            "inputs | fold | explanation",
            "events",
            "state | refusals",
            "tables | labels",
        ],
        exhaustive="True",
    )
    rule(
        "the-rooms-of-the-engine-lean-one-way",
        "layers",
        containers=["nagorik_host.engine"],
        layers=[
            "worker",
            "housekeeping | outage",
            "claims | inbox",
            "rate_limiter",
            "queues",
            "plugins",
            "health",
            "tokens",
            "pace",
            "leases | observers | watchdog | engine",
        ],
        exhaustive="True",
        # The host is given to what it makes of itself, which names its type alone.
        ignore_imports=["nagorik_host.engine.* -> nagorik_host.host"],
    )
    rule(
        "the-kit-sits-on-the-platform-and-the-simulation-on-the-host",
        "protected",
        protected_modules=["nagorik_host"],
        allowed_importers=[SIMULATION, *EXTENSIONS],
    )
    rule(
        "no-library-knows-the-kit",
        "forbidden",
        source_modules=["nagorik", "nagorik_toolkit", "nagorik_platform", "nagorik_host"],
        forbidden_modules=["nagorik_testing", SIMULATION],
    )
    rule(
        "no-library-knows-an-extension",
        "forbidden",
        source_modules=LIBRARIES,
        forbidden_modules=(*EXTENSIONS, SIMULATION),
    )
    rule(
        "the-portal-alone-knows-another-extension",
        "forbidden",
        source_modules=["nagorik_counter"],
        forbidden_modules=["nagorik_portal"],
    )
    rule(
        "the-api-alone-knows-its-framework",
        "forbidden",
        source_modules=[
            *(name for name in modules_of(ROOT / "portal/src/nagorik_portal") if name != "nagorik_portal.api"),
            *(name for name in (*LIBRARIES, *EXTENSIONS) if name != "nagorik_portal"),
        ],
        forbidden_modules=WEB,
        allow_indirect_imports="True",
    )
    rule(
        "no-library-knows-a-plugin",
        "forbidden",
        source_modules=[*LIBRARIES, SIMULATION, *EXTENSIONS],
        forbidden_modules=found,
    )
    rule(
        "plugins-never-meet",
        "independence",
        modules=found,
        ignore_imports=within_one,
        unmatched_ignore_imports_alerting="none",
    )
    rule(
        "a-plugin-knows-the-core-and-the-toolkit-alone",
        "forbidden",
        source_modules=own_code,
        forbidden_modules=[
            "nagorik_platform",
            "nagorik_host",
            "nagorik_testing",
            SIMULATION,
            *EXTENSIONS,
            *HTTP,
            "structlog",
        ],
    )
    rule(
        "a-simulator-knows-nothing-of-the-plugin-that-it-judges",
        "forbidden",
        source_modules=simulators,
        forbidden_modules=[module for module in own_code if module not in simulators],
    )
    rule(
        "no-plugin-knows-its-simulator",
        "protected",
        protected_modules=simulators,
        allowed_importers=["nagorik_testing"],
    )
    rule(
        "the-init-of-a-plugin-knows-no-more",
        "forbidden",
        source_modules=found,
        forbidden_modules=[
            *(f"{library}{below}" for library in (*LIBRARIES[2:], SIMULATION) for below in ("", ".**")),
            *HTTP,
            "structlog",
        ],
        as_packages="False",
    )
    rule(
        "only-the-agency-client-knows-how-http-is-done",
        "forbidden",
        source_modules=without_http,
        forbidden_modules=HTTP,
        allow_indirect_imports="True",
    )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Check the rules."""
    if unseen := passed_over():
        sys.stderr.write("".join(f"{line}\n" for line in unseen))
        return 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "importlinter.ini"
        file.write_text(rules(), "utf-8")
        os.chdir(ROOT)
        sys.path.extend(str(source) for source in ROOT.glob(EXAMPLES))
        return lint_imports(
            config_filename=str(file), no_cache=True, is_debug_mode=False, show_timings=False, verbose=False
        )


if __name__ == "__main__":
    sys.exit(main())
