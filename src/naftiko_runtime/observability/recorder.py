"""Telemetry that records: metrics, spans and access lines of one process, each on or off."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from naftiko_runtime.observability.calling import RecordedPeer, RecordedRun
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.serving import ServedCall, ServedRequest
from naftiko_runtime.observability.telemetry import (
    OFF,
    Arrival,
    Called,
    Consumed,
    Endpoint,
    Message,
    Peer,
    Run,
    Work,
)


class Recorder:
    """Implements ``telemetry.Telemetry``; without instruments only access lines are written."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._silent = (instruments.metrics, instruments.tracer) == (None, None)

    def by(self, otherwise: Endpoint) -> "Recorder":
        """Return the telemetry of one listener, where what matches nothing is ``otherwise``."""
        return Recorder(replace(self._instruments, otherwise=otherwise))

    def arrived(self, scope: Mapping[str, Any], wanted_id: str | None = None) -> Arrival:
        """Begin one HTTP request."""
        return ServedRequest(self._instruments, scope, wanted_id)

    def called(self, endpoint: Endpoint, message: Message) -> Called:
        """Begin one JSON-RPC request."""
        return ServedCall(self._instruments, endpoint, message)

    def peer(self, consumed: Consumed) -> Peer:
        """Return what a client holds for one consumed operation."""
        return OFF.peer(consumed) if self._silent else RecordedPeer(self._instruments, consumed)

    def ran(self, work: Work) -> Run:
        """Begin a step or an aggregate function."""
        return OFF.ran(work) if self._silent else RecordedRun(self._instruments, work)
