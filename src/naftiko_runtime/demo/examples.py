"""`naftiko demo NAME`: one of the examples in front of the upstream in its folder."""

import re
import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from naftiko_runtime.compiler.listeners import merge
from naftiko_runtime.demo.run import HOST, Demo, after, free_port, serving
from naftiko_runtime.options import RuntimeOptions, Settings
from naftiko_runtime.plan.exposure import Exposure, McpExposure
from naftiko_runtime.runtime.documents import Document, capabilities, load
from naftiko_runtime.runtime.process import Process, run_process

DOCUMENT: Final = "capability.yaml"
_UPSTREAM: Final = "upstream.py"
_GUIDE: Final = "README.md"
_COMMAND: Final = re.compile(r"^\$ (curl (?:.*\\\n)*.*)", re.MULTILINE)


def example_names() -> list[str]:
    """Return what can be given to `naftiko demo`: the folders whose guides say so."""
    guides = sorted(_folder().glob(f"*/{_GUIDE}"))
    return [each.parent.name for each in guides if f"demo {each.parent.name}" in _text(each)]


def example_folder(name: str) -> Path:
    """Return the folder of an example."""
    return _folder() / name


def run_example(name: str, demo: Demo) -> None:
    """Serve an example until a signal; raises `StartError` when an address cannot be opened."""
    folder = example_folder(name)
    with _upstream(folder / _UPSTREAM) as base_uri:
        file = str(folder / DOCUMENT)
        ports = _ports(load(file, RuntimeOptions()), demo)
        options = RuntimeOptions(
            settings=Settings(base_uri=base_uri),
            host=HOST,
            ports={exposure.namespace: actual for exposure, _, actual in ports},
            log_level="WARN",
        )
        documents = (load(file, options),)
        merged = merge(capabilities(documents), options)
        guide = _guide(folder, {usual: actual for _, usual, actual in ports})
        said = after(len(merged.placed), demo.say, lambda: demo.show(guide))
        run_process(Process(documents, merged, options, demo.environ, said))


def _folder() -> Path:
    """Return where the examples are: beside this module in a wheel, in `examples/` before."""
    bundled = Path(__file__).with_name("examples")
    return bundled if bundled.is_dir() else Path(__file__).parents[3] / "examples"


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@contextmanager
def _upstream(file: Path) -> Iterator[Mapping[str, str]]:
    """Serve the upstream of an example, if it has one; yield base URIs by namespace."""
    if not file.exists():
        yield {}
        return
    with serving(runpy.run_path(str(file))["app"]) as url:
        yield {"*": url}


def _ports(document: Document, demo: Demo) -> list[tuple[Exposure, int, int]]:
    """Return each adapter with its port in the document and the one it gets."""
    exposures = [each for plan in capabilities([document]) for each in plan.exposures]
    chosen: dict[int, int] = {}
    for each in exposures:
        if each.address is not None and each.address.port not in chosen:
            asked = demo.mcp_port if isinstance(each, McpExposure) else demo.rest_port
            chosen[each.address.port] = free_port(asked, each.address.port)
    return [
        (each, each.address.port, chosen[each.address.port])
        for each in exposures
        if each.address is not None
    ]


def _guide(folder: Path, ports: Mapping[int, int]) -> str:
    """Return the commands of the example's guide, with the ports that are in use."""
    commands = _COMMAND.findall(_text(folder / _GUIDE))
    lines = "\n".join(f"  {command}" for command in commands)
    for usual, actual in ports.items():
        lines = lines.replace(f"{HOST}:{usual}", f"{HOST}:{actual}")
    return f"\nThe document: {folder / DOCUMENT}\n\nTry:\n{lines}\n\nCtrl-C stops everything."
