"""Runs script steps in their sandboxes, off the event loop (orchestration.md 2.16 to 2.22)."""

import asyncio
import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from naftiko_runtime.engine.scripting.governance import Governance
from naftiko_runtime.engine.scripting.javascript import JavaScript
from naftiko_runtime.engine.scripting.outcome import Outcome, Source, limit_reached
from naftiko_runtime.engine.scripting.python import Python
from naftiko_runtime.errors import InvocationError, ScriptFailed
from naftiko_runtime.plan.function import Script
from naftiko_runtime.values import Absent, Json

_LOG: Final = logging.getLogger("naftiko_runtime.engine.scripts")


@dataclass(slots=True)
class Scripts:
    """Owns the sandboxes of a process: at most ``at_once`` scripts run, others wait their turn."""

    at_once: int = 4
    governance: Governance = field(default_factory=Governance)
    _turns: asyncio.Semaphore | None = None
    _javascript: JavaScript | None = None
    _python: Python | None = None
    _read: dict[str, tuple[tuple[int, int], Source]] = field(default_factory=dict)

    async def run(self, script: Script, context: Mapping[str, Json]) -> Json | Absent:
        """Return a script's ``result``, ABSENT when it set none.

        ``context`` is what the script sees under that name; it gets a copy. Raises ``ScriptFailed``
        and, when scripts are switched off, ``FunctionUnavailable``.
        """
        self.governance.admit(script.language)
        limited = replace(script, timeout=self.governance.timeout(script.timeout))
        began = self.governance.began()
        try:
            outcome = await self._in_turn(limited, copy.deepcopy(dict(context)))
        except InvocationError:
            self.governance.ended(began, failed=True)
            raise
        self.governance.ended(began, failed=False)
        for line in outcome.lines:
            _LOG.info("script %s: %s", _name(script.files[-1]), line)
        return outcome.value

    async def close(self) -> None:
        """Stop the sandboxes."""
        for sandbox in (self._javascript, self._python):
            if sandbox is not None:
                await sandbox.close()

    async def _in_turn(self, script: Script, context: Mapping[str, Json]) -> Outcome:
        if self._turns is None:
            self._turns = asyncio.Semaphore(self.at_once)
        try:
            # whoever waits for a turn waits within its own time limit (2.21)
            await asyncio.wait_for(self._turns.acquire(), script.timeout)
        except TimeoutError:
            raise limit_reached(script.timeout) from None
        try:
            return await self._sandboxed(script, context)
        finally:
            self._turns.release()

    async def _sandboxed(self, script: Script, context: Mapping[str, Json]) -> Outcome:
        sources = self._sources(script.files)
        if script.language == "javascript":
            if self._javascript is None:
                self._javascript = JavaScript(self.at_once)
            return await self._javascript.run(script, sources, context)
        if self._python is None:
            self._python = Python()
        return await self._python.run(script, sources, context)

    def _sources(self, files: Sequence[str]) -> list[Source]:
        return [self._source(file) for file in files]

    def _source(self, file: str) -> Source:
        """Return a file's text, read again when its time or size changed (2.17)."""
        try:
            state = Path(file).stat()
            known = self._read.get(file)
            version = (state.st_mtime_ns, state.st_size)
            if known is None or known[0] != version:
                known = version, Source(_name(file), Path(file).read_text(encoding="utf-8"))
                self._read[file] = known
        except (OSError, UnicodeDecodeError) as error:
            raise ScriptFailed(f"the script {_name(file)} cannot be read") from error
        return known[1]


def _name(file: str) -> str:
    return file.rpartition("/")[2]
