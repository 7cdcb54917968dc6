"""The control port of several workers: it answers for all of them (exposes.md LST-12)."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from naftiko_runtime.adapters.control.actions import LogReader, Reloaded, ScriptStatistics
from naftiko_runtime.observability.exposition import exposition
from naftiko_runtime.observability.feed import Entry
from naftiko_runtime.observability.series import merged
from naftiko_runtime.plan.exposure import Scripting
from naftiko_runtime.runtime.control import Controls, Outside
from naftiko_runtime.runtime.member import Member
from naftiko_runtime.runtime.peers import (
    Peers,
    Question,
    answer_questions,
    answers,
    ask,
    ask_all,
)
from naftiko_runtime.runtime.reloading import Reloader
from naftiko_runtime.runtime.run import ControlDoor, Runtime
from naftiko_runtime.runtime.submitted import check_text
from naftiko_runtime.values import Json


class GroupControls(Controls):
    """Asks every worker, itself included, and puts the answers together."""

    def __init__(self, runtime: Runtime, outside: Outside, peers: Peers) -> None:
        super().__init__(runtime, outside)
        self._peers = peers

    async def _tell(self, name: str, *values: Any) -> None:
        """Change something everywhere; the parent first, which tells it to later workers."""
        question = Question(name, values)
        await ask(self._peers.parent, self._peers.key, question)
        await ask_all(self._peers, question)

    async def _all(self, name: str, *values: Any) -> list[Any]:
        return await ask_all(self._peers, Question(name, values))

    async def metrics(self, openmetrics: bool) -> str:  # noqa: FBT001 - the contract's
        """Return counters and histograms summed."""
        snapshots = [each for each in await self._all("metrics") if each is not None]
        return exposition(merged(snapshots), openmetrics=openmetrics)

    async def traces(self, operation: str | None, status: str | None) -> Json:
        """Return the latest traces of all workers."""
        found = await self._all("traces", operation, status)
        size = max((each["bufferSize"] for each in found), default=0)
        listed = [trace for each in found for trace in each["traces"]]
        listed.sort(key=lambda trace: str(trace["timestamp"]), reverse=True)
        used = min(size, sum(each["bufferUsed"] for each in found))
        return {"traces": listed[:size], "bufferSize": size, "bufferUsed": used}

    async def trace(self, trace_id: str) -> Json | None:
        """Return the trace of the worker that has it."""
        return next((each for each in await self._all("trace", trace_id) if each), None)

    async def set_level(self, logger: str, level: str | None) -> Json:
        """Set the level everywhere; raise ``ValueError`` for an unknown one."""
        own = await super().set_level(logger, level)
        await self._tell("set_level", logger, level)
        return own

    async def scripting(self) -> tuple[Scripting, ScriptStatistics]:
        """Return the settings, and the counts of all workers."""
        settings, _ = await super().scripting()
        found = [ScriptStatistics(*each) for each in await self._all("scripting")]
        executions = sum(each.executions for each in found)
        total = sum(each.executions * each.average_ms for each in found)
        last = max((each.last_at for each in found if each.last_at), default=None)
        return settings, ScriptStatistics(
            executions,
            sum(each.errors for each in found),
            round(total / executions, 3) if executions else 0,
            last,
        )

    async def set_scripting(self, settings: Scripting) -> None:
        """Change the settings everywhere."""
        await self._tell("set_scripting", settings)

    @contextmanager
    def logs(self, level: str, logger: str) -> Iterator[LogReader]:
        """Open the log streams of all workers as one; raise ``ValueError`` for a level."""
        reader = _Merged()
        question = Question("logs", (level, logger))
        # the own feed is asked too, so that a wrong level is known at once
        with super().logs(level, logger):
            tasks = [
                self._runtime.run_beside(reader.follow(port, self._peers.key, question))
                for port in self._peers.ports
            ]
            try:
                yield reader
            finally:
                for task in tasks:
                    task.cancel()


class _Merged:
    """Log entries of several workers, numbered anew."""

    def __init__(self) -> None:
        self._entries: asyncio.Queue[Entry | None] = asyncio.Queue()
        self._number = 0

    async def follow(self, port: int, key: bytes, question: Question) -> None:
        """Take over the entries of one worker until it ends."""
        with suppress(OSError):
            async for entry in answers(port, key, question):
                await self._entries.put(Entry(*entry))

    async def next(self) -> Entry | None:
        """Wait for the next entry of anybody."""
        entry = await self._entries.get()
        if entry is None or entry.dropped:
            return entry
        self._number += 1
        return entry._replace(number=self._number)


class Answers(NamedTuple):
    """What one worker answers to the others."""

    runtime: Runtime
    controls: Controls
    reloader: Reloader

    async def answer(self, question: Question) -> Any:
        """Answer one question of a colleague or the parent."""
        controls, values = self.controls, question.values
        found: Any = None
        match question.name:
            case "reload":
                found = await self.reloader.reload()
            case "metrics":
                metrics = self.runtime.house.observability.metrics
                found = None if metrics is None else metrics.snapshot()
            case "set_scripting":
                await Controls.set_scripting(controls, *values)
            case "scripting":
                found = tuple((await Controls.scripting(controls))[1])
            case "set_level":
                await Controls.set_level(controls, *values)
            case "traces":
                found = await Controls.traces(controls, *values)
            case "trace":
                found = await Controls.trace(controls, *values)
            case other:
                raise ValueError(f"nobody asks {other!r}")
        return found

    async def catch_up(self, told: Iterable[Question]) -> None:
        """Do what the others did before this worker began."""
        for question in told:
            await self.answer(question)

    async def stream(self, question: Question) -> AsyncIterator[Any]:
        """Yield the log entries that a colleague asked for."""
        with Controls.logs(self.controls, *question.values) as reader:
            while (entry := await reader.next()) is not None:
                yield entry.number, entry.data, entry.dropped


async def reload_everywhere(member: Member) -> Reloaded:
    """Ask the parent, which lets every worker reload."""
    answer: Reloaded = await ask(member.peers.parent, member.peers.key, Question("reload"))
    return answer


def begin_membership(
    member: Member, runtime: Runtime, reloader: Reloader, *, watches: bool
) -> ControlDoor:
    """Begin to answer colleagues and to look after the parent; return the control port."""
    everywhere = partial(reload_everywhere, member)
    check = partial(check_text, reloader)
    outside = Outside(everywhere, check, reloader.failures, reloader.held, reloader.unplanned)
    controls = GroupControls(runtime, outside, member.peers)
    own = Answers(runtime, controls, reloader)
    runtime.run_beside(answer_questions(member.inbox, member.peers.key, own.answer, own.stream))
    runtime.run_beside(own.catch_up(member.told))
    # the parent never writes: it can be read when the parent is gone, however it went
    asyncio.get_running_loop().add_reader(member.lifeline, _orphaned, member, runtime)
    if watches:
        runtime.run_beside(reloader.watch(runtime.stopped, everywhere))
    return controls.app


def _orphaned(member: Member, runtime: Runtime) -> None:
    asyncio.get_running_loop().remove_reader(member.lifeline)
    runtime.stop()
