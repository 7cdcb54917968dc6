"""Trace context in headers (OBS-3), the same as OpenTelemetry's own propagators read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.propagators.b3 import B3MultiFormat
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from naftiko_runtime.observability.propagation import Remote, extracted, injected

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
KNOWN = Remote(TRACE, SPAN, sampled=True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, KNOWN),
        ({"traceparent": f"  00-{TRACE}-{SPAN}-01 "}, KNOWN),
        ({"traceparent": f"00-{TRACE}-{SPAN}-03"}, KNOWN),
        ({"traceparent": f"01-{TRACE}-{SPAN}-01-later"}, KNOWN),
        (
            {"traceparent": f"00-{TRACE}-{SPAN}-00"},
            Remote(KNOWN.trace_id, KNOWN.span_id, sampled=False),
        ),
        (
            {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1,b=2"},
            Remote(KNOWN.trace_id, KNOWN.span_id, sampled=True, state="a=1,b=2"),
        ),
        ({}, None),
        ({"tracestate": "a=1"}, None),
        ({"traceparent": ""}, None),
        ({"traceparent": f"00-{TRACE}-{SPAN}"}, None),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01-extra"}, None),
        ({"traceparent": f"ff-{TRACE}-{SPAN}-01"}, None),
        ({"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"}, None),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"b3": f"{TRACE}-{SPAN}-1"}, None),
    ],
)
def test_w3c_context_is_read_or_counts_as_absent(
    headers: dict[str, str], expected: Remote | None
) -> None:
    assert extracted(headers, "w3c") == expected


@pytest.mark.parametrize(
    ("headers", "sampled"),
    [
        ({"b3": f"{TRACE}-{SPAN}-1"}, True),
        ({"b3": f"{TRACE}-{SPAN}-d"}, True),
        ({"b3": f"{TRACE}-{SPAN}-0"}, False),
        ({"b3": f"{TRACE}-{SPAN}-1-{'1' * 16}"}, True),
        ({"b3": f"{TRACE}-{SPAN}"}, None),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"}, True),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "true"}, True),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "0"}, False),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-flags": "1"}, True),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN}, None),
    ],
)
def test_b3_context_is_read_from_one_header_or_several(
    headers: dict[str, str],
    sampled: bool | None,  # noqa: FBT001
) -> None:
    assert extracted(headers, "b3") == Remote(KNOWN.trace_id, KNOWN.span_id, sampled)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"b3": "0"},
        {"b3": f"{TRACE}-xyz-1"},
        {"b3": f"{TRACE}-{SPAN}-1-2-3"},
        {"x-b3-traceid": TRACE},
        {"x-b3-traceid": "0" * 32, "x-b3-spanid": SPAN},
        {"traceparent": f"00-{TRACE}-{SPAN}-01"},
    ],
)
def test_broken_or_foreign_context_is_none_in_b3(headers: dict[str, str]) -> None:
    assert extracted(headers, "b3") is None


def test_a_b3_trace_id_may_be_short() -> None:
    assert extracted({"b3": f"{SPAN}-{SPAN}-1"}, "b3") == Remote(f"{0:016}{SPAN}", SPAN, True)  # noqa: FBT003


def test_w3c_goes_out_with_its_state_and_without_baggage() -> None:
    headers = injected(KNOWN.trace_id, KNOWN.span_id, sampled=False, state="a=1", propagation="w3c")
    assert headers == (("traceparent", f"00-{TRACE}-{SPAN}-00"), ("tracestate", "a=1"))
    bare = injected(KNOWN.trace_id, KNOWN.span_id, sampled=True, state="", propagation="w3c")
    assert bare == (("traceparent", f"00-{TRACE}-{SPAN}-01"),)


def test_b3_goes_out_as_several_headers() -> None:
    headers = injected(KNOWN.trace_id, KNOWN.span_id, sampled=True, state="", propagation="b3")
    assert headers == (
        ("X-B3-TraceId", TRACE),
        ("X-B3-SpanId", SPAN),
        ("X-B3-Sampled", "1"),
    )


@given(text=st.from_regex(r"\A(00|01|ff|0)-[0-9a-f]{31,33}-[0-9a-f]{15,17}-0[0-3]\Z"))
def test_w3c_is_read_as_opentelemetry_reads_it(text: str) -> None:
    theirs = get_current_span(
        TraceContextTextMapPropagator().extract({"traceparent": text})
    ).get_span_context()
    ours = extracted({"traceparent": text}, "w3c")
    assert (ours is not None) == theirs.is_valid
    if ours is not None:
        assert (int(ours.trace_id, 16), int(ours.span_id, 16)) == (theirs.trace_id, theirs.span_id)
        assert ours.sampled == theirs.trace_flags.sampled


def test_what_goes_out_as_b3_is_understood_by_opentelemetry() -> None:
    carrier = {
        name.lower(): value
        for name, value in injected(
            KNOWN.trace_id, KNOWN.span_id, sampled=True, state="", propagation="b3"
        )
    }
    theirs = get_current_span(B3MultiFormat().extract(carrier)).get_span_context()
    assert (f"{theirs.trace_id:032x}", f"{theirs.span_id:016x}") == (TRACE, SPAN)
