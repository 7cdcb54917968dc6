"""Runs a whole process on the fastest event loop there is."""

import asyncio
import gc
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from naftiko_runtime.adapters.access import Gate
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import ControlExposure
from naftiko_runtime.plan.listener import ListenerKey, Merged
from naftiko_runtime.runtime.documents import Document, capabilities
from naftiko_runtime.runtime.house import House, open_house, telemetry_settings
from naftiko_runtime.runtime.listeners import open_all, origins
from naftiko_runtime.runtime.ready import Lines, served
from naftiko_runtime.runtime.reload import library_of
from naftiko_runtime.runtime.reloading import Reloader
from naftiko_runtime.runtime.run import ControlDoor, Runtime, Start
from naftiko_runtime.runtime.sockets import Bound
from naftiko_runtime.runtime.submitted import check_text

_SHOWN_FREE_PORT: Final = "<free>"


@dataclass(frozen=True, slots=True)
class Process:
    """What a process was told to do; ``say`` prints a line for people on stderr."""

    documents: tuple[Document, ...]
    merged: Merged
    options: RuntimeOptions
    environ: Mapping[str, str] = field(repr=False)
    say: Callable[[str], None] = field(repr=False)
    paths: tuple[str, ...] = ()
    """The arguments: files, and folders that stand for the documents in them."""

    @property
    def watches(self) -> bool:
        """Whether changes of files are noticed: on for folders (LST-11)."""
        if self.options.watch is not None:
            return self.options.watch
        return any(Path(path).is_dir() for path in self.paths)


def run_process(process: Process) -> None:
    """Open all sockets, serve until a signal; raise ``StartError`` when one cannot be opened."""
    opened = open_all(process.merged.listeners)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(process, opened))


async def _serve(process: Process, opened: Mapping[ListenerKey, Bound]) -> None:
    settings = telemetry_settings(process.merged, capabilities(process.documents), process.environ)
    async with (
        open_house(process.options, process.environ, settings) as house,
        asyncio.TaskGroup() as group,
    ):
        _govern_scripts(process, house)
        runtime = Runtime(house, group)
        library = library_of(process.paths, process.options, process.documents)
        reloader = Reloader(runtime, library, process.say)
        door = _control_door(runtime, reloader)
        lines = lines_of(process, origins(opened))
        _reload_when_told(process, runtime, reloader)
        async with reloader.turn:
            await runtime.begin(Start(process.documents, process.merged, opened, lines), door)
        # what was made at start lives as long as the process: no need to look through it again
        gc.freeze()
        await runtime.until_stopped()


def _govern_scripts(process: Process, house: House) -> None:
    """Begin with what the first control adapter says about scripts (CTL-11)."""
    for placed in process.merged.placed:
        if isinstance(placed.exposure, ControlExposure) and placed.exposure.scripting is not None:
            house.engine.scripts.governance.change(placed.exposure.scripting)
            return


def _control_door(runtime: Runtime, reloader: Reloader) -> ControlDoor:
    def door(exposure: ControlExposure, gate: Gate | None) -> App:
        # most processes have no control adapter, and it stands behind a framework
        from naftiko_runtime.runtime.control import Controls, Outside  # noqa: PLC0415 - see above

        checked = partial(check_text, reloader)
        outside = Outside(reloader.reload, checked, reloader.failures)
        return Controls(runtime, outside).app(exposure, gate)

    return door


def _reload_when_told(process: Process, runtime: Runtime, reloader: Reloader) -> None:
    """Reload on SIGHUP and, when it is wanted, on changes of files (exposes.md LST-11)."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: runtime.run_beside(reloader.reload_beside()))
    if process.watches:
        runtime.run_beside(reloader.watch(runtime.stopped))


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
