"""Log lines reach their stream in order, a turn of the loop at a time, and none is lost."""

import asyncio
import io
import logging
import threading
from collections.abc import Iterator

import pytest

from naftiko_runtime.observability.logs import TextLines
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.observability.stream import LineHandler


class Stream(io.StringIO):
    """A stream that counts what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


class Plain(TextLines):
    """Lines that are the messages."""

    def __init__(self) -> None:
        super().__init__(Redactor())

    def line(self, record: logging.LogRecord) -> str:
        return record.getMessage()


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def log(stream: Stream) -> Iterator[logging.Logger]:
    logger = logging.Logger("lines", logging.INFO)  # noqa: LOG001 - one for each test, for itself
    handler = LineHandler(stream, Plain())
    logger.addHandler(handler)
    yield logger
    handler.close()


def test_a_line_outside_a_loop_is_written_at_once(log: logging.Logger, stream: Stream) -> None:
    log.info("one")
    assert stream.getvalue() == "one\n"


@pytest.mark.anyio
async def test_lines_of_one_turn_are_one_write(log: logging.Logger, stream: Stream) -> None:
    log.info("one")
    log.info("two")
    assert stream.getvalue() == ""
    await asyncio.sleep(0)
    assert stream.getvalue() == "one\ntwo\n"
    assert stream.writes == 1


@pytest.mark.anyio
async def test_every_turn_is_written(log: logging.Logger, stream: Stream) -> None:
    for word in ("one", "two"):
        log.info(word)
        await asyncio.sleep(0)
    assert stream.getvalue() == "one\ntwo\n"


@pytest.mark.anyio
async def test_a_warning_is_written_at_once_behind_what_waits(
    log: logging.Logger, stream: Stream
) -> None:
    log.info("one")
    log.warning("two")
    assert stream.getvalue() == "one\ntwo\n"


def test_lines_that_wait_when_the_loop_ends_are_not_lost(
    log: logging.Logger, stream: Stream
) -> None:
    async def last() -> None:
        log.info("one")

    asyncio.run(last())
    asyncio.run(last())
    log.handlers[0].close()
    assert stream.getvalue() == "one\none\n"


class Talkative(Stream):
    """A stream whose first write makes the log say something, as a finalizer may."""

    log: logging.Logger

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.writes == 1:
            self.log.warning("within")
        return written


def test_a_line_that_comes_of_writing_lines_is_written() -> None:
    stream = Talkative()
    stream.log = logging.Logger("lines", logging.INFO)  # noqa: LOG001 - for this test alone
    stream.log.addHandler(LineHandler(stream, Plain()))
    writing = threading.Thread(target=stream.log.info, args=("one",), daemon=True)
    writing.start()
    writing.join(5)
    assert stream.getvalue() == "one\nwithin\n"


def test_a_closed_stream_disturbs_nobody(log: logging.Logger, stream: Stream) -> None:
    stream.close()
    log.info("one")
