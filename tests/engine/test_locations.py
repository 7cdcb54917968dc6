"""URLs of consumed operations (language.md 4.3 to 4.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.locations import base_location, location
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import InvalidInput, Misconfigured
from naftiko_runtime.expressions.reference import (
    Environment,
    FromInput,
    FromVariable,
    Template,
    Variable,
)
from naftiko_runtime.plan.upstream import ConsumedOperation, Hole, Upstream, UrlHole, UrlPiece
from naftiko_runtime.values import Json

Pieces = tuple[UrlPiece, ...]


def hole(name: str, mode: Hole = "segment") -> UrlHole:
    return UrlHole(name, FromInput(name), mode)


def variable(name: str) -> UrlHole:
    return UrlHole(name, FromVariable(Variable(name, (Environment(name),))), "verbatim")


def url(
    path: Pieces,
    inputs: dict[str, Json] | None = None,
    base: Pieces = ("http://up.test/v1",),
    query: Pieces = (),
) -> str:
    upstream = Upstream("u", "ns", None, base, None)
    operation = ConsumedOperation("ns", "op", "GET", upstream, path, "", query_in_path=query)
    scope = InvocationScope(
        inputs or {}, Variables({"HOST": "http://var.test/x", "BAD": "ftp://x"})
    )
    return location(operation).url(scope)


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("http://up.test/v1", "/a/b/", "http://up.test/v1/a/b/"),
        ("http://up.test/v1/", "/a", "http://up.test/v1/a"),
        ("http://up.test/v1", "a", "http://up.test/v1/a"),
        ("http://up.test/v1", "", "http://up.test/v1"),
        ("http://up.test/v1/", "", "http://up.test/v1/"),
        ("http://up.test/v1", "/", "http://up.test/v1/"),
        ("http://up.test/users", ":search", "http://up.test/users:search"),
        ("http://up.test/v1/", "?a=1", "http://up.test/v1/?a=1"),
        ("http://up.test", "/a b/é/[x];y|z", "http://up.test/a%20b/%C3%A9/[x];y|z"),
        ("http://up.test", "/a%2Fb/%2e", "http://up.test/a%2Fb/%2e"),
    ],
)
def test_base_and_path_meet_at_one_slash(base: str, path: str, expected: str) -> None:
    assert url((path,) if path else (), base=(base,)) == expected


@pytest.mark.parametrize("base", ["http://var.test/x", "http://var.test/x/"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("/a",), "http://var.test/x/a"),
        ((hole("id"),), "http://var.test/x/7"),
        ((":go",), None),
        ((), None),
    ],
)
def test_a_variable_base_is_joined_alike(base: str, path: Pieces, expected: str | None) -> None:
    literal = url(path, {"id": 7}, base=(base,))
    upstream = Upstream("u", "ns", None, (variable("B"),), None)
    operation = ConsumedOperation("ns", "op", "GET", upstream, path, "")
    scope = InvocationScope({"id": 7}, Variables({"B": base}))
    assert location(operation).url(scope) == literal
    assert expected in (None, literal)


@pytest.mark.parametrize(
    ("path", "inputs", "expected"),
    [
        (("/ships/", hole("imo"), "/log"), {"imo": "A 1/2?#"}, "/ships/A%201%2F2%3F%23/log"),
        (("/t/", hole("arn")), {"arn": "arn:aws:x"}, "/t/arn%3Aaws%3Ax"),
        (("/p/", hole("id")), {"id": "Zoë"}, "/p/Zo%C3%AB"),
        (("/p/", hole("id")), {"id": 7}, "/p/7"),
        (("/p/", hole("id")), {"id": 7.0}, "/p/7"),
        (("/p/", hole("id")), {"id": True}, "/p/true"),
        (("/p/", hole("id")), {"id": "~a-b_c.d"}, "/p/~a-b_c.d"),
        (
            ("/feed/geo:", hole("lat"), ";", hole("lng"), "/"),
            {"lat": 1.5, "lng": -2},
            "/feed/geo:1.5;-2/",
        ),
        (("/", hole("name"), ":run"), {"name": "x"}, "/x:run"),
        (("/Set(", hole("id"), ")"), {"id": 1}, "/Set(1)"),
        (("/", hole("id"), ".json"), {"id": "a"}, "/a.json"),
        (("/", hole("id"), ".json"), {"id": ".."}, "/...json"),
        (("/", hole("a"), hole("b")), {"a": "x", "b": "y"}, "/xy"),
    ],
)
def test_a_placeholder_is_filled_and_encoded(
    path: Pieces, inputs: dict[str, Json], expected: str
) -> None:
    assert url(path, inputs) == f"http://up.test/v1{expected}"


@pytest.mark.parametrize(
    ("path", "inputs", "message"),
    [
        (("/p/", hole("id")), {}, "id: has no value"),
        (("/p/", hole("id")), {"id": None}, "id: has no value"),
        (("/p/", hole("id")), {"id": ""}, "id: must not be empty"),
        (("/p/", hole("id")), {"id": "."}, "id: . is no path segment"),
        (("/p/", hole("id"), "/x"), {"id": ".."}, "id: .. is no path segment"),
        (("/p/", hole("a"), hole("b")), {"a": ".", "b": "."}, "a: .. is no path segment"),
        (("/p/.", hole("b"), "/"), {"b": "."}, "b: .. is no path segment"),
        (("/p/", hole("id")), {"id": [1]}, "id: must be one value, not an object or array"),
        (("/p/", hole("id")), {"id": {}}, "id: must be one value, not an object or array"),
    ],
)
def test_a_value_that_no_segment_can_hold_is_refused(
    path: Pieces, inputs: dict[str, Json], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        url(path, inputs)
    assert caught.value.detail == message
    assert caught.value.faults[0]["in"] == "path"


def test_slashes_are_kept_only_where_allowed() -> None:
    path = ("/v1/", hole("name", "slashes"), ":get")
    assert url(path, {"name": "projects/p q/topics/t"}).endswith("/v1/projects/p%20q/topics/t:get")


@pytest.mark.parametrize("name", ["/a", "a/", "a//b", "a/../b", "a/./b", "..", ""])
def test_kept_slashes_make_no_empty_or_dot_segments(name: str) -> None:
    with pytest.raises(InvalidInput):
        url(("/v1/", hole("name", "slashes")), {"name": name})


def test_the_query_of_a_path_stays_and_its_holes_are_filled() -> None:
    query = ("type=é&id=", hole("id"), "&all")
    assert url(("/x",), {"id": "a&b ."}, query=query) == (
        "http://up.test/v1/x?type=%C3%A9&id=a%26b%20.&all"
    )
    assert url(("/x",), {"id": ""}, query=query).endswith("id=&all")
    with pytest.raises(InvalidInput, match="id: has no value"):
        url(("/x",), {}, query=query)


def test_a_query_of_a_variable_base_comes_last() -> None:
    assert url((), base=(variable("HOST"),), query=("a=1",)) == "http://var.test/x?a=1"


@pytest.mark.parametrize(
    ("base", "inputs", "expected"),
    [
        (
            ("https://", hole("r", "label"), ".api.test.com"),
            {"r": "eu-1"},
            "https://eu-1.api.test.com",
        ),
        (("http://up.test:", hole("p", "port")), {"p": 8080}, "http://up.test:8080"),
        (("http://up.test/", hole("t")), {"t": "a/b"}, "http://up.test/a%2Fb"),
    ],
)
def test_an_input_fills_a_label_a_port_or_a_segment_of_the_base(
    base: Pieces, inputs: dict[str, Json], expected: str
) -> None:
    assert url(("/x",), inputs, base=base) == f"{expected}/x"


@pytest.mark.parametrize(
    ("base", "value"),
    [
        (("https://", hole("r", "label"), ".api.test.com"), "evil.test/"),
        (("https://", hole("r", "label"), ".api.test.com"), "a.b"),
        (("https://", hole("r", "label"), ".api.test.com"), ""),
        (("https://", hole("r", "label"), ".api.test.com"), "x\n"),
        (("http://up.test:", hole("r", "port")), "80@evil.test"),
        (("http://up.test:", hole("r", "port")), "123456"),
    ],
)
def test_an_input_never_moves_a_request_to_another_host(base: Pieces, value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        url(("/x",), {"r": value}, base=base)
    assert caught.value.variables == ("baseUri.ns.r",)


def test_a_placeholder_of_the_base_without_a_value_is_named() -> None:
    with pytest.raises(InvalidInput, match="r: has no value"):
        url((), base=("https://", hole("r", "label"), ".api.test.com"))


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ((variable("BAD"),), "must be http"),
        ((variable("Q"),), "neither query nor fragment"),
        ((variable("F"),), "neither query nor fragment"),
        ((variable("U"),), "must be http"),
    ],
)
def test_a_variable_base_that_cannot_be_used_is_a_configuration_problem(
    base: Pieces, message: str
) -> None:
    upstream = Upstream("u", "ns", None, base, None)
    operation = ConsumedOperation("ns", "op", "GET", upstream, ("/x",), "")
    environ = {"BAD": "ftp://x", "Q": "http://x/?a", "F": "http://x/#a", "U": "http://"}
    with pytest.raises(Misconfigured, match=message) as caught:
        location(operation).url(InvocationScope({}, Variables(environ)))
    assert caught.value.variables == ("baseUri.ns",)


def test_a_variable_in_a_path_is_encoded_like_a_value() -> None:
    text = Template(("a/", FromVariable(Variable("V", (Environment("V"),)))))
    upstream = Upstream("u", "ns", None, ("http://up.test",), None)
    path = ("/", UrlHole("V", text))
    operation = ConsumedOperation("ns", "op", "GET", upstream, path, "")
    scope = InvocationScope({}, Variables({"V": "b c"}))
    assert location(operation).url(scope) == "http://up.test/a%2Fb%20c"


def test_a_base_alone_has_nothing_behind_it() -> None:
    scope = InvocationScope({}, Variables({"B": "http://up.test/x/"}))
    for pieces in (("http://up.test/x/",), (variable("B"),)):
        upstream = Upstream("u", "ns", None, pieces, None)
        assert base_location(upstream).url(scope) == "http://up.test/x/"


@given(st.text(max_size=20).filter(lambda text: text not in ("", ".", "..")))
def test_no_value_leaves_its_segment(value: str) -> None:
    try:
        result = url(("/a/", hole("id"), "/b"), {"id": value})
    except UnicodeEncodeError:
        assert any("\ud800" <= character <= "\udfff" for character in value)
        return
    assert result.split("/")[:5] == ["http:", "", "up.test", "v1", "a"]
    assert result.count("/") == 6
    assert "?" not in result
    assert "#" not in result
    assert result.endswith("/b")
