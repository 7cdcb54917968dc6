"""Text to tree: scalars, keys, places, and what is refused (language.md 1.1, 1.2)."""

import pytest

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.loading.source import MAX_BYTES, parse
from naftiko_runtime.tree import Items, Node, Scalar, Tree, plain


def tree_of(text: str | bytes) -> Node:
    found = Found()
    tree = parse(text.encode() if isinstance(text, str) else text, "a.yml", found)
    assert found.merged() == ()
    assert isinstance(tree, Node)
    return tree


def codes_of(content: bytes) -> list[tuple[str, int, int]]:
    found = Found()
    parse(content, "a.yml", found)
    return [(each.code, each.place.line, each.place.column) for each in found.merged()]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("12", 12),
        ("-3", -3),
        ("+4", 4),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_a_plain_scalar_is_null_boolean_or_number(written: str, value: object) -> None:
    scalar = tree_of(f"a: {written}")["a"]
    assert scalar == Scalar(value, written)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    [
        *("2026-01-02", "on", "yes", "off", "n", ".inf", ".nan", "0123", "-007", "00.5", "1_000"),
        *("tRUE", "12:30", "<<", "=", "1e999", "0b1", "+", "0x", "1.2.3"),
    ],
)
def test_everything_else_is_text(written: str) -> None:
    assert tree_of(f"a: {written}")["a"] == written


@pytest.mark.parametrize("quoted", ["'5'", '"5"', "|-\n  5", "!!str 5"])
def test_quoted_and_tagged_scalars_are_text(quoted: str) -> None:
    assert tree_of(f"a: {quoted}")["a"] == "5"


def test_tags_of_the_core_schema_say_the_type() -> None:
    tree = tree_of('a: !!int "5"\nb: !!float 5\nc: !!null ""\nd: !!bool "true"\ne: !!map {}')
    assert plain(tree) == {"a": 5, "b": 5.0, "c": None, "d": True, "e": {}}


def test_a_number_too_long_to_convert_is_text() -> None:
    assert tree_of(f"a: {'9' * 5000}")["a"] == "9" * 5000


def test_keys_that_are_no_text_are_their_source_text() -> None:
    tree = tree_of("200: a\n1.10: b\nnull: c\ntrue: d\n~: e\n")
    assert plain(tree) == {"200": "a", "1.10": "b", "null": "c", "true": "d", "~": "e"}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("true: '{{tools.on}}'", "on"),
        ("True: tools.yes", "yes"),
        ("TRUE: '{{ y }}'", "y"),
        ("false: rest.off", "off"),
        ("false: '{{no}}'", "no"),
        ("false: '{{{tools.n}}}'", "n"),
        ("true: tools.off", "true"),
        ("true: on", "true"),
        ("'true': '{{tools.on}}'", "true"),
        ("true: [on]", "true"),
    ],
)
def test_a_boolean_key_is_the_name_that_its_value_refers_to(written: str, key: str) -> None:
    tree = parse(written.encode(), "a.yml", Found())
    assert isinstance(tree, Node)
    assert list(tree) == [key]


def test_places_count_characters_from_one() -> None:
    tree = tree_of("café: {naïve: x,\n  ключ: [a, {b/c: d}]}\n")
    inner = tree["café"]
    assert tree.key_at("café") == Place("a.yml", 1, 1, "/café")
    assert tree.at("café") == Place("a.yml", 1, 7, "/café")
    assert inner.at("ключ") == Place("a.yml", 2, 9, "/café/ключ")
    items: Items = inner["ключ"]
    assert items.at(0) == Place("a.yml", 2, 10, "/café/ключ/0")
    assert items.at(1) == Place("a.yml", 2, 13, "/café/ключ/1")
    assert items[1].at("b/c") == Place("a.yml", 2, 19, "/café/ключ/1/b~1c")


def test_a_byte_order_mark_is_allowed() -> None:
    tree = tree_of(b"\xef\xbb\xbfa: b\n")
    assert plain(tree) == {"a": "b"}
    assert tree.key_at("a").column == 1


