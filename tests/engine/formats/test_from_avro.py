"""language.md 7.13."""

import io
import json
import os
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path as FilePath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats import from_avro
from naftiko_runtime.engine.formats.decode import decode
from naftiko_runtime.errors import InvocationError, ResponseTooLarge, UndecodableResponse
from naftiko_runtime.plan.upstream import ResponseFormat
from naftiko_runtime.values import Json

fastavro = pytest.importorskip("fastavro", reason="the extra avro is not installed")

SHIPS = {
    "type": "record",
    "name": "Ships",
    "fields": [
        {
            "name": "ships",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Ship",
                    "fields": [
                        {"name": "imo", "type": "string"},
                        {"name": "flag", "type": ["null", "string"]},
                    ],
                },
            },
        }
    ],
}
NODE = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "next", "type": ["null", "Node"]}],
}


def schema_file(folder: FilePath, schema: Json) -> str:
    path = folder / "schema.avsc"
    path.write_text(json.dumps(schema))
    return str(path)


def bare(schema: Json, value: Json) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), value)
    return stream.getvalue()


def container(schema: Json, records: list[Json], codec: str = "null") -> bytes:
    stream = io.BytesIO()
    fastavro.writer(stream, fastavro.parse_schema(schema), records, codec=codec)
    return stream.getvalue()


def test_a_bare_record_is_an_object(tmp_path: FilePath) -> None:
    body = bytes.fromhex("04 02 37 02 02 4e 02 38 00 00")
    assert from_avro.decode_avro(body, schema_file(tmp_path, SHIPS)) == {
        "ships": [{"imo": "7", "flag": "N"}, {"imo": "8", "flag": None}]
    }


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_container_is_an_array_of_records_by_its_own_schema(codec: str) -> None:
    records = [{"ships": [{"imo": str(n), "flag": None}]} for n in range(3000)]
    assert from_avro.decode_avro(container(SHIPS, records, codec), None) == records


def test_a_format_of_avro_reads_both(tmp_path: FilePath) -> None:
    response = ResponseFormat("avro", schema_file(tmp_path, SHIPS))
    assert decode(b"\x00", None, response) == {"ships": []}
    assert decode(container("int", [1, 2]), None, response) == [1, 2]


def test_a_container_without_records_is_an_empty_array() -> None:
    assert from_avro.decode_avro(container(SHIPS, []), None) == []


VALUES: list[tuple[Json, Json, Json]] = [
    ("bytes", b"\x00\xff", "AP8="),
    ({"type": "fixed", "name": "F", "size": 2}, b"ab", "YWI="),
    ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
    (["null", "int"], None, None),
    (["null", "int"], 5, 5),
    ("long", 2**62, 2**62),
    ("double", 1.5, 1.5),
    ("boolean", True, True),
    ({"type": "map", "values": "int"}, {"x": 1}, {"x": 1}),
    ({"type": "int", "logicalType": "date"}, date(2026, 1, 2), "2026-01-02"),
    ({"type": "int", "logicalType": "time-millis"}, time(3, 4, 5), "03:04:05"),
    ({"type": "long", "logicalType": "timestamp-millis"},
     datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
    ({"type": "long", "logicalType": "local-timestamp-micros"},
     datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),  # noqa: DTZ001 -- has no zone
    ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
     Decimal("12.50"), "12.50"),
    ({"type": "string", "logicalType": "uuid"},
     UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "read"), VALUES)
def test_each_type_has_its_json(tmp_path: FilePath, kind: Json, written: Json, read: Json) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "v", "type": kind}]}
    path = schema_file(tmp_path, schema)
    assert from_avro.decode_avro(bare(schema, {"v": written}), path) == {"v": read}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_hold_is_undecodable(tmp_path: FilePath, number: float) -> None:
    with pytest.raises(UndecodableResponse, match="no JSON"):
        from_avro.decode_avro(bare("double", number), schema_file(tmp_path, "double"))


@pytest.mark.parametrize("body", [b"\x02", b"\x02\x02\x31", bytes.fromhex("00ff"), b"\x01"])
def test_what_is_not_of_the_schema_is_undecodable(tmp_path: FilePath, body: bytes) -> None:
    with pytest.raises(UndecodableResponse, match="Avro"):
        from_avro.decode_avro(body, schema_file(tmp_path, SHIPS))


def test_a_list_of_records_can_be_followed(tmp_path: FilePath) -> None:
    path = schema_file(tmp_path, NODE)
    assert from_avro.decode_avro(b"\x02\x02\x00", path) == {"next": {"next": {"next": None}}}


@pytest.mark.parametrize("levels", [300, 1_000_000])
def test_deep_records_are_refused_and_do_not_end_the_process(
    tmp_path: FilePath, levels: int
) -> None:
    with pytest.raises(UndecodableResponse):
        from_avro.decode_avro(b"\x02" * levels + b"\x00", schema_file(tmp_path, NODE))


def test_a_schema_may_be_deeper_than_an_answer(tmp_path: FilePath) -> None:
    schema: Json = "int"
    for _ in range(201):
        schema = {"type": "array", "items": schema}
    path = schema_file(tmp_path, schema)
    assert from_avro.decode_avro(b"\x00", path) == []
    with pytest.raises(UndecodableResponse, match="more than 200 levels"):
        from_avro.decode_avro(b"\x02" * 200 + b"\x00" * 201, path)


