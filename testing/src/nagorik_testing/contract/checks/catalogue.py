"""What a plugin says of itself: to the citizen who chooses, to the host that installs it."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from nagorik import Form, SettingsRejected, Text
from nagorik.manifest import AnyOffer, PublicService
from nagorik.settings import AgencySettings
from nagorik_platform.plugin_settings import load_settings
from nagorik_platform.registry import Imported, Quarantine, resolve_object
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.form_texts import forms_within, titled_choices, untitled_choices
from nagorik_testing.contract.checks.inspection import LANGUAGES, form_of, languages_of, record_of, wrong_scripts
from nagorik_testing.contract.subject import Subject
from nagorik_testing.validation.checks import check_objects
from nagorik_testing.validation.findings import Severity
from nagorik_toolkit.form_validation import find_label

_SECRET_WORDS: Final = re.compile(
    r"password|passwd|passphrase|secret|token|credential|(^|_)pin($|_)|api_?key|(?<!public)(^|_)key($|_)"
)
_ABOUT_A_SECRET: Final = re.compile(
    r"_(path|url|address|origin|file|lifetime|period|days|hours|minutes|seconds|length|count|type|kind|header|field)$"
)
"""Where a secret is fetched, and how long it holds, is none."""
_BASE_URL: Final = "http://127.0.0.1"
_MASKED: Final[tuple[object, ...]] = (SecretStr, SecretBytes, Secret)
_PLAIN: Final = frozenset[object]({str, bytes, int, float, dict, list, object, Any})
"""Types whose values are printed as they are."""
_STEM: Final = 4
"""Letters by which a word is known."""


@check("catalogue/offer")
async def _offer(subject: Subject, offer: AnyOffer) -> list[str]:
    named = {"the plugin's name": subject.manifest.name, "the name": offer.name, "the summary": offer.summary}
    wrong = ["there is no summary"] if offer.summary is None else []
    wrong += [one for what, text in named.items() if text is not None for one in wrong_scripts(what, text)]
    if isinstance(offer, PublicService):
        kinds = [document.kind for document in offer.documents]
        for listed in (kinds, offer.deliverables):
            wrong += [f"{slug} is listed twice" for slug in listed if listed.count(slug) > 1]
    if not isinstance(offer, PublicService) or offer.form is None:
        return wrong
    model = form_of(subject, offer)
    schema, forms = model.model_json_schema(), list(forms_within(model))
    wrong += [problem for form in forms for problem in _unlabelled(form)]
    untitled = dict.fromkeys(untitled_choices(schema))
    wrong += [f"the options of {field} have no titles: {', '.join(options)}" for field, options in untitled]
    wrong += [problem for form in forms for problem in _exchanged("fields", _titles_of(form))]
    return wrong + [problem for options in titled_choices(schema) for problem in _exchanged("options", options)]


def _titles_of(model: type[Form]) -> dict[str, Text]:
    labels = {name: find_label(model, name) for name in model.model_fields}
    return {name: Text(bn=label.bn or "-", en=label.en or "-") for name, label in labels.items() if label is not None}


def _exchanged(kind: str, titles: Mapping[str, Text]) -> Iterator[str]:
    """Two options or fields of which each is called by more of the other's own words than of its own."""
    said = {name: _stems(name) for name in titles}
    told = {name: _stems(title.en) for name, title in titles.items()}
    for one, other in combinations(titles, 2):
        if all(len(said[a] & told[b]) > len(said[a] & told[a]) for a, b in ((one, other), (other, one))):
            yield f"the titles of the {kind} {one} and {other} are exchanged"


def _stems(text: str) -> frozenset[str]:
    """The words of a text as far as ``changed`` and ``change`` are alike."""
    return frozenset(word[:_STEM] for word in re.findall(r"[a-z]{3,}", text.lower()))


def _unlabelled(model: type[Form]) -> Iterator[str]:
    for name in model.model_fields:
        where = f"{model.__name__}.{name}"
        label = find_label(model, name)
        if label is None:
            yield f"{where} has no Label"
            continue
        texts = {"label": (label.bn, label.en), "help": (label.help_bn, label.help_en)}
        if (label.help_bn is None) != (label.help_en is None):
            yield f"the help of {where} is in one language only"
        if None in texts["help"]:
            del texts["help"]
        for what, (bn, en) in texts.items():
            yield from wrong_scripts(f"the {what} of {where}", Text(bn=bn or "-", en=en or "-"))


