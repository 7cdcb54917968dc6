"""An alarm rings when it was set and nobody unset it, whatever was set before."""

import asyncio
from collections.abc import Callable

import pytest

from naftiko_runtime.engine.alarm import Alarm

pytestmark = pytest.mark.anyio
LONG = 3600.0


class Bell:
    """Counts how often it rang; ``heard`` waits for the first time."""

    def __init__(self) -> None:
        self.count = 0
        self._rang = asyncio.Event()
        self.alarm = Alarm(self.ring)

    def ring(self) -> None:
        self.count += 1
        self._rang.set()

    async def heard(self) -> None:
        await asyncio.wait_for(self._rang.wait(), 10)


async def test_it_rings_once() -> None:
    bell = Bell()
    bell.alarm.set(0.01)
    await bell.heard()
    assert bell.count == 1


async def test_a_shorter_time_replaces_a_longer_one() -> None:
    bell = Bell()
    bell.alarm.set(LONG)
    bell.alarm.set(0.01)
    await bell.heard()
    bell.alarm.stop()


async def test_a_later_time_replaces_an_earlier_one() -> None:
    bell, other = Bell(), Bell()
    bell.alarm.set(0.01)
    bell.alarm.set(LONG)
    other.alarm.set(0.02)
    await other.heard()
    assert bell.count == 0
    bell.alarm.set(0.01)
    await bell.heard()


@pytest.mark.parametrize("silence", [Alarm.unset, Alarm.stop])
async def test_what_was_unset_does_not_ring(silence: Callable[[Alarm], None]) -> None:
    bell, other = Bell(), Bell()
    bell.alarm.set(0.01)
    silence(bell.alarm)
    other.alarm.set(0.02)
    await other.heard()
    assert bell.count == 0


async def test_after_an_unset_it_can_be_set_again() -> None:
    bell = Bell()
    bell.alarm.set(0.01)
    bell.alarm.unset()
    bell.alarm.set(0.02)
    await bell.heard()
    assert bell.count == 1
