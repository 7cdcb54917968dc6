"""The executor: the only way to reach an upstream."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from naftiko_runtime.engine.result import NOBODY, Caller, Result, Want
from naftiko_runtime.plan.function import Function


def invoke(
    function: Function,
    inputs: Mapping[str, Any],
    engine: Any,
    want: Want = Want.VALUE,
    caller: Caller = NOBODY,
) -> AbstractAsyncContextManager[Result]:
    """Run a function; ``inputs`` are checked values by ``Input.name`` (``engine.inputs``).

    Yields ``Relayed`` (open until the context is left) or ``Value``; raises ``InvocationError``.
    """
    raise NotImplementedError
