"""Log lines (OBS-7, OBS-8) and levels (CTL-8)."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.levels import log_level, log_levels, set_log_level
from naftiko_runtime.observability.logs import install_logs
from naftiko_runtime.observability.recorder import Recorder
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.observability.spans import Tracer
from naftiko_runtime.observability.telemetry import Endpoint, Message

LOG = logging.getLogger("naftiko_runtime.engine.tested")
SCOPE = {"method": "GET", "path": "/v1/x", "headers": [], "scheme": "http"}


@pytest.fixture(autouse=True)
def _levels_come_back() -> Iterator[None]:
    CURRENT.set(None)
    loggers = [logging.getLogger()] + [
        logger
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    ]
    before = [(logger, logger.level) for logger in loggers]
    yield
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.setLevel(logging.NOTSET)
    for logger, level in before:
        logger.setLevel(level)


class Output:
    """What was written; one secret is known."""

    def __init__(self, output: Literal["text", "json"], level: str = "INFO") -> None:
        self.stream = io.StringIO()
        redactor = Redactor()
        redactor.learn("s3cret-token")
        self.undo = install_logs(redactor, level, output, self.stream)

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


def test_a_json_line_is_one_object_with_its_fields_at_the_end() -> None:
    output = Output("json")
    LOG.warning("slow %s", "answer", extra={"fields": {"status": 200, "seconds": 1.5}})
    (line,) = output.objects()
    output.undo()
    assert list(line) == ["timestamp", "level", "logger", "message", "status", "seconds"]
    assert line["timestamp"].endswith("Z")
    assert len(line["timestamp"]) == len("2026-11-24T10:00:00.123Z")
    assert (line["level"], line["logger"], line["message"]) == (
        "WARN",
        "naftiko_runtime.engine.tested",
        "slow answer",
    )


def test_a_line_knows_the_request_and_the_trace_it_was_written_in() -> None:
    output = Output("json")
    recorder = Recorder(Instruments(tracer=Tracer()))
    arrival = recorder.arrived(SCOPE, "my-request")
    LOG.info("inside")
    arrival.ended(200)
    LOG.info("outside")
    inside, access, outside = output.objects()
    output.undo()
    assert inside["request_id"] == access["request_id"] == "my-request"
    assert inside["trace_id"] == access["trace_id"]
    assert len(inside["span_id"]) == 16
    assert "request_id" not in outside


def served(output: Output, route: str) -> list[str]:
    """Return the lines of two requests, one with a call inside, without their times."""
    recorder = Recorder(Instruments())
    endpoint = Endpoint("rest", "shop", f"{route} GET", route)
    arrival = recorder.arrived(SCOPE, "my-request")
    arrival.matched(endpoint)
    arrival.ended(200, None, 0, 809)
    posted = recorder.arrived({**SCOPE, "method": "POST"}, "s3cret-token")
    tool = Endpoint("mcp", "shop-tools", "find orders")
    recorder.called(tool, Message("tools/call", "find orders")).ended("invalid-input")
    posted.ended(200, None, 120, 64)
    output.undo()
    return [re.sub(r"\S*\d{4}-\S+Z|duration_ms\W+[\d.]+", "", line) for line in output.lines()]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_access_lines_are_the_same_with_other_readers_of_the_log_and_without(
    kind: Literal["text", "json"], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_records = served(Output(kind), "/a b")
    monkeypatch.setattr(logging.root, "handlers", [])
    assert served(Output(kind), "/a b") == as_records
    assert len(as_records) == 2
    assert "s3cret" not in "".join(as_records)
    assert "***" in as_records[1]


def test_a_text_line_is_for_people() -> None:
    output = Output("text")
    LOG.error("failed", extra={"fields": {"route": "/a b", "status": 502, "empty": ""}})
    (line,) = output.lines()
    output.undo()
    assert line.partition(" ")[2] == (
        'ERROR naftiko_runtime.engine.tested failed route="/a b" status=502 empty=""'
    )


@pytest.mark.parametrize("kind", ["text", "json"])
def test_an_exception_is_logged_with_its_traceback_and_without_secrets(
    kind: Literal["text", "json"],
) -> None:
    output = Output(kind)
    try:
        int("s3cret-token")
    except ValueError:
        LOG.exception("bug with s3cret-token")
    text = output.stream.getvalue()
    output.undo()
    assert "ValueError: invalid literal for int() with base 10: '***'" in text
    assert "Traceback" in text
    assert "s3cret" not in text


def test_what_libraries_log_is_scrubbed_and_their_chatter_left_out() -> None:
    output = Output("text")
    logging.getLogger("somelib").info("uses s3cret-token")
    logging.getLogger("httpx").info("HTTP Request")
    logging.getLogger("uvicorn.error").warning("odd")
    output.undo()
    assert [line.split(" ", 1)[1] for line in output.lines()] == [
        "INFO  somelib uses ***",
        "WARN  uvicorn.error odd",
    ]


@pytest.mark.parametrize(
    ("level", "written"),
    [("TRACE", 4), ("debug", 4), ("Info", 3), ("WARN", 2), ("error", 1), ("OFF", 0)],
)
def test_a_level_lets_through_what_is_at_or_above_it(level: str, written: int) -> None:
    output = Output("text", level)
    LOG.debug("d")
    LOG.info("i")
    LOG.warning("w")
    LOG.error("e")
    output.undo()
    assert len(output.lines()) == written


def test_after_undoing_nothing_is_written() -> None:
    output = Output("text")
    output.undo()
    LOG.error("late")
    assert output.lines() == []


def test_levels_are_listed_for_the_root_and_our_loggers() -> None:
    output = Output("text", "WARN")
    loggers = log_levels()["loggers"]
    output.undo()
    assert loggers["ROOT"] == {"configuredLevel": "WARN", "effectiveLevel": "WARN"}
    assert loggers[LOG.name] == {"configuredLevel": None, "effectiveLevel": "WARN"}
    assert all(
        name == "ROOT" or name.startswith("naftiko_runtime") or shown["configuredLevel"]
        for name, shown in loggers.items()
    )


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("TRACE", "DEBUG"),
        ("debug", "DEBUG"),
        ("Info", "INFO"),
        ("WARN", "WARN"),
        ("ERROR", "ERROR"),
        ("OFF", "OFF"),
    ],
)
def test_a_level_is_set_in_any_case(wanted: str, shown: str) -> None:
    assert set_log_level(LOG.name, wanted) == {"configuredLevel": shown, "effectiveLevel": shown}


def test_null_lets_a_logger_inherit_again() -> None:
    set_log_level("naftiko_runtime", "ERROR")
    set_log_level(LOG.name, "DEBUG")
    assert set_log_level(LOG.name, None) == {"configuredLevel": None, "effectiveLevel": "ERROR"}


def test_an_unknown_level_changes_nothing() -> None:
    set_log_level(LOG.name, "ERROR")
    with pytest.raises(ValueError, match=r"'LOUD' is not one of TRACE, DEBUG, INFO"):
        set_log_level(LOG.name, "LOUD")
    assert log_level(LOG.name)["configuredLevel"] == "ERROR"


def test_the_root_has_a_name_of_its_own() -> None:
    set_log_level("ROOT", "ERROR")
    assert logging.getLogger().level == logging.ERROR


def test_a_secret_that_looks_like_a_number_or_a_word_of_json_leaves_json_whole() -> None:
    stream, redactor = io.StringIO(), Redactor()
    for secret in ("8080", "true", "null", 'say "hi"'):
        redactor.learn(secret)
    undo = install_logs(redactor, "INFO", "json", stream)
    fields = {"port": 8080, "ok": True, "no": None, "text": 'say "hi" to 8080', "list": ["true"]}
    LOG.info("port 8080", extra={"fields": fields})
    undo()
    line = json.loads(stream.getvalue())
    assert (line["message"], line["port"], line["ok"], line["no"]) == ("port ***", 8080, True, None)
    assert (line["text"], line["list"]) == ("*** to ***", ["***"])
