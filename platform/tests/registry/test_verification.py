from typing import Any

import pytest

from nagorik_platform.registry import QuarantineCode

HEAD = "import functools\nfrom nagorik.hookspecs import hookimpl\n\n"
STATUS = "@hookimpl\nasync def nagorik_get_status(request, context):\n    return 1\n\n\n"


def test_refuses_a_plugin_without_hooks(site: Any) -> None:
    site.install(plugin="x = 1\n")
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == "nagorik-wasa 1.0.0 loads, but what its entry point names holds no hook."


def test_refuses_a_class_in_place_of_an_object(site: Any) -> None:
    source = "class Plugin:\n    @hookimpl\n    async def nagorik_get_status(self, request, context): ...\n"
    site.install(plugin=HEAD + source, value="nagorik_wasa.plugin:Plugin")
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert "with the argument self, which is not passed" in refusal.reason


def test_refuses_a_hook_that_lacks_its_mark(site: Any) -> None:
    site.install(plugin=HEAD + STATUS.replace("@hookimpl\n", ""))
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 has the function nagorik_get_status without @hookimpl, so that it would never be called."
    )
    assert refusal.hint.startswith("Mark it with @hookimpl.")


def test_refuses_an_unmarked_function_that_is_misspelt_too(site: Any) -> None:
    site.install(plugin=f"{HEAD}{STATUS}async def nagorik_sumbit(request, context): ...\n")
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.hint.startswith("Did you mean nagorik_submit?")


def test_refuses_a_misspelt_hook_and_suggests_the_right_name(site: Any) -> None:
    site.install(plugin=HEAD + STATUS.replace("nagorik_get_status", "nagorik_get_staus"))
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == "nagorik-wasa 1.0.0 implements nagorik_get_staus, and there is no such hook."
    assert refusal.hint == "Did you mean nagorik_get_status?"


def test_refuses_an_unknown_hook_even_if_it_is_called_optional(site: Any) -> None:
    source = "@hookimpl(optionalhook=True)\nasync def something_else(request, context): ...\n"
    site.install(plugin=HEAD + STATUS + source)
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.hint.startswith("The hooks are: nagorik_advise_payment, nagorik_answer_correction")


def test_refuses_two_implementations_of_one_hook(site: Any) -> None:
    source = '@hookimpl(specname="nagorik_get_status")\nasync def second(request, context): ...\n'
    site.install(plugin=HEAD + STATUS + source)
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == "nagorik-wasa 1.0.0 implements nagorik_get_status twice."


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper"])
def test_refuses_a_wrapper(site: Any, option: str) -> None:
    source = f"@hookimpl({option}=True)\ndef nagorik_get_status(request, context):\n    yield\n"
    site.install(plugin=HEAD + source)
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 marks nagorik_get_status as a wrapper, which cannot surround what is awaited."
    )


@pytest.mark.parametrize(
    "definition",
    [
        "@hookimpl\ndef nagorik_get_status(request, context): ...\n",
        "@hookimpl\nasync def nagorik_get_status(request, context):\n    yield 1\n",
        "wrap = lambda f: functools.wraps(f)(lambda *a: 1)\n" + STATUS.replace("@hookimpl", "@hookimpl\n@wrap"),
    ],
)
def test_refuses_what_is_no_coroutine_function(site: Any, definition: str) -> None:
    site.install(plugin=HEAD + definition)
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == "nagorik-wasa 1.0.0 implements nagorik_get_status without async def."
    assert refusal.hint == "Write async def nagorik_get_status(request, context)."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("request, context, session", "session"),
        ("request, ctx", "ctx"),
        ("request, *, context", "context"),
        ("request, context, /", "request"),
        ("*arguments", "*arguments"),
        ("request, context, **more", "**more"),
    ],
)
def test_refuses_arguments_that_are_not_passed(site: Any, arguments: str, told: str) -> None:
    site.install(plugin=HEAD + STATUS.replace("request, context", arguments))
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == (
        f"nagorik-wasa 1.0.0 implements nagorik_get_status with the argument {told}, which is not passed."
    )


def test_refuses_a_default_that_would_always_win(site: Any) -> None:
    site.install(plugin=HEAD + STATUS.replace("request, context", "request, context=None"))
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_INVALID
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 gives the argument context of nagorik_get_status a default, with which it would always"
        " be called."
    )


def test_refuses_a_hook_that_the_manifest_does_not_offer(site: Any) -> None:
    site.install(plugin=HEAD + STATUS + STATUS.replace("get_status", "list_slots"))
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.HOOK_NOT_DECLARED
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 implements nagorik_list_slots, but its manifest offers no operation for it."
    )


def test_refuses_an_offer_without_its_hook(site: Any) -> None:
    site.install(plugin=HEAD + STATUS.replace("get_status", "list_slots"))
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.DECLARED_NOT_IMPLEMENTED
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 offers an operation whose hook nagorik_get_status it does not implement."
    )


def test_the_health_hook_is_declared_by_the_plugin_itself(site: Any, manifest_text: Any) -> None:
    site.install(manifest=manifest_text("wasa", extra="health = true"))
    assert site.activation_refusal().code is QuarantineCode.DECLARED_NOT_IMPLEMENTED


def test_an_object_that_raises_on_a_look_is_a_refusal(site: Any) -> None:
    source = "class Odd:\n    def __dir__(self):\n        raise RuntimeError('no')\n\n\nodd = Odd()\n"
    site.install(plugin=source, value="nagorik_wasa.plugin:odd")
    refusal = site.activation_refusal()
    assert refusal.code is QuarantineCode.IMPORT_FAILED
    assert "what its entry point names raised RuntimeError" in refusal.reason
