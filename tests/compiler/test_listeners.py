"""Merging adapters into listeners: exposes.md LST-1 to LST-5."""

from dataclasses import replace

import pytest

from naftiko_runtime.compiler.listeners import merge
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    Address,
    ControlExposure,
    Exposure,
    InboundOAuth2,
    McpExposure,
    RestExposure,
    Route,
    RouteHole,
    Segment,
    Skill,
    SkillExposure,
)
from naftiko_runtime.plan.function import Constant, Function
from naftiko_runtime.plan.listener import ListenerKey, Merged, mcp_paths


def function(name: str) -> Function:
    return Function(name, (), Constant(Literal(name)))


def segments(path: str) -> tuple[Segment, ...]:
    texts = path.strip("/").split("/") if path != "/" else [""]
    return tuple((RouteHole(text[1:-1]),) if text.startswith("{") else (text,) for text in texts)


def route(path: str, method: str = "GET", line: int = 1, file: str = "shop.yml") -> Route:
    return Route(method, segments(path), path, function(path), Place(file, line, 9))


def rest(namespace: str, port: int = 8080, host: str | None = None, *paths: str) -> RestExposure:
    return RestExposure(
        namespace,
        Address(host, port),
        tuple(route(path) for path in paths),
        place=Place("shop.yml", 7),
    )


def mcp(namespace: str, port: int | None = 9090, host: str | None = None) -> McpExposure:
    address = None if port is None else Address(host, port)
    return McpExposure(namespace, address, (), place=Place("shop.yml", 8))


def control(namespace: str = "ops", port: int = 9191) -> ControlExposure:
    return ControlExposure(namespace, Address(None, port), place=Place("shop.yml", 9))


def capability(file: str, *exposures: Exposure) -> Capability:
    return Capability(file, None, None, None, "naftiko", "1.0.0-alpha2", (), (), {}, exposures)


def codes(merged: Merged) -> list[str]:
    return [diagnostic.code for diagnostic in merged.diagnostics]


def shown(merged: Merged) -> list[tuple[str | None, int, list[str]]]:
    return [
        (
            listener.key.host,
            listener.key.port,
            [placed.exposure.namespace for placed in listener.placed],
        )
        for listener in merged.listeners
    ]


DEFAULTS = RuntimeOptions()
ANY = "0.0.0.0"  # noqa: S104 - never bound here


def test_adapters_of_all_documents_with_one_address_and_port_share_a_listener() -> None:
    merged = merge(
        [
            capability("a.yml", rest("a"), mcp("tools")),
            capability("b.yml", rest("b", 8080, "localhost")),
        ],
        DEFAULTS,
    )
    assert shown(merged) == [(None, 8080, ["a", "b"]), (None, 9090, ["tools"])]
    assert merged.diagnostics == ()


def test_host_replaces_every_address() -> None:
    merged = merge([capability("a.yml", rest("a"), control())], RuntimeOptions(host="192.0.2.1"))
    assert shown(merged) == [("192.0.2.1", 8080, ["a"]), ("192.0.2.1", 9191, ["ops"])]


def test_default_host_is_for_adapters_without_an_address() -> None:
    merged = merge(
        [capability("a.yml", rest("a"), rest("b", 8081, "localhost"))],
        RuntimeOptions(default_host="192.0.2.1"),
    )
    assert shown(merged) == [("192.0.2.1", 8080, ["a"]), (None, 8081, ["b"])]


def test_port_replaces_all_but_control_and_a_named_port_one() -> None:
    merged = merge(
        [capability("a.yml", rest("a"), mcp("tools"), control())],
        RuntimeOptions(port=7000, ports={"tools": 7001}),
    )
    assert shown(merged) == [(None, 7000, ["a"]), (None, 7001, ["tools"]), (None, 9191, ["ops"])]


def test_a_named_port_reaches_control() -> None:
    merged = merge([capability("a.yml", control())], RuntimeOptions(ports={"ops": 7002}))
    assert shown(merged) == [(None, 7002, ["ops"])]


def test_adapters_given_port_0_by_name_take_a_free_port_each() -> None:
    merged = merge(
        [capability("a.yml", rest("a"), mcp("tools"))],
        RuntimeOptions(ports={"a": 0, "tools": 0}),
    )
    assert shown(merged) == [(None, 0, ["a"]), (None, 0, ["tools"])]


def test_port_0_for_all_is_one_free_port() -> None:
    merged = merge([capability("a.yml", rest("a"), mcp("tools"))], RuntimeOptions(port=0))
    assert shown(merged) == [(None, 0, ["a", "tools"])]


