"""What is wrong with the data files of a plugin's package: its sentences, its dated rules, its agency's words.

A file counts as one of these by its name: ``messages.toml``, ``rules.toml``, ``statuses.toml`` or one that ends so
after an underscore, such as ``learner_statuses.toml``.
"""

from collections.abc import Iterator
from pathlib import Path

from nagorik.package_files import FileProblem, PackageFileInvalid
from nagorik.rules import RULES_FILE, parse_rules
from nagorik.statuses import STATUSES_FILE, parse_statuses
from nagorik.texts import MESSAGES_FILE, TextCatalogue, parse_texts


def data_file_problems(directory: Path) -> Iterator[tuple[str, FileProblem]]:
    """Each problem with the name of its file; the files beside the manifest alone are looked at."""
    texts: TextCatalogue | None = None
    for file in _named(directory, MESSAGES_FILE):
        try:
            texts = parse_texts(file.read_bytes(), file.name)
        except PackageFileInvalid as error:
            yield from ((file.name, problem) for problem in error.problems)
    for file in _named(directory, RULES_FILE):
        try:
            parse_rules(file.read_bytes(), file.name)
        except PackageFileInvalid as error:
            yield from ((file.name, problem) for problem in error.problems)
    for file in _named(directory, STATUSES_FILE):
        try:
            parse_statuses(file.read_bytes(), file.name, texts=texts)
        except PackageFileInvalid as error:
            yield from ((file.name, problem) for problem in error.problems)


def _named(directory: Path, name: str) -> list[Path]:
    return sorted(file for file in directory.glob(f"*{name}") if file.name == name or file.name.endswith(f"_{name}"))
