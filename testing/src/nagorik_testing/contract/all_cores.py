"""A run on all cores: the matrix of each offer, and all other checks, each in a process that has them to itself."""

import asyncio
import os
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from typing import Final

from nagorik.logs import configure_logging
from nagorik_testing.contract.bench import Subject
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.suite import Result, Results, collect, play_checks, play_offer, run_suite
from nagorik_testing.installed import installed_simulators, load_simulator

REST: Final = None
"""Stands for all that is not the fault matrix of an offer."""


def run_on_all_cores(subject: Subject, *, families: Collection[str] | None = None) -> Results:
    """As ``run_suite`` with all checks, in less time where there is more than one offer and more than one core.

    A live agency is asked from one process only: it must not be pressed harder for our convenience.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    offers = [offer.id for offer in subject.manifest.offers]
    processes = min(os.cpu_count() or 1, len(offers) + 1)
    if subject.live is not None or len(offers) < 2 or processes < 2:  # noqa: PLR2004 - nothing to share out
        return asyncio.run(run_suite(subject, families=families, checks=CHECKS))
    chosen = None if families is None else tuple(families)
    # Spawned, not forked: a child that inherits a running thread's lock waits for it for ever.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_keep_quiet) as pool:
        parts = [
            pool.submit(_play, subject.manifest.id, part, chosen, loopback=subject.loopback)
            for part in (REST, *offers)
        ]
        found = [result for part in parts for result in part.result()]
    return collect(subject.manifest, found, families, CHECKS)


def _keep_quiet() -> None:
    # An outage that the suite plays is news to nobody.
    configure_logging(level="CRITICAL")


def _play(plugin: str, part: str | None, families: tuple[str, ...] | None, *, loopback: bool) -> list[Result]:
    subject = _subject(plugin, loopback=loopback)
    if part is REST:
        return asyncio.run(play_checks(subject, families, CHECKS))
    offer = next(offer for offer in subject.manifest.offers if offer.id == part)
    return asyncio.run(play_offer(subject, offer, families))


@lru_cache(maxsize=1)
def _subject(plugin: str, *, loopback: bool) -> Subject:
    return Subject.installed(load_simulator(installed_simulators()[plugin]), loopback=loopback)