@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        (ANY, "127.0.0.1", True),
        ("127.0.0.1", ANY, True),
        (ANY, None, True),
        (None, "127.0.0.1", True),
        (None, "::1", True),
        ("::", "192.0.2.1", True),
        ("::", None, True),
        (ANY, "::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        (None, "192.0.2.1", False),
    ],
)
def test_one_port_on_overlapping_addresses_serves_the_first(
    first: str | None, second: str | None, *, overlaps: bool
) -> None:
    merged = merge([capability("a.yml", rest("a", 8080, first), rest("b", 8080, second))], DEFAULTS)
    served = [name for _, _, names in shown(merged) for name in names]
    assert served == (["a"] if overlaps else ["a", "b"])
    assert codes(merged) == (["listener/overlap"] if overlaps else [])
    assert [each.namespace for each in merged.withheld] == (["b"] if overlaps else [])


def test_an_overlap_names_both_addresses_and_the_place() -> None:
    merged = merge(
        [capability("a.yml", rest("a", 8080, ANY), rest("b"))],
        DEFAULTS,
    )
    assert merged.diagnostics[0].text() == (
        'shop.yml:7:1: error listener/overlap: "b" is not served: localhost:8080 overlaps '
        '0.0.0.0:8080 of "a"; give both one address'
    )


def test_a_control_adapter_on_anothers_port_is_not_served() -> None:
    merged = merge([capability("a.yml", control("ops", 8080), rest("a"))], DEFAULTS)
    assert shown(merged) == [(None, 8080, ["a"])]
    assert codes(merged) == ["listener/control-shared"]
    assert [each.namespace for each in merged.withheld] == ["ops"]


def test_control_adapters_share_with_each_other() -> None:
    merged = merge([capability("a.yml", control("a")), capability("b.yml", control("b"))], DEFAULTS)
    assert shown(merged) == [(None, 9191, ["a", "b"])]


def test_control_option_adds_one_with_everything_on() -> None:
    merged = merge([capability("a.yml", rest("a"))], RuntimeOptions(control=(ANY, 9999)))
    (added,) = merged.listeners[1].control
    assert added.address == Address(ANY, 9999)
    assert (added.info, added.reload, added.validate, added.logs_levels, added.logs_stream) == (
        True,
    ) * 5
    assert added.scripting is not None
    assert (added.telemetry.metrics, added.telemetry.traces) == (True, True)


def test_control_on_a_free_port_shares_it_with_nobody() -> None:
    merged = merge([capability("a.yml", rest("a"))], RuntimeOptions(port=0, control=(None, 0)))
    assert shown(merged) == [(None, 0, ["a"]), (None, 0, ["control"])]


def test_control_option_adds_nothing_when_a_document_declares_one() -> None:
    merged = merge([capability("a.yml", control())], RuntimeOptions(control=(None, 9999)))
    assert shown(merged) == [(None, 9191, ["ops"])]


def test_a_second_mcp_adapter_of_one_namespace_gets_a_number() -> None:
    merged = merge(
        [capability("a.yml", mcp("tools")), capability("b.yml", mcp("tools"), mcp("tools-2"))],
        DEFAULTS,
    )
    assert shown(merged) == [(None, 9090, ["tools", "tools-2", "tools-2-2"])]
    assert codes(merged) == ["mcp/namespace-taken"]
    assert merged.diagnostics[0].count == 2


def test_one_namespace_on_two_listeners_is_no_conflict() -> None:
    merged = merge(
        [capability("a.yml", mcp("tools")), capability("b.yml", mcp("tools", 9091))], DEFAULTS
    )
    assert merged.diagnostics == ()


def test_stdio_opens_no_listener_and_takes_every_mcp_adapter() -> None:
    merged = merge(
        [capability("a.yml", rest("a"), mcp("tools"), mcp("more", None))],
        RuntimeOptions(stdio=True),
    )
    assert merged.listeners == ()
    assert [placed.exposure.namespace for placed in merged.stdio] == ["tools", "more"]


def test_a_second_stdio_adapter_is_not_served() -> None:
    merged = merge(
        [capability("a.yml", mcp("one", None)), capability("b.yml", mcp("two", None), rest("b"))],
        DEFAULTS,
    )
    assert [placed.exposure.namespace for placed in merged.stdio] == ["one"]
    assert codes(merged) == ["mcp/stdio-twice"]
    assert shown(merged) == [(None, 8080, ["b"])]


