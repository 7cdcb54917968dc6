"""language.md 7.4: bytes to text."""

import encodings.aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.charset import charset_of, media_type, text_of_body
from naftiko_runtime.errors import UndecodableResponse


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), None, "é"),
        ("é".encode(), "text/plain", "é"),
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", "é"),
        ("é".encode("cp1252"), 'text/plain; x=y;CHARSET = "windows-1252"', "é"),
        ("é".encode("utf-16-be"), "text/plain; charset=utf-16be", "é"),
        (b"\xef\xbb\xbf" + "é".encode(), None, "é"),
        (b"\xef\xbb\xbf" + "é".encode(), "text/plain; charset=utf-8", "é"),
        ("é".encode("utf-16"), None, "é"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), None, "é"),
        ("é".encode("utf-32"), None, "é"),
        (b"\x00\x00\xfe\xff" + "é".encode("utf-32-be"), None, "é"),
        ("é".encode(), "text/plain; charset=unheard-of", "é"),
        ("é".encode(), "text/plain; charset=", "é"),
        (b"616263", "text/plain; charset=hex", "616263"),
        (b"abc", "text/plain; charset=rot13", "abc"),
        (b"\\u0041", "text/plain; charset=unicode_escape", "\\u0041"),
        (b"+AGE-", "text/plain; charset=utf-7", "+AGE-"),
        (b"", None, ""),
    ],
)
def test_a_declared_charset_wins_then_the_mark_then_utf_8(
    body: bytes, content_type: str | None, text: str
) -> None:
    assert text_of_body(body, content_type) == text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"\xe9", None), (b"\xe9", "text/plain; charset=utf-8"), (b"\xff\xfe\xe9", None)],
)
def test_bytes_that_are_not_of_the_charset_are_undecodable(
    body: bytes, content_type: str | None
) -> None:
    with pytest.raises(UndecodableResponse, match="the answer is not utf-"):
        text_of_body(body, content_type)


def test_a_media_type_is_compared_without_parameters_and_case() -> None:
    assert media_type("Text/HTML ; charset=utf-8") == "text/html"
    assert media_type(None) == ""


LABELS = sorted({*encodings.aliases.aliases, *encodings.aliases.aliases.values(), "idna", "zz"})


@given(st.sampled_from(LABELS) | st.text(max_size=12), st.binary(max_size=12))
def test_any_label_and_any_bytes_give_text_that_can_be_sent_on(label: str, body: bytes) -> None:
    content_type = f"text/plain; charset={label}"
    charset_of(body, content_type)
    try:
        text = text_of_body(body, content_type)
    except UndecodableResponse:
        return
    text.encode()
