"""REST-2 to REST-5: the route table as a value."""

from typing import Any

import pytest

from naftiko_runtime.adapters.rest.routing import Match, Refused, RouteTable
from naftiko_runtime.errors import InvalidInput
from naftiko_runtime.plan.function import Function, Unavailable

FUNCTION = Function("f", (), Unavailable(None))  # type: ignore[arg-type] # never called


def table(plans: Any, *lines: str) -> RouteTable[str]:
    """Return a table of routes written ``METHOD /template`` whose targets are the lines."""
    routes = [plans.route(*line.split(" ", 1), FUNCTION) for line in lines]
    return RouteTable(zip(routes, lines, strict=True))


def found(table: RouteTable[str], request: str) -> Any:
    """Return (route, values), the allowed methods as text, or None."""
    method, _, target = request.partition(" ")
    path, _, query = target.partition("?")
    answer = table.find(method, path.encode(), query.encode())
    match answer:
        case Match(served, values):
            return served[0].target, *values
        case Refused(methods):
            return ", ".join(methods)
        case _:
            return None


@pytest.mark.parametrize(
    ("routes", "request_line", "expected"),
    [
        # the table of REST-3
        (["GET /u/{id}", "DELETE /u/{id}", "GET /u/me"], "GET /u/me", ("GET /u/me",)),
        (["GET /u/{id}", "DELETE /u/{id}", "GET /u/me"], "DELETE /u/me", ("DELETE /u/{id}", "me")),
        (
            ["GET /u/{id}", "DELETE /u/{id}", "GET /u/me"],
            "PUT /u/7",
            "DELETE, GET, HEAD, OPTIONS",
        ),
        (
            ["POST /jobs/{job}", "POST /jobs/{job}:cancel"],
            "POST /jobs/a:b:cancel",
            ("POST /jobs/{job}:cancel", "a:b"),
        ),
        (["GET /tags/{arn}"], "GET /tags/a%2Fb/", ("GET /tags/{arn}", "a/b")),
        # REST-2.2: segments are decoded once, matched exactly
        (["GET /a b/{x}"], "GET /a%20b/%25", ("GET /a b/{x}", "%")),
        (["GET /Orders"], "GET /orders", None),
        (["GET /v1/orders"], "GET /v1//orders", None),
        (["GET /"], "GET /", ("GET /",)),
        # REST-2.3: mixtures, the leftmost placeholder takes as much as it can
        (["GET /f/{id}.json"], "GET /f/a.b.json", ("GET /f/{id}.json", "a.b")),
        (["GET /f/{id}.{format}"], "GET /f/a.b.json", ("GET /f/{id}.{format}", "a.b", "json")),
        (["GET /Set({id})"], "GET /Set(7)", ("GET /Set({id})", "7")),
        (
            ["GET /geo:{lat};{lng}/x"],
            "GET /geo:1;2;3/x",
            ("GET /geo:{lat};{lng}/x", "1;2", "3"),
        ),
        (["GET /act_{id}"], "GET /act_", None),
        (["GET /{a}{b}"], "GET /xyz", ("GET /{a}{b}", "xy", "z")),
        (["GET /{a}-{b}"], "GET /-x", None),
        # REST-2.4: the rest of the path
        (["GET /crm/{path}"], "GET /crm/a%20b/c", ("GET /crm/{path}", "a b/c")),
        (["GET /crm/{+name}"], "GET /crm/a/b/", ("GET /crm/{+name}", "a/b/")),
        (["GET /crm/{path}"], "GET /crm/", None),
        (["GET /crm/{path}", "GET /crm/{x}"], "GET /crm/a", ("GET /crm/{x}", "a")),
        # REST-2.5: query conditions
        (["POST /v", "POST /v?action=attach"], "POST /v?action=attach", ("POST /v?action=attach",)),
        (["POST /v", "POST /v?action=attach"], "POST /v?action=detach", ("POST /v",)),
        (["POST /v?action=attach"], "POST /v", ("POST /v?action=attach",)),
        (["POST /v?a", "POST /v?a&b=1"], "POST /v?b=1&a", ("POST /v?a&b=1",)),
        (["POST /v?a=1", "POST /{x}"], "POST /v", ("POST /{x}", "v")),
        # REST-3: literal before mixture before placeholder before the rest, segment by segment
        (["GET /{x}/b", "GET /a/{y}"], "GET /a/b", ("GET /a/{y}", "b")),
        (["GET /{x}/b", "GET /a/c"], "GET /a/b", ("GET /{x}/b", "a")),
        (["GET /{x}", "GET /{x}.json"], "GET /a.json", ("GET /{x}.json", "a")),
        (["GET /{x}s", "GET /{x}.jsons"], "GET /a.jsons", ("GET /{x}.jsons", "a")),
        (["GET /{x}", "POST /{y}"], "POST /7", ("POST /{y}", "7")),
        # one trailing slash is added or removed only when nothing matches
        (["GET /a", "GET /a/"], "GET /a/", ("GET /a/",)),
        (["GET /a", "GET /a/"], "GET /a", ("GET /a",)),
        (["GET /a/"], "GET /a", ("GET /a/",)),
        (["GET /a"], "GET /a//", None),
        # REST-5: HEAD runs the GET operation unless it is declared
        (["GET /a"], "HEAD /a", ("GET /a",)),
        (["GET /a", "HEAD /a"], "HEAD /a", ("HEAD /a",)),
        (["POST /a"], "HEAD /a", "OPTIONS, POST"),
        # REST-14: forward takes every method that no operation declares
        (["GET /a", "* /a"], "GET /a", ("GET /a",)),
        (["GET /a", "* /a"], "PATCH /a", ("* /a",)),
        (["* /a"], "TRACE /a", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
    ],
)
def test_a_request_is_served_by_the_best_template(
    plans: Any, routes: list[str], request_line: str, expected: Any
) -> None:
    assert found(table(plans, *routes), request_line) == expected


@pytest.mark.parametrize("path", [b"/u/%FF", b"/%C3%28/x", b"/u/\xff"])
def test_a_path_that_is_not_utf8_is_invalid(plans: Any, path: bytes) -> None:
    routes = table(plans, "GET /u/{id}")
    with pytest.raises(InvalidInput) as caught:
        routes.find("GET", path, b"")
    assert caught.value.faults == ({"name": "path", "in": "path", "message": "must be UTF-8"},)


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("GET /u/{id}", "/u/.."),
        ("GET /u/{id}", "/u/%2e"),
        ("GET /u/{id}", "/u/a%00b"),
        ("GET /u/{id}", "/u/%0A"),
        ("GET /u/{id}.json", "/u/%2e%2e.json"),
        ("GET /crm/{path}", "/crm/a/../b"),
        ("GET /crm/{path}", "/crm/a%2F..%2Fb"),
        ("GET /crm/{path}", "/crm/%7F"),
    ],
)
def test_dot_segments_and_control_characters_are_refused(plans: Any, route: str, path: str) -> None:
    with pytest.raises(InvalidInput):
        table(plans, route).find("GET", path.encode(), b"")


def test_the_rest_of_a_path_is_also_there_as_it_came(plans: Any) -> None:
    match = table(plans, "* /crm/{path}").find("POST", b"/crm/a%20b/c%2Fd/", b"")
    assert isinstance(match, Match)
    assert (match.values, match.rest) == (("a b/c/d/",), "a%20b/c%2Fd/")


def test_equal_routes_are_all_candidates_in_document_order(plans: Any) -> None:
    first = plans.route("GET", "/list", FUNCTION, wanted=("day",))
    second = plans.route("GET", "/list", FUNCTION, wanted=("day", "lane"))
    match = RouteTable([(first, 1), (second, 2)]).find("GET", b"/list", b"")
    assert isinstance(match, Match)
    assert [(each.target, each.wanted) for each in match.served] == [
        (1, ("day",)),
        (2, ("day", "lane")),
    ]


def test_a_mixture_of_a_long_segment_is_matched_in_one_pass(plans: Any) -> None:
    """Backtracking over sixty thousand characters and four placeholders would take hours."""
    routes = table(plans, "GET /{a}x{b}x{c}x{d}y")
    assert found(routes, "GET /" + "x" * 60_000) is None
