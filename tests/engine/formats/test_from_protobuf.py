"""language.md 7.14."""

import os
import struct
from contextlib import suppress
from pathlib import Path as FilePath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.decode import decode
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.plan.upstream import ResponseFormat
from naftiko_runtime.values import Json

pytest.importorskip("google.protobuf", reason="the extra protobuf is not installed")
pytest.importorskip("grpc_tools", reason="the extra protobuf is not installed")

from naftiko_runtime.engine.formats import from_protobuf

SHIPS = """
syntax = "proto3";
package fleet.v1;
import "google/protobuf/timestamp.proto";
message Ship {
  string imo = 1;
  int64 big = 2;
  uint32 small = 3;
  bool active = 4;
  Flag flag = 5;
  bytes raw = 6;
  float single = 7;
  double weight = 8;
  repeated int32 numbers = 9;
  map<string, int64> counts = 10;
  map<bool, Port> ports = 11;
  Port home = 12;
  optional string nick = 13;
  oneof kind { string cargo = 14; Port tug = 15; }
  google.protobuf.Timestamp built = 16;
  repeated Port visited = 17;
  Ship sister = 18;
  message Port { string name_of = 1; }
  enum Flag { NONE = 0; NORWAY = 1; }
}
message Other { string a = 1; }
"""
DEFAULTS: dict[str, Json] = {
    "imo": "",
    "big": 0,
    "small": 0,
    "active": False,
    "flag": "NONE",
    "raw": "",
    "single": 0.0,
    "weight": 0.0,
    "numbers": [],
    "counts": {},
    "ports": {},
    "visited": [],
}


@pytest.fixture(scope="module")
def ships(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("proto") / "ships.proto"
    path.write_text(SHIPS)
    return str(path)


def test_unset_fields_have_defaults_and_unset_messages_are_left_out(ships: str) -> None:
    assert from_protobuf.decode_protobuf(b"", ships) == DEFAULTS
    assert decode(b"\x0a\x017", None, ResponseFormat("protobuf", ships)) == DEFAULTS | {"imo": "7"}


@pytest.mark.parametrize(
    ("hexadecimal", "members"),
    [
        ("0a 01 37", {"imo": "7"}),
        ("10 ff ff ff ff ff ff ff ff 7f", {"big": 2**63 - 1}),
        ("10 ff ff ff ff ff ff ff ff ff 01", {"big": -1}),
        ("18 ff ff ff ff 0f 20 01", {"small": 2**32 - 1, "active": True}),
        ("28 01", {"flag": "NORWAY"}),
        ("28 09", {"flag": 9}),
        ("32 02 00 ff", {"raw": "AP8="}),
        ("3d cd cc cc 3d", {"single": 0.1}),
        ("41 00 00 00 00 00 00 f8 3f", {"weight": 1.5}),
        ("4a 02 01 02 48 03", {"numbers": [1, 2, 3]}),
        ("52 05 0a 01 61 10 05", {"counts": {"a": 5}}),
        ("5a 07 08 01 12 03 0a 01 4f", {"ports": {"true": {"name_of": "O"}}}),
        ("62 00", {"home": {"name_of": ""}}),
        ("6a 00", {"nick": ""}),
        ("72 01 78", {"cargo": "x"}),
        ("72 01 78 7a 00", {"tug": {"name_of": ""}}),
        ("82 01 02 08 05", {"built": {"seconds": 5, "nanos": 0}}),
        ("8a 01 00 8a 01 03 0a 01 42", {"visited": [{"name_of": ""}, {"name_of": "B"}]}),
        ("92 01 03 0a 01 39", {"sister": DEFAULTS | {"imo": "9"}}),
        ("fa 07 01 78", {}),
    ],
)
def test_each_field_has_its_json(ships: str, hexadecimal: str, members: Json) -> None:
    body = bytes.fromhex(hexadecimal)
    assert from_protobuf.decode_protobuf(body, ships) == DEFAULTS | members


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("#Other", {"a": "7"}),
        ("#fleet.v1.Other", {"a": "7"}),
        ("#Ship.Port", {"name_of": "7"}),
        ("#Ship", DEFAULTS | {"imo": "7"}),
        ("#", DEFAULTS | {"imo": "7"}),
    ],
)
def test_a_message_is_named_behind_the_path(ships: str, name: str, value: Json) -> None:
    assert from_protobuf.decode_protobuf(b"\x0a\x017", f"{ships}{name}") == value


