"""What an invocation yields, and what it can be given besides JSON inputs."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from naftiko_runtime.engine.exchange import Inbound, decoded
from naftiko_runtime.plan.upstream import ConsumedOperation
from naftiko_runtime.values import Absent, Json


class Want(Enum):
    """What the caller of ``invoke`` can use."""

    BODY = auto()
    """Bytes when nothing is reshaped (REST)."""
    VALUE = auto()
    """Always a decoded value (MCP, skill, steps)."""


class IncomingBody(Protocol):
    """The caller's request body over REST; may stand in an input's place (``Input.raw``)."""

    @property
    def content_type(self) -> str | None: ...

    @property
    def length(self) -> int | None:
        """The decoded length in bytes when it is known beforehand."""
        ...

    @property
    def parsed(self) -> Json | Absent:
        """Its JSON value when the adapter has read it as such; then it is checked."""
        ...

    async def read(self) -> bytes:
        """Return the whole decoded body; raise ``BodyTooLarge`` over the limit."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the decoded body; can be consumed once."""
        ...


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary answer as a value (language.md 7.17)."""

    content_type: str
    data: bytes
    filename: str | None = None

    def described(self) -> dict[str, Json]:
        """Return the object of ``structuredContent``."""
        members: dict[str, Json] = {"contentType": self.content_type, "size": len(self.data)}
        if self.filename is not None:
            members["filename"] = self.filename
        return members


@dataclass(slots=True)
class Relayed:
    """An upstream's answer passed on, still open.

    ``failed`` is true for a status of 400 or more, or a redirect that was not followed. Nobody
    changes one; it is not frozen, because a frozen one takes three times as long to make.
    """

    answer: Inbound
    failed: bool
    operation: ConsumedOperation | None
    step: str | None = None
    media_type: str | None = None
    """Replaces the upstream's Content-Type when given."""

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All headers, names in lower case."""
        return self.answer.headers

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as sent."""
        return self.answer.chunks()


@dataclass(slots=True)
class Value:
    """A decoded, shaped answer; ``fields`` are the upstream's headers for language.md 7.2.

    ``value`` is JSON or ``Binary``; ``empty`` means an answer without a body (204, 205, 304).
    Nobody changes one, as with ``Relayed``.
    """

    status: int
    fields: Sequence[tuple[bytes, bytes]]
    value: "Json | Binary"
    empty: bool = False
    operation: ConsumedOperation | None = None
    text: bool = False
    """The value was a text body of the upstream, not JSON (language.md 7.5, 7.16)."""

    @property
    def content_type(self) -> str:
        """The upstream's Content-Type, empty when there is none."""
        values = (value for name, value in self.fields if name.lower() == b"content-type")
        return decoded(next(values, b""))


Result = Relayed | Value


@dataclass(frozen=True, slots=True)
class Caller:
    """What an adapter passes along besides the inputs.

    ``conditional`` are the caller's conditional and range headers (exposes.md REST-13);
    ``trace`` the headers that carry the trace context; ``progress`` is called with
    (done, total or None, message); ``log`` with (level, members).
    """

    conditional: tuple[tuple[str, str], ...] = ()
    trace: tuple[tuple[str, str], ...] = ()
    progress: Callable[[float, float | None, str | None], None] | None = None
    log: Callable[[str, Mapping[str, Json]], None] | None = None
    head: bool = False
    """HEAD: the body of the answer is not wanted (exposes.md REST-5)."""


NOBODY = Caller()

FORWARDED: Final = "forwarded"
"""The name under which the inputs of a ``Forward`` function hold their ``ForwardRequest``."""


@dataclass(frozen=True, slots=True)
class ForwardRequest:
    """The parts of a caller's request that ``forward`` passes on (exposes.md REST-14).

    ``headers`` have been chosen by the rules of REST-14, names in lower case; ``query`` is as the
    caller wrote it, without ``?``. It is the input ``FORWARDED`` of such a function.
    """

    method: str
    rest_of_path: str | None
    """Undecoded."""
    query: str
    headers: tuple[tuple[str, str], ...]
    body: IncomingBody | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
