"""What may run, with which limits, and what has run (exposes.md CTL-11, orchestration.md 2.22)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from naftiko_runtime.errors import FunctionUnavailable
from naftiko_runtime.plan.exposure import Scripting
from naftiko_runtime.values import Json


@dataclass(slots=True)
class Governance:
    """Settings that the control port may change while serving, and counts.

    ``by_environment`` is whether scripts run when no setting says so.
    """

    settings: Scripting = field(default_factory=Scripting)
    by_environment: bool = True
    executions: int = 0
    errors: int = 0
    total_ms: float = 0.0
    last: datetime | None = None

    @property
    def enabled(self) -> bool:
        return self.by_environment if self.settings.enabled is None else self.settings.enabled

    def admit(self, language: str) -> None:
        """Raise ``FunctionUnavailable`` when scripts, or this language, are switched off."""
        if not self.enabled:
            raise FunctionUnavailable("scripts are switched off", "script/disabled")
        allowed = self.settings.allowed_languages
        if allowed is not None and language not in {_full(name) for name in allowed}:
            raise FunctionUnavailable(f"{language} scripts are not allowed", "script/disabled")

    def timeout(self, planned: float) -> float:
        """Return the time limit in seconds: the control port's, else the document's."""
        return planned if self.settings.timeout is None else self.settings.timeout / 1000

    def change(self, settings: Scripting) -> None:
        """Take other settings, from now on."""
        self.settings = settings

    def began(self) -> float:
        return time.perf_counter()

    def ended(self, began: float, *, failed: bool) -> None:
        """Count one execution."""
        self.executions += 1
        self.errors += failed
        self.total_ms += (time.perf_counter() - began) * 1000
        self.last = datetime.now(UTC)

    def stats(self) -> Mapping[str, Json]:
        """Return the counts as the control port shows them."""
        mean = self.total_ms / self.executions if self.executions else 0
        return {
            "totalExecutions": self.executions,
            "totalErrors": self.errors,
            "averageDurationMs": round(mean, 3),
            "lastExecutionAt": self.last.isoformat() if self.last is not None else None,
        }


def _full(language: str) -> str:
    return {"js": "javascript", "py": "python"}.get(language.lower(), language.lower())
