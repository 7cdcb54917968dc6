"""The chart, rendered by Helm, is what Kubernetes takes and what the runtime takes."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from naftiko_runtime.cli import serve
from naftiko_runtime.cli.options import runtime_options
from naftiko_runtime.cli.parser import Parser

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed, nor go"),
]

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "naftiko-runtime"
VERSIONS = ("1.30", "1.33", "1.35")
EVERYTHING = {
    "image": {"repository": "registry.example/naftiko", "tag": "1"},
    "imagePullSecrets": [{"name": "pull"}],
    "capabilities": {"files": {"shop.yaml": "naftiko: 1.0.0-alpha2\n"}, "configMaps": ["more"]},
    "adapters": [{"name": "rest", "port": 8080, "servicePort": 80}, {"name": "mcp", "port": 9090}],
    "service": {"type": "LoadBalancer", "annotations": {"a.example/b": "c"}},
    "secrets": ["tokens"],
    "env": [{"name": "REGION", "value": "north"}],
    "secretFolders": [{"secret": "files", "path": "/secrets/files"}],
    "options": {
        "drain": 30,
        "strict": True,
        "no-docs": False,
        "max-body": 33554432,
        "trusted-proxy": ["10.0.0.0/8", "192.168.0.0/16"],
    },
    "settings": {
        "timeout.shop": 3,
        "authentication.shop": {"type": "bearer", "token": "{{T}}"},
        "baseUri.shop": "https://shop.example",
    },
    "extraArgs": ["--mount=namespace"],
    "autoscaling": {"enabled": True, "maxReplicas": 5},
    "networkPolicy": {"from": [{"podSelector": {}}], "controlFrom": [{"namespaceSelector": {}}]},
    "podAnnotations": {"a.example/b": "c"},
    "podLabels": {"team": "shop"},
    "priorityClassName": "high",
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
}


def rendered(values: dict[str, Any], folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the manifests of a release by kind and name; strict about what the chart asks."""
    file = folder / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    made = subprocess.run(
        ["helm", "template", "shop", str(CHART), "--values", str(file), "--kube-version", "1.33.0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    manifests = [each for each in yaml.safe_load_all(made.stdout) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in manifests}


def container(manifests: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    deployment = manifests["Deployment", "shop-naftiko-runtime"]
    return deployment["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_kubernetes_takes_every_manifest(
    values: dict[str, Any], version: str, tmp_path: Path
) -> None:
    manifests = rendered(values, tmp_path)
    kinds = {kind for kind, _ in manifests}
    assert kinds >= {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}
    assert ("HorizontalPodAutoscaler" in kinds) == ("ConfigMap" in kinds) == bool(values)
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_runtime_takes_the_command_and_the_variables(tmp_path: Path) -> None:
    made = container(rendered(EVERYTHING, tmp_path))
    parser = Parser("naftiko serve", "")
    serve.configure(parser)
    environ = {each["name"]: each["value"] for each in made["env"]}
    options = runtime_options(parser.understood(made["args"][1:], environ))
    assert options.limits.body == 33554432
    assert options.limits.drain == 30
    assert options.strict
    assert options.docs
    assert options.mount == "namespace"
    assert options.trusted_proxies == ("10.0.0.0/8", "192.168.0.0/16")
    assert options.control == ("0.0.0.0", 9191)  # noqa: S104 - within the pod
    assert options.settings.base_uri == {"shop": "https://shop.example"}
    assert options.settings.authentication == {"shop": {"type": "bearer", "token": "{{T}}"}}
    assert options.settings.timeout == {"shop": 3.0}
    assert options.settings.bind_roots == ("/secrets/files",)


def test_a_pod_has_time_to_leave(tmp_path: Path) -> None:
    manifests = rendered({"stopDelay": 7, "options": {"drain": 30}}, tmp_path)
    pod = manifests["Deployment", "shop-naftiko-runtime"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 7 + 30 + 10


def test_a_document_reaches_the_folder_as_it_was_written(tmp_path: Path) -> None:
    text = (
        "# a comment\nnaftiko: 1.0.0-alpha2\ninfo:\n  label: 'a: b'\n  description: \"{{ x }}\"\n"
    )
    manifests = rendered({"capabilities": {"files": {"shop.yaml": text}}}, tmp_path)
    assert manifests["ConfigMap", "shop-naftiko-runtime"]["data"] == {"shop.yaml": text}


def test_helm_has_nothing_to_say_about_the_chart() -> None:
    linted = subprocess.run(
        ["helm", "lint", "--strict", "--quiet", str(CHART)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert linted.returncode == 0, linted.stdout


def test_a_value_that_the_chart_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="replica"):
        rendered({"replica": 3}, tmp_path)
