"""Loads and compiles a folder of documents; prints what became of them and how long it took.

python benchmarks/corpus_report.py ../shared/corpus/dev [--prove] [--json FILE]

``--prove`` also calls every exposed operation and compares what it sends with what is meant, as
``tests/corpus`` does; it takes some minutes.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from naftiko_runtime.compiler.link import compile_capability, finished
from naftiko_runtime.engine.formats.extras import missing_extras
from naftiko_runtime.loading.files import DiskFiles
from naftiko_runtime.loading.load import load_document
from naftiko_runtime.options import Settings
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import McpExposure, RestExposure
from naftiko_runtime.plan.function import Function, Unavailable
from naftiko_runtime.runtime.documents import uncollected

SUPPORT = Path(__file__).parents[1] / "tests" / "support"
Timed = tuple[Capability | None, float, float]


def compiled(file: Path) -> Timed:
    """Return the plan of a document, and the CPU seconds to load and to compile it."""
    settings = Settings()
    began = time.process_time()
    loaded = load_document(str(file), settings)
    read = time.process_time()
    if loaded.document is None:
        return None, read - began, 0.0
    files = DiskFiles(settings, str(file.resolve().parent))
    plan = compile_capability(loaded.document, settings, loaded.found, files, missing_extras())
    plan = finished(plan, loaded.found, loaded.files, loaded.digest)
    return plan, read - began, time.process_time() - read


def functions(capability: Capability) -> list[Function]:
    """Return the exposed operations and tools of a plan."""
    found: list[Function] = []
    for exposure in capability.exposures:
        if isinstance(exposure, RestExposure):
            found += [route.function for route in exposure.routes]
        elif isinstance(exposure, McpExposure):
            found += [tool.function for tool in exposure.tools]
    return found


def report(files: list[Path]) -> dict[str, Any]:
    """Return counts of documents, operations and diagnostics, and CPU seconds."""
    with uncollected():
        timed = {file.stem: compiled(file) for file in files}
    plans = [plan for plan, _, _ in timed.values()]
    kept = [plan for plan in plans if plan is not None]
    documents = Counter("refused" if plan is None else "compiled" for plan in plans)
    codes: Counter[str] = Counter()
    for plan in kept:
        documents.update(f"with {each}" for each in {found.severity for found in plan.diagnostics})
        codes.update(each.code for each in plan.diagnostics)
    slowest = max(timed, key=lambda name: timed[name][1] + timed[name][2])
    loading, compiling = (sum(each[index] for each in timed.values()) for index in (1, 2))
    return {
        "documents": dict(documents),
        "operations": dict(Counter(map(_fate, _all(kept))).most_common()),
        "documentsByCode": dict(codes.most_common()),
        "cpuSeconds": {
            "load": round(loading, 2),
            "compile": round(compiling, 2),
            "all": round(loading + compiling, 2),
        },
        "slowest": {"document": slowest, "cpuSeconds": round(sum(timed[slowest][1:]), 3)},
    }


def _all(plans: list[Capability]) -> list[Function]:
    return [function for plan in plans for function in functions(plan)]


def _fate(function: Function) -> str:
    action = function.action
    return action.diagnostic.code if isinstance(action, Unavailable) else "available"


def proof(files: list[Path]) -> dict[str, Any]:
    """Return what the operations did when they were called, by adapter and in all."""
    sys.path.insert(0, str(SUPPORT))
    from asyncio import run  # noqa: PLC0415 - only the proof needs these

    from proof import examine  # noqa: PLC0415 - found by the path above

    findings = [each for file in files for each in run(examine(file))]
    verdicts = Counter((each.verdict, each.exposed.kind) for each in findings)
    totals = Counter(each.verdict for each in findings)
    for each in findings:
        if each.verdict == "mismatch":
            print(each, file=sys.stderr)
    return {
        "operations": len(findings),
        "asMeantOrExplained": round(100 * (1 - totals["mismatch"] / len(findings)), 2),
        "verdicts": {
            verdict: {"rest": verdicts[verdict, "rest"], "mcp": verdicts[verdict, "mcp"]}
            for verdict, _ in totals.most_common()
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prove", action="store_true", help="call every operation, too")
    parser.add_argument("--json", type=Path, help="write the report there, too")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.y*ml"))
    if not files:
        print(f"{arguments.folder}: no documents", file=sys.stderr)
        return 2
    found = report(files)
    if arguments.prove:
        found["proof"] = proof(files)
    text = json.dumps(found, indent=2)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
