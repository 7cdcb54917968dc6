"""Large values become small enough (exposes.md MCP-22)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.adapters.mcp.cutting import cut_text, cut_value
from naftiko_runtime.values import compact


def size(value: Any) -> int:
    return len(compact(value).encode())


def cut(value: Any, limit: int) -> Any:
    return cut_value(value, size(value), limit)


def test_a_text_is_cut_at_a_character() -> None:
    found = cut_text("aé" * 10, 5)
    assert (found.text, found.note, found.meta) == ("aéa", "[cut: 4 of 30 bytes]", {"bytes": 30})


def test_the_largest_array_loses_items_from_its_end() -> None:
    value = {"a": [1, 2, 3], "results": [{"n": n} for n in range(100)]}
    found = cut(value, 100)
    kept = len(found.value["results"])
    assert found.value == {"a": [1, 2, 3], "results": value["results"][:kept]}
    assert size(found.value) <= 100 < size({**found.value, "results": value["results"][: kept + 1]})
    assert found.meta == {"path": "$.results", "kept": kept, "of": 100, "bytes": size(value)}
    assert found.text == compact(found.value)


def test_an_array_inside_a_single_large_item_is_the_one_to_cut() -> None:
    value = [{"rows": list(range(1000)), "of": "me"}]
    found = cut(value, 200)
    assert found.value[0]["of"] == "me"
    assert found.meta["path"] == "$[0].rows"
    assert 0 < found.meta["kept"] < 1000


def test_two_large_arrays_are_cut_one_after_the_other() -> None:
    value = {"a": list(range(1000)), "b": list(range(900))}
    found = cut(value, 300)
    assert size(found.value) <= 300
    assert found.meta["path"] == "$.a"


def test_long_texts_are_cut_when_there_is_no_array() -> None:
    found = cut({"a": "x" * 5000, "b": "y"}, 2000)
    assert found.value == {"a": "x" * 1000 + "…", "b": "y"}
    assert found.note.startswith("[cut: texts have at most 1000 characters; ")
    assert found.meta == {"bytes": 5016}


def test_a_value_that_cannot_be_reduced_is_cut_as_a_text() -> None:
    found = cut({f"k{n}": n for n in range(1000)}, 100)
    assert found.value == {}
    assert len(found.text) == 100


@pytest.mark.parametrize(
    ("name", "path"), [("a b", '$["a b"]'), ("", '$[""]'), ("ä", '$["ä"]'), ("a_1", "$.a_1")]
)
def test_paths_are_json_paths(name: str, path: str) -> None:
    assert cut({name: list(range(100))}, 50).meta["path"] == path


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2000),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=40,
)


@given(json_values, st.integers(min_value=50, max_value=3000))
def test_the_text_never_exceeds_the_limit(value: Any, limit: int) -> None:
    if size(value) > limit:
        found = cut(value, limit)
        assert len(found.text.encode()) <= limit
        assert found.meta["bytes"] == size(value)
