"""language.md 7.9."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_csv import SEPARATORS, decode_csv
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (" id , n \n 1 , A ", [{"id": " 1 ", "n": " A "}]),
        ('a,b\n"x,y","q""r"\n\n1', [{"a": "x,y", "b": 'q"r'}, {"a": "1"}]),
        ("\ufeffa,b\r\n1,2\r\n", [{"a": "1", "b": "2"}]),
        ("\n\na\n\n1\n\n", [{"a": "1"}]),
        ('a,b\n"1\n2",3', [{"a": "1\n2", "b": "3"}]),
        ("a,b\n1,2,3", [{"a": "1", "b": "2"}]),
        ("a,a\n1,2\n3", [{"a": "2"}, {"a": "3"}]),
        ("a,b\n,", [{"a": "", "b": ""}]),
        ('a\n""', [{"a": ""}]),
        ('a\nx"y', [{"a": 'x"y'}]),
        ('a\n "x"', [{"a": ' "x"'}]),
        ("a,b\n", []),
        ("a", []),
        ("", []),
        ("\n\n", []),
        ("é\n1", [{"é": "1"}]),
    ],
)
def test_lines_become_objects_by_the_names_of_the_first(text: str, rows: Json) -> None:
    assert decode_csv(text.encode(), "text/csv", ",") == rows


@pytest.mark.parametrize(("name", "mark"), [("csv", ","), ("tsv", "\t"), ("psv", "|")])
def test_each_format_has_its_separator(name: str, mark: str) -> None:
    body = f"a{mark}b\n1,|\t{mark}2".encode()
    rows = decode_csv(body, None, SEPARATORS[name])
    assert rows == [dict(zip(["a", "b"], f"1,|\t{mark}2".split(mark), strict=False))]


def test_a_cell_may_be_long() -> None:
    long = "x" * 1_000_000
    assert decode_csv(f"a\n{long}".encode(), None, ",") == [{"a": long}]


@pytest.mark.parametrize("text", ['a\n"x', 'a\n"x"y', 'a,b\n1,"2" ,3'])
def test_quotes_that_rfc_4180_does_not_know_are_undecodable(text: str) -> None:
    with pytest.raises(UndecodableResponse, match="line"):
        decode_csv(text.encode(), None, ",")


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_what_a_writer_writes_is_read(rows: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows([["a", "b"], *rows])
    assert decode_csv(written.getvalue().encode(), None, ",") == [
        dict(zip("ab", row, strict=True)) for row in rows
    ]


@given(st.text(st.sampled_from('a,"\n\r \0\t|'), max_size=30))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    with suppress(UndecodableResponse):
        assert isinstance(decode_csv(text.encode(), None, ","), list)
