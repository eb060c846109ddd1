import asyncio
import sys
import threading
from typing import Any

import pytest

from nagorik_platform.registry import LoadedPlugin, PluginState, Quarantine, QuarantineCode

HEAD = "from nagorik.hookspecs import hookimpl\n\n"
STATUS = "@hookimpl\nasync def nagorik_get_status(request, context):\n    return request, context\n"


async def test_first_use_imports_and_verifies(site: Any) -> None:
    package = site.install(plugin=f"import time\ntime.sleep(0.02)\n{HEAD}{STATUS}")
    registry = site.discover()
    assert registry.record("wasa").import_seconds is None
    loaded = registry.activate("wasa")
    assert isinstance(loaded, LoadedPlugin)
    assert loaded.record == registry.record("wasa") == registry.records[0]
    assert loaded.record.state is PluginState.READY
    assert loaded.record.import_seconds is not None
    assert 0.02 <= loaded.record.import_seconds < 5
    assert f"{package}.plugin" in sys.modules
    assert list(loaded.hooks) == ["nagorik_get_status"]
    assert await loaded.call("nagorik_get_status", request="the request", context="the context") == (
        "the request",
        "the context",
    )
    with pytest.raises(KeyError):
        await loaded.call("nagorik_submit", request=None, context=None)


async def test_hooks_may_be_methods_of_an_object(site: Any) -> None:
    source = f"""{HEAD}
class Plugin:
    def __init__(self, word):
        self.word = word

    @hookimpl
    async def nagorik_get_status(self, request, context):
        return self.word

plugins = type("Holder", (), {{}})()
plugins.wasa = Plugin("from the object")
"""
    site.install(plugin=source, value="nagorik_wasa.plugin:plugins.wasa")
    loaded = site.discover().activate("wasa")
    assert await loaded.call("nagorik_get_status", request=None, context=None) == "from the object"


async def test_a_hook_may_leave_out_an_argument_and_have_another_name(site: Any) -> None:
    source = f"{HEAD}@hookimpl(specname='nagorik_get_status')\nasync def status(context):\n    return context\n"
    site.install(plugin=source)
    loaded = site.discover().activate("wasa")
    assert await loaded.call("nagorik_get_status", request=1, context=2) == 2


async def test_plugins_do_not_meet(site: Any) -> None:
    site.install("wasa", plugin=STATUS.join([HEAD, ""]).replace("request, context\n", "'wasa'\n"))
    site.install("desa", plugin=STATUS.join([HEAD, ""]).replace("request, context\n", "'desa'\n"))
    registry = site.discover()
    wasa, desa = registry.activate("wasa"), registry.activate("desa")
    assert await wasa.call("nagorik_get_status", request=None, context=None) == "wasa"
    assert await desa.call("nagorik_get_status", request=None, context=None) == "desa"


def test_many_threads_share_one_import(site: Any) -> None:
    counted = "import nagorik_wasa\nnagorik_wasa.count = getattr(nagorik_wasa, 'count', 0) + 1\n"
    package = site.install(plugin=f"import time\ntime.sleep(0.05)\n{counted}{HEAD}{STATUS}")
    registry = site.discover()
    results: list[object] = []
    barrier = threading.Barrier(8)

    def use() -> None:
        barrier.wait()
        results.append(registry.activate("wasa"))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len({id(result) for result in results}) == 1
    assert sys.modules[package].count == 1


async def test_an_event_loop_can_leave_the_import_to_a_thread(site: Any) -> None:
    site.install()
    registry = site.discover()
    first, second = await asyncio.gather(*(asyncio.to_thread(registry.activate, "wasa") for _ in range(2)))
    assert first is second
    assert isinstance(first, LoadedPlugin)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise RuntimeError('secret=hunter2')", "nagorik_wasa.plugin raised RuntimeError at plugin.py:2"),
        (
            "import no_such_library",
            "nagorik_wasa.plugin raised ModuleNotFoundError (there is no module no_such_library) at plugin.py:2",
        ),
        ("from nagorik_wasa import wire", "nagorik_wasa.plugin raised ZeroDivisionError at wire.py:1"),
        ("def broken(:", "nagorik_wasa.plugin raised SyntaxError at plugin.py:2"),
    ],
)
def test_refuses_a_plugin_whose_import_fails_and_tells_no_text_of_the_exception(
    site: Any, body: str, why: str
) -> None:
    site.install(plugin=f"\n{body}\n", files={"wire.py": "1 / 0\n"})
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.IMPORT_FAILED
    assert refusal.reason == f"nagorik-wasa 1.0.0 cannot be imported: {why}."
    assert refusal.hint == "Run python -c 'import nagorik_wasa.plugin' in this environment to see the whole error."
    assert "hunter2" not in str(refusal)


