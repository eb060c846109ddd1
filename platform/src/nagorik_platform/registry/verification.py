"""Whether a plugin implements what it declares, in a way in which hooks are called.

pluggy checks little of this by itself: it asks for a misspelt hook only on request, passes over an unmarked
function, never fills an argument with a default, and takes a plain function for a coroutine function.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

import pluggy

from nagorik import hookspecs
from nagorik.manifest import Manifest
from nagorik_platform.registry.records import Problem, QuarantineCode

PREFIX: Final = "nagorik_"


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows the hooks and holds no plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def verify(manager: pluggy.PluginManager, holder: object, manifest: Manifest) -> list[Problem]:
    """List what is wrong with a plugin's hooks, worst first. Registers and calls nothing.

    A hook that is marked as optional may be one that the manifest does not offer: the usual hooks of a base class.
    """
    callers = {name: getattr(manager.hook, name) for name in dir(manager.hook) if name.startswith(PREFIX)}
    specs = {name: tuple(caller.spec.argnames) for name, caller in callers.items() if caller.spec is not None}
    problems: list[Problem] = []
    found: dict[str, bool] = {}
    for attribute in sorted(dir(holder)):
        options = manager.parse_hookimpl_opts(holder, attribute)
        if options is not None:
            hook = options.get("specname") or attribute
            is_wrapper = bool(options["wrapper"] or options["hookwrapper"])
            defect = _defect(hook, getattr(holder, attribute), specs, is_wrapper=is_wrapper, is_second=hook in found)
            found[hook] = bool(options["optionalhook"])
        else:
            defect = _unmarked(attribute, inspect.getattr_static(holder, attribute), specs)
        if defect is not None:
            problems.append(Problem(QuarantineCode.HOOK_INVALID, *defect))
    if not found and not problems:
        hint = "Mark the hooks with @hookimpl, and let the entry point name the module that holds them."
        problems = [Problem(QuarantineCode.HOOK_INVALID, "loads, but what its entry point names holds no hook", hint)]
    return problems or _undeclared(found, manifest)


def _unmarked(attribute: str, value: object, specs: Iterable[str]) -> tuple[str, str] | None:
    """Say why a function that is named like a hook would never be called, and what to do."""
    is_function = inspect.isroutine(value) or isinstance(value, staticmethod | classmethod)
    if not (is_function and attribute.startswith(PREFIX)):
        return None
    hint = "Mark it with @hookimpl." if attribute in specs else _did_you_mean(attribute, specs)
    why = f"has the function {attribute} without @hookimpl, so that it would never be called"
    return why, f"{hint} A function that is no hook needs a name that does not begin with {PREFIX}."


def _defect(
    hook: str,
    function: Callable[..., Any],
    specs: Mapping[str, tuple[str, ...]],
    *,
    is_wrapper: bool,
    is_second: bool,
) -> tuple[str, str] | None:
    """Say why an implementation cannot be called, and what to do."""
    if hook not in specs:
        return f"implements {hook}, and there is no such hook", _did_you_mean(hook, specs)
    wanted = f"Write async def {hook}({', '.join(specs[hook])})."
    if is_second:
        return f"implements {hook} twice", "Keep one of them."
    if is_wrapper:
        return f"marks {hook} as a wrapper, which cannot surround what is awaited", wanted
    if not inspect.iscoroutinefunction(function):
        return f"implements {hook} without async def", wanted
    for one in inspect.signature(function).parameters.values():
        if one.kind is not one.POSITIONAL_OR_KEYWORD or one.name not in specs[hook]:
            return f"implements {hook} with the argument {str(one).partition(':')[0]}, which is not passed", wanted
        if one.default is not one.empty:
            why = f"gives the argument {one.name} of {hook} a default, with which it would always be called"
            return why, wanted
    return None


def _undeclared(found: Mapping[str, bool], manifest: Manifest) -> list[Problem]:
    absent, unasked = QuarantineCode.DECLARED_NOT_IMPLEMENTED, QuarantineCode.HOOK_NOT_DECLARED
    declared = manifest.declared_hooks
    hint = "Let the hooks be those of the operations under reads and writes of the manifest."
    return [
        *(
            Problem(absent, f"offers an operation whose hook {one} it does not implement", hint)
            for one in sorted(declared - found.keys())
        ),
        *(
            Problem(unasked, f"implements {one}, but its manifest offers no operation for it", hint)
            for one, is_optional in sorted(found.items())
            if not (is_optional or one in declared)
        ),
    ]


def _did_you_mean(name: str, specs: Iterable[str]) -> str:
    likely = get_close_matches(name, list(specs), n=1, cutoff=0.7)
    return f"Did you mean {likely[0]}?" if likely else f"The hooks are: {', '.join(sorted(specs))}."
