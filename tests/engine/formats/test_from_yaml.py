"""language.md 7.10."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_yaml import decode_yaml
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing", None),
        ("a: 1\nb: [x, 1.5, true, ~, '5', \"6\"]", {"a": 1, "b": ["x", 1.5, True, None, "5", "6"]}),
        ("[0123, .inf, yes, on, 2020-01-01, 0o17]",
         ["0123", ".inf", "yes", "on", "2020-01-01", 15]),
        ("{1: a, true: b, ~: c, 1.10: d}", {"1": "a", "true": "b", "~": "c", "1.10": "d"}),
        ("? \n: x", {"": "x"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x 1\n&y b: *x\nc: *y", {"a": 1, "b": 1, "c": "b"}),
        ("- 1\n---\n- 2", [1]),
        ("a: 1\n...\n: : :", {"a": 1}),
        ("a: 1\na: 2", {"a": 2}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("[!!str 5, !!int 5, !!float 5, !!null '', !!bool true, ! 5]",
         ["5", 5, 5.0, None, True, "5"]),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ("| \n  a\n  b\n", "a\nb\n"),
        ("\ufeffa: é", {"a": "é"}),
        ("[" * 200 + "]" * 200, None),
    ],
)  # fmt: skip
def test_the_first_document_is_read_by_the_core_schema(text: str, value: Json) -> None:
    decoded = decode_yaml(text.encode(), None)
    assert decoded == value or value is None
    assert repr(type(decoded)) == repr(type(value)) or value is None


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 7)
)
TOWER = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: b: c", "not YAML: mapping values are not allowed.* at line 1"),
        ("a: [", "not YAML"),
        ("\tx: 1", "not YAML"),
        ("a: \x01", "special characters"),
        ("*x", "no anchor"),
        ("&x [*x]", "no anchor"),
        ("? [a]\n: b", "as a key"),
        ("!!python/object/apply:os.system [ls]", "python/object"),
        ("!foo {a: 1}", "!foo"),
        ("!!set {a}", "set"),
        ("!!int x", "tag"),
        ("!!int 'x'", "tag"),
        ("!!binary aGk=", "tag"),
        (BOMB, "more than 200000 nodes"),
        (TOWER, "more than 200 levels"),
        ("[" * 201 + "]" * 201, "more than 200 levels"),
    ],
)
def test_what_is_no_plain_yaml_is_undecodable(text: str, reason: str) -> None:
    with pytest.raises(UndecodableResponse, match=reason):
        decode_yaml(text.encode(), None)


def test_a_reason_does_not_quote_the_answer() -> None:
    with pytest.raises(UndecodableResponse) as raised:
        decode_yaml(b"password: s3cr3t: x", None)
    assert "s3cr3t" not in raised.value.detail


PIECES = ["a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "!!str ", "!t ", "'",
          '"', "|", "? ", "---\n", "...\n", "#", "1", "~", "%", "\t", "\\ud800", "@"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode) | st.binary(max_size=30))
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    with suppress(UndecodableResponse):
        decode_yaml(body, None)
