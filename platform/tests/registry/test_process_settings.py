"""What a plugin's import changes of the process's settings is put back, and told of the plugin that does it."""

import decimal
import locale
import socket
import sys
import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

from nagorik_platform.registry import LoadedPlugin, Quarantine, QuarantineCode
from nagorik_platform.registry.references import Imported, resolve_object

HOOKS = (
    "from nagorik.hookspecs import hookimpl\n\n@hookimpl\nasync def nagorik_get_status(request, context):\n    pass\n"
)
CHANGES = {
    "recursion-limit": "import sys\nsys.setrecursionlimit(150)\n",
    "recursion-limit, higher": "import sys\nsys.setrecursionlimit(9_000)\n",
    "socket-timeout": "import socket\nsocket.setdefaulttimeout(0.001)\n",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, 'C' if 'UTF' in locale.setlocale(locale.LC_ALL)"
    " else 'C.UTF-8')\n",
    "decimal-defaults": "import decimal\ndecimal.DefaultContext.prec = 3\n",
    "decimal-context": "from decimal import getcontext\ngetcontext().prec = 3\n",
    "decimal-context, traps": "import decimal\ndecimal.getcontext().traps[decimal.Inexact] = True\n",
    "decimal-context, another": "import decimal\ndecimal.setcontext(decimal.Context(prec=3))\n",
}


def state() -> tuple[object, ...]:
    context, defaults = decimal.getcontext(), decimal.DefaultContext
    return (
        sys.getrecursionlimit(),
        socket.getdefaulttimeout(),
        locale.setlocale(locale.LC_ALL),
        *((one.prec, dict(one.traps)) for one in (context, defaults)),
    )


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("end", ["", "raise ValueError\n"], ids=["imported", "failing"])
def test_plugin_that_changes_the_process_is_kept_out_and_all_put_back(site: Any, change: str, end: str) -> None:
    before = state()
    site.install(plugin=f"'''Hooks.'''\n{CHANGES[change]}{end}{HOOKS}")
    refusal = site.discover().activate("wasa")
    assert state() == before
    assert isinstance(refusal, Quarantine)
    assert refusal.code is QuarantineCode.PROCESS_CHANGED
    place = f"{change.partition(',')[0]} at plugin.py:"
    assert place in refusal.reason
    assert "which were put back" in refusal.reason


def test_limit_so_low_that_the_import_fails_by_it_is_told_as_such(site: Any) -> None:
    before = state()
    low = "import inspect, sys\nsys.setrecursionlimit(len(inspect.stack()) + 25)\nimport xml.dom.minidom, json.tool\n"
    site.install(plugin=low + HOOKS)
    refusal = site.discover().activate("wasa")
    assert state() == before
    assert isinstance(refusal, Quarantine)
    assert refusal.code is QuarantineCode.PROCESS_CHANGED


def test_module_that_the_manifest_names_is_held_to_it_too(site: Any) -> None:
    before = state()
    site.install(plugin=HOOKS, files={"forms.py": f"{CHANGES['socket-timeout']}ConnectionForm = 1\n"})
    registry = site.discover()
    assert isinstance(registry.activate("wasa"), LoadedPlugin)
    found = resolve_object(registry.record("wasa"), "forms:ConnectionForm")
    assert not isinstance(found, Imported)
    assert "socket-timeout at forms.py:2" in found.reason
    assert state() == before


def test_change_by_what_a_plugin_imports_is_put_back_and_logged_and_keeps_nothing_out(site: Any) -> None:
    before = state()
    (site.directory / "somebodys_library.py").write_text(CHANGES["recursion-limit, higher"])
    package = site.install(plugin=f"import somebodys_library\n{HOOKS}")
    with capture_logs() as lines:
        assert isinstance(site.discover().activate("wasa"), LoadedPlugin)
    assert state() == before
    assert lines == [
        {
            "event": "process_settings_put_back",
            "log_level": "warning",
            "module": f"{package}.plugin",
            "settings": ["recursion-limit"],
        }
    ]


def test_plugin_that_reads_them_or_uses_a_context_of_its_own_is_let_in(site: Any) -> None:
    reads = "import decimal, locale, socket, sys\nsys.getrecursionlimit(), socket.getdefaulttimeout()\n"
    own = "with decimal.localcontext() as own:\n    own.prec = 3\n    decimal.Decimal(1) / 3\n"
    site.install(plugin=f"{reads}locale.getlocale()\ndecimal.getcontext()\ndecimal.Decimal(1) / 3\n{own}{HOOKS}")
    assert isinstance(site.discover().activate("wasa"), LoadedPlugin)


@pytest.mark.parametrize("first", ["wasa", "desa"])
def test_of_plugins_that_are_imported_side_by_side_the_one_that_did_it_is_kept_out(site: Any, first: str) -> None:
    """Whichever of them ends first."""
    before = state()
    waits = "import sys\nsys.arrived_{0}.set()\nsys.go_{0}.wait(60)\n"
    site.install("wasa", plugin=CHANGES["recursion-limit, higher"] + waits.format("wasa") + HOOKS)
    site.install("desa", plugin=waits.format("desa") + HOOKS)
    registry, results = site.discover(), {}
    events = {f"{what}_{name}": threading.Event() for what in ("arrived", "go") for name in ("wasa", "desa")}
    vars(sys).update(events)
    try:
        threads = {
            name: threading.Thread(target=lambda name=name: results.update({name: registry.activate(name)}))
            for name in ("desa", "wasa")
        }
        for name, thread in threads.items():
            thread.start()
            assert events[f"arrived_{name}"].wait(60)
        for name in (first, *threads):
            events[f"go_{name}"].set()
            threads[name].join()
    finally:
        for name in events:
            vars(sys).pop(name)
    assert isinstance(results["desa"], LoadedPlugin)
    assert results["wasa"].code is QuarantineCode.PROCESS_CHANGED
    assert state() == before
