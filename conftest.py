"""What every test of the workspace needs."""

import asyncio

import hypothesis

# pytest-asyncio asks for the present event loop before it makes its own. Unless one was ever set, Python makes one
# for the asking, which nobody closes, and which fails whatever test runs when it is collected.
asyncio.set_event_loop(None)

# How long an example takes says more about the machine's other work than about the code.
hypothesis.settings.register_profile("workspace", deadline=None)
hypothesis.settings.load_profile("workspace")
