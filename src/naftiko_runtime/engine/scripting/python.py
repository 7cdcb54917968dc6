"""Python in the pydantic-monty sandbox: a pool of worker processes, one session per execution."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from naftiko_runtime.engine.scripting.outcome import (
    Outcome,
    Source,
    limit_reached,
    parsed,
)
from naftiko_runtime.errors import ScriptFailed
from naftiko_runtime.plan.function import Script
from naftiko_runtime.values import ABSENT, Json

_POLICY: Final = {"sleep": "call_host"}
"""Nobody answers such calls, so sleeping fails instead of holding a place (2.18)."""
_GRACE: Final = 1.0
"""Seconds after the sandbox's own time limit before its process is given up."""
_NOT_STARTED: Final = (
    "the Python sandbox did not start: see whether the program `monty`, which comes with "
    "naftiko-runtime[scripts], stands beside the Python interpreter or on PATH, and may be run"
)
_UNSET: Final = "NameError: name 'result'"
_RESULT: Final = "import json\njson.dumps(result, allow_nan=False, ensure_ascii=False)"
"""Made JSON by the sandbox itself: it refuses sets, bytes, instances, NaN and cycles (2.20)."""


class Python:
    """Runs Python; owns the pool of sandboxes, which starts with the first script."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._pool: Any = None
        self._starting = asyncio.Lock()

    async def run(
        self, script: Script, sources: Sequence[Source], context: Mapping[str, Json]
    ) -> Outcome:
        """Run a script's files in order in one fresh session; raise ``ScriptFailed``."""
        # imported by the first script: an extra, and most documents have none
        import pydantic_monty as monty  # noqa: PLC0415

        limits = monty.ResourceLimits(
            max_feed_duration_secs=script.timeout, max_memory=script.memory
        )
        printed = monty.CollectString(max_bytes=1024 * 1024)
        try:
            async with asyncio.timeout(script.timeout + _GRACE):
                pool = await self._open(monty)
                async with pool.checkout(limits=limits, os_policy=_POLICY) as session:
                    value = await _feed(monty, session, sources, (context, printed))
        except TimeoutError:
            raise limit_reached(script.timeout) from None
        except monty.MontyError as error:
            raise _failure(monty, error, script, sources[-1].name) from error
        except (OSError, RuntimeError) as error:
            # its worker is a program of its own, which may be absent or not permitted to start
            raise ScriptFailed(_NOT_STARTED) from error
        return Outcome(value, tuple(printed.output.splitlines()))

    async def close(self) -> None:
        await self._stack.aclose()

    async def _open(self, monty: Any) -> Any:
        async with self._starting:
            if self._pool is None:
                self._pool = await self._stack.enter_async_context(monty.AsyncMonty())
        return self._pool


async def _feed(
    monty: Any, session: Any, sources: Sequence[Source], given: tuple[Mapping[str, Json], Any]
) -> Any:
    context, printed = given
    for source in sources:
        try:
            await session.feed_run(
                source.text, inputs={"context": dict(context)}, print_callback=printed
            )
        except monty.MontyRuntimeError as error:
            error.add_note(source.name)
            raise
    try:
        text = await session.feed_run(_RESULT)
    except monty.MontyRuntimeError as error:
        if str(error).startswith(_UNSET):
            return ABSENT
        raise
    return parsed(text)


def _failure(monty: Any, error: Any, script: Script, name: str) -> ScriptFailed:
    message = str(error).strip().partition("\n")[0]
    if message.startswith("TimeoutError: feed time limit"):
        return limit_reached(script.timeout)
    if message.startswith("MemoryError"):
        return ScriptFailed(f"memory limit of {script.memory // 2**20} MiB reached")
    notes = getattr(error, "__notes__", None) or [name]
    frames = error.traceback() if isinstance(error, monty.MontyRuntimeError) else []
    line = f":{frames[-1].line}" if frames else ""
    return ScriptFailed(f"{message} ({notes[0]}{line})")
