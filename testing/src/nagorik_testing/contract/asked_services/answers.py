"""Stands for the plugins that a plugin asks: answers what it is told to answer, whatever it is asked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import ConfigDict

from nagorik import Form, SubmissionResult, SubmitRequest, hookimpl
from nagorik.errors import NagorikError
from nagorik.manifest import Manifest
from nagorik_platform import PluginConfiguration
from nagorik_platform.registry import PluginRecord, PluginSource, Registry
from nagorik_testing.contract.subject import Subject
from nagorik_testing.simulator.loopback import LOOPBACK

_NAME: Final = {"bn": "চুক্তি পরীক্ষা", "en": "Contract test"}


class AnyQuestion(Form):
    """Takes whatever is asked."""

    model_config = ConfigDict(extra="ignore")


@dataclass(slots=True, repr=False)
class AskedServices:
    """The hook of every asked service.

    Attributes:
        answer: What is answered next, or raised.
        asked: How often it was asked.
    """

    answer: SubmissionResult | NagorikError | None = None
    asked: int = 0

    @hookimpl
    async def nagorik_submit(self, request: SubmitRequest) -> SubmissionResult:  # noqa: ARG002 - whatever is asked
        """The answer that was put in."""
        self.asked += 1
        if isinstance(self.answer, NagorikError):
            raise self.answer
        if self.answer is None:
            raise LookupError("no answer was put in")
        return self.answer


hooks: Final = AskedServices()


def beside_asked(subject: Subject, record: PluginRecord, services: Sequence[str]) -> Subject:
    """The subject with plugins beside it that offer ``services`` and answer by ``hooks``.

    Args:
        subject: The plugin under test.
        record: Its record.
        services: What it asks, by the ids of its manifest.
    """
    by_plugin = defaultdict[str, list[str]](list)
    for service in services:
        by_plugin[service.partition(".")[0]].append(service)
    others = [_record(plugin, offered) for plugin, offered in by_plugin.items()]
    # Reaches nobody: its hook answers by itself.
    configuration = PluginConfiguration(settings={"base_url": f"http://{LOOPBACK}"}, egress=frozenset({LOOPBACK}))
    return replace(subject, registry=Registry([record, *others]), beside=dict.fromkeys(by_plugin, configuration))


def _record(plugin: str, services: Sequence[str]) -> PluginRecord:
    here, _, module = __name__.rpartition(".")
    manifest = Manifest.model_validate(
        {
            "manifest_version": 1,
            "id": plugin,
            "requires_api": "1.0",
            "name": _NAME,
            "owners": [{"name": "Nagorik, contract suite", "contact": "contract-suite@nagorik.example"}],
            "evidence": "modelled",
            "as_of": date(2026, 11, 24),
            "services": [
                {
                    "id": service,
                    "name": _NAME,
                    "form": f"{module}:AnyQuestion",
                    "writes": {"submit": "safe"},
                }
                for service in services
            ],
        }
    )
    source = PluginSource(plugin, "nagorik-contract-suite", "1.0", f"{__name__}:hooks")
    return PluginRecord(source, here, Path(__file__).parent, manifest)