@pytest.mark.parametrize("name", ["Nothing", "Ship.Nothing", "Ship.Flag", "google.protobuf.Any"])
def test_a_message_that_is_not_there_is_named(ships: str, name: str) -> None:
    with pytest.raises(UndecodableResponse, match=rf"ships\.proto: there is no message {name}"):
        from_protobuf.decode_protobuf(b"", f"{ships}#{name}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('syntax = "proto3";\nmessage {', r"x\.proto:2:9: Expected message name"),
        ('syntax = "proto3";\nimport "/etc/passwd";', r"x\.proto"),
        ('syntax = "proto3";\nimport "../y.proto";', r"x\.proto"),
        ('syntax = "proto3";', "there is no message"),
        ('syntax = "proto3";\nmessage A { B b = 1; }', '"B" is not defined'),
    ],
)
def test_a_schema_that_is_none_says_where(tmp_path: FilePath, text: str, reason: str) -> None:
    path = tmp_path / "x.proto"
    path.write_text(text)
    with pytest.raises(UndecodableResponse, match=reason) as raised:
        from_protobuf.decode_protobuf(b"", str(path))
    assert str(tmp_path) not in raised.value.detail


def test_a_schema_that_is_missing_is_named_without_its_folder(tmp_path: FilePath) -> None:
    with pytest.raises(UndecodableResponse, match=r"^the schema x\.proto cannot be read"):
        from_protobuf.decode_protobuf(b"", str(tmp_path / "x.proto"))
    with pytest.raises(UndecodableResponse, match="needs an outputSchema"):
        from_protobuf.decode_protobuf(b"", None)


def test_protoc_has_a_limit_of_time(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_protobuf, "_SECONDS", 0)
    path = tmp_path / "slow.proto"
    path.write_text(SHIPS)
    with pytest.raises(UndecodableResponse, match=r"slow\.proto: protoc did not run"):
        from_protobuf.decode_protobuf(b"", str(path))


def test_a_schema_may_import_files_beside_it(tmp_path: FilePath) -> None:
    (tmp_path / "a.proto").write_text('syntax = "proto3"; message A { string a = 1; }')
    path = tmp_path / "b.proto"
    path.write_text('syntax = "proto3"; import "a.proto"; message B { A b = 1; }')
    body = bytes.fromhex("0a 03 0a 01 37")
    assert from_protobuf.decode_protobuf(body, str(path)) == {"b": {"a": "7"}}


def test_a_schema_is_compiled_again_only_when_its_file_changed(tmp_path: FilePath) -> None:
    path = tmp_path / "x.proto"
    path.write_text('syntax = "proto3"; message A { string a = 1; }')
    assert from_protobuf.prepared(str(path)) is from_protobuf.prepared(str(path))
    assert from_protobuf.decode_protobuf(b"\x0a\x017", str(path)) == {"a": "7"}
    path.write_text('syntax = "proto3"; message A { string b = 1; }')
    os.utime(path, ns=(1, 1))
    assert from_protobuf.decode_protobuf(b"\x0a\x017", str(path)) == {"b": "7"}


def test_proto2_has_defaults_and_required_fields(tmp_path: FilePath) -> None:
    path = tmp_path / "x.proto"
    path.write_text(
        'syntax = "proto2"; message A { required string a = 1; optional int32 b = 2 [default = 5];'
        " optional group G = 3 { optional bool c = 4; } repeated int32 d = 5; }"
    )
    read = from_protobuf.decode_protobuf
    assert read(b"\x0a\x017", str(path)) == {"a": "7", "d": []}
    body = bytes.fromhex("0a 01 37 10 00 1b 20 01 1c")
    assert read(body, str(path)) == {"a": "7", "b": 0, "g": {"c": True}, "d": []}
    with pytest.raises(UndecodableResponse, match="lacks the required a"):
        read(b"\x10\x00", str(path))


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05ab", b"\x0a\x01\xff", b"\x04"])
def test_bytes_that_are_no_message_are_undecodable(ships: str, body: bytes) -> None:
    with pytest.raises(UndecodableResponse, match=r"the answer is no fleet\.v1\.Ship"):
        from_protobuf.decode_protobuf(body, ships)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_hold_is_undecodable(ships: str, number: float) -> None:
    for body in (b"\x3d" + struct.pack("<f", number), b"\x41" + struct.pack("<d", number)):
        with pytest.raises(UndecodableResponse, match="no JSON"):
            from_protobuf.decode_protobuf(body, ships)


def test_deep_messages_are_refused(ships: str) -> None:
    body = b""
    for _ in range(300):
        size = len(body)
        length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
        body = b"\x92\x01" + length + body
    with pytest.raises(UndecodableResponse):
        from_protobuf.decode_protobuf(body, ships)


REFERENCE = FilePath(__file__).parents[4] / "shared/reference/fixtures-alpha2/schemas"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's schemas are not here")
def test_the_example_of_the_specification() -> None:
    body = bytes.fromhex("0a 09 0a 01 31 12 01 41 1a 01 64")
    assert from_protobuf.decode_protobuf(body, str(REFERENCE / "test-records.proto")) == {
        "records": [{"id": "1", "title": "A", "description": "d"}]
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(ships: str, body: bytes) -> None:
    with suppress(UndecodableResponse):
        assert isinstance(from_protobuf.decode_protobuf(body, ships), dict)
