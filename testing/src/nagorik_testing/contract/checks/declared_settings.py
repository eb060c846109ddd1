"""The settings that a plugin declares: each is read where it is at work, and what is sent follows from it."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus

from pydantic import SecretStr

from nagorik import Operation, SettingsRejected
from nagorik.manifest import AnyOffer
from nagorik.settings import AgencySettings
from nagorik_platform.plugin_settings import load_settings
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.catalogue import settings_model_of
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import ready_rigs, record_of
from nagorik_testing.contract.decisions import DecisionTrace, trace_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.contract.wiretap import WireExchange, Wiretap

_QUICK: Final = frozenset(
    {Operation.SUBMIT, Operation.START_PAYMENT, Operation.QUERY_PAYMENT, Operation.PAYMENT_NOTICE, Operation.HEALTH}
)
"""Operations before which nothing is waited for: most settings are read by one of them."""
_ALL_AT_ONCE: Final = frozenset({"__dict__", "__iter__", "model_dump", "model_dump_json", "model_copy"})
"""What hands over every setting."""
_TOOLKIT: Final = "nagorik_toolkit"
_FEW_SIGNS: Final = 4
"""A value with fewer is found in what is sent by accident."""
_BASE_URL: Final = "http://127.0.0.1"


@check("catalogue/settings-used")
async def _used(subject: Subject, _: AnyOffer) -> list[str]:
    model, trace = settings_model_of(subject), trace_of(subject)
    names = frozenset(model.model_fields) - frozenset(AgencySettings.model_fields)
    if not names:
        raise NotConcerned("it declares no setting of its own")
    if trace is None or subject.live is not None:
        raise NotConcerned("how it reads its settings is seen in its own folder alone, and before the simulator")
    play = _SettingsPlay(subject, names, _texts(subject, model, names))
    with _reading(model, names, trace, play.read):
        await play.run()
    unread = names - play.read
    nowhere = unread - _named_in_code(subject, trace)
    wrong = [f"the setting {name} is read by no operation, and nowhere in the code" for name in sorted(nowhere)]
    wrong += [
        f"the setting {name} is another, and what is sent is as it was"
        for name in sorted(play.sent_by.keys() - nowhere)
        if not await _is_heeded(subject, model, name, play)
    ]
    if not wrong and unread:
        # Such as one that is read once the agency fails in one way.
        raise NotConcerned(f"no operation that could be called reads {', '.join(sorted(unread))}")
    return wrong


@dataclass(slots=True, repr=False)
class _SettingsPlay:
    """The plugin at work, until every setting of its own has been read.

    Attributes:
        names: The settings.
        texts: The values of those that are texts.
        read: Settings that were read.
        sent_by: By which operation of which offer the value of a setting was sent, as it is.
    """

    subject: Subject
    names: frozenset[str]
    texts: Mapping[str, str]
    read: set[str] = field(default_factory=set)
    sent_by: dict[str, tuple[AnyOffer, Operation]] = field(default_factory=dict)

    async def run(self) -> None:
        """Call one operation after another, those first that are quickly prepared."""
        for withheld in (frozenset(Operation) - _QUICK, _QUICK):
            for offer in self.subject.manifest.offers:
                await self._call(offer, withheld)
                if self.read >= self.names:
                    return

    async def _call(self, offer: AnyOffer, withheld: frozenset[Operation]) -> None:
        tap = Wiretap()
        try:
            async with aclosing(ready_rigs(tap.on(self.subject), offer, without=withheld)) as rigs:
                async for operation, rig in rigs:
                    await call_operation(rig, operation)
                    sent = _sent(tap.exchanges)
                    for name, text in self.texts.items():
                        if text in sent:
                            self.sent_by.setdefault(name, (offer, operation))
                    if self.read >= self.names:
                        return
        except (NotConcerned, NotReachable):
            return  # there is nothing of the kind, or the matrix of faults tells


def _texts(subject: Subject, model: type[AgencySettings], names: frozenset[str]) -> dict[str, str]:
    settings = load_settings(model, subject.manifest.id, subject.simulator().settings(_BASE_URL))
    values = {name: getattr(settings, name) for name in names}
    shown = {name: one.get_secret_value() if isinstance(one, SecretStr) else one for name, one in values.items()}
    return {name: one for name, one in shown.items() if isinstance(one, str) and len(one) >= _FEW_SIGNS}


def _sent(exchanges: list[WireExchange]) -> str:
    """Everything that some requests say, logins among them."""
    parts = (
        part
        for one in exchanges
        for part in (str(one.request.url), *one.request.headers.values(), one.sent.decode("utf-8", "replace"))
    )
    raw = "\n".join(parts)
    return f"{raw}\n{unquote_plus(raw)}"


@contextmanager
def _reading(
    model: type[AgencySettings], names: frozenset[str], trace: DecisionTrace, read: set[str]
) -> Iterator[None]:
    """Note which settings the plugin's code reads, or the toolkit for it; what the platform reads shows nothing."""

    def noted(settings: AgencySettings, name: str) -> Any:
        if name in names or name in _ALL_AT_ONCE:
            file = sys._getframe(1).f_code.co_filename
            if trace.is_own(file) or _TOOLKIT in Path(file).parts:
                read.update({name} if name in names else names)
        return object.__getattribute__(settings, name)

    kind: Any = model
    kind.__getattribute__ = noted
    try:
        yield
    finally:
        del kind.__getattribute__


def _named_in_code(subject: Subject, trace: DecisionTrace) -> frozenset[str]:
    """Names that the plugin's code takes of anything, and texts in it by which it may."""
    directory = record_of(subject).directory
    found: set[str] = set()
    for file in sorted(directory.rglob("*.py")) if directory is not None else ():
        if trace.is_own(str(file)):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return frozenset(found)


async def _is_heeded(subject: Subject, model: type[AgencySettings], name: str, play: _SettingsPlay) -> bool:
    """Whether its value is no longer sent, or another one is, once the setting is another."""
    usual = play.texts[name]
    other = next(filter(_accepts(subject, model, name), (f"{usual}x", f"{usual}2", f"{usual[:-1]}9")), None)
    if other is None:
        return True
    offer, operation = play.sent_by[name]
    tap = Wiretap()
    async with open_rig(tap.on(_with_setting(subject, name, other)), offer.id) as rig:
        try:
            await prepare_operation(rig, operation)
        except (NothingThere, NotReachable):
            pass  # the agency refuses what is another; what was sent for it tells
        else:
            await call_operation(rig, operation)
    sent = _sent(tap.exchanges)
    return usual not in sent or other in sent


def _accepts(subject: Subject, model: type[AgencySettings], name: str) -> Callable[[str], bool]:
    def accepts(value: str) -> bool:
        given = {**subject.simulator().settings(_BASE_URL), name: value}
        try:
            load_settings(model, subject.manifest.id, given)
        except SettingsRejected:
            return False
        return True

    return accepts


def _with_setting(subject: Subject, name: str, value: str) -> Subject:
    """The subject before the same simulator, of which the plugin is told otherwise."""
    usual = subject.simulator

    def settings(simulator: Any, base_url: str) -> dict[str, object]:
        return {**usual.settings(simulator, base_url), name: value}

    kind: Any = type(f"Resettled{usual.__name__}", (usual,), {"settings": settings})
    return replace(subject, simulator=kind)
