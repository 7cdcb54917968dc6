"""schemathesis against what is served, driven by the OpenAPI that is served with it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from live_process import live
from openapi_stand_in import serving_app, stand_in
from processes import ROOT, serving

from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.sample import fill
from naftiko_runtime.demo.studio import Studio

pytestmark = pytest.mark.real
SUITE = ROOT / ".cache" / "suites" / "bin" / "schemathesis"
TUTORIAL = ROOT / ".." / "shared" / "reference" / "tutorial-alpha2"
CHECKS = (
    "no_server_error_of_ours",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "missing_required_header",
    "ignored_auth",
)
STRICT = ("negative_data_rejection", "positive_data_acceptance")
"""Only where all rules are in the document: an upstream has rules of its own."""
FORMS = """
naftiko: 1.0.0-alpha2
info: {label: Forms, description: Every place and type of input}
capability:
  exposes:
    - type: rest
      port: 8080
      namespace: forms
      inputParameters: [{name: X-Trace, in: header, type: string, pattern: "^[a-z]{2,8}$"}]
      resources:
        - name: thing
          path: "/things/{id}.{format}"
          inputParameters: [{name: id, in: path, type: integer, minimum: 1}, {name: format, in: path, type: string, enum: [json, txt]}]
          operations:
            - name: get-thing
              method: GET
              inputParameters:
                - {name: deep, in: query, type: boolean}
                - {name: limit, in: query, type: number, maximum: 10, required: true}
              outputParameters: [{type: object, properties: {id: {type: integer, value: "{{id}}"}, kind: {type: string, value: thing}}}]
            - name: make-thing
              method: POST
              inputParameters:
                - {name: title, in: body, type: string, required: true}
                - {name: tags, in: body, type: array, items: {type: string}, required: true}
              outputParameters: [{type: object, properties: {title: {type: string, value: "{{title}}"}}}]
"""


def schemathesis(url: str, folder: Path, *more: str) -> str:
    """Run the suite against a listener; return what it says, which must be no failure."""
    command = [
        *(str(SUITE), "run", f"{url}/openapi.json", "--seed", "20261124"),
        *("--max-examples", "30", "--checks", ",".join([*CHECKS, *more]), "--continue-on-failure"),
        *("--workers", "2", "--suppress-health-check", "all", "--warnings", "off"),
    ]
    environ = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "NO_PROXY": "*",
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        "PYTHONPATH": str(ROOT / "tests" / "real"),
    }
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


def generated(said: str) -> int:
    """Return how many requests the suite made."""
    return int(re.search(r"([\d,]+) generated", said)[1].replace(",", ""))


def test_the_seed_in_front_of_the_stand_in(tmp_path: Path) -> None:
    studio = Studio()
    fill(studio)
    environ = {"LABEL_STUDIO_API_KEY": "Token any"}
    with (
        serving_app(label_studio(studio, Tokens("any"))) as upstream,
        serving(upstream, environ=environ) as runtime,
    ):
        said = schemathesis(runtime.rest, tmp_path)
    assert generated(said) > 200


def test_the_last_step_of_the_tutorial(tmp_path: Path) -> None:
    if not TUTORIAL.is_dir():
        pytest.skip("the tutorial is not beside the project")
    (document,) = TUTORIAL.glob("step-11-*.yml")
    names = ("maritime-registry", "legacy-dockyard")
    files = [TUTORIAL / "openapi" / f"naftiko-shipyard-{name}-api.yaml" for name in names]
    with stand_in(files[0]) as registry, stand_in(files[1]) as legacy:
        upstreams = {"registry": registry.url, "legacy": legacy.url}
        adapters = document.read_text(encoding="utf-8").count("\n    - type: ")
        with live(document, adapters=adapters, upstreams=upstreams) as served:
            url = next(
                each for each in served.urls.values() if not each.endswith(("/mcp", "/skills"))
            )
            said = schemathesis(url, tmp_path)
    assert generated(said) > 20


def test_every_place_and_type_of_input(tmp_path: Path) -> None:
    document = tmp_path / "forms.yml"
    document.write_text(FORMS)
    with live(document, adapters=1) as served:
        said = schemathesis(served.urls["forms"], tmp_path, *STRICT)
    assert generated(said) > 100
