"""The deviations of published documents that are settled on the tree, in their order.

A row of dialect.md that needs only the text is one function here; rows that need to know what a
``call`` leads to belong to the compiler.
"""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Final

from naftiko_runtime.dialect.authentication import auth_key, auth_spelling
from naftiko_runtime.dialect.bodies import body_type, body_without_data, raw_body, raw_format
from naftiko_runtime.dialect.exposes import (
    allowed_tools,
    empty_adapter,
    missing_port,
    unknown_adapters,
)
from naftiko_runtime.dialect.info import info_title, misplaced_description
from naftiko_runtime.dialect.names import identifier, operation_id, unnamed_resources
from naftiko_runtime.dialect.outputs import bare_output, output_type
from naftiko_runtime.dialect.parameters import (
    consumed_parameter_type,
    duplicate_parameters,
    mapped_body_input,
)
from naftiko_runtime.dialect.shape import ADAPTERS, CHILDREN, Rule, Rules

_NAMED: Final = (
    *("consumed-resource", "consumed-operation", "rest-resource", "rest-operation"),
    *("tool", "mcp-resource", "prompt", "function", "skill-entry", "skill-tool"),
)
_IN_NAMESPACE: Final = ("bind", "consumes", "aggregate", *ADAPTERS)
_WITH_ID: Final = ("consumed-operation", "rest-operation", "tool", "function")
_WITH_AUTHENTICATION: Final = ("consumes", "consumed-resource", "consumed-operation", *ADAPTERS)
_UNDESCRIBED: Final = (
    *("stakeholder", "aggregate", "semantics", "hints", "step", "mapping", "consumed-output"),
    *("output", "authentication", "body", "forward", "cors", "rest", "message", "skill-source"),
    *("control", "management", "log-settings", "scripting", "observability", "metrics"),
    *("traces", "exporters", "otlp", "local-metrics", "local-traces", "tunnel"),
)
"""Kinds whose schema has no description; consumed parameters have a rule of their own."""


def _deviations() -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {
        "document": [unknown_adapters],
        "info": [info_title],
        "parameter": [mapped_body_input, consumed_parameter_type],
        "input": [mapped_body_input],
        "authentication": [auth_spelling],
        "consumes": [unnamed_resources],
        "consumed-operation": [raw_body, body_without_data, raw_format],
        "body": [body_type],
        "output": [bare_output, output_type],
        "skill-entry": [allowed_tools],
    }
    _add(rules, _WITH_AUTHENTICATION, lambda _kind: auth_key)
    _add(rules, _WITH_ID, lambda _kind: operation_id)
    _add(rules, _NAMED, lambda kind: partial(identifier, kind, "name"))
    _add(rules, _IN_NAMESPACE, lambda kind: partial(identifier, kind, "namespace"))
    _add(rules, _with_inputs(), lambda _kind: duplicate_parameters)
    _add(rules, ADAPTERS, lambda kind: partial(missing_port, kind))
    _add(rules, ("rest", "mcp", "skill"), lambda kind: partial(empty_adapter, kind))
    _add(rules, _UNDESCRIBED, lambda kind: partial(misplaced_description, kind))
    return rules


def _add(rules: dict[str, list[Rule]], kinds: tuple[str, ...], rule: Callable[[str], Rule]) -> None:
    for kind in kinds:
        rules.setdefault(kind, []).append(rule(kind))


def _with_inputs() -> tuple[str, ...]:
    return tuple(kind for kind, children in CHILDREN.items() if "inputParameters" in children)


DEVIATIONS: Final[Rules] = MappingProxyType(_deviations())
"""Rules by kind."""
