"""What the control port shows and does, over the running process (exposes.md 6)."""

import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from naftiko_runtime import __version__
from naftiko_runtime.adapters.access import Gate
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.control.actions import (
    ControlActions,
    LogReader,
    Reloaded,
    ScriptStatistics,
    Trial,
)
from naftiko_runtime.adapters.control.app import control_app
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.observability.exposition import exposition
from naftiko_runtime.observability.levels import log_levels, set_log_level
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import ControlExposure, Exposure, Scripting
from naftiko_runtime.plan.function import Function
from naftiko_runtime.runtime.addresses import address_of
from naftiko_runtime.runtime.counts import counts_of
from naftiko_runtime.runtime.documents import Document
from naftiko_runtime.runtime.masks import shown_document
from naftiko_runtime.runtime.missing import missing_variables
from naftiko_runtime.runtime.reachability import Reachability
from naftiko_runtime.runtime.run import Runtime
from naftiko_runtime.runtime.states import every, rfc3339
from naftiko_runtime.runtime.trial import credential_places, shown_request, tried
from naftiko_runtime.values import Json


@dataclass(frozen=True, slots=True)
class Outside:
    """What the control port can ask for that is not in the running process itself.

    ``held`` waits for a restart; ``unplanned`` is all that no plan can tell of.
    """

    reload: Callable[[], Awaitable[Reloaded]]
    validate: Callable[[str, str | None], Awaitable[Json]]
    failures: Callable[[], list[dict[str, Json]]]
    held: Callable[[], Sequence[Diagnostic]]
    unplanned: Callable[[], Sequence[Diagnostic]]


