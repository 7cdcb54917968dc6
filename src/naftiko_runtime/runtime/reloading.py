"""Puts a reload into effect: new sockets opened, one reference swapped, changes told (LST-11)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from naftiko_runtime.adapters.control.actions import Reloaded
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.plan.listener import ListenerKey, Merged, Placed
from naftiko_runtime.runtime.changes import changes
from naftiko_runtime.runtime.documents import Document, capabilities
from naftiko_runtime.runtime.listeners import Opened, open_missing, origins
from naftiko_runtime.runtime.ready import Lines, Served, served
from naftiko_runtime.runtime.reload import Library, read_again, replanned
from naftiko_runtime.runtime.run import Runtime, Start
from naftiko_runtime.runtime.sockets import Bound
from naftiko_runtime.runtime.states import every, rfc3339, type_of
from naftiko_runtime.runtime.watch import changes as file_changes
from naftiko_runtime.values import Json

Reload: TypeAlias = Callable[[], Awaitable[Reloaded]]

_log: Final = logging.getLogger(__name__)


class Reloader:
    """Reloads the documents of one process, one reload at a time.

    ``shared``: other workers open the same new listeners.
    """

    def __init__(
        self,
        runtime: Runtime,
        library: Library,
        say: Callable[[str], None],
        *,
        shared: bool = False,
    ) -> None:
        self.library = library
        self._held: tuple[Library, Sequence[Diagnostic]] | None = None
        self._shared = shared
        self._runtime = runtime
        self._say = say
        self.turn = asyncio.Lock()
        """Held while what is served is being changed."""

    async def reload(self) -> Reloaded:
        """Read all documents again and serve what is good of them (CTL-6)."""
        async with self.turn:
            before = self.library
            # loading takes milliseconds a document; requests go on meanwhile
            reading = await asyncio.to_thread(read_again, before)
            if reading.library is not before:
                self.library = reading.library
                outcome = await self._applied(before, reading.rejected)
            else:
                outcome = _unchanged(reading.rejected)
        self._tell(outcome)
        return outcome

    async def _applied(self, before: Library, rejected: Sequence[Document]) -> Reloaded:
        after = self.library
        again = replanned(self._runtime.live.merged, after.documents, after.options)
        self._held = after, again.held
        runtime = self._runtime
        opened = open_missing(again.merged, runtime.listeners, shared=self._shared)
        for _, reason in opened.failures:
            _log.error("not served: %s", reason)
        runtime.failed = failed_adapters(opened)
        lines = Lines(self._new(opened.merged, opened.sockets), self._say)
        await runtime.renew(Start(after.documents, opened.merged, opened.sockets, lines))
        changed = changes(capabilities(before.documents), capabilities(after.documents))
        fresh = [each for each in after.documents if each not in before.documents]
        found = [*again.held, *(d for each in (*fresh, *rejected) for d in each.diagnostics)]
        if rejected:
            return Reloaded("rejected", changed, found, _reason(rejected))
        return Reloaded("applied", changed, found)

    def _new(self, merged: Merged, opened: Mapping[ListenerKey, Bound]) -> list[Served]:
        """Return the adapters that were not served before, as they are announced."""
        runtime = self._runtime
        before = {_name(key, placed) for key, placed in every(runtime.live.merged)}
        new = {id(p.exposure) for key, p in every(merged) if _name(key, p) not in before}
        bound = {key: listener.bound for key, listener in runtime.listeners.items()}
        shown = served(merged, origins({**bound, **opened}), docs=runtime.house.options.docs)
        return [each for each in shown if id(each.placed.exposure) in new]

    def _tell(self, outcome: Reloaded) -> None:
        for diagnostic in outcome.diagnostics:
            level = logging.ERROR if diagnostic.severity == "error" else logging.WARNING
            if diagnostic.severity != "info":
                _log.log(level, "%s", diagnostic.text())
        metrics = self._runtime.house.observability.metrics
        if metrics is not None and outcome.status != "unchanged":
            metrics.reloaded(applied=outcome.status == "applied")
        if outcome.status == "applied":
            _log.info("reloaded: %d changes", len(outcome.changes))
        elif outcome.status == "rejected":
            _log.error("%s; the old version goes on serving", outcome.reason)

    def held(self) -> Sequence[Diagnostic]:
        """Return what a restart would serve otherwise; a worker may have begun after a reload."""
        library = self.library
        if self._held is None or self._held[0] is not library:
            merged = self._runtime.live.merged
            self._held = library, replanned(merged, library.documents, library.options).held
        return self._held[1]

    def unplanned(self) -> list[Diagnostic]:
        """Return what no plan holds: what is wrong with bad documents, and what is held back."""
        failures = self.library.failures.values()
        return [*(d for each in failures for d in each.document.diagnostics), *self.held()]

    def failures(self) -> list[dict[str, Json]]:
        """Return the documents that are bad at the moment (CTL-3)."""
        return [
            {"file": file, "at": rfc3339(failure.at)}
            for file, failure in self.library.failures.items()
        ]

    async def watch(self, stopped: asyncio.Event, reload: Reload) -> None:
        """Call ``reload`` whenever files of the documents changed."""
        async for _ in file_changes(lambda: self.library.watched, stopped):
            await reload()


def _unchanged(rejected: Sequence[Document]) -> Reloaded:
    if not rejected:
        return Reloaded("unchanged")
    found = [diagnostic for each in rejected for diagnostic in each.diagnostics]
    return Reloaded("rejected", (), found, _reason(rejected))


def _reason(rejected: Sequence[Document]) -> str:
    names = ", ".join(each.file for each in rejected)
    return f"{names} {'is' if len(rejected) == 1 else 'are'} not valid"


def _name(key: ListenerKey | None, placed: Placed) -> tuple[ListenerKey | None, str, str]:
    return key, type_of(placed.exposure), placed.exposure.namespace


def failed_adapters(opened: Opened) -> list[dict[str, Json]]:
    """Return the adapters whose listeners could not be opened, as CTL-3 shows them."""
    return [
        {
            "type": type_of(placed.exposure),
            "namespace": placed.exposure.namespace,
            "document": placed.file,
            "port": plan.key.port,
            "state": "failed",
            "reason": reason,
        }
        for plan, reason in opened.failures
        for placed in plan.placed
    ]
