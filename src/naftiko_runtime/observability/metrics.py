"""The metrics of the runtime (exposes.md CTL-9) and what a request does to them."""

from typing import Final

from naftiko_runtime.observability.series import (
    BUCKETS,
    Distribution,
    Family,
    Number,
    Point,
    Registry,
    Snapshot,
)
from naftiko_runtime.observability.telemetry import Endpoint

_OPERATION: Final = ("naftiko_adapter_type", "naftiko_namespace", "naftiko_operation_id")
_CLIENT: Final = (
    "http_request_method",
    "server_address",
    "http_response_status_code",
    "error_type",
)

REQUESTS = Family(
    "naftiko_request_total", "counter", "Requests that ended.", (*_OPERATION, "status")
)
DURATION = Family(
    "naftiko_request_duration_seconds",
    "histogram",
    "First byte of the request to last byte of the answer.",
    (*_OPERATION, "status"),
    BUCKETS,
    unit="s",
)
ERRORS = Family(
    "naftiko_request_errors_total",
    "counter",
    "Requests that failed, by problem.",
    (*_OPERATION, "error_type"),
)
ACTIVE = Family("naftiko_request_active", "gauge", "Requests in flight.", _OPERATION[:2])
STEPS = Family(
    "naftiko_step_duration_seconds",
    "histogram",
    "Duration of one step.",
    ("step_type", "naftiko_namespace"),
    BUCKETS,
    unit="s",
)
CLIENT_REQUESTS = Family(
    "naftiko_http_client_total", "counter", "Requests sent to upstreams.", _CLIENT
)
CLIENT_DURATION = Family(
    "naftiko_http_client_duration_seconds",
    "histogram",
    "Request sent to last byte of the upstream's answer.",
    _CLIENT,
    BUCKETS,
    unit="s",
)
CAPABILITIES = Family(
    "naftiko_capability_active",
    "gauge",
    "Capabilities being served.",
    ("naftiko_capability",),
    peak=True,
)
RELOADS = Family("naftiko_reload_total", "counter", "Reloads by result.", ("result",))
BUILD = Family("naftiko_build_info", "gauge", "What is running.", ("version", "python"), peak=True)

_COUNTED: Final = {DURATION: REQUESTS, CLIENT_DURATION: CLIENT_REQUESTS}
"""Counters whose value is the number of observations of a histogram with the same labels."""
_ADDRESSES: Final = 1000
"""Children of client metrics: host names may come from a caller's input (language.md 4.3)."""
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
)


class Metrics:
    """The registry of one process under the names of the specification."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._served: dict[Endpoint, Served] = {}
        self._sent: dict[tuple[str, str, int | str], Distribution] = {}
        self._steps: dict[tuple[str, str], Distribution] = {}

    def served(self, endpoint: Endpoint) -> "Served":
        """Return the children of one exposed operation; the same object for an equal one."""
        found = self._served.get(endpoint)
        if found is None:
            found = self._served[endpoint] = Served(self.registry, endpoint)
        return found

    def sent(self, method: str, address: str, outcome: int | str) -> Distribution:
        """Return what observes exchanges that end so: by status, or the failure without one."""
        key = (method, address, outcome)
        child = self._sent.get(key)
        return self._sent_child(*key) if child is None else child

    def _sent_child(self, method: str, address: str, outcome: int | str) -> Distribution:
        labels = ("", outcome) if isinstance(outcome, str) else (str(outcome), "")
        known = address if len(self._sent) < _ADDRESSES else "other"
        child = self.registry.distribution(CLIENT_DURATION, known_method(method), known, *labels)
        if known == address:
            self._sent[method, address, outcome] = child
        return child

    def stepped(self, kind: str, namespace: str, seconds: float) -> None:
        """Count one step of an operation of the exposing adapter ``namespace``."""
        child = self._steps.get((kind, namespace))
        if child is None:
            child = self.registry.distribution(STEPS, kind, namespace)
            self._steps[kind, namespace] = child
        child.observe(seconds)

    def reloaded(self, *, applied: bool) -> None:
        """Count one reload that changed something or was refused."""
        self.registry.number(RELOADS, "applied" if applied else "rejected").add()

    def serving(self, capabilities: tuple[str, ...]) -> None:
        """Say which capabilities are live; those that were before become 0."""
        for labels in self.snapshot().get(CAPABILITIES, {}):
            self.registry.number(CAPABILITIES, *labels).value = 0
        for label in capabilities:
            self.registry.number(CAPABILITIES, label).value = 1

    def built(self, version: str, python: str) -> None:
        """Say what is running."""
        self.registry.number(BUILD, version, python).value = 1

    def snapshot(self) -> Snapshot:
        """Return the state now, counters derived from histograms included."""
        return with_counters(self.registry.snapshot())


class Served:
    """The children of one exposed operation; those of a status are found at its first use."""

    __slots__ = ("_by_error", "_by_status", "_labels", "_registry", "active")

    def __init__(self, registry: Registry, endpoint: Endpoint) -> None:
        self._registry = registry
        self._labels = (endpoint.adapter, endpoint.namespace, endpoint.operation)
        self._by_status: dict[int | str, Distribution] = {}
        self._by_error: dict[str, Number] = {}
        self.active = registry.number(ACTIVE, endpoint.adapter, endpoint.namespace)

    def ended(self, status: int | str, seconds: float) -> None:
        child = self._by_status.get(status)
        if child is None:
            child = self._registry.distribution(DURATION, *self._labels, str(status))
            self._by_status[status] = child
        child.observe(seconds)

    def failed(self, error: str) -> None:
        child = self._by_error.get(error)
        if child is None:
            child = self._registry.number(ERRORS, *self._labels, error)
            self._by_error[error] = child
        child.add()


def with_counters(snapshot: Snapshot) -> Snapshot:
    """Add the counters that are the number of observations of a histogram."""
    derived = {
        counter: {
            labels: Point(float(sum(point.counts))) for labels, point in snapshot[histogram].items()
        }
        for histogram, counter in _COUNTED.items()
        if histogram in snapshot
    }
    return {**snapshot, **derived}


def known_method(method: str) -> str:
    """Return the method, or ``_OTHER``, so that nobody can grow the label set."""
    return method if method in _METHODS else "_OTHER"
