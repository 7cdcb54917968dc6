"""Reloads a served folder again and again under load, and counts what fails and what grows.

``benchmarks/soak.py --reloads 1000``: good files are changed, added and removed, bad ones dropped
in, while callers read over REST and MCP. Nothing may fail, and memory, tasks, threads and
descriptors have to stay as they were. Everything is bounded by ``--seconds``; addresses are those
of the loopback.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from servers import children, free_port

_DRAIN: Final = 2
_READY_SECONDS: Final = 60.0
_SETTLE_SECONDS: Final = 20.0
_WARM: Final = 10
"""One of so many reloads is for warming up: what grows is measured from there."""

SHOP: Final = """\
naftiko: 1.0.0-alpha2
info: {{label: Shop, description: Version {version}}}
capability:
  consumes:
  - type: http
    namespace: items-api
    description: Items
    baseUri: http://127.0.0.1:{upstream}
    resources:
    - name: item
      path: "/items/{{{{id}}}}"
      operations: [{{name: get, method: GET, inputParameters: [{{name: id, in: path}}]}}]
  exposes:
  - type: rest
    port: {rest}
    namespace: {name}
    resources:
    - name: item
      path: "/{name}/items/{{{{id}}}}"
      operations:
      - name: get
        method: GET
        inputParameters: [{{name: id, in: path}}]
        call: items-api.get
        with: {{id: "{{{{id}}}}"}}
    - name: version
      path: /{name}/version
      operations:
      - name: version
        method: GET
        outputParameters: [{{name: version, type: string, value: "{version}"}}]
  - type: mcp
    port: {mcp}
    namespace: {name}-tools
    description: Items
    tools:
    - name: get-{name}
      description: Return one item of version {version}
      inputParameters: [{{name: id, type: string, description: Number, required: true}}]
      call: items-api.get
      with: {{id: "{{{{id}}}}"}}
"""
CONTROL: Final = """\
naftiko: 1.0.0-alpha2
info: {{label: Control, description: The control port}}
capability:
  exposes:
  - {{type: control, port: {control}, management: {{health: true, info: true, reload: true}}}}
