"""Notices a caller who leaves while a call waits or streams, at next to no cost for quick calls."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from naftiko_runtime.adapters.rest.body import CallerGone
from naftiko_runtime.adapters.visit import Visit

PATIENCE: Final = 0.1
"""Seconds that a call may take before anybody watches: most are over sooner."""


async def watched(
    work: Awaitable[None], until_gone: Callable[[], Awaitable[None]], visit: Visit
) -> None:
    """Do the work, or cancel it and raise ``CallerGone`` when the caller leaves first.

    Raises what the work raises.
    """
    failure: Exception | None = None

    async def watch() -> None:
        await until_gone()
        # the server also says so when the answer is complete
        if not visit.complete:
            raise CallerGone

    try:
        async with asyncio.TaskGroup() as group:
            watching: list[asyncio.Task[None]] = []
            timer = asyncio.get_running_loop().call_later(
                PATIENCE, lambda: watching.append(group.create_task(watch()))
            )
            try:
                await work
            except Exception as error:  # noqa: BLE001 - raised below, without the task group's wrapping
                failure = error
            finally:
                timer.cancel()
                for task in watching:
                    task.cancel()
    except* CallerGone:
        failure = CallerGone()
    if failure is not None:
        raise failure
