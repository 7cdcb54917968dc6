"""The control adapter as written (exposes.md 6 and OBS-1)."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from naftiko_runtime.spec.exposes_rest import Adapter
from naftiko_runtime.spec.model import Flag, Number, SpecModel, Text, Texts, Whole


class LogSettings(SpecModel):
    """Which log routes are on."""

    level_control: Flag = Field(True, alias="level-control")  # noqa: FBT003
    stream: Flag = False
    max_subscribers: Whole = Field(5, alias="max-subscribers")


def _form(value: Any) -> str:
    return "(settings)" if isinstance(value, dict | LogSettings) else "(switch)"


Logs: TypeAlias = Annotated[
    Annotated[Flag, Tag("(switch)")] | Annotated[LogSettings, Tag("(settings)")],
    Discriminator(_form),
]


class ScriptingSettings(SpecModel):
    """Governance of script steps (exposes.md CTL-11)."""

    enabled: Flag | None = None
    default_location: Text | None = None
    default_language: Text | None = None
    timeout: Whole | None = None
    statement_limit: Whole | None = None
    allowed_languages: Texts | None = None


class Management(SpecModel):
    """The switches of the control routes."""

    health: Flag = True
    info: Flag = False
    reload: Flag = False
    validate_: Flag = Field(False, alias="validate")  # noqa: FBT003
    logs: Logs = False
    scripting: ScriptingSettings | None = None


class LocalMetrics(SpecModel):
    """Metrics on the control port."""

    enabled: Flag = True


class Metrics(SpecModel):
    """Where metrics go."""

    local: LocalMetrics = LocalMetrics()


class LocalTraces(SpecModel):
    """The ring of finished traces on the control port."""

    enabled: Flag = True
    buffer_size: Whole = Field(100, alias="buffer-size")


class Traces(SpecModel):
    """How traces are made."""

    sampling: Number = 1.0
    propagation: Text = "w3c"
    local: LocalTraces = LocalTraces()


class Otlp(SpecModel):
    """An OTLP receiver."""

    endpoint: Text


class Exporters(SpecModel):
    """Where telemetry is sent."""

    otlp: Otlp | None = None


class Observability(SpecModel):
    """Telemetry settings of the runtime."""

    enabled: Flag = True
    metrics: Metrics = Metrics()
    traces: Traces = Traces()
    exporters: Exporters | None = None


class ControlAdapter(Adapter):
    """The operator's port."""

    type: Literal["control"]
    management: Management = Management()
    observability: Observability = Observability()
