"""Trace context in headers: W3C ``traceparent`` and ``tracestate``, and B3 (exposes.md OBS-3)."""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Propagation = Literal["w3c", "b3"]

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_HEX_TRACE: Final = re.compile(r"[0-9a-fA-F]{16}(?:[0-9a-fA-F]{16})?")
_HEX_SPAN: Final = re.compile(r"[0-9a-fA-F]{16}")
_MAX_STATE: Final = 512
_SAMPLED: Final = 1

CARRIERS: Final = frozenset(
    {"traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"}
)
"""The header names that ``extracted`` reads."""


class Remote(NamedTuple):
    """The caller's span: identifiers as 32 and 16 hexadecimal digits in lower case, no zeros.

    ``sampled`` None: the caller left the decision to us (B3).
    """

    trace_id: str
    span_id: str
    sampled: bool | None
    state: str = ""


def extracted(headers: Mapping[str, str], propagation: Propagation) -> Remote | None:
    """Return the caller's context from headers with lower-case names; None when it has none.

    What is malformed counts as not there, as both specifications demand.
    """
    if propagation == "w3c":
        return _from_traceparent(headers)
    single = headers.get("b3")
    return _from_b3(headers) if single is None else _from_single_b3(single)


def injected(
    trace_id: str, span_id: str, *, sampled: bool, state: str, propagation: Propagation
) -> tuple[tuple[str, str], ...]:
    """Return the headers that carry a context to an upstream; never baggage."""
    if propagation == "b3":
        return (
            ("X-B3-TraceId", trace_id),
            ("X-B3-SpanId", span_id),
            ("X-B3-Sampled", "1" if sampled else "0"),
        )
    parent = ("traceparent", f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}")
    return (parent, ("tracestate", state)) if state else (parent,)


def _from_traceparent(headers: Mapping[str, str]) -> Remote | None:
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", "").strip())
    if match is None:
        return None
    version, trace, span, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    state = headers.get("tracestate", "").strip()
    return _remote(trace, span, sampled=bool(int(flags, 16) & _SAMPLED), state=state[:_MAX_STATE])


def _from_single_b3(text: str) -> Remote | None:
    parts = text.strip().split("-")
    if len(parts) not in {2, 3, 4}:
        return None
    return _b3_remote(parts[0], parts[1], parts[2] if len(parts) > 2 else None)  # noqa: PLR2004 - trace, span, then the decision


def _from_b3(headers: Mapping[str, str]) -> Remote | None:
    decision = "d" if headers.get("x-b3-flags") == "1" else headers.get("x-b3-sampled")
    return _b3_remote(headers.get("x-b3-traceid", ""), headers.get("x-b3-spanid", ""), decision)


def _b3_remote(trace: str, span: str, decision: str | None) -> Remote | None:
    if not (_HEX_TRACE.fullmatch(trace) and _HEX_SPAN.fullmatch(span)):
        return None
    sampled = None if decision is None else decision.lower() in {"1", "d", "true"}
    return _remote(trace, span, sampled=sampled, state="")


def _remote(trace: str, span: str, *, sampled: bool | None, state: str) -> Remote | None:
    if not (trace.strip("0") and span.strip("0")):
        return None
    return Remote(trace.lower().zfill(32), span.lower(), sampled, state)
