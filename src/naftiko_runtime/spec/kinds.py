"""The model of each kind of map in a document, and the keys that it knows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from naftiko_runtime.spec.authentication import Authentication, NamedValue
from naftiko_runtime.spec.consumes import (
    Body,
    ConsumedOperation,
    ConsumedResource,
    Consumes,
    Output,
    Parameter,
    Tunnel,
)
from naftiko_runtime.spec.control import (
    ControlAdapter,
    Exporters,
    LocalMetrics,
    LocalTraces,
    LogSettings,
    Management,
    Metrics,
    Observability,
    Otlp,
    ScriptingSettings,
    Traces,
)
from naftiko_runtime.spec.document import Bind, Document, Info, Library, Stakeholder
from naftiko_runtime.spec.exposes_mcp import (
    McpAdapter,
    McpPrompt,
    McpResource,
    McpTool,
    PromptMessage,
)
from naftiko_runtime.spec.exposes_rest import (
    Cors,
    ResponseBinary,
    RestAdapter,
    RestForward,
    RestOperation,
    RestResource,
)
from naftiko_runtime.spec.exposes_skill import Skill, SkillAdapter, SkillSource, SkillTool
from naftiko_runtime.spec.functions import (
    Aggregate,
    AggregateFunction,
    Hints,
    Semantics,
    Step,
    StepMapping,
)
from naftiko_runtime.spec.model import SpecModel

MODELS: Final[Mapping[str, type[SpecModel]]] = MappingProxyType(
    {
        "document": Document,
        "library": Library,
        "info": Info,
        "stakeholder": Stakeholder,
        "bind": Bind,
        "consumes": Consumes,
        "consumed-resource": ConsumedResource,
        "consumed-operation": ConsumedOperation,
        "consumed-output": Output,
        "parameter": Parameter,
        "input": Parameter,
        "output": Output,
        "authentication": Authentication,
        "named-value": NamedValue,
        "body": Body,
        "tunnel": Tunnel,
        "aggregate": Aggregate,
        "function": AggregateFunction,
        "step": Step,
        "mapping": StepMapping,
        "semantics": Semantics,
        "hints": Hints,
        "rest": RestAdapter,
        "rest-resource": RestResource,
        "rest-operation": RestOperation,
        "response-binary": ResponseBinary,
        "forward": RestForward,
        "cors": Cors,
        "mcp": McpAdapter,
        "tool": McpTool,
        "mcp-resource": McpResource,
        "prompt": McpPrompt,
        "message": PromptMessage,
        "skill": SkillAdapter,
        "skill-entry": Skill,
        "skill-tool": SkillTool,
        "skill-source": SkillSource,
        "control": ControlAdapter,
        "management": Management,
        "log-settings": LogSettings,
        "scripting": ScriptingSettings,
        "observability": Observability,
        "metrics": Metrics,
        "local-metrics": LocalMetrics,
        "traces": Traces,
        "local-traces": LocalTraces,
        "exporters": Exporters,
        "otlp": Otlp,
    }
)


def known_keys(kind: str | None) -> tuple[str, ...]:
    """Return the keys of a kind of map as documents write them; none of a kind without model."""
    model = MODELS.get(kind) if kind is not None else None
    if model is None:
        return ()
    aliases = (field.alias for field in model.model_fields.values())
    return tuple(alias for alias in aliases if alias and not alias.startswith("("))
