"""Is what a plugin implements what it declares, and can it be called as hooks are called?

pluggy checks little of this by itself: a misspelt hook is found only when asked for, an unmarked function is
passed over, an argument with a default is never filled, and a plain function passes for a coroutine function.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any, Final, TypeAlias

import pluggy

from nagorik.hookspecs import PROJECT
from nagorik.manifest import Manifest
from nagorik_platform.registry.records import Problem, QuarantineCode

PREFIX: Final = "nagorik_"

HookSpecs: TypeAlias = ModuleType | type
"""A module or class whose functions are marked as hook specifications."""


@dataclass(frozen=True, slots=True)
class _Implementation:
    hook: str
    attribute: str
    function: Callable[..., Any]
    options: Mapping[str, Any]


def new_manager(hookspecs: HookSpecs) -> pluggy.PluginManager:
    """A plugin manager that knows the hooks and holds no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def verify(manager: pluggy.PluginManager, implementations: object, manifest: Manifest) -> list[Problem]:
    """Everything that is wrong with a plugin's hooks, worst first. Registers and calls nothing."""
    if inspect.isclass(implementations):
        why = f"names the class {implementations.__name__}, whose methods have nobody to be called on"
        return [
            Problem(QuarantineCode.ENTRY_POINT_INVALID, why, "Let the entry point name an instance, or a module.")
        ]
    specs = _hook_arguments(manager)
    found = _implementations(manager, implementations)
    problems = _unmarked(manager, implementations, specs)
    for number, implementation in enumerate(found):
        problems += _badly_named(implementation, specs, {other.hook for other in found[:number]})
        if implementation.hook in specs:
            problems += _uncallable(implementation, specs[implementation.hook])
    if not found and not problems:
        problems.append(
            Problem(
                QuarantineCode.NO_HOOKS,
                "loads, but what its entry point names holds no hook",
                "Mark the hooks with @hookimpl, and let the entry point name the module that holds them.",
            )
        )
    return problems or _undeclared({implementation.hook for implementation in found}, manifest)


def _hook_arguments(manager: pluggy.PluginManager) -> dict[str, tuple[str, ...]]:
    """The hooks that ``manager`` knows, each with the names of its arguments."""
    callers = {name: getattr(manager.hook, name) for name in dir(manager.hook) if name.startswith(PREFIX)}
    return {name: tuple(caller.spec.argnames) for name, caller in callers.items() if caller.spec is not None}


def _implementations(manager: pluggy.PluginManager, holder: object) -> list[_Implementation]:
    found = []
    for attribute in sorted(dir(holder)):
        options = manager.parse_hookimpl_opts(holder, attribute)
        if options is not None:
            hook = options.get("specname") or attribute
            found.append(_Implementation(hook, attribute, getattr(holder, attribute), dict(options)))
    return found


def _unmarked(manager: pluggy.PluginManager, holder: object, specs: Mapping[str, tuple[str, ...]]) -> list[Problem]:
    problems = []
    for attribute in sorted(name for name in dir(holder) if name.startswith(PREFIX)):
        value = inspect.getattr_static(holder, attribute)
        is_function = inspect.isroutine(value) or isinstance(value, staticmethod | classmethod)
        if is_function and manager.parse_hookimpl_opts(holder, attribute) is None:
            hint = "Mark it with @hookimpl." if attribute in specs else _did_you_mean(attribute, specs)
            problems.append(
                Problem(
                    QuarantineCode.NOT_MARKED,
                    f"has the function {attribute} without @hookimpl, so that it would never be called",
                    f"{hint} A function that is no hook needs a name that does not begin with {PREFIX}.",
                )
            )
    return problems


def _badly_named(
    implementation: _Implementation, specs: Mapping[str, tuple[str, ...]], earlier: set[str]
) -> list[Problem]:
    if implementation.hook not in specs:
        why = f"implements {implementation.hook}, and there is no such hook"
        return [Problem(QuarantineCode.UNKNOWN_HOOK, why, _did_you_mean(implementation.hook, specs))]
    if implementation.hook in earlier:
        why = f"implements {implementation.hook} twice, the second time as {implementation.attribute}"
        return [Problem(QuarantineCode.HOOK_TWICE, why, "Keep one of them.")]
    return []


def _uncallable(implementation: _Implementation, expected: tuple[str, ...]) -> list[Problem]:
    hook, function = implementation.hook, implementation.function
    wanted = f"Write async def {hook}({', '.join(expected)})."
    if implementation.options["wrapper"] or implementation.options["hookwrapper"]:
        why = f"marks {hook} as a wrapper, which cannot surround what is awaited"
        return [Problem(QuarantineCode.WRAPPER_NOT_ALLOWED, why, "Use @hookimpl without wrapper or hookwrapper.")]
    if not inspect.iscoroutinefunction(function):
        return [Problem(QuarantineCode.NOT_ASYNC, f"implements {hook} without async def", wanted)]
    return _wrong_arguments(hook, function, expected, wanted)


def _wrong_arguments(
    hook: str, function: Callable[..., Any], expected: tuple[str, ...], wanted: str
) -> list[Problem]:
    parameters = inspect.signature(function).parameters.values()
    strange = [
        str(parameter).partition(":")[0]
        for parameter in parameters
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or parameter.name not in expected
    ]
    if strange:
        why = f"implements {hook} with the argument {strange[0]}, which is not passed"
        return [Problem(QuarantineCode.WRONG_ARGUMENTS, why, wanted)]
    defaulted = [parameter.name for parameter in parameters if parameter.default is not parameter.empty]
    if defaulted:
        why = f"gives the argument {defaulted[0]} of {hook} a default, with which it would always be called"
        return [Problem(QuarantineCode.DEFAULT_ARGUMENTS, why, wanted)]
    return []


def _undeclared(implemented: set[str], manifest: Manifest) -> list[Problem]:
    extra = [
        Problem(
            QuarantineCode.HOOK_NOT_DECLARED,
            f"implements {hook}, but its manifest offers no operation for it",
            "Offer the operation under reads or writes of a service, or remove the hook.",
        )
        for hook in sorted(implemented - manifest.declared_hooks)
    ]
    missing = [
        Problem(
            QuarantineCode.DECLARED_NOT_IMPLEMENTED,
            f"offers an operation whose hook {hook} it does not implement",
            "Implement the hook, or take the operation out of the manifest.",
        )
        for hook in sorted(manifest.declared_hooks - implemented)
    ]
    return missing + extra


def _did_you_mean(name: str, specs: Mapping[str, tuple[str, ...]]) -> str:
    likely = get_close_matches(name, specs, n=1, cutoff=0.7)
    return f"Did you mean {likely[0]}?" if likely else f"The hooks are: {', '.join(sorted(specs))}."
