"""language.md 7.8."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_xml import decode_xml
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<r><name>A</name></r>", {"name": "A"}),
        ("<r><v>1</v><v>2</v></r>", {"v": ["1", "2"]}),
        ("<r><v>1</v><v>2</v><v>3</v></r>", {"v": ["1", "2", "3"]}),
        ("<r><a>1</a><b>2</b><a>3</a></r>", {"a": ["1", "3"], "b": "2"}),
        ('<r k="1"><n>x</n></r>', {"k": "1", "n": "x"}),
        ('<r><n k="1">t</n></r>', {"n": {"k": "1", "": "t"}}),
        ("<r>t</r>", {"": "t"}),
        ("<r/>", {}),
        ("<r> \n </r>", {}),
        ("<r><e/></r>", {"e": ""}),
        ("<r><e></e></r>", {"e": ""}),
        ('<r><e k="1"/></r>', {"e": {"k": "1"}}),
        ("<r>pre<b>x</b>post</r>", {"": ["pre", "post"], "b": "x"}),
        ('<x:r xmlns:x="u"><x:a i="1"/></x:r>', {"a": {"i": "1"}}),
        ('<r xmlns="u"><a xmlns:y="v">t</a></r>', {"a": "t"}),
        ('<r><x:a x:i="1"/></r>', {"a": {"i": "1"}}),
        ("<r> <a> x </a>\n</r>", {"a": " x "}),
        ("<r><a>  </a></r>", {"a": "  "}),
        ("<r><a> <b/> </a></r>", {"a": {"b": ""}}),
        ("<r><a><![CDATA[<i>&amp;]]></a></r>", {"a": "<i>&amp;"}),
        ("<r><a>x<!-- c -->y<?p i?>&lt;&#233;</a></r>", {"a": "xy<é"}),
        ('<r a="1"><a>2</a></r>', {"a": ["1", "2"]}),
        (f'<r {XSI}><a xsi:nil="true"/><b xsi:nil="1" k="2"/></r>', {"a": None, "b": None}),
        (f'<r {XSI}><a xsi:nil="false">t</a></r>', {"a": {"nil": "false", "": "t"}}),
        (f'<r {XSI.replace("xsi", "i")}><a i:nil="true"/></r>', {"a": None}),
        ('<r><a nil="true"/></r>', {"a": {"nil": "true"}}),
        (f'<r {XSI} xsi:nil="true"/>', {}),
        (f'<r {XSI}><a xsi:nil="true"/><a>1</a></r>', {"a": [None, "1"]}),
    ],
)
def test_an_element_becomes_a_text_or_an_object(text: str, value: Json) -> None:
    decoded = decode_xml(text.encode(), None)
    assert decoded == value
    assert list(decoded) == list(value)


def test_the_name_of_the_root_is_remembered() -> None:
    assert decode_xml(b'<x:list xmlns:x="u"><a/></x:list>', None).root_name == "list"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<r>é</r>".encode(), None),
        ("<r>é</r>".encode("latin-1"), "text/xml; charset=ISO-8859-1"),
        ('<?xml version="1.0" encoding="UTF-8"?><r>é</r>'.encode("latin-1"),
         "text/xml; charset=ISO-8859-1"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><r>é</r>'.encode("latin-1"), None),
        ("\ufeff<r>é</r>".encode(), None),
        ('<?xml version="1.0" encoding="UTF-16"?><r>é</r>'.encode("utf-16"), None),
    ],
)  # fmt: skip
def test_xml_says_itself_how_it_is_written_unless_its_type_does(
    body: bytes, content_type: str | None
) -> None:
    assert decode_xml(body, content_type) == {"": "é"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" ", "not XML"),
        ("text", "not XML"),
        ("<r>", "not XML"),
        ("<r></s>", "not XML"),
        ("<r/><r/>", "not XML"),
        ("<r>&a;</r>", "not XML: undefined entity"),
        ('<?xml version="1.0" encoding="klingon"?><r/>', "not XML"),
        ("<r>\x01</r>", "not XML"),
        ("<!DOCTYPE r><r/>", "document type"),
        ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "document type"),
        ('<!DOCTYPE r [<!ENTITY a "x">]><r>&a;</r>', "document type"),
        ("<a>" * 201 + "</a>" * 201, "more than 200 levels"),
    ],
)
def test_what_is_not_plain_xml_is_undecodable(text: str, reason: str) -> None:
    with pytest.raises(UndecodableResponse, match=reason):
        decode_xml(text.encode(), None)


def test_two_hundred_levels_are_read() -> None:
    assert decode_xml(("<a>" * 200 + "</a>" * 200).encode(), None)["a"]


PIECES = ["<a>", "</a>", "<b x='1'>", "</b>", "<c/>", "t", " ", "&lt;", "<![CDATA[", "]]>", "<!--",
          "-->", "<?p?>", "&x;", "<!DOCTYPE a>", "xmlns:p='u'", "<p:a>", "\x00",
          "\ufeff"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode) | st.binary(max_size=40))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    with suppress(UndecodableResponse):
        assert isinstance(decode_xml(body, None), dict)