def test_a_route_that_an_earlier_document_serves_is_reported_with_both_places() -> None:
    first = replace(rest("a"), routes=(route("/v1/orders/{id}", line=4, file="a.yml"),))
    second = replace(
        rest("b"),
        routes=(route("/v1/orders/{order}", line=6, file="b.yml"), route("/v1/mine", file="b.yml")),
    )
    merged = merge([capability("a.yml", first), capability("b.yml", second)], DEFAULTS)
    assert merged.diagnostics[0].text() == (
        "b.yml:6:9: warning rest/route-taken: GET /v1/orders/{order} is never reached: "
        "a.yml:4 serves /v1/orders/{id}"
    )
    kept = [each.template for exposure in merged.listeners[0].rest for each in exposure.routes]
    assert kept == ["/v1/orders/{id}", "/v1/mine"]


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (route("/v1/a"), route("/v1/a", "POST")),
        (route("/v1/{a}"), route("/v1/a")),
        (route("/v1/a"), replace(route("/v1/a"), conditions=(("action", "x"),))),
    ],
)
def test_routes_that_differ_in_method_shape_or_condition_both_stay(
    mine: Route, other: Route
) -> None:
    merged = merge(
        [
            capability("a.yml", replace(rest("a"), routes=(mine,))),
            capability("b.yml", replace(rest("b"), routes=(other,))),
        ],
        DEFAULTS,
    )
    assert merged.diagnostics == ()
    assert len(merged.listeners[0].rest[1].routes) == 1


def test_equal_routes_of_one_document_are_left_to_the_compiler_of_that_document() -> None:
    merged = merge([capability("a.yml", rest("a", 8080, None, "/x", "/x"))], DEFAULTS)
    assert merged.diagnostics == ()
    assert len(merged.listeners[0].rest[0].routes) == 2


def test_mount_namespace_puts_each_adapter_under_its_name() -> None:
    merged = merge(
        [
            capability("a.yml", rest("a", 8080, None, "/x")),
            capability("b.yml", rest("b", 8080, None, "/x")),
        ],
        RuntimeOptions(mount="namespace"),
    )
    routes = [each for exposure in merged.listeners[0].rest for each in exposure.routes]
    assert [each.template for each in routes] == ["/a/x", "/b/x"]
    assert [each.segments for each in routes] == [(("a",), ("x",)), (("b",), ("x",))]
    assert merged.diagnostics == ()


SKILLS = SkillExposure("skills", Address(None, 8080), (Skill("s", None, {}, ()),))
OAUTH = InboundOAuth2(Literal("https://as.example"), None, None, ())


@pytest.mark.parametrize(
    ("path", "beside", "hidden"),
    [
        ("/mcp", mcp("tools", 8080), True),
        ("/mcp/{x}", mcp("tools", 8080), False),
        ("/", mcp("tools", 8080), False),
        ("/skills/{name}", SKILLS, True),
        ("/skills", SKILLS, True),
        ("/{any}", SKILLS, False),
        ("/skills", mcp("tools", 8080), False),
        (
            "/.well-known/oauth-protected-resource/mcp",
            replace(mcp("tools", 8080), authentication=OAUTH),
            True,
        ),
        ("/.well-known/oauth-protected-resource/mcp", mcp("tools", 8080), False),
    ],
)
def test_a_route_under_a_path_of_the_runtime_is_reported(
    path: str, beside: Exposure, *, hidden: bool
) -> None:
    merged = merge([capability("a.yml", rest("a", 8080, None, path), beside)], DEFAULTS)
    assert codes(merged) == (["rest/route-hidden"] if hidden else [])


@pytest.mark.parametrize(
    ("exposures", "paths"),
    [
        ((mcp("a"),), {"/mcp": "a", "/": "a"}),
        ((mcp("a", 8080), rest("r")), {"/mcp": "a"}),
        ((mcp("a"), mcp("b")), {"/mcp/a": "a", "/mcp/b": "b", "/mcp": None, "/": None}),
        ((mcp("a", 8080), mcp("b", 8080), rest("r")), {"/mcp/a": "a", "/mcp/b": "b", "/mcp": None}),
        ((rest("r"),), {}),
    ],
)
def test_mcp_paths_depend_on_what_shares_the_listener(
    exposures: tuple[Exposure, ...], paths: dict[str, str | None]
) -> None:
    (listener,) = merge([capability("a.yml", *exposures)], DEFAULTS).listeners
    assert {
        path: exposure and exposure.namespace for path, exposure in mcp_paths(listener).items()
    } == paths


def test_listeners_keep_their_keys_when_documents_are_merged_again() -> None:
    documents = [capability("a.yml", rest("a"), mcp("tools"))]
    options = RuntimeOptions(ports={"tools": 0})
    assert merge(documents, options) == merge(documents, options)
    assert merge(documents, options).listeners[1].key == ListenerKey(None, 0, "a.yml:tools")
