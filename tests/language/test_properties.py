"""Whatever a caller gives stays in its place in URL, headers and body: language.md 3.1, 3.8, 4, 5."""

import json
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import anyio
from hypothesis import assume, example, given
from hypothesis import strategies as st
from laboratory import Laboratory, Outcome, document, laboratory

from naftiko_runtime.names import folded, matching
from naftiko_runtime.values import Json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NASTY = st.sampled_from(
    ["/", "?", "#", "&", "=", "%", "%2e", "..", ".", "\r\nX-Evil: 1", "\0", "{{KEY}}", "${KEY}", "<<KEY>>",
     "rest.body", "$.a", '"', "\\", "}", "--b", ";", "é", "\u2028", "😀", " ", "+", "http://evil.test/"]
)  # fmt: skip
GIVEN = st.one_of(TEXTS, st.lists(st.one_of(NASTY, TEXTS), max_size=6).map("".join))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), GIVEN),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(GIVEN, inner, max_size=3)),
    max_leaves=8,
)
COOKIE = "!#$%&'()*+-./:<=>?@[]^_`{|}~"
"""What RFC 6265 lets stand in a value, beside letters and digits."""
NAMES = st.text("aB1-_.[]", min_size=1, max_size=6)

PARAMETERS = "{name: q, in: query}, {name: X-H, in: header}, {name: c, in: cookie}"
BODY = '{type: json, data: {whole: "{{whole}}", text: "a {{text}} b", list: ["{{whole}}"]}}'
RAW = '\'{"in": "<{{text}}>", "out": {{whole}}}\''
LAB: Laboratory = laboratory(
    document(
        '{path: "/p/{{id}}/x", operations: ['
        f"{{name: op, method: POST, inputParameters: [{PARAMETERS}], body: {BODY}}},"
        f"{{name: raw, method: POST, body: {RAW}}},"
        '{name: form, method: POST, body: {type: form, data: {a: "{{text}}", b: "x"}}},'
        '{name: xml, method: POST, body: {type: xml, data: "<a>{{text}}</a>"}}]}',
        "{name: t, description: d, call: up.op}, {name: raw, description: d, call: up.raw},"
        "{name: form, description: d, call: up.form}, {name: xml, description: d, call: up.xml}",
        binds="[{namespace: env, keys: {KEY: KEY}}]",
    ),
    environ={"KEY": "s3cret-value"},
)


def called(tool: str, **arguments: Json) -> Outcome:
    outcome = anyio.run(LAB.call, tool, {"id": "7", **arguments})
    assert all(b"s3cret-value" not in (sent.body or b"") for sent in outcome.sent)
    return outcome


@given(GIVEN)
@example("..")
@example("%2e%2e")
@example("a/../../b")
def test_a_value_stays_in_its_segment_of_the_path(value: str) -> None:
    outcome = anyio.run(LAB.call, "t", {"id": value, "text": ""})
    if outcome.problem is not None:
        assert (outcome.problem, outcome.sent) == ("invalid-input", [])
        return
    parts = urlsplit(outcome.only.url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("http", "up.test", "", "")
    before, first, segment, last = parts.path.split("/")
    assert (before, first, last) == ("", "p", "x")
    assert unquote(segment, errors="strict") == value
    assert segment not in {"", ".", ".."}


@given(GIVEN)
def test_a_value_stays_in_its_part_of_the_query(value: str) -> None:
    url = called("t", text="", q=value).only.url
    parts = urlsplit(url)
    assert (parts.netloc, parts.path, parts.fragment) == ("up.test", "/p/7/x", "")
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, errors="strict")
    assert pairs == [("q", value)]


@given(GIVEN)
def test_a_value_stays_in_its_header(value: str) -> None:
    outcome = called("t", text="", **{"X-H": value})
    if outcome.problem is not None:
        assert (outcome.problem, outcome.sent) == ("invalid-input", [])
        assert any(each in value for each in "\r\n\0") or not value.isprintable()
        return
    sent = outcome.only
    assert set(sent.own) <= {"x-h", "content-type", "content-length"}
    assert not any(each in sent.own.get("x-h", "") for each in "\r\n\0")


@given(GIVEN)
def test_a_value_stays_in_its_cookie(value: str) -> None:
    cookie = called("t", text="", c=value).only.own.get("cookie", "")
    name, _, shown = cookie.partition("=")
    assert (name, shown) == ("c", quote(value, safe=COOKIE))
    assert not any(each in shown for each in ';, "\\\r\n')


@given(JSON, GIVEN)
def test_values_stay_in_their_members_of_a_body(whole: Json, text: str) -> None:
    body = json.loads(called("t", whole=whole, text=text).only.body or b"")
    assert body == {"whole": whole, "text": f"a {text} b", "list": [whole]}


@given(JSON, GIVEN)
def test_values_stay_in_their_places_of_a_raw_body(whole: Json, text: str) -> None:
    body = json.loads(called("raw", whole=whole, text=text).only.body or b"")
    assert body == {"in": f"<{text}>", "out": whole}


@given(GIVEN)
def test_a_value_stays_in_its_field_of_a_form(text: str) -> None:
    body = (called("form", text=text).only.body or b"").decode("ascii")
    pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True, errors="strict")
    assert pairs == [("a", text), ("b", "x")]


@given(GIVEN)
def test_a_value_stays_in_its_element_of_xml(text: str) -> None:
    body = (called("xml", text=text).only.body or b"").decode()
    assert body.startswith("<a>")
    assert body.endswith("</a>")
    assert not set(body[3:-4]) & set("<>\"'")


@given(NAMES, st.lists(NAMES, max_size=5))
def test_a_name_matches_exactly_or_is_the_only_one_of_its_spelling(
    name: str, candidates: list[str]
) -> None:
    found = matching(name, candidates)
    alike = {each for each in candidates if folded(each) == folded(name)}
    if name in candidates:
        assert found == name
    else:
        assert found == (next(iter(alike)) if len(alike) == 1 else None)


@given(NAMES, NAMES)
def test_matching_does_not_depend_on_who_is_asked(one: str, other: str) -> None:
    assume(one != other)
    assert (matching(one, [other]) is None) == (matching(other, [one]) is None)