"""
BAD: Final = "naftiko: 1.0.0-alpha2\ninfo: [this is\n  not: a document\n"


@dataclass(frozen=True)
class Size:
    """What the process holds while nobody calls: MB, and numbers of things."""

    memory: float
    objects: int
    tasks: int
    threads: int
    descriptors: int


@dataclass
class Tally:
    """What happened so far."""

    requests: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    reloads: Counter[str] = field(default_factory=Counter)

    def failed(self, what: str) -> None:
        self.failures.append(what)


@dataclass(frozen=True)
class Ports:
    upstream: int
    rest: int
    mcp: int
    control: int


@dataclass(frozen=True)
class Soak:
    """One run: where everything is, and how changes are told to the runtime."""

    folder: Path
    ports: Ports
    how: str
    client: httpx.AsyncClient
    process: asyncio.subprocess.Process
    tally: Tally = field(default_factory=Tally)
    calling: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, name: str, text: str) -> None:
        """Put a file in place at once, as careful programs do."""
        hidden = self.folder / f".{name}.new"
        hidden.write_text(text, encoding="utf-8")
        hidden.replace(self.folder / f"{name}.yaml")

    def shop(self, name: str, version: int) -> str:
        return SHOP.format(name=name, version=version, **asdict(self.ports))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.ports.rest}{path}"


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection with its path, after a moment."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = json.dumps({"path": head.split(b" ", 2)[1].decode()}).encode()
            await asyncio.sleep(0.005)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
    writer.close()


async def call_rest(soak: Soak, number: int) -> str:
    answer = await soak.client.get(soak.url(f"/shop/items/{number}"))
    return "" if answer.json() == {"path": f"/items/{number}"} else f"REST {answer.status_code}"


async def call_mcp(soak: Soak, number: int) -> str:
    params = {"name": "get-shop", "arguments": {"id": str(number)}}
    answer = await soak.client.post(
        f"http://127.0.0.1:{soak.ports.mcp}/mcp",
        json={"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params},
        headers={"Accept": "application/json", "MCP-Protocol-Version": "2025-11-25"},
    )
    result = answer.json().get("result", {})
    good = result.get("structuredContent") == {"path": f"/items/{number}"}
    return "" if good else f"MCP {answer.status_code}: {answer.text[:200]}"


async def caller(soak: Soak, number: int) -> None:
    """Call until cancelled; every answer other than the right one is a failure."""
    kind, call = (("MCP", call_mcp), ("REST", call_rest))[number % 4 > 0]
    while True:
        await soak.calling.wait()
        try:
            fault = await call(soak, number)
        except (httpx.HTTPError, ValueError) as exc:
            fault = f"{kind} {type(exc).__name__}: {exc}"
        soak.tally.requests[kind] += 1
        if fault:
            soak.tally.failed(fault)


def change(soak: Soak, number: int) -> str:
    """Change the folder for the n-th time and return what reloading it should come to."""
    match number % 4:
        case 0:
            soak.write("shop", soak.shop("shop", number))
            return "applied"
        case 1:
            soak.write("extra", BAD)
            return "rejected"
        case 2:
            soak.write("extra", soak.shop("extra", number))
            return "applied"
        case _:
            (soak.folder / "extra.yaml").unlink()
            return "applied"


async def reload_once(soak: Soak, number: int) -> None:
    """Change the folder, tell the runtime, and look at what is served then."""
    expected = change(soak, number)
    if soak.how == "control":
        answer = await soak.client.post(
            f"http://127.0.0.1:{soak.ports.control}/config/reload",
            headers={"Content-Type": "application/json"},
        )
        got = str(answer.json().get("status"))
        if got != expected:
            soak.tally.failed(f"reload {number}: {got} instead of {expected}: {answer.text[:300]}")
        await expect(soak, number, patience=0)
    else:
        if soak.how == "signal":
            soak.process.send_signal(signal.SIGHUP)
        await expect(soak, number, patience=10)
    soak.tally.reloads[expected] += 1


async def expect(soak: Soak, number: int, patience: float) -> None:
    """Wait until the folder as it is now is what is served."""
    wanted = {
        0: ("/shop/version", 200, str(number)),
        1: ("/shop/version", 200, str(number - 1)),
        2: ("/extra/version", 200, str(number)),
        3: ("/extra/version", 404, None),
    }[number % 4]
    until = time.monotonic() + patience
    while True:
        answer = await soak.client.get(soak.url(wanted[0]))
        seen = (wanted[0], answer.status_code, answer.json().get("version"))
        if seen == wanted and (number % 4 != 1 or await rejected(soak)):
            return
        if time.monotonic() >= until:
            soak.tally.failed(f"reload {number}: {seen} instead of {wanted}")
            return
        await asyncio.sleep(0.02)


async def rejected(soak: Soak) -> bool:
    """Tell whether the bad file is known to be bad, and the process ready all the same."""
    url = f"http://127.0.0.1:{soak.ports.control}/health/ready"
    answer = await soak.client.get(url)
    return answer.status_code == httpx.codes.OK and "extra.yaml" in answer.text


async def size(soak: Soak) -> Size:
    """Return what the runtime holds while nobody calls it."""
    await asyncio.sleep(1)
    pid = soak.process.pid
    objects = tasks = 0
    if soak.process.stdin is not None and soak.process.stdout is not None:
        soak.process.stdin.write(b"count\n")
        line = await asyncio.wait_for(soak.process.stdout.readline(), 10)
        objects, tasks = map(int, line.split())
    pids = [pid, *children(pid)]
    statuses = [_status(each) for each in pids]
    return Size(
        memory=sum(_number(text, "VmRSS") for text in statuses) / 1024,
        objects=objects,
        tasks=tasks,
        threads=sum(_number(text, "Threads") for text in statuses),
        descriptors=sum(_descriptors(each) for each in pids),
    )


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text(encoding="ascii")


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _number(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


async def settled(soak: Soak, before: Size | None = None) -> Size:
    """Return the size once old versions are gone: they may stay for the drain time."""
    soak.calling.clear()
    until = time.monotonic() + _SETTLE_SECONDS
    await asyncio.sleep(_DRAIN)
    found = await size(soak)
    while before and grown(before, found) and time.monotonic() < until:
        found = await size(soak)
    soak.calling.set()
    return found


def grown(before: Size, after: Size) -> list[str]:
    """Name what there is more of: connections that callers keep open may differ by a few."""
    found = []
    for name, slack in (("objects", 500), ("tasks", 4), ("threads", 2), ("descriptors", 4)):
        old, new = getattr(before, name), getattr(after, name)
        if new > old + slack:
            found.append(f"{name}: {old} to {new}")
    if after.memory > before.memory * 1.1 + 4:
        found.append(f"memory: {before.memory:.1f} to {after.memory:.1f} MB")
    return found


@contextlib.asynccontextmanager
async def serving(folder: Path, options: argparse.Namespace, port: int) -> AsyncIterator[Soak]:
    """Serve a folder with one good document in it until the block ends."""
    ports = Ports(port, free_port(), free_port(), free_port())
    (folder / "control.yaml").write_text(CONTROL.format(control=ports.control), encoding="utf-8")
    (folder / "shop.yaml").write_text(
        SHOP.format(name="shop", version=0, **asdict(ports)), encoding="utf-8"
    )
    words = ["serve", str(folder), "--drain", str(_DRAIN), "--log-level", "error"]
    words += ["--watch" if options.how == "watch" else "--no-watch"]
    words += ["--workers", str(options.workers)] if options.workers > 1 else []
    # the pipes are for counting objects and tasks, which only the process itself can see
    pipe = asyncio.subprocess.PIPE if options.workers == 1 else asyncio.subprocess.DEVNULL
    log = folder.parent / "log"
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, "--child", *words), stdin=pipe, stdout=pipe, stderr=said
        )
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                soak = Soak(folder, ports, options.how, client, process)
                await ready(soak)
                yield soak
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), 30)


async def ready(soak: Soak) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and soak.process.returncode is None:
        with contextlib.suppress(httpx.TransportError):
            url = f"http://127.0.0.1:{soak.ports.control}/health/ready"
            if (await soak.client.get(url)).status_code == httpx.codes.OK:
                return
        await asyncio.sleep(0.05)
    raise RuntimeError((soak.folder.parent / "log").read_text(encoding="utf-8")[-2000:])


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run all of it and return the report."""
    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "capabilities"
        folder.mkdir()
        async with (
            server,
            serving(folder, options, port) as soak,
            asyncio.TaskGroup() as group,
        ):
            callers = [group.create_task(caller(soak, n)) for n in range(options.callers)]
            soak.calling.set()
            before, after = await reloads(soak, options, began)
            for each in callers:
                each.cancel()
        log = (Path(temporary) / "log").read_text(encoding="utf-8")
    tally = soak.tally
    return {
        "how": options.how,
        "seconds": round(time.monotonic() - began, 1),
        "reloads": dict(tally.reloads),
        "requests": dict(tally.requests),
        "failures": len(tally.failures),
        "first failures": tally.failures[:10],
        "before": asdict(before),
        "after": asdict(after),
        "grown": grown(before, after),
        "exit code": soak.process.returncode,
        "log": log[-3000:],
    }


