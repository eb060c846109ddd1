"""A process whose loop is to be closed ends, whatever a plugin has left behind."""

import asyncio
import threading

import pytest

from nagorik_platform.dispatch import isolation


@pytest.mark.parametrize("hangs", [True, False])
def test_a_thread_that_hangs_is_waited_for_no_longer_than_the_closing(monkeypatch, hangs):
    monkeypatch.setattr(isolation, "CLOSING", 0.01 if hangs else 60.0)
    thread, given_up = threading.Event(), []

    def give_up(result):
        given_up.append(result)
        thread.set()

    async def main():
        if hangs:
            asyncio.get_running_loop().run_in_executor(None, thread.wait)
        return 7

    assert isolation.run_guarded(main, give_up=give_up) == 7
    assert given_up == ([7] if hangs else [])


def test_what_fails_is_given_up_without_a_result(monkeypatch):
    monkeypatch.setattr(isolation, "CLOSING", 0.01)
    thread, given_up = threading.Event(), []

    def give_up(result):
        given_up.append(result)
        thread.set()

    async def main():
        asyncio.get_running_loop().run_in_executor(None, thread.wait)
        raise ValueError("told")

    with pytest.raises(ValueError, match="told"):
        isolation.run_guarded(main, give_up=give_up)
    assert given_up == [None]
