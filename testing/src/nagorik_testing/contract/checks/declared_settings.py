"""The settings that a plugin declares: each is read where it is at work, and what is sent follows from it."""

import ast
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
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
from nagorik_testing.contract.checks.inspection import ready_rigs
from nagorik_testing.contract.own_code import OwnCode, own_code_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.contract.wiretap import WireExchange, Wiretap

_QUICK: Final = frozenset(
    {Operation.SUBMIT, Operation.START_PAYMENT, Operation.QUERY_PAYMENT, Operation.PAYMENT_NOTICE, Operation.HEALTH}
)
"""Operations before which nothing is waited for: most settings are read by one of them."""
_FEW_SIGNS: Final = 4
"""A value with fewer is found in what is sent by accident."""
_BASE_URL: Final = "http://127.0.0.1"


@check("catalogue/settings-used")
async def _used(subject: Subject, _: AnyOffer) -> list[str]:
    model, code = settings_model_of(subject), own_code_of(subject)
    names = frozenset(model.model_fields) - frozenset(AgencySettings.model_fields)
    if not names:
        raise NotConcerned("it declares no setting of its own")
    if code is None or subject.live is not None:
        raise NotConcerned("how it reads its settings is seen in its own folder alone, and before the simulator")
    nowhere = names - _named_in_code(code)
    wrong = [f"the setting {name} is named nowhere in the code" for name in sorted(nowhere)]
    texts = _texts(subject, model, names - nowhere)
    for name, (offer, operation) in (await _sent_by(subject, texts)).items():
        if not await _is_heeded(subject, model, name, texts[name], offer, operation):
            wrong.append(f"the setting {name} is another, and what is sent is as it was")
    return wrong


async def _sent_by(subject: Subject, texts: Mapping[str, str]) -> dict[str, tuple[AnyOffer, Operation]]:
    """By which operation of which offer the value of a setting is sent as it is, by the setting's name."""
    found = dict[str, tuple[AnyOffer, Operation]]()
    for offer in subject.manifest.offers:
        tap = Wiretap()
        with suppress(NotConcerned, NotReachable):  # there is nothing of the kind, or the matrix of faults tells
            async for operation, rig in ready_rigs(tap.on(subject), offer, without=frozenset(Operation) - _QUICK):
                await call_operation(rig, operation)
                sent = _sent(tap.exchanges)
                for name in [name for name, text in texts.items() if text in sent]:
                    found.setdefault(name, (offer, operation))
        if found.keys() == texts.keys():
            break
    return found


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


def _named_in_code(code: OwnCode) -> frozenset[str]:
    """Names that the plugin's code takes of anything, and texts in it by which it may."""
    found: set[str] = set()
    for file in sorted(code.directory.rglob("*.py")):
        if code.holds(str(file)):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return frozenset(found)


async def _is_heeded(
    subject: Subject, model: type[AgencySettings], name: str, usual: str, offer: AnyOffer, operation: Operation
) -> bool:
    """Whether its value is no longer sent, or another one is, once the setting is another."""
    other = next(filter(_accepts(subject, model, name), (f"{usual}x", f"{usual}2", f"{usual[:-1]}9")), None)
    if other is None:
        return True
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
