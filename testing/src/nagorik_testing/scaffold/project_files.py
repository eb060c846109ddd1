"""From answers to the files of a distribution, as text, in memory and then on the disk.

All of them are written or none, and never over anything.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nagorik.operations import Idempotency
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_testing.scaffold.answers import Answers, PluginKind, SessionKind, Wire

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$:@-])")

_LICENCE: Final = "LICENSE"

_PROJECT: Final = ("pyproject.toml", "README.md", "tests/test_contract.py", "tests/test_plugin.py")
_PACKAGE: Final = ("__init__.py", "py.typed", "plugin.toml", "plugin.py")
_SERVICE: Final = (*_PACKAGE, "forms.py", "messages.toml", "rules.toml")
_REFERENCE: Final = (*_SERVICE, "forms.toml", "simulator/__init__.py", "simulator/agency.toml")
_OWN_WIRE: Final = ("wire.py", "simulator.py")
_OWN: Final = (*_SERVICE, *_OWN_WIRE, "data.py", "eligibility.py", "statuses.toml")

_BODIES: Final = {Wire.OWN_JSON: "json", Wire.SOAP: "xml", Wire.MULTIPART: "parts"}
"""The option of a request that its body is given by, where it is not called like the wire."""


def render(answers: Answers) -> dict[PurePosixPath, str]:
    """The content of every file of the distribution, by its path in it.

    Raises:
        CannotWrite: There is no licence to write into it.
    """
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
    facts, (folder, files) = _facts(answers), _layout(answers)
    sources = {path: PurePosixPath(path).name for path in _PROJECT}
    sources |= {f"src/{answers.package}/{name}": name for name in files}
    made = {}
    for path, name in sources.items():
        template = environment.select_template([f"{folder}/{name}.j2", f"every_kind/{name}.j2"])
        made[PurePosixPath(path)] = template.render(facts)
    return made | {PurePosixPath(_LICENCE): _licence()}


def _layout(answers: Answers) -> tuple[str, Sequence[str]]:
    """The folder of the plugin's own templates, and the files of its package."""
    if answers.kind is PluginKind.GATEWAY:
        return "gateway", (*_PACKAGE, *_OWN_WIRE)
    fees = ["fees.toml"] if answers.kind is PluginKind.SUBMISSION_AND_PAYMENT else []
    filed = answers.kind is not PluginKind.READ_ONLY
    if answers.over_reference:
        return "reference", (*_REFERENCE, *fees, *(["statuses.toml", "simulator/workflow.toml"] if filed else []))
    return ("application" if filed else "question"), (*_OWN, *fees, *(["workflow.toml"] if filed else []))


def _licence() -> str:
    """The kit's own licence, which its distribution carries however it was installed.

    Raises:
        CannotWrite: It was installed without.
    """
    text = distribution("nagorik-testing").read_text(f"licenses/{_LICENCE}")
    if text is None:
        raise CannotWrite("nagorik-testing is installed without its licence: install it again")
    return text


def _route(wire: Wire, route: str, called: str, prefix: str = "") -> str:
    """A route's name at an agency that speaks so: SOAP has one address for all that is asked."""
    method, path = route.split(" ")
    return f"POST {prefix}/service {called}" if wire is Wire.SOAP else f"{method} {prefix}{path}"


def _facts(answers: Answers) -> dict[str, object]:
    payment = answers.kind is PluginKind.SUBMISSION_AND_PAYMENT
    find = answers.over_reference or answers.idempotency is Idempotency.CLIENT_REFERENCE
    return {
        **answers.model_dump(mode="json"),
        "host": answers.host or f"api.{answers.id}.example",
        "service": answers.service,
        "distribution": answers.distribution,
        "package": answers.package,
        "wire": answers.wire.value.removeprefix("own-"),
        "over_reference": answers.over_reference,
        "plugin_class": f"{answers.class_name}Plugin",
        "simulator": f"{answers.class_name}Simulator",
        "environment": environment_prefix(answers.id),
        "payment": payment,
        "markup": answers.wire in {Wire.XML, Wire.SOAP},
        "soap": answers.wire is Wire.SOAP,
        "route": partial(_route, answers.wire),
        "cookie": answers.session is SessionKind.COOKIE,
        "fee_due": f"{(answers.fee_due or ('after' if answers.over_reference else 'before')).upper()}_SUBMISSION",
        "multipart": answers.wire is Wire.MULTIPART,
        "body": _BODIES.get(answers.wire, answers.wire.value),
        "extra": "[xml]" if answers.wire in {Wire.XML, Wire.SOAP} else "",
        "level": ("PAYMENT" if payment or answers.kind is PluginKind.GATEWAY else "SUBMISSION"),
        "reads": ["eligibility", *(["quote"] if payment else []), *(["find"] if find else []), "status"],
    }


def _toml(value: object) -> str:
    """A TOML value: JSON's strings and lists are, but for DEL, which no answer holds."""
    return json.dumps(value, ensure_ascii=False)


def _markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


_LIKE_ANY_FOLDER: Final = 0o777


class CannotWrite(Exception):
    """Nothing was written; the text says what stands in the way."""


def refuse_to_overwrite(target: Path) -> None:
    """Nothing may be there yet, not even an empty folder or a link that leads nowhere.

    Raises:
        CannotWrite: Something is, or there is no folder to write in.
    """
    if os.path.lexists(target):
        raise CannotWrite(f"{target} exists already: name another folder with --directory, or remove it")
    if not target.parent.is_dir():
        raise CannotWrite(f"the folder {target.parent} does not exist")


def write(files: Mapping[PurePosixPath, str], target: Path) -> None:
    """Write the files below ``target``: at first into a folder beside it, which then takes its name.

    Raises:
        CannotWrite: Something is there already, or the disk refuses.
    """
    refuse_to_overwrite(target)
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise CannotWrite(f"{target.parent} cannot be written: {error.strerror}") from None
    try:
        for path, text in files.items():
            file = beside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        beside.chmod(_LIKE_ANY_FOLDER & ~_umask())
        refuse_to_overwrite(target)
        beside.rename(target)
    except OSError as error:
        raise CannotWrite(f"{target} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _umask() -> int:
    # It can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
