"""Serves capability documents over REST, MCP, Agent Skills and a control port.

The public names are imported when they are first asked for: ``naftiko --help`` needs none of them.
"""

from importlib import import_module
from typing import Any, Final

__version__ = "0.1.0"

_HOMES: Final = {
    "DocumentError": "errors",
    "InvocationError": "errors",
    "NaftikoError": "errors",
    "RuntimeOptions": "options",
    "Settings": "options",
    "StartError": "errors",
    "compile_capability": "compiler.link",
    "load_document": "loading.load",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - texts all, of one table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