@check("catalogue/simulator")
async def _simulator(subject: Subject, _: AnyOffer) -> list[str]:
    said = getattr(subject.simulator, "modelled", "")
    wrong = [
        f"what the simulator says of itself is not said in {one}" for one in sorted(LANGUAGES - languages_of(said))
    ]
    if not said.strip():
        wrong = ["the simulator does not say what of it is modelled"]
    most, declared = subject.simulator.login_limit, subject.manifest.limits
    if most is None:
        beyond = "limits.logins is declared, and the simulator counts no logins"
        return wrong if declared.logins is None else [*wrong, beyond]
    allowed = f"the agency allows {most.logins} logins in {most.period}"
    if declared.logins is None:
        return [*wrong, f"{allowed}, and limits.logins is not declared"]
    # Of a shorter stretch several lie in the agency's, each of them full.
    made = declared.logins * -(-most.period // declared.login_period)
    return wrong if made <= most.logins else [*wrong, f"{allowed}, and limits.logins lets {made} be made"]


@check("catalogue/objects")
async def _objects(subject: Subject, _: AnyOffer) -> list[str]:
    made = subject.registry.activate(subject.manifest.id)
    wrong = [made.reason] if isinstance(made, Quarantine) else []
    found = check_objects(record_of(subject))
    wrong += [f"{one.location}: {one.message}" for one in found if one.severity is not Severity.NOTE]
    try:
        load_settings(settings_model_of(subject), subject.manifest.id, subject.simulator().settings(_BASE_URL))
    except SettingsRejected as refused:
        wrong.append(f"the simulator's settings are refused: {', '.join(refused.names)}")
    except NotConcerned:
        assert wrong  # noqa: S101 - what cannot be imported is among them
    return wrong


@check("catalogue/secret-settings")
async def _secret_settings(subject: Subject, _: AnyOffer) -> list[str]:
    return [
        f"the setting {name} is a secret by its name and not a SecretStr"
        for name in _unmasked(settings_model_of(subject), is_secret=False)
    ]


def _unmasked(
    model: type[BaseModel], *, is_secret: bool, around: frozenset[type[BaseModel]] = frozenset()
) -> Iterator[str]:
    """The secrets of a model that may be plain: of one that is a secret as a whole, whatever may be.

    Those of a table that stands within itself are told once.
    """
    around |= {model}
    for name, field in model.model_fields.items():
        named = bool(_SECRET_WORDS.search(name)) and not _ABOUT_A_SECRET.search(name)
        kinds = set(_kinds_of(field.annotation))
        if (named or is_secret) and kinds & _PLAIN:
            yield name
        for table in sorted(_models_in(kinds) - around, key=lambda kind: kind.__name__):
            deeper = _unmasked(table, is_secret=named or is_secret, around=around)
            yield from (f"{name}.{inner}" for inner in deeper)


def _kinds_of(annotation: object) -> Iterator[object]:
    """The types of which a setting may hold values, those of an entry of a list or a table among them."""
    if annotation in _MASKED or get_origin(annotation) in _MASKED:
        return
    yield annotation
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return
    if isinstance(origin := get_origin(annotation), type) and issubclass(origin, Mapping):
        parts = parts[1:]
    for part in parts:
        yield from _kinds_of(part)


def _models_in(kinds: set[object]) -> set[type[BaseModel]]:
    return {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)}


def settings_model_of(subject: Subject) -> type[AgencySettings]:
    """The model of the plugin's settings.

    Raises:
        NotConcerned: It cannot be imported.
    """
    reference = subject.manifest.settings
    if reference is None:
        return AgencySettings
    found = resolve_object(record_of(subject), reference)
    value = found.value if isinstance(found, Imported) else None
    if not (isinstance(value, type) and issubclass(value, BaseModel) and issubclass(value, AgencySettings)):
        raise NotConcerned("its settings cannot be imported, which catalogue/objects tells")
    return value
