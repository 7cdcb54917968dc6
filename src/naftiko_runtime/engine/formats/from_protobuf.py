"""Protocol Buffers answers (language.md 7.14).

protoc, which grpcio-tools brings, turns a ``.proto`` file into descriptors, once for each version
of the file; it runs as a process of its own, because in ours it would write its complaints to
standard error. ``prepared`` does that ahead of the first answer.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from naftiko_runtime.engine.formats.schema_files import (
    base64_of,
    finite,
    shortest_single,
    stamp_of,
)
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json

_SECONDS: Final = 30.0
"""Time that protoc may take."""


def decode_protobuf(body: bytes, schema: str | None) -> Json:
    """Return a message as an object; ``schema`` is ``PATH`` or ``PATH#Message``.

    Raises ``UndecodableResponse``.
    """
    if schema is None:
        raise UndecodableResponse("a protobuf answer needs an outputSchema")
    message = prepared(schema)()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise UndecodableResponse(f"the answer is no {message.DESCRIPTOR.full_name}") from error
    if not message.IsInitialized():
        missing = ", ".join(message.FindInitializationErrors())
        raise UndecodableResponse(f"the answer lacks the required {missing}")
    return _object(message)


def prepared(schema: str) -> type[Message]:
    """Return the message class of ``PATH`` or ``PATH#Message``; raise ``UndecodableResponse``."""
    path, _, name = schema.partition("#")
    found: type[Message] | str = _message_class(path, name, stamp_of(path))
    if isinstance(found, str):
        raise UndecodableResponse(f"the schema {FilePath(path).name}: {found}")
    return found


@lru_cache(maxsize=64)
def _message_class(path: str, name: str, _stamp: tuple[int, int]) -> type[Message] | str:
    """Return a message class, or what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        output = FilePath(folder, "descriptors")
        complaint = _compiled(FilePath(path), output)
        if complaint is not None:
            return complaint
        descriptors = FileDescriptorSet.FromString(output.read_bytes())
    pool = DescriptorPool()
    for file in descriptors.file:
        pool.Add(file)
    own = descriptors.file[-1]  # protoc writes what a file imports before it
    full_name = _full_name(own, name)
    if full_name is None:
        known = ", ".join(message.name for message in own.message_type)
        return f"there is no message {name}; there are {known}" if name else "there is no message"
    try:
        message: type[Message] = GetMessageClass(pool.FindMessageTypeByName(full_name))
    except KeyError:
        return f"there is no message {name}"
    return message


def _compiled(path: FilePath, output: FilePath) -> str | None:
    """Run protoc; return its complaint."""
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{path.parent}",
        f"-I{files('grpc_tools') / '_proto'}", "--include_imports",
        f"--descriptor_set_out={output}", path.name,
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 -- our own interpreter, a file that the document names
            command, capture_output=True, check=False, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"protoc did not run: {error}"
    if done.returncode == 0:
        return None
    # other lines are notes of its libraries; a caller learns the file's name, not its folder
    lines = (line.replace(str(path), path.name) for line in done.stderr.splitlines())
    complaints = [line for line in lines if line.startswith(f"{path.name}:")]
    return "; ".join(complaints) or "protoc refuses it"


def _full_name(file: FileDescriptorProto, name: str) -> str | None:
    """Return the full name of a message by its own name, ``Outer.Inner``, or none: the first."""
    prefix = f"{file.package}." if file.package else ""
    if not name:
        return f"{prefix}{file.message_type[0].name}" if file.message_type else None
    bare = name.removeprefix(prefix)
    first = bare.partition(".")[0]
    return f"{prefix}{bare}" if any(m.name == first for m in file.message_type) else None


def _object(message: Message) -> dict[str, Json]:
    """Return a message by its fields; the parser has refused more than 100 levels."""
    descriptor: Descriptor = message.DESCRIPTOR
    return {
        field.name: _field(field, getattr(message, field.name))
        for field in descriptor.fields
        if not field.has_presence or message.HasField(field.name)
    }


def _field(field: FieldDescriptor, value: Any) -> Json:
    if not field.is_repeated:
        return _writer(field)(value)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        write = _writer(field.message_type.fields_by_name["value"])
        return {_key(key): write(member) for key, member in value.items()}
    write = _writer(field)
    return [write(element) for element in value]


def _writer(field: FieldDescriptor) -> Callable[..., Json]:
    if field.type in (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_GROUP):
        return _object
    if field.type == FieldDescriptor.TYPE_ENUM:
        names = field.enum_type.values_by_number
        return lambda number: names[number].name if number in names else number
    return _WRITERS.get(field.type, _same)


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _same(value: Json) -> Json:
    return value


_WRITERS: Final[dict[int, Callable[..., Json]]] = {
    FieldDescriptor.TYPE_BYTES: base64_of,
    FieldDescriptor.TYPE_DOUBLE: finite,
    FieldDescriptor.TYPE_FLOAT: shortest_single,
}
