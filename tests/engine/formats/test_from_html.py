"""language.md 7.11."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_html import decode_html
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json


def tables(text: str, selector: str | None = None) -> Json:
    value = decode_html(text.encode(), "text/html", selector)
    assert list(value) == ["tables"]
    return value["tables"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<table><tr><th>A</th><th>B</th></tr><tr><td> 1 </td></tr></table>",
         [[{"A": "1", "B": ""}]]),
        ("<table><thead><tr><th>A<tr><th>no</thead><tbody><tr><td>1</tbody><tfoot><tr><td>2</table>",
         [[{"A": "1"}]]),
        ("<table><tr><td>0</td></tr><thead><tr><th>A</th></tr></thead><tr><td>1</td></tr></table>",
         [[{"A": "0"}, {"A": "1"}]]),
        ("<table><thead><tr><td>x</td></tr></thead><tr><th>A</th></tr><tr><td>1</td></tr></table>",
         []),
        ("<table><tr><th>A<tr><td>1<td>2<tr><td>3</table>", [[{"A": "1"}, {"A": "3"}]]),
        ("<table><tr><th>A<th>A<tr><td>1<td>2</table>", [[{"A": "2"}]]),
        ("<table><tr><th>A<th><th>C<tr><td>1<td>2</table>", [[{"A": "1", "": "2", "C": ""}]]),
        ("<table><tr><th>A<tr><th>x<td>1<tr></tr><tr><td>2</table>", [[{"A": "2"}]]),
        ("<table><tr><th>A<tr><td> a\n <b>b</b>c &amp; <br>d<p>e</p>f </table>",
         [[{"A": "a bc & d e f"}]]),
        ("<table><tr><th>A<tr><td>x<script>y</script><style>z</style></table>", [[{"A": "x"}]]),
        ("<table><tr><th>A</th></tr></table>", [[]]),
        ("<table><tr><th> </th></tr><tr><td>1</td></tr></table>", []),
        ("<table><tr><td>1</td></tr></table>", []),
        ("<table></table>", []),
        ("<table><tr><th>A<tr><td>o<table><tr><th>B<tr><td>i</table></table>",
         [[{"A": "o B i"}], [{"B": "i"}]]),
        ("<table><tr><th>A<!-- c --></th></tr></table><table><tr><th>B</th></tr></table>",
         [[], []]),
        ("just text", []),
        ("<!-- only this -->", []),
        (" ", []),
        ("", []),
    ],
)  # fmt: skip
def test_tables_become_rows_by_their_headers(text: str, found: Json) -> None:
    assert tables(text) == found


PAGE = """<div id="x"><p><table><tr><th>A</th></tr><tr><td>1</td></tr></table></div>
<table class="c d"><tr><th>B</th></tr><tr><td>2</td></tr></table>"""


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("table", [[{"A": "1"}], [{"B": "2"}]]),
        ("table.c", [[{"B": "2"}]]),
        ("#x", [[{"A": "1"}]]),
        ("div > p, .d", [[{"B": "2"}]]),
        ("body", [[{"A": "1"}], [{"B": "2"}]]),
        ("td", []),
        ("span", []),
    ],
)
def test_a_selector_names_tables_or_what_they_lie_in(selector: str, found: Json) -> None:
    assert tables(PAGE, selector) == found


def test_a_selector_that_is_none_is_a_failure_that_names_it() -> None:
    with pytest.raises(UndecodableResponse, match=r"outputSchema '\(\(' is no CSS selector"):
        tables(PAGE, "((")


def test_a_declared_charset_is_obeyed() -> None:
    body = "<table><tr><th>é</th></tr><tr><td>ü</td></tr></table>".encode("latin-1")
    value = decode_html(body, "text/html; charset=ISO-8859-1", None)
    assert value == {"tables": [[{"é": "ü"}]]}


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 201,
        "<div>" * 100_000,
        "<div>" * 150 + "</zz>" * 200 + "<b>" * 100,
    ],
)
def test_more_than_two_hundred_levels_are_refused(text: str) -> None:
    with pytest.raises(UndecodableResponse, match="more than 200 levels"):
        tables(text)


def test_texts_that_blow_up_in_a_browser_do_not_here() -> None:
    assert tables("".join(f"<p><b id={n}></p>" for n in range(5000))) == []
    assert tables("<div><object></div></object>" * 5000) == []


def test_nothing_is_loaded_and_no_entity_is_expanded() -> None:
    text = '<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/hostname">]><table><tr><th>A&a;</table>'
    assert tables(text) == [[]]


PIECES = ["<table>", "</table>", "<tr>", "<td>", "<th>", "<thead>", "<tbody>", "A", " ", "<br>",
          "</tr>", "<p>", "</p>", "<script>", "</script>", "<!--", "-->", "&lt;", "<",
          "\x00"]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode) | st.binary(max_size=30),
    st.none() | st.text(st.sampled_from("table.#x>:()[]='a, *"), min_size=1, max_size=6),
)
def test_any_bytes_and_any_selector_give_tables_or_are_refused(
    body: bytes, selector: str | None
) -> None:
    with suppress(UndecodableResponse):
        assert isinstance(decode_html(body, None, selector)["tables"], list)
