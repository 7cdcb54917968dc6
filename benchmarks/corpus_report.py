"""Loads and compiles a folder of documents; prints what became of them and how long it took.

python benchmarks/corpus_report.py ../shared/corpus/dev [--json FILE]
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import McpExposure, RestExposure
from naftiko_runtime.plan.function import Function, Unavailable
from naftiko_runtime.runtime.documents import load


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
    documents: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    slowest = (0.0, "")
    options = RuntimeOptions()
    began = time.process_time()
    for file in files:
        before = time.process_time()
        document = load(str(file), options)
        slowest = max(slowest, (time.process_time() - before, file.stem))
        severities = {each.severity for each in document.diagnostics}
        codes.update(each.code for each in document.diagnostics)
        documents["refused" if document.capability is None else "compiled"] += 1
        documents.update(f"with {severity}" for severity in severities)
        for function in functions(document.capability) if document.capability else ():
            action = function.action
            gone = action.diagnostic.code if isinstance(action, Unavailable) else "available"
            operations[gone] += 1
    return {
        "documents": dict(documents),
        "operations": dict(operations.most_common()),
        "documentsByCode": dict(codes.most_common()),
        "cpuSeconds": round(time.process_time() - began, 2),
        "slowest": {"document": slowest[1], "cpuSeconds": round(slowest[0], 3)},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="write the report there, too")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.y*ml"))
    if not files:
        print(f"{arguments.folder}: no documents", file=sys.stderr)
        return 2
    found = report(files)
    text = json.dumps(found, indent=2)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
