"""Runs a whole process on the fastest event loop there is."""

import asyncio
import gc
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
from naftiko_runtime.runtime.listeners import open_all, open_missing, origins
from naftiko_runtime.runtime.member import Member
from naftiko_runtime.runtime.ready import Lines, served
from naftiko_runtime.runtime.reload import library_of
from naftiko_runtime.runtime.reloading import Reloader
from naftiko_runtime.runtime.run import SIGNALS, ControlDoor, Runtime, Start
from naftiko_runtime.runtime.sockets import Bound
from naftiko_runtime.runtime.submitted import check_text

_SHOWN_FREE_PORT: Final = "<free>"
_COLLECT_AFTER: Final = 50_000
"""Objects that are new since the garbage collector last looked: requests leave it nothing to find,
and at Python's own 700 it looks for it in the midst of a few dozen requests, again and again."""


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


def run_member(process: Process, opened: Mapping[ListenerKey, Bound], member: Member) -> None:
    """Serve as one of several workers on sockets that the parent opened (LST-12)."""
    missing = open_missing(process.merged, opened, shared=True)
    complete = replace(process, merged=missing.merged)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(complete, {**opened, **missing.sockets}, member))


async def _serve(
    process: Process, opened: Mapping[ListenerKey, Bound], member: Member | None = None
) -> None:
    settings = telemetry_settings(process.merged, capabilities(process.documents), process.environ)
    key = member.peers.key if member is not None else None
    async with (
        open_house(process.options, process.environ, settings, key) as house,
        asyncio.TaskGroup() as group,
    ):
        _govern_scripts(process, house)
        # a terminal interrupts everybody, but it is the parent who tells its workers
        signals = SIGNALS if member is None else (signal.SIGTERM,)
        runtime = Runtime(house, group, signals)
        library = library_of(process.paths, process.options, process.documents)
        reloader = Reloader(runtime, library, process.say, shared=member is not None)
        lines = lines_of(process, origins(opened))
        door = _beside(process, runtime, reloader, member)
        async with reloader.turn:
            await runtime.begin(Start(process.documents, process.merged, opened, lines), door)
        # what was made at start lives as long as the process: no need to look through it again
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        await runtime.until_stopped()


def _beside(
    process: Process, runtime: Runtime, reloader: Reloader, member: Member | None
) -> ControlDoor:
    """Begin what goes on beside the serving; return what makes control adapters."""
    if member is not None:
        # only several workers talk to each other
        from naftiko_runtime.runtime.group import begin_membership  # noqa: PLC0415 - see above

        is_watching = process.watches and member.slot == 0
        return begin_membership(member, runtime, reloader, watches=is_watching)
    loop = asyncio.get_running_loop()
    reload_now = partial(_reload, reloader)
    loop.add_signal_handler(signal.SIGHUP, lambda: runtime.run_beside(reload_now()))
    if process.watches:
        runtime.run_beside(reloader.watch(runtime.stopped, reloader.reload))
    return partial(_control_app, runtime, reloader)


async def _reload(reloader: Reloader) -> None:
    await reloader.reload()


def _control_app(
    runtime: Runtime, reloader: Reloader, exposure: ControlExposure, gate: Gate | None
) -> App:
    # most processes have no control adapter, and it stands behind a framework
    from naftiko_runtime.runtime.control import Controls, Outside  # noqa: PLC0415 - see above

    check = partial(check_text, reloader)
    outside = Outside(reloader.reload, check, reloader.failures, reloader.held, reloader.unplanned)
    return Controls(runtime, outside).app(exposure, gate)


def _govern_scripts(process: Process, house: House) -> None:
    """Begin with what the first control adapter says about scripts (CTL-11)."""
    for placed in process.merged.placed:
        if isinstance(placed.exposure, ControlExposure) and placed.exposure.scripting is not None:
            house.engine.scripts.governance.change(placed.exposure.scripting)
            return


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