async def reloads(soak: Soak, options: argparse.Namespace, began: float) -> tuple[Size, Size]:
    """Reload until the number or the time is over; return sizes when warm and at the end."""
    warm = max(4, options.reloads // _WARM // 4 * 4)
    before = None
    for number in range(4, options.reloads + 4):
        await reload_once(soak, number)
        done = number - 3
        if done == warm:
            before = await settled(soak)
        elif done % 500 == 0:
            progress(done, await settled(soak))
        if time.monotonic() - began > options.seconds and number % 4 == 3:
            break
    if before is None:
        raise SystemExit("soak: the time was over before anything could be compared")
    return before, await settled(soak, before)


def progress(done: int, now: Size) -> None:
    print(f"{done} reloads: {now}", file=sys.stderr, flush=True)


def child(words: list[str]) -> int:
    """Run ``naftiko``; for each line on standard input print numbers of objects and tasks."""
    from naftiko_runtime.cli.main import main  # noqa: PLC0415 - the parent does without

    loops: list[asyncio.AbstractEventLoop] = []

    class Seen(asyncio.Runner):
        def run(self, *arguments: Any, **named: Any) -> Any:
            loops.append(self.get_loop())
            return super().run(*arguments, **named)

    def answer() -> None:
        for _ in sys.stdin:
            gc.collect()
            print(len(gc.get_objects()), len(asyncio.all_tasks(loops[0])), flush=True)

    asyncio.Runner = Seen  # type: ignore[misc]
    threading.Thread(target=answer, daemon=True).start()
    return main(words)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600, help="stop then, at the latest")
    parser.add_argument("--how", choices=("control", "signal", "watch"), default="control")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2:])
    report = asyncio.run(run(arguments()))
    print(json.dumps(report, indent=2))
    return int(bool(report["failures"] or report["grown"] or report["exit code"]))


if __name__ == "__main__":
    sys.exit(main())