def test_json_is_read_with_its_escapes() -> None:
    text = '{"a": "\\ud83d\\ude00 \\/ \\u00e9", "b": [1, 1.5, null, true],\n\t"c": {}}'
    assert plain(tree_of(text)) == {"a": "😀 / é", "b": [1, 1.5, None, True], "c": {}}


def test_an_alias_stands_for_its_anchor() -> None:
    tree = tree_of("a: &x {b: 1}\nc: [*x, *x]\n")
    assert plain(tree) == {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a: 1\na: 2\nb: {c: 1, 'c': 2}\n", [("document/duplicate-key", 2, 1)]),
        (b"a: 1\n---\nb: 2\n", [("document/several", 2, 1)]),
        (b"---\na: 1\n...\nb: 2\n", [("document/not-yaml", 4, 1)]),
        (b"a:\n\tb: 1\n", [("document/not-yaml", 2, 1)]),
        (b"a: [1, 2\n", [("document/not-yaml", 2, 1)]),
        (b"a: 'x\n", [("document/not-yaml", 2, 1)]),
        (b"a: !mine x\n", [("document/not-yaml", 1, 4)]),
        (b"a: !!timestamp 2026-01-02\n", [("document/not-yaml", 1, 4)]),
        (b"a: !!int x\n", [("document/not-yaml", 1, 4)]),
        (b"a: !!seq {}\n", [("document/not-yaml", 1, 4)]),
        (b"a: *none\n", [("document/not-yaml", 1, 4)]),
        (b"[a, b]: c\n", [("document/not-yaml", 1, 1)]),
        (b"a: \x00\n", [("document/not-yaml", 1, 4)]),
        (b"\xff\xfea\x00", [("document/not-utf8", 1, 1)]),
        (b"a: b\nc: d\xe9\n", [("document/not-utf8", 2, 5)]),
        (b"a: " + b"[" * 101 + b"]" * 101, [("document/too-large", 1, 103)]),
        (b"a: &a [*a]\n", [("document/too-large", 1, 4)]),
        (b"[" * 100_000, [("document/too-large", 1, 1001)]),
        (b"- " * 100_000 + b"a", [("document/too-large", 1, 201)]),
        (b"a: " + b"x" * MAX_BYTES, [("document/too-large", 1, 1)]),
        (b"a: [" + b"x," * 200_001 + b"]", [("document/too-large", 1, 4)]),
    ],
)
def test_a_fault_is_reported_with_its_place(
    content: bytes, found: list[tuple[str, int, int]]
) -> None:
    assert codes_of(content) == found


def test_a_hundred_levels_and_many_nodes_are_read() -> None:
    assert codes_of(b"a: " + b"[" * 99 + b"]" * 99) == []
    assert codes_of(b"a: [" + b"x," * 199_000 + b"]") == []


def test_all_faults_of_a_file_are_reported_in_one_run() -> None:
    content = b"a: 1\na: 2\nb: !mine x\n[c]: d\ne: {f: 1, f: 2}\n---\ng: 1\n"
    assert codes_of(content) == [
        ("document/several", 6, 1),
        ("document/duplicate-key", 2, 1),
        ("document/not-yaml", 3, 4),
    ]


def test_an_empty_text_has_no_tree() -> None:
    found = Found()
    assert parse(b"# only a remark\n", "a.yml", found) is None
    assert found.merged() == ()


def test_the_composer_without_libyaml_gives_the_same_nodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = b"a: &x {b: 1, c: 'd'}\ne: [*x, ~, !!str 5]\n"
    fast: Tree | None = parse(text, "a.yml", Found())
    monkeypatch.setattr("yaml.__with_libyaml__", False)
    slow = parse(text, "a.yml", Found())
    assert slow == fast
    assert isinstance(slow, Node)
    assert isinstance(fast, Node)
    assert slow["e"].at(2) == fast["e"].at(2)