class Controls:
    """Answers the control port of one process."""

    def __init__(self, runtime: Runtime, outside: Outside) -> None:
        self._runtime = runtime
        self._outside = outside
        self._reachability = Reachability()

    def app(self, exposure: ControlExposure, gate: Gate | None) -> App:
        """Return the app of one control adapter."""
        console = self._runtime.house.options.console
        return control_app(exposure, self.actions(), gate, console=console)

    def actions(self) -> ControlActions:
        """Return everything as the adapter wants it."""
        return ControlActions(
            ready=self.ready,
            capabilities=self.capabilities,
            status=self.status,
            config=self.config,
            reload=self._outside.reload,
            validate=self.validate,
            levels=self.levels,
            set_level=self.set_level,
            logs=self.logs,
            metrics=self.metrics,
            traces=self.traces,
            trace=self.trace,
            scripting=self.scripting,
            set_scripting=self.set_scripting,
            call=self.call,
            address=self.address,
            diagnostics=self.diagnostics,
        )

    def capabilities(self) -> list[Capability]:
        return [each.capability for each in self._runtime.live.documents if each.capability]

    def address(self, plan: Capability, exposure: Exposure) -> str | None:
        """Return where an adapter is served."""
        return address_of(plan, exposure, self._runtime.live.merged, self._runtime.listeners)

    def diagnostics(self) -> list[Diagnostic]:
        """Return the conflicts between documents, and what the last reload could not do."""
        return [*self._runtime.live.merged.diagnostics, *self._outside.unplanned()]

    async def ready(self, upstreams: bool) -> tuple[bool, Json]:  # noqa: FBT001 - the contract's
        """Return whether everything is served, and the body of CTL-3."""
        runtime, options = self._runtime, self._runtime.house.options
        adapters = self._adapters(is_control=False)
        missing = sorted(
            {
                each.variable.name
                for plan in self.capabilities()
                for each in missing_variables(plan, runtime.house.environ)
            }
        )
        started = all(each["state"] == "started" for each in adapters)
        is_ready = started and not (options.strict and missing) and not runtime.stopping
        status = "STOPPING" if runtime.stopping else "UP" if is_ready else "DEGRADED"
        body: dict[str, Json] = {
            "status": status,
            "adapters": adapters,
            "variables": {"missing": missing},
            "reload": {"failed": self._outside.failures()},
        }
        if upstreams:
            every_upstream = [each for plan in self.capabilities() for each in plan.upstreams]
            body["upstreams"] = await self._reachability.of(every_upstream, runtime.live.engine)
        return is_ready, body

    def _adapters(self, *, is_control: bool) -> list[dict[str, Json]]:
        runtime = self._runtime
        return [
            *(
                runtime.states.described(key, placed)
                for key, placed in every(runtime.live.merged)
                if is_control or not isinstance(placed.exposure, ControlExposure)
            ),
            *runtime.failed,
        ]

    async def status(self) -> Json:
        """Return CTL-4."""
        runtime = self._runtime
        documents = [each for each in runtime.live.documents if each.capability]
        return {
            "capability": _capability(self._first()),
            "engine": {
                "name": "naftiko-runtime",
                "version": __version__,
                "python": platform.python_version(),
            },
            "uptime": _iso_duration((datetime.now(UTC) - runtime.started_at).total_seconds()),
            "otel": {"status": runtime.house.observability.status},
            "adapters": self._adapters(is_control=True),
            "documents": [_document(each) for each in documents],
            "reload": {
                "failed": self._outside.failures(),
                "restartNeeded": [each.as_json() for each in self._outside.held()],
            },
        }

    def _first(self) -> Capability | None:
        """Return the document of the control adapter, or else the first one."""
        for _, placed in every(self._runtime.live.merged):
            if isinstance(placed.exposure, ControlExposure) and placed.capability is not None:
                return placed.capability
        return next(iter(self.capabilities()), None)

    async def config(self) -> Json:
        """Return CTL-5."""
        scrub = self._runtime.house.observability.redactor.scrub
        return {
            "documents": [
                {
                    "file": each.file,
                    "digest": f"sha256:{each.digest}",
                    "document": _scrubbed(shown_document(each.tree), scrub),
                }
                for each in self._runtime.live.documents
                if each.tree is not None
            ]
        }

    async def validate(self, text: str, file: str | None) -> Json:
        """Return CTL-7."""
        return await self._outside.validate(text, file)

    async def levels(self) -> Json:
        """Return CTL-8."""
        return log_levels()

    async def set_level(self, logger: str, level: str | None) -> Json:
        """Set a logger's level; raise ``ValueError`` for an unknown one."""
        return set_log_level(logger, level)

    def logs(self, level: str, logger: str) -> AbstractContextManager[LogReader]:
        """Open a log stream; raise ``ValueError`` for an unknown level."""
        return self._runtime.house.observability.feed.subscribed(level, logger)

    async def metrics(self, openmetrics: bool) -> str:  # noqa: FBT001 - the contract's
        """Return CTL-9."""
        metrics = self._runtime.house.observability.metrics
        return "" if metrics is None else exposition(metrics.snapshot(), openmetrics=openmetrics)

    async def traces(self, operation: str | None, status: str | None) -> Json:
        """Return CTL-10."""
        ring = self._runtime.house.observability.traces
        if ring is None:
            return {"traces": [], "bufferSize": 0, "bufferUsed": 0}
        return ring.listing(operation, status)

    async def trace(self, trace_id: str) -> Json | None:
        """Return one trace, None when it is unknown."""
        ring = self._runtime.house.observability.traces
        return None if ring is None else ring.trace(trace_id)

    async def scripting(self) -> tuple[Scripting, ScriptStatistics]:
        """Return CTL-11."""
        governance = self._runtime.house.engine.scripts.governance
        stats = governance.stats()
        return governance.settings, ScriptStatistics(
            governance.executions,
            governance.errors,
            stats["averageDurationMs"],
            stats["lastExecutionAt"],
        )

    async def set_scripting(self, settings: Scripting) -> None:
        """Change the settings of scripts."""
        self._runtime.house.engine.scripts.governance.change(settings)

    async def call(self, function: Function, inputs: Mapping[str, Json]) -> Trial:
        """Run a function for the console."""
        runtime = self._runtime
        scrub = runtime.house.observability.redactor.scrub
        shown = partial(shown_request, scrub=scrub, places=credential_places(self.capabilities()))
        return await tried(function, inputs, runtime.live.engine, shown)


def _capability(plan: Capability | None) -> dict[str, Json]:
    if plan is None:
        return {}
    name = "display" if plan.family == "ikanos" else "label"
    return {name: plan.label, "specVersion": plan.spec_version}


def _document(document: Document) -> dict[str, Json]:
    plan = document.capability
    if plan is None:
        return {}
    counts = counts_of(plan)
    return {
        "file": document.file,
        "specVersion": plan.spec_version,
        "digest": f"sha256:{document.digest}",
        "operations": counts.operations,
        "tools": counts.tools,
        "unavailable": counts.unavailable,
        "warnings": sum(each.severity == "warning" for each in document.diagnostics),
        "loadedAt": rfc3339(document.loaded_at),
    }


def _iso_duration(seconds: float) -> str:
    """Return ``PT2H34M12.5S`` (ISO 8601)."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    shown = f"{hours}H" if hours else ""
    shown += f"{minutes}M" if minutes else ""
    return f"PT{shown}{round(rest, 1):g}S"


def _scrubbed(value: Json, scrub: Callable[[str], str]) -> Json:
    match value:
        case str():
            return scrub(value)
        case list():
            return [_scrubbed(each, scrub) for each in value]
        case dict():
            return {name: _scrubbed(each, scrub) for name, each in value.items()}
        case _:
            return value
