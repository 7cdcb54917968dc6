"""JavaScript in QuickJS: a fresh context per execution, on a thread of its own.

The context gets no function of ours: prints are kept in an array inside it and read afterwards.
"""

import asyncio
import json
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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

_STACK: Final = 8 * 1024 * 1024
"""QuickJS checks its own depth only where the thread's stack is larger than its limit of 1 MiB."""
_PLACE: Final = re.compile(r"\(?<input>:(\d+)")
_PRELUDE: Final = """
(function () {
  const stringify = JSON.stringify, finite = Number.isFinite, lines = [], text = String;
  const shown = (value) => typeof value === 'string' ? value
    : (typeof value === 'object' && value !== null ? stringify(value) : text(value));
  const print = (...values) => {
    if (lines.length < 1000) lines.push(values.map(shown).join(' '));
  };
  const refuse = (what) => {
    throw new TypeError('result holds ' + what + ', which JSON has not');
  };
  const hidden = {
    result: (value) => value === undefined ? undefined : stringify(value, (_, member) =>
      typeof member === 'number' && !finite(member) ? refuse(text(member)) : member),
    lines: () => stringify(lines),
  };
  const keep = (name, value) => Object.defineProperty(globalThis, name, {value});
  keep('\\u0000hidden', hidden);
  globalThis.print = print;
  globalThis.console = {log: print, info: print, debug: print, warn: print, error: print};
})();
"""
_HIDDEN: Final = r"globalThis['\u0000hidden']"
_RESULT: Final = f"{_HIDDEN}.result(typeof result === 'undefined' ? undefined : result)"


class JavaScript:
    """Runs JavaScript; owns the threads it runs on."""

    def __init__(self, at_once: int) -> None:
        before = threading.stack_size(_STACK)
        try:
            self._threads = ThreadPoolExecutor(at_once, "naftiko-javascript")
            # threads take the stack size of the moment they start at
            for _ in self._threads.map(lambda _: None, range(at_once)):
                pass
        finally:
            threading.stack_size(before)

    async def run(
        self, script: Script, sources: Sequence[Source], context: Mapping[str, Json]
    ) -> Outcome:
        """Run a script's files in order; raise ``ScriptFailed``."""
        text = json.dumps(context, ensure_ascii=False)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _run, script, sources, text)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _run(script: Script, sources: Sequence[Source], context: str) -> Outcome:
    # imported by the first script: an extra, and most documents have none
    import quickjs  # noqa: PLC0415

    engine = quickjs.Context()
    engine.set_memory_limit(script.memory)
    engine.eval(_PRELUDE)
    engine.eval(f"globalThis.context = JSON.parse({json.dumps(context)});")
    engine.set_time_limit(script.timeout)
    for source in sources:
        _evaluate(engine, source, script)
    found = _evaluate(engine, Source(sources[-1].name, _RESULT), script)
    lines = tuple(json.loads(engine.eval(f"{_HIDDEN}.lines()")))
    if found is None:
        return Outcome(_undefined(engine, sources[-1].name), lines)
    return Outcome(parsed(found), lines)


def _undefined(engine: Any, name: str) -> Any:
    """Return ABSENT for a result that was not set; refuse one that is no JSON (a function)."""
    kind = engine.eval("typeof result")
    if kind == "undefined":
        return ABSENT
    raise ScriptFailed(f"result is a {kind}, which JSON has not ({name})")


def _evaluate(engine: Any, source: Source, script: Script) -> Any:
    import quickjs  # noqa: PLC0415

    try:
        return engine.eval(source.text)
    except (quickjs.JSException, quickjs.StackOverflow) as error:
        raise _failure(str(error), source, script) from error


def _failure(text: str, source: Source, script: Script) -> ScriptFailed:
    message = text.strip().partition("\n")[0]
    if message == "InternalError: interrupted":
        return limit_reached(script.timeout)
    if message == "InternalError: out of memory" or not message:
        return ScriptFailed(f"memory limit of {script.memory // 2**20} MiB reached")
    place = _PLACE.search(text)
    line = f":{place.group(1)}" if place and source.text != _RESULT else ""
    return ScriptFailed(f"{message} ({source.name}{line})")
