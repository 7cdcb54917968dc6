"""XML answers as JSON (language.md 7.8): expat without document types, so without entities."""

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from naftiko_runtime.engine.formats.charset import declared_charset, text_of_body
from naftiko_runtime.engine.formats.from_json import LEVELS
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.expressions.mapper import RootedObject
from naftiko_runtime.values import Json

_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_TEXT: Final = ""
"""The member that text next to elements and attributes stands under."""


def decode_xml(body: bytes, content_type: str | None) -> RootedObject:
    """Return the object of an XML body; raise ``UndecodableResponse``.

    Without a declared charset, the byte order mark or the XML declaration says how to read it.
    """
    reading = _Reading()
    if declared_charset(content_type):
        parser = expat.ParserCreate("utf-8")
        octets = text_of_body(body, content_type).encode("utf-8", "replace")
    else:
        parser = expat.ParserCreate()
        octets = body
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(octets, True)  # noqa: FBT003 -- the C function takes no keyword
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UndecodableResponse(f"the answer is not XML: {error}") from error
    return reading.result()


@dataclass(slots=True)
class _Element:
    """An element that is still open."""

    name: str
    is_nil: bool = False
    members: dict[str, Json] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    """The pieces of text since the last child element."""

    def add(self, name: str, value: Json) -> None:
        """Add a member; a name that is there already makes an array (values are never arrays)."""
        if name not in self.members:
            self.members[name] = value
        elif isinstance(self.members[name], list):
            self.members[name].append(value)
        else:
            self.members[name] = [self.members[name], value]

    def end_text(self) -> None:
        """Add the text so far as a member unless it is blank."""
        if not self.text:
            return
        text = "".join(self.text)
        self.text.clear()
        if text.strip():
            self.add(_TEXT, text)

    def value(self) -> Json:
        if self.is_nil:
            return None
        if not self.members:
            return "".join(self.text)
        self.end_text()
        return self.members


class _Reading:
    """What expat has told so far."""

    def __init__(self) -> None:
        self._open: list[_Element] = []
        self._root: RootedObject | None = None
        self._nil_names = {"xsi:nil"}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) == LEVELS:
            raise UndecodableResponse(f"the answer has more than {LEVELS} levels")
        element = _Element(_local(name))
        if attributes:
            self._take(attributes, element)
        if self._open:
            self._open[-1].end_text()
        self._open.append(element)

    def _take(self, attributes: dict[str, str], element: _Element) -> None:
        self._nil_names.update(
            f"{key.removeprefix('xmlns:')}:nil"
            for key, value in attributes.items()
            if value == _INSTANCE
        )
        for key, value in attributes.items():
            if key in self._nil_names:
                element.is_nil = value.strip() in ("true", "1")
            if not element.is_nil and key != "xmlns" and not key.startswith("xmlns:"):
                element.add(_local(key), value)

    def end(self, _name: str) -> None:
        element = self._open.pop()
        if self._open:
            self._open[-1].add(element.name, element.value())
            return
        element.end_text()
        self._root = RootedObject({} if element.is_nil else element.members, element.name)

    def characters(self, text: str) -> None:
        self._open[-1].text.append(text)

    def result(self) -> RootedObject:
        assert self._root is not None  # noqa: S101 -- expat refuses a document without a root
        return self._root


def _refuse_doctype(*_: object) -> None:
    raise UndecodableResponse("the answer is not plain XML: it has a document type (DTD)")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
