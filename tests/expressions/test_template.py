"""language.md 3.2, 3.4, 4.3, 4.5, 4.7, 5.5: how texts are split at their templates."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.expressions.template import (
    Hole,
    Placeholder,
    TemplateError,
    json_context,
    parse,
    placeholders,
    whole,
)
from naftiko_runtime.values import Json


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("{{x}}", (Hole("braces", "x", 0),)),
        ("a{{ x y }}b", ("a", Hole("braces", "x y", 1), "b")),
        ("{{rest.query.a}}", (Hole("braces", "rest.query.a", 0),)),
        ("{{$this.ns.a}}", (Hole("braces", "$this.ns.a", 0),)),
        ("{{{x}}}", (Hole("braces", "x", 0),)),
        ("{{&x}}", (Hole("braces", "x", 0),)),
        ("{{& x }}", (Hole("braces", "x", 0),)),
        ("${V}", (Hole("dollar", "V", 0),)),
        ("<<V>>", (Hole("angle", "V", 0),)),
        ("<<env.V>>${ W }", (Hole("angle", "env.V", 0), Hole("dollar", "W", 9))),
        ("$env.V", ("$env.V",)),
        ("{x}", ("{x}",)),
        ("{{x", ("{{x",)),
        ("x}}", ("x}}",)),
        ("${}", ("${}",)),
        ("<<>>", ("<<>>",)),
        ("a << b", ("a << b",)),
        ('{"a":{{x}}}', ('{"a":', Hole("braces", "x", 5), "}")),
        ("{{{{x}}}}", ("{", Hole("braces", "x", 1), "}")),
    ],
)
def test_a_text_is_split_at_its_templates(text: str, parts: Json) -> None:
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"\{{x}}", "{{x}}"),
        (r"\${x}", "${x}"),
        (r"\<<x>>", "<<x>>"),
        (r"a\{{x}}b\{{y}}", "a{{x}}b{{y}}"),
        (r"\{{#x}}", "{{#x}}"),
        (r"\n\{x}", r"\n\{x}"),
    ],
)
def test_a_backslash_makes_a_template_text(text: str, plain: str) -> None:
    assert parse(text) == (plain,)
    assert whole(text) is None


@pytest.mark.parametrize(
    "text",
    ["{{#X}}", "{{^X}}", "{{/X}}", "{{>X}}", "{{!X}}", "{{ # X }}", "{{}}", "{{ }}", "{{{}}}",
     "{{&}}", "{{a<b}}", "a {{#X}} b"],
)  # fmt: skip
def test_mustache_sections_and_nameless_templates_are_not_supported(text: str) -> None:
    with pytest.raises(TemplateError, match=r"\{\{"):
        parse(text)


def test_only_a_text_of_one_template_is_whole() -> None:
    assert whole("{{n}}") == Hole("braces", "n", 0)
    assert whole("${n}") == Hole("dollar", "n", 0)
    assert whole("n={{n}}") is None
    assert whole(" {{n}}") is None
    assert whole("{{a}}{{b}}") is None
    assert whole("n") is None
    assert whole("") is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/ships/{imo}/log", ("/ships/", Placeholder("imo", "single"), "/log")),
        ("/x/{{imo}}", ("/x/", Placeholder("imo", "braces"))),
        ("/v1/{+name}", ("/v1/", Placeholder("name", "single", slashes=True))),
        ("https://${HOST}/<<P>>",
         ("https://", Placeholder("HOST", "dollar"), "/", Placeholder("P", "angle"))),
        ("/feed/geo:{lat};{lng}/",
         ("/feed/geo:", Placeholder("lat", "single"), ";", Placeholder("lng", "single"), "/")),
        ("/{name}:run", ("/", Placeholder("name", "single"), ":run")),
        ("/Set({id})", ("/Set(", Placeholder("id", "single"), ")")),
        ("/{id}.json?q={{q}}",
         ("/", Placeholder("id", "single"), ".json?q=", Placeholder("q", "braces"))),
        ("/{ id }", ("/", Placeholder("id", "single"))),
        (r"/\{{id}}", ("/{{id}}",)),
        ("/plain", ("/plain",)),
        ("", ()),
    ],
)  # fmt: skip
def test_a_path_or_base_uri_is_split_at_its_placeholders(text: str, parts: Json) -> None:
    assert placeholders(text) == parts


@pytest.mark.parametrize("text", ["/{}", "/{+}", "/{?page}", "/{/x}", "/{{#x}}", "/{{}}"])
def test_a_placeholder_that_could_not_be_filled_is_not_supported(text: str) -> None:
    with pytest.raises(TemplateError):
        placeholders(text)


def test_a_hole_of_json_text_knows_whether_it_stands_in_a_string() -> None:
    parts = parse('{"name": "{{name}} {{x}}", "tags": {{tags}}, "q": "\\"{{q}}", "{{k}}": 1}')
    inside = dict(zip(parts, json_context(parts), strict=True))
    holes = {part.name: flag for part, flag in inside.items() if isinstance(part, Hole)}
    assert holes == {"name": True, "x": True, "tags": False, "q": True, "k": True}


TEXTS = st.lists(
    st.sampled_from(["{", "}", "$", "<", ">", "\\", "#", "a", " ", '"', "{{x}}", "${y}", "<<z>>"]),
    max_size=14,
).map("".join) | st.text(max_size=30)


@given(TEXTS)
def test_any_text_is_split_or_refused_and_loses_nothing(text: str) -> None:
    try:
        parts = parse(text)
    except TemplateError:
        return
    assert len(json_context(parts)) == len(parts)
    assert not any(
        isinstance(one, str) and isinstance(other, str) for one, other in pairwise(parts)
    )
    if not any(isinstance(part, Hole) for part in parts) and "\\" not in text:
        assert "".join(str(part) for part in parts) == text


@given(TEXTS)
def test_any_url_is_split_or_refused(text: str) -> None:
    try:
        parts = placeholders(text)
    except TemplateError:
        return
    assert all(part.name.strip() for part in parts if isinstance(part, Placeholder))


@given(TEXTS.filter(lambda text: "\\" not in text))
def test_an_escaped_text_is_the_text(text: str) -> None:
    escaped = text.replace("{{", r"\{{").replace("${", r"\${").replace("<<", r"\<<")
    assert parse(escaped) == ((text,) if text else ())