EMPTY = {"type": "record", "name": "Empty", "fields": [{"name": "n", "type": "null"}]}


@pytest.mark.parametrize(
    "schema",
    [
        "null",
        {"type": "array", "items": "null"},
        {"type": "array", "items": EMPTY},
        {"type": "map", "values": {"type": "array", "items": "null"}},
        ["int", {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}],
        {"type": "record", "name": "R",
         "fields": [{"name": "a", "type": EMPTY}, {"name": "b", "type": "Empty"}]},
    ],
)  # fmt: skip
def test_values_without_bytes_are_refused_where_they_can_be_many(
    tmp_path: FilePath, schema: Json
) -> None:
    with pytest.raises(UndecodableResponse, match="no bytes"):
        from_avro.decode_avro(b"\xfe\xff\xff\xff\xff\xff\x0f", schema_file(tmp_path, schema))


@pytest.mark.parametrize("text", ["", "{", '"nonsense"', '{"type":"record"}', "[" * 5000])
def test_a_schema_that_is_none_is_named(tmp_path: FilePath, text: str) -> None:
    path = tmp_path / "ships.avsc"
    path.write_text(text)
    with pytest.raises(UndecodableResponse, match=r"the schema ships\.avsc is not Avro"):
        from_avro.decode_avro(b"x", str(path))


def test_a_schema_that_is_no_text_is_named(tmp_path: FilePath) -> None:
    path = tmp_path / "x.avsc"
    path.write_bytes(b"\xff")
    with pytest.raises(UndecodableResponse, match=r"x\.avsc cannot be read: it is not UTF-8"):
        from_avro.decode_avro(b"x", str(path))


def test_a_schema_that_is_missing_is_named_without_its_folder(tmp_path: FilePath) -> None:
    with pytest.raises(UndecodableResponse, match=r"^the schema x\.avsc cannot be read: No such"):
        from_avro.decode_avro(b"x", str(tmp_path / "x.avsc"))
    with pytest.raises(UndecodableResponse, match="needs an outputSchema"):
        from_avro.decode_avro(b"x", None)


def test_a_schema_is_parsed_again_only_when_its_file_changed(tmp_path: FilePath) -> None:
    path = schema_file(tmp_path, "int")
    assert from_avro.decode_avro(b"\x02", path) == 1
    assert from_avro.loaded_schema(path) is from_avro.loaded_schema(path)
    schema_file(tmp_path, "string")
    os.utime(path, ns=(1, 1))
    assert from_avro.decode_avro(b"\x02a", path) == "a"


def test_damaged_containers_are_undecodable() -> None:
    body = container(SHIPS, [{"ships": []}])
    for damaged in (body[:-1], body[:30], b"Obj\x01", body[:-1] + bytes([body[-1] ^ 1])):
        with pytest.raises(UndecodableResponse):
            from_avro.decode_avro(damaged, None)


def framed(schema: bytes, codec: bytes, block: bytes, count: int = 1) -> bytes:
    header = io.BytesIO()
    fastavro.schemaless_writer(
        header,
        fastavro.parse_schema({"type": "map", "values": "bytes"}),
        {"avro.schema": schema, "avro.codec": codec},
    )
    size = bare("long", count) + bare("long", len(block))
    return b"Obj\x01" + header.getvalue() + b"s" * 16 + size + block + b"s" * 16


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (framed(b'"bytes"', b"snappy", b""), "snappy"),
        (framed(b'"bytes"', b"deflate", b"\xff"), "not deflate"),
        (framed(b'"bytes"', b"deflate", b"zz"), "not all of its deflate"),
        (framed(b"nonsense", b"null", b""), "schema is not Avro"),
        (framed(b'"int"', b"null", b"\x02\x02"), "bytes behind"),
        (framed(b'"int"', b"null", b"\x02", count=-1), "negative"),
        (framed(b'"null"', b"null", b"", count=2**60), "no bytes"),
    ],
)
def test_containers_that_cannot_be_read_say_why(body: bytes, reason: str) -> None:
    with pytest.raises(UndecodableResponse, match=reason):
        from_avro.decode_avro(body, None)


def test_a_container_does_not_unpack_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_avro, "_UNPACKED", 1000)
    body = container("bytes", [b"\x00" * 100_000], "deflate")
    assert len(body) < 1000
    with pytest.raises(ResponseTooLarge):
        from_avro.decode_avro(body, None)


REFERENCE = FilePath(__file__).parents[4] / "shared/reference/fixtures-alpha2/schemas"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's schemas are not here")
def test_the_example_of_the_specification() -> None:
    body = bytes.fromhex("02 02 31 02 41 00 00")
    assert from_avro.decode_avro(body, str(REFERENCE / "test-records.avsc")) == {
        "records": [{"id": "1", "title": "A", "description": None}]
    }


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [
        schema_file(tmp_path_factory.mktemp("avro"), schema) for schema in (SHIPS, NODE, "bytes")
    ]


@given(st.binary(max_size=40), st.integers(0, 2))
def test_any_bytes_are_a_value_or_refused(schemas: list[str], body: bytes, index: int) -> None:
    with suppress(InvocationError):
        from_avro.decode_avro(body, schemas[index])
        from_avro.decode_avro(b"Obj\x01" + body, None)
