"""language.md 8: every row of its tables, what is refused, and that nothing else is raised."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.errors import ResponseTooLarge
from naftiko_runtime.expressions import selectors
from naftiko_runtime.expressions.path import ROOT, Path, PathError
from naftiko_runtime.values import ABSENT, Json

VALUE = {
    "a": [{"c": 1, "d": "x"}, {"c": 2}],
    "n": [3, 1],
    "b": {"x y": 1, "@k": 2, "a-b": 3, "a.b": 4, "größe": 5, "7": 6},
}

DEFINITE = [
    ("$", VALUE),
    ("$.", VALUE),
    (" $ ", VALUE),
    ("$.a[0].d", "x"),
    ("a.0.d", "x"),
    (".a[0].d", "x"),
    ("$['a'][0]['d']", "x"),
    ('$["a"][0]["d"]', "x"),
    ("$.['a'].[0].d", "x"),
    ("['a'][0].d", "x"),
    ("$.a[-1].c", 2),
    ("$.a.1.c", 2),
    ("$.a[9].c", ABSENT),
    ("$.a[-3]", ABSENT),
    ("$.a.9", ABSENT),
    ("$.a.c", ABSENT),
    ("$.a[0].c.x", ABSENT),
    ("$.zz", ABSENT),
    ("$.b[0]", ABSENT),
    ("$.b.7", 6),
    ("$.b.x y", 1),
    ("$.b['x y']", 1),
    ("$.b.@k", 2),
    ("$.b.a-b", 3),
    ("$.b['a.b']", 4),
    ("$.b.a.b", ABSENT),
    ("$.b.größe", 5),
]


@pytest.mark.parametrize(("text", "found"), DEFINITE)
def test_a_definite_path_is_walked_member_by_member(text: str, found: Json) -> None:
    path = Path.parse(text)
    assert path.select(VALUE) == found
    assert path.definite


INDEFINITE = [
    ("$.a[*].c", [1, 2]),
    ("$.a.*.c", [1, 2]),
    ("$[*][0]", [{"c": 1, "d": "x"}, 3]),
    ("$..c", [1, 2]),
    ("$..[0]", [{"c": 1, "d": "x"}, 3]),
    ("$..['d','c']", [1, "x", 2]),
    ("$.a[0:2].c", [1, 2]),
    ("$.a[1:].c", [2]),
    ("$.a[:1].c", [1]),
    ("$.a[-1:].c", [2]),
    ("$.a[::2].c", [1]),
    ("$.a[0,1].c", [1, 2]),
    ("$.a[1,0].c", [1, 2]),
    ("$.a[0,0].c", [1]),
    ("$.a[0:1,-1].c", [1, 2]),
    ("$.b['x y','@k']", [1, 2]),
    ("$.b['@k', 'x y', 'no']", [1, 2]),
    ("$.zz[*]", []),
    ("$.n[*].x", []),
    ("$.a[0].c[*]", []),
    ("$.b[0:1]", []),
]


@pytest.mark.parametrize(("text", "found"), INDEFINITE)
def test_an_indefinite_path_gives_an_array_in_document_order(text: str, found: Json) -> None:
    path = Path.parse(text)
    assert path.select(VALUE) == found
    assert not path.definite
    assert path.members is None


def test_a_descent_meets_values_in_the_order_they_are_written() -> None:
    value = {"z": {"c": 1}, "c": {"c": 2, "y": [{"c": 3}]}, "a": {"c": 4}}
    assert Path.parse("$..c").select(value) == [1, {"c": 2, "y": [{"c": 3}]}, 2, 3, 4]
    assert Path.parse("$..y..c").select(value) == [3]
    assert Path.parse("$.a..*").select(value) == [4]


FILTERS = [
    ("$.a[?(@.c > 1)]", [{"c": 2}]),
    ("$.a[?(@.c>1)].c", [2]),
    ("$.a[?@.c>1].c", [2]),
    ("$.a[?(@.c>9)]", []),
    ("$.a[?(@.c == 1)].c", [1]),
    ("$.a[?(@.c != 1)].c", [2]),
    ("$.a[?(@.c < 2)].c", [1]),
    ("$.a[?(@.c <= 2)].c", [1, 2]),
    ("$.a[?(@.c >= 2)].c", [2]),
    ("$.a[?(@.d == 'x')].c", [1]),
    ('$.a[?(@.d == "x")].c', [1]),
    ("$.a[?(@['d'] == 'x')].c", [1]),
    ("$.a[?(@.d =~ /X/i)].c", [1]),
    ("$.a[?(@.d =~ '^x$')].c", [1]),
    ("$.a[?(@.c =~ /1/)].c", []),
    ("$.a[?(@.d)].c", [1]),
    ("$.a[?(!@.d)].c", [2]),
    ("$.a[?(@.c >= 1 && @.d)].c", [1]),
    ("$.a[?(@.c == 2 || @.d)].c", [1, 2]),
    ("$.a[?((@.c == 2 || @.d) && @.c < 2)].c", [1]),
    ("$.n[?(@ > 1)]", [3]),
    ("$[?(@[0].c == 1)][1].c", [2]),
    ("$..[?(@.c == 2)]", [{"c": 2}]),
    ("$.b[?(@ == 1)]", [1]),
    ("$[?(@..c > 1)][0].c", [1]),
    ("$[?(@[*].d)][0].c", [1]),
    ("$[?(@.* == 5)]['x y']", [1]),
    ("$[?(@..* == 'x')][1].c", [2]),
    ("$[?(@.größe == 5)]['x y']", [1]),
    ("$.a[?(@.c == 1.0)].d", ["x"]),
    ("$.a[?(@.c > -1)].c", [1, 2]),
]


@pytest.mark.parametrize(("text", "found"), FILTERS)
def test_a_filter_keeps_the_elements_its_condition_holds_for(text: str, found: Json) -> None:
    assert Path.parse(text).select(VALUE) == found


def test_a_filter_tells_null_false_and_zero_apart() -> None:
    value = [{"v": None}, {"v": False}, {"v": 0}, {}]
    assert Path.parse("$[?(@.v == null)]").select(value) == [{"v": None}]
    assert Path.parse("$[?(@.v == false)]").select(value) == [{"v": False}]
    assert Path.parse("$[?(@.v == 0)]").select(value) == [{"v": 0}]
    assert Path.parse("$[?(@.v)]").select(value) == [{"v": None}, {"v": False}, {"v": 0}]


def test_a_filter_reads_quotes_brackets_and_slashes_inside_texts() -> None:
    value = [{"k": "it's"}, {"k": "a]b"}, {"k": 'x"/y'}]
    assert Path.parse(r"$[?(@.k == 'it\'s')]").select(value) == [{"k": "it's"}]
    assert Path.parse("$[?(@.k == 'a]b')]").select(value) == [{"k": "a]b"}]
    assert Path.parse(r"$[?(@.k =~ /\/y$/)]").select(value) == [{"k": 'x"/y'}]


FUNCTIONS = [
    ("$.n.length()", 2),
    ("$.length()", 3),
    ("length()", 3),
    ("$.a[0].d.length()", 1),
    ("$.a[0].c.length()", ABSENT),
    ("$.n.min()", 1),
    ("$.n.max()", 3),
    ("$.n.sum()", 4),
    ("$.n.avg()", 2),
    ("$.a[*].c.avg()", 1.5),
    ("$.a[*].c.sum()", 3),
    ("$.a[?(@.c>9)].length()", 0),
    ("$.b.sum()", ABSENT),
    ("$.b.min()", ABSENT),
    ("$.zz.length()", ABSENT),
    ("$.a[0].keys()", ["c", "d"]),
    ("$.a.keys()", ABSENT),
    ("$.n.length", 2),
    ("$.n.size", 2),
    ("$.a[*].length", []),
    ("$.*.length", [2, 2]),
]


@pytest.mark.parametrize(("text", "found"), FUNCTIONS)
def test_a_function_or_a_js_length_ends_a_path(text: str, found: Json) -> None:
    assert Path.parse(text).select(VALUE) == found


def test_numbers_of_an_array_are_counted_and_other_elements_are_not() -> None:
    value = {"n": [None, True, "9", 2, 3.5], "none": [], "texts": ["a"], "huge": [10**400, 0.5]}
    assert Path.parse("$.n.sum()").select(value) == 5.5
    assert Path.parse("$.n.max()").select(value) == 3.5
    assert Path.parse("$.none.sum()").select(value) == 0
    assert Path.parse("$.none.avg()").select(value) is ABSENT
    assert Path.parse("$.texts.min()").select(value) is ABSENT
    assert Path.parse("$.huge.sum()").select(value) is ABSENT
    assert Path.parse("$.huge.avg()").select(value) is ABSENT


def test_a_member_called_length_wins_over_the_number_of_elements() -> None:
    assert Path.parse("$.length").select({"length": "x"}) == "x"
    assert Path.parse("$.a.size").select({"a": {"size": 9}}) == 9
    assert Path.parse("$.a['length']").select({"a": [1]}) is ABSENT


@pytest.mark.parametrize(
    ("text", "is_js"),
    [("$.a.length", True), ("size", True), ("$.a.length()", False), ("$.length.a", False)],
)
def test_a_path_knows_that_it_ends_in_a_js_length(text: str, is_js: Json) -> None:
    assert Path.parse(text).js_length is is_js


REFUSED = [
    "",
    " ",
    "$a",
    "$.a.",
    "$..",
    "$...a",
    "$.a[",
    "$.a[]",
    "$.a[x]",
    "$.a['x]",
    "$.a[0,*]",
    "$.a[0,?(@.c)]",
    "$.a[::-1]",
    "$.a[::0]",
    "$.a b(",
    "$.foo()",
    "$. .a",
    "$.length().a",
    "$..length()",
    "a == b",
    "{{x}}",
    "$.it's",
    "$.a[?()]",
    "$.a[?(@.c>",
    "$.a[?(@.c = 1)]",
    "$.a[?(x)]",
    "$.a[?(@.d == x)]",
    "$.a[?('x' == @.d)]",
    "$.a[?(@.c > $.x)]",
    "$.a[?(@.c 'x')]",
    "$.a[?(@.c =~ 1)]",
    "$.a[?(@.c == /x/)]",
    "$.a[?(@.c =~ /(/)]",
    "$.a[?(@['*'])]",
    "$.a[?(@..größe)]",
    "$.a[?" + "(" * 21 + "@.c" + ")" * 21 + "]",
    "$." + "a" * 10_000,
]


@pytest.mark.parametrize("text", REFUSED)
def test_text_that_is_no_path_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(PathError, match=r"\w{3}"):
        Path.parse(text)


def test_a_refusal_shows_where_reading_stopped() -> None:
    with pytest.raises(PathError, match=r"'x\].y' is not understood; in brackets stand 'names'"):
        Path.parse("$.a[x].y")
    with pytest.raises(PathError, match=r"foo\(\) is not known; there are length, min"):
        Path.parse("$.a.foo()")


def test_the_walk_of_a_definite_path_is_known() -> None:
    assert Path.parse("$.a[0]['x y'].1").members == ("a", 0, "x y", "1")
    assert Path.parse("$").members == ()
    assert Path.parse("$.a.length()").members is None


@pytest.mark.parametrize(
    ("text", "first", "rest", "found"),
    [
        ("$.root.user", "root", "$.user", 1),
        ("root['user']", "root", "$['user']", 1),
        ("$['root'].user", "root", "$.user", 1),
        ("$.root[*]", "root", "$[*]", [1]),
        ("$.root.length()", "root", "$.length()", 1),
        ("$.root", "root", "$", {"user": 1}),
    ],
)
def test_a_path_can_lead_on_without_its_first_member(
    text: str, first: str, rest: str, found: Json
) -> None:
    path = Path.parse(text)
    assert path.first == first
    assert path.without_first().text == rest
    assert path.without_first().select({"user": 1}) == found


@pytest.mark.parametrize("text", ["$", "$[0].a", "$..a", "$[*].a", "$.length()"])
def test_a_path_that_begins_with_no_member_has_no_first_one(text: str) -> None:
    assert Path.parse(text).first is None


def test_the_root_is_known() -> None:
    assert ROOT.is_root
    assert Path.parse("$.").is_root
    assert not Path.parse("$.length()").is_root
    assert ROOT.select(None) is None


def test_paths_are_equal_by_their_text() -> None:
    assert Path.parse("$.a") == Path.parse(" $.a ")
    assert Path.parse("$.a") != Path.parse("a")
    assert len({Path.parse("$..a"), Path.parse("$..a")}) == 1


@pytest.mark.parametrize("text", ["$.a[0].d", "$..c", "$.a[?(@.c > 1 && !@.d)].c", "$.n.sum()"])
def test_paths_can_be_pickled(text: str) -> None:
    path = Path.parse(text)
    assert pickle.loads(pickle.dumps(path)).select(VALUE) == path.select(VALUE)  # noqa: S301


def test_dotted_names_are_a_walk_whatever_they_hold() -> None:
    value = {"a(b": [{"x'y": 7}]}
    assert Path.of_names("a(b.0.x'y").select(value) == 7
    assert Path.of_names("a(b.1").select(value) is ABSENT


def test_deep_values_cost_no_frames() -> None:
    deep = 0
    for _ in range(50_000):
        deep = {"x": [deep]}
    assert len(Path.parse("$..x").select(deep)) == 50_000
    assert Path.parse("$[?(@..y)]").select([deep]) == []


def test_more_values_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "LIMIT", 100)
    path = Path.parse("$..*..*")
    assert len(path.select([[1] * 9] * 9)) == 81
    with pytest.raises(ResponseTooLarge):
        path.select([[[1] * 9] * 9] * 9)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "0", "length", "x y"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PIECES = st.lists(
    st.sampled_from(
        ["$", ".", "..", "a", "b", "0", "[0]", "[-1]", "[*]", "*", "['a']", "['a','b']", "[0:1]",
         "[?(@.a)]", "[?(@.a > 1)]", "[?(@ =~ /x/)]", "length()", ".length", "[", "]", "(", "'"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@given(PIECES | st.text(max_size=20), JSON)
def test_any_text_is_a_path_or_refused_and_any_path_selects_from_any_value(
    text: str, value: Json
) -> None:
    try:
        path = Path.parse(text)
    except PathError:
        return
    found = path.select(value)
    if not path.definite and not text.rstrip().endswith(")"):
        assert isinstance(found, list)
    path.without_first().select(value)


@pytest.mark.parametrize(
    ("quoted", "name"),
    [
        (r"'a\nb'", "a\nb"),
        (r"'\t\\\''", "\t\\'"),
        (r'"\u00e9\""', 'é"'),
        (r"'\ud83d\ude00'", "😀"),
        (r"'\x'", "x"),
        ("''", ""),
    ],
)
def test_escapes_in_quotes_are_those_of_json(quoted: str, name: str) -> None:
    assert Path.parse(f"$[{quoted}]").select({name: 1}) == 1
    assert Path.parse(f"$[?(@ == {quoted})]").select([name]) == [name]
    assert Path.parse(f"$[?(@[{quoted}] == 1)][*]").select([{name: 1}]) == [1]


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_any_name_can_be_written_in_quotes(names: list[str]) -> None:
    value = "found"
    for name in reversed(names):
        value = {name: value}
    quoted = (name.replace("\\", "\\\\").replace("'", "\\'") for name in names)
    assert Path.parse("$" + "".join(f"['{name}']" for name in quoted)).select(value) == "found"


TOKENS = ["@", ".a", "['b']", "[0]", "[*]", "..", "(", ")", "&&", "||", "!", "==", "<", "=~", "!=",
          "'x'", "/a.*/i", "1", "-2.5", "null", "true", " ", "a", ".where", "@.length()",
          "$"]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=9).map("".join), JSON)
def test_any_filter_is_understood_or_refused_and_holds_or_not(condition: str, value: Json) -> None:
    try:
        path = Path.parse(f"$[?({condition})]")
    except PathError:
        return
    found = path.select([value, value])
    assert found in ([], [value, value])
