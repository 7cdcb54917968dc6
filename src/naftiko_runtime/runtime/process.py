"""Runs a whole process on the fastest event loop there is."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.listener import ListenerKey, Merged
from naftiko_runtime.runtime.documents import Document, capabilities
from naftiko_runtime.runtime.house import open_house, telemetry_settings
from naftiko_runtime.runtime.listeners import open_all, origins
from naftiko_runtime.runtime.ready import Lines, served
from naftiko_runtime.runtime.run import Runtime, Start
from naftiko_runtime.runtime.sockets import Bound

_SHOWN_FREE_PORT: Final = "<free>"


@dataclass(frozen=True, slots=True)
class Process:
    """What a process was told to do; ``say`` prints a line for people on stderr."""

    documents: tuple[Document, ...]
    merged: Merged
    options: RuntimeOptions
    environ: Mapping[str, str] = field(repr=False)
    say: Callable[[str], None] = field(repr=False)


def run_process(process: Process) -> None:
    """Open all sockets, serve until a signal; raise ``StartError`` when one cannot be opened."""
    opened = open_all(process.merged.listeners)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(process, opened))


async def _serve(process: Process, opened: Mapping[ListenerKey, Bound]) -> None:
    settings = telemetry_settings(process.merged, capabilities(process.documents), process.environ)
    async with open_house(process.options, process.environ, settings) as house:
        lines = lines_of(process, origins(opened))
        await Runtime(house).run(Start(process.documents, process.merged, opened, lines))


def lines_of(process: Process, shown: Mapping[ListenerKey, str]) -> Lines:
    """Return the ready lines of all adapters; ``shown`` are the origins of the listeners."""
    return Lines(served(process.merged, shown, docs=process.options.docs), process.say)


def planned_lines(process: Process) -> Lines:
    """Return the lines without sockets, for ``--check``."""
    hosts = {each.key: each.key.host or "127.0.0.1" for each in process.merged.listeners}
    shown = {
        key: f"http://{f'[{host}]' if ':' in host else host}:{key.port or _SHOWN_FREE_PORT}"
        for key, host in hosts.items()
    }
    return lines_of(process, shown)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
