"""What the chart, the unit and the pages pass to the command line is what it takes."""

import argparse
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from naftiko_runtime.cli import serve
from naftiko_runtime.cli.options import runtime_options
from naftiko_runtime.cli.parser import Parser, environment_name

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "naftiko-runtime"
UNIT = ROOT / "deploy" / "systemd" / "naftiko.service"
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@pytest.fixture
def parser() -> Parser:
    parser = Parser("naftiko serve", "")
    serve.configure(parser)
    return parser


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def template(name: str = "deployment.yaml") -> str:
    return (CHART / "templates" / name).read_text(encoding="utf-8")


def words(options: dict[str, Any]) -> Iterator[str]:
    """Return the words that the chart makes of ``options``."""
    for option, value in options.items():
        if value is not False:
            each = value if isinstance(value, list) else [value]
            yield from (f"--{option}" if one is True else f"--{option}={one}" for one in each)


def shown_values() -> Iterator[Any]:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for text in re.findall(r"```yaml\n(# values-.*?)```", page, re.DOTALL):
        yield yaml.safe_load(text)


def parsed(parser: Parser, line: list[str]) -> argparse.Namespace:
    return parser.understood(line, {})


def test_the_options_of_the_chart_are_options_of_serve(
    parser: Parser, values: dict[str, Any]
) -> None:
    for each in (values, *shown_values()):
        runtime_options(parsed(parser, [*words(each["options"]), *values["extraArgs"]]))


def test_every_option_written_in_a_template_exists(parser: Parser) -> None:
    written = set(re.findall(r'"(--[a-z-]+)=', template()))
    assert written == {"--control"}
    assert written <= set(parser.option_names)


def test_every_variable_that_the_chart_sets_is_one_of_an_option(parser: Parser) -> None:
    written = set(re.findall(r"NAFTIKO_[A-Z_]+", template()))
    known = {environment_name(name) for name in parser.option_names if name.startswith("--")}
    # the comment on service links names NAFTIKO_PORT, an option as well
    assert written == {"NAFTIKO_DEFAULT_HOST", "NAFTIKO_SET", "NAFTIKO_PORT"}
    assert written <= known


def test_values_are_those_of_the_schema(values: dict[str, Any]) -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    checker = jsonschema.Draft7Validator(schema)
    for each in (values, *shown_values()):
        checker.validate(each)
    assert not checker.is_valid(values | {"replica": 2})
    assert not checker.is_valid(values | {"adapters": [{"name": "rest", "port": 0}]})


def test_every_value_is_used_and_every_use_has_a_value(values: dict[str, Any]) -> None:
    files = (CHART / "templates").iterdir()
    used = set(re.findall(r"\.Values\.(\w+)", "".join(f.read_text("utf-8") for f in files)))
    assert used == values.keys()


def test_nobody_has_to_trust_the_pod(values: dict[str, Any]) -> None:
    pod, container = values["podSecurityContext"], values["securityContext"]
    assert pod["runAsNonRoot"]
    assert pod["runAsUser"] > 0
    assert container["readOnlyRootFilesystem"]
    assert not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert "automountServiceAccountToken: false" in template()


def test_the_version_of_the_chart_is_that_of_the_package() -> None:
    from naftiko_runtime import __version__  # noqa: PLC0415 - beside what it is compared with

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_the_probes_of_the_page_are_those_of_the_chart() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for probe in PROBES:
        path = re.search(rf"{probe}: {{httpGet: {{path: (\S+),", page)[1]
        assert re.search(rf"{probe}:\n +httpGet: {{path: {path}, port: control}}", template())


def test_the_unit_starts_what_the_command_line_takes(parser: Parser) -> None:
    unit = UNIT.read_text(encoding="utf-8")
    command = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1])
    assert command[1] == "serve"
    arguments = parsed(parser, command[2:])
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1])
    assert stop >= runtime_options(arguments).limits.drain + 5


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_knows_every_line_of_the_unit(tmp_path: Path) -> None:
    # the program is not installed where tests run
    program = shutil.which("true")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/naftiko/bin/naftiko", program), "utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert unit.name not in verified.stderr
    assert verified.returncode == 0, verified.stderr
