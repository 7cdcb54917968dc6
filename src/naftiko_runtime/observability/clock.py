"""Points in time as text."""

from datetime import UTC, datetime
from functools import lru_cache


def timestamp(nanoseconds: int) -> str:
    """Return RFC 3339 UTC with milliseconds."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_to_the_second(seconds)}.{rest // 1_000_000:03d}Z"


@lru_cache(maxsize=16)
def _to_the_second(seconds: int) -> str:
    """Return the part that all log lines of one second share: it costs most of a line."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
