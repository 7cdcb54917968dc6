"""What schemathesis loads: our own reading of "no server error"."""

import schemathesis
from hypothesis.internal import lambda_sources

# early Pythons 3.11 fail to parse some sources, which are read for a mere description
lambda_sources.lambda_description = lambda _: "lambda: ..."


@schemathesis.check
def no_server_error_of_ours(ctx, response, case) -> None:  # noqa: ANN001 - the suite's own types
    """Fail on a 5xx that the runtime made itself: an upstream's own is passed on and marked."""
    if response.status_code >= 500 and "x-upstream-status" not in response.headers:
        raise AssertionError(f"HTTP {response.status_code} of the runtime")
