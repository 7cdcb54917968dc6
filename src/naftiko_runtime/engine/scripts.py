"""Runs scripts in their sandboxes, off the event loop (orchestration.md 2.16 to 2.22)."""

from naftiko_runtime.engine.running import Run
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.errors import ScriptFailed
from naftiko_runtime.plan.function import ScriptStep
from naftiko_runtime.values import Absent, Json


async def run_script(step: ScriptStep, scope: InvocationScope, run: Run) -> Json | Absent:
    """Return the script's ``result``; ABSENT when it set none. Raises ``ScriptFailed``."""
    raise ScriptFailed("scripts cannot run")