def test_refuses_an_entry_point_to_an_object_that_is_not_there(site: Any) -> None:
    site.install(value="nagorik_wasa.plugin:plugin")
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.IMPORT_FAILED
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 names nagorik_wasa.plugin:plugin, which is not there (AttributeError)."
    )


@pytest.mark.parametrize(
    "body", ["import sys\nsys.exit(0)", "raise GeneratorExit", "import asyncio\nraise asyncio.CancelledError"]
)
def test_refuses_a_plugin_that_would_end_the_process(site: Any, body: str) -> None:
    site.install(plugin=body)
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.IMPORT_EXITED
    assert refusal.reason.startswith("nagorik-wasa 1.0.0 cannot be imported: nagorik_wasa.plugin raised ")


def test_the_operators_interrupt_passes_and_blames_nobody(site: Any) -> None:
    site.install(plugin="raise KeyboardInterrupt")
    registry = site.discover()
    with pytest.raises(KeyboardInterrupt):
        registry.activate("wasa")
    assert registry.record("wasa").state is PluginState.DISCOVERED


def test_a_failed_import_is_not_tried_again(site: Any) -> None:
    site.install(plugin="import nagorik_wasa\nnagorik_wasa.count = getattr(nagorik_wasa, 'count', 0) + 1\n1 / 0")
    registry = site.discover()
    assert registry.activate("wasa") == registry.activate("wasa") == registry.quarantined[0]
    assert sys.modules["nagorik_wasa"].count == 1


def test_a_quarantined_plugin_is_not_imported(site: Any) -> None:
    site.install(manifest=b"broken", plugin="raise AssertionError('imported')")
    refusal = site.discover().activate("wasa")
    assert isinstance(refusal, Quarantine)
    assert refusal.code is QuarantineCode.MANIFEST_INVALID


def test_an_unknown_plugin_is_the_callers_mistake(site: Any) -> None:
    with pytest.raises(KeyError):
        site.discover().activate("nobody")


def test_run_time_faults_keep_a_plugin_out_for_good(site: Any) -> None:
    site.install("wasa")
    site.install("desa")
    registry = site.discover()
    registry.activate("wasa")
    refusal = registry.quarantine(
        "wasa", QuarantineCode.TOO_MANY_FAULTS, "raised 5 times in a minute", "Call the plugin's owner."
    )
    assert str(refusal) == "too-many-faults: nagorik-wasa 1.0.0 raised 5 times in a minute. Call the plugin's owner."
    assert registry.activate("wasa") == refusal
    again = registry.quarantine("wasa", QuarantineCode.TOO_MANY_FAULTS, "raised again", "Call somebody else.")
    assert again == refusal
    assert [record.id for record in registry.usable] == ["desa"]
    assert [service.id for service in registry.services()] == ["desa.service-0"]
    assert registry.owner_of("wasa.service-0").quarantine == refusal


def test_a_quarantine_during_the_import_wins(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    gates = type(sys)("loading_test_gates")
    gates.started, gates.go_on = started, go_on  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "loading_test_gates", gates)
    site.install(plugin=f"import loading_test_gates as g\ng.started.set()\nassert g.go_on.wait(5)\n{HEAD}{STATUS}")
    registry = site.discover()
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(registry.activate("wasa")))
    thread.start()
    assert started.wait(5)
    refusal = registry.quarantine("wasa", QuarantineCode.TOO_MANY_FAULTS, "is kept out by a person", "Ask them.")
    go_on.set()
    thread.join()
    assert results == [refusal]
    assert registry.activate("wasa") == refusal
