"""Loading as a whole: one run, one list, never an exception for a document's faults."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naftiko_runtime.errors import StartError
from naftiko_runtime.loading.load import load_document
from naftiko_runtime.options import Settings
from naftiko_runtime.tree import plain


def test_a_document_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("naftiko: 1.0.0-alpha2\ncapability: {exposes: [{type: control, port: 9191}]}\n")
    loaded = load_document(str(path), Settings())
    assert loaded.document is not None
    assert loaded.document.folder == str(tmp_path)
    assert loaded.document.version == "1.0.0-alpha2"
    assert loaded.files == (str(path),)
    assert loaded.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.found.merged() == ()


@pytest.mark.parametrize("name", ["none.yml", "."])
def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartError, match=str(tmp_path / name)):
        load_document(str(tmp_path / name), Settings())


def test_a_refused_document_still_says_everything_else() -> None:
    text = """
naftiko: 1.0.0-alpha2
info: {title: A, title: B}
capability:
  personas: []
  exposes: [{type: rest, namespace: a, port: 0, resources: [{path: /, operations: 5}]}]
"""
    loaded = load_document("a.yml", Settings(), text=text.encode())
    assert loaded.document is None
    assert [diagnostic.code for diagnostic in loaded.found.merged()] == [
        "document/duplicate-key",
        "dialect/unknown-key",
        "dialect/info-title",
        "adapter/bad-port",
        "document/wrong-kind",
    ]


WORDS = st.sampled_from(
    [
        *("naftiko", "ikanos", "info", "label", "display", "title", "capability", "consumes"),
        *("exposes", "binds", "aggregates", "keys", "namespace", "type", "rest", "mcp", "skill"),
        *("control", "resources", "operations", "tools", "steps", "call", "with", "items"),
        *("outputParameters", "inputParameters", "properties", "mapping", "value", "name", "in"),
        *("authentication", "headers", "header", "body", "data", "port", "from", "import", "as"),
        *("location", "externalRefs", "flows", "functions", "(place)", "(broken)", "a", ""),
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS, st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=40,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(WORDS, TREES, max_size=8))
def test_any_tree_loads_or_is_refused_with_reasons(tree: dict[str, object]) -> None:
    text = json.dumps({"naftiko": "1.0.0-alpha2", **tree}).encode()
    loaded = load_document("a.yml", Settings(), text=text)
    assert (loaded.document is None) == loaded.found.refused
    for diagnostic in loaded.found.merged():
        assert diagnostic.text()
        assert diagnostic.place.line == 1
    plain(loaded.tree)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_load_or_are_refused_with_reasons(content: bytes) -> None:
    loaded = load_document("a.yml", Settings(), text=content)
    assert (loaded.document is None) == loaded.found.refused


YAML = st.lists(
    st.sampled_from(["a", "b: ", "- ", "\n", "  ", "[", "]", "{", "}", ",", ": ", "? ", "&x ", "*x",
                     "!!int ", "'", '"', "|", ">", "\t", "#", "---\n", "%", "1", "~", "<<: ", "é"]),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(YAML)
def test_anything_like_yaml_loads_or_is_refused_with_reasons(text: str) -> None:
    loaded = load_document("a.yml", Settings(), text=f"naftiko: 1\nexposes: {text}".encode())
    assert (loaded.document is None) == loaded.found.refused
