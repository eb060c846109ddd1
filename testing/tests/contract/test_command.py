"""What a plugin prints while it is proved is none of the command's result."""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from nagorik_cashdesk import wire
from nagorik_testing.contract.command import command
from nagorik_testing.contract.suite import keep_quiet

NOISE = "half a result"


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return parser.parse_args(words)


def test_result_is_one_document_whatever_the_plugin_prints(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    quiet = wire.to_payment

    def noisy(*given: Any) -> Any:
        print(NOISE)  # noqa: T201 - what this is about
        return quiet(*given)

    monkeypatch.setattr(wire, "to_payment", noisy)
    assert command.run(arguments("cashdesk", "--family", "privacy", "--json", "--on", "2026-11-24")) == 0
    told = capfd.readouterr()
    assert json.loads(told.out)["sound"] is True
    assert NOISE in told.err


def test_processes_of_the_suite_keep_the_result_clear_of_what_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=keep_quiet) as pool:
        pool.submit(print, NOISE, flush=True).result()
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", f"{NOISE}\n")
