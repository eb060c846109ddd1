"""What every test of the workspace needs."""

import asyncio
import logging
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

# pytest-asyncio asks for the present event loop before it makes its own. Unless one was ever set, Python makes one
# for the asking, which nobody closes, and which fails whatever test runs when it is collected.
asyncio.set_event_loop(None)

# How long an example takes says more about the machine's other work than about the code.
hypothesis.settings.register_profile("workspace", deadline=None)
hypothesis.settings.load_profile("workspace")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a test sets up of logging: a command run in this process sets it up for all that follow."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configured, configuration = structlog.is_configured(), structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    if configured:
        structlog.configure(**configuration)
    else:
        structlog.reset_defaults()
