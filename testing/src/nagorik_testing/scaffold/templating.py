"""From answers to the files of a distribution, as text and in memory."""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nagorik.operations import Idempotency
from nagorik.settings import environment_prefix
from nagorik_testing.scaffold.answers import Answers, Kind

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$:@-])")

_EVERY: Final = {
    "pyproject.toml": "every_kind/pyproject.toml",
    "README.md": "every_kind/README.md",
    "src/{package}/__init__.py": "every_kind/__init__.py",
    "src/{package}/py.typed": "every_kind/py.typed",
    "src/{package}/plugin.toml": "every_kind/plugin.toml",
    "src/{package}/wire.py": "{room}/wire.py",
    "src/{package}/plugin.py": "{room}/plugin.py",
    "src/{package}/simulator.py": "{room}/simulator.py",
    "tests/test_contract.py": "every_kind/test_contract.py",
    "tests/test_plugin.py": "{room}/test_plugin.py",
}
_SERVICE: Final = {
    "src/{package}/forms.py": "{room}/forms.py",
    "src/{package}/data.py": "every_kind/data.py",
    "src/{package}/eligibility.py": "every_kind/eligibility.py",
    "src/{package}/messages.toml": "every_kind/messages.toml",
    "src/{package}/rules.toml": "every_kind/rules.toml",
    "src/{package}/statuses.toml": "{room}/statuses.toml",
}
_FILED: Final = {"src/{package}/course.toml": "{room}/course.toml"}
_PRICED: Final = {"src/{package}/fees.toml": "{room}/fees.toml"}

_ROOMS: Final[Mapping[Kind, tuple[str, Mapping[str, str]]]] = {
    Kind.READ_ONLY: ("question", _EVERY | _SERVICE),
    Kind.SUBMISSION: ("application", _EVERY | _SERVICE | _FILED),
    Kind.SUBMISSION_AND_PAYMENT: ("application", _EVERY | _SERVICE | _FILED | _PRICED),
    Kind.GATEWAY: ("gateway", _EVERY),
}
"""By kind: where its templates lie, and which file is made of which."""


def render(answers: Answers) -> dict[PurePosixPath, str]:
    """The content of every file of the distribution, by its path in it."""
    environment = Environment(
        loader=PackageLoader(__package__),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML is written; what an author says goes through a filter
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["toml"] = _toml
    environment.filters["markdown"] = _markdown
    room, files = _ROOMS[answers.kind]
    facts = _facts(answers)
    return {
        PurePosixPath(path.format(package=answers.package)): environment.get_template(
            f"{template.format(room=room)}.j2"
        ).render(facts)
        for path, template in files.items()
    }


def _facts(answers: Answers) -> dict[str, object]:
    payment = answers.kind is Kind.SUBMISSION_AND_PAYMENT
    find = answers.idempotency is Idempotency.CLIENT_REFERENCE
    return {
        **answers.model_dump(mode="json"),
        "host": answers.host or f"api.{answers.id}.example",
        "service": answers.service,
        "distribution": answers.distribution,
        "package": answers.package,
        "simulator": answers.simulator,
        "environment": environment_prefix(answers.id),
        "payment": payment,
        "level": ("PAYMENT" if payment or answers.kind is Kind.GATEWAY else "SUBMISSION"),
        "reads": ["eligibility", *(["quote"] if payment else []), *(["find"] if find else []), "status"],
    }


def _toml(value: object) -> str:
    """A TOML value: JSON's strings and lists are, but for DEL, which no answer holds."""
    return json.dumps(value, ensure_ascii=False)


def _markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)
