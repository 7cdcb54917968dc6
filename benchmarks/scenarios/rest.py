"""REST: relay beside its peers, mapping beside relay, telemetry on beside off, growth, tail."""

import sys
from functools import partial

import bodies
from load import Load, Sample, cpu, interleaved, rates, ratio, wrk
from report import Outcome, Row, Target, compared, rate_target
from servers import (
    LIST,
    ROOT,
    SETUPS,
    Place,
    Server,
    free_port,
    naftiko,
    naftiko_rest,
    nginx,
)
from settings import Effort


def relay(place: Place, effort: Effort) -> Outcome:
    """The seed's ``list`` operation with everything at its default, the access log included."""
    proxied = nginx(place)
    upstream = proxied.upstream.url
    runtime = naftiko(place, "naftiko", upstream).ready().server
    program = (sys.executable, str(SETUPS / "over_httpx.py"))
    httpx = naftiko(place, "over-httpx", upstream, program=program).ready().server
    named = {
        "nginx proxy_pass": proxied.proxy,
        "static reply": static_reply(place),
        "naftiko": runtime,
        "naftiko over httpx.AsyncClient": httpx,
    }
    samples = interleaved(
        {name: _load(server, effort) for name, server in named.items()}, effort.rounds
    )
    targets = [
        rate_target(samples, "naftiko", "nginx proxy_pass", 0.22)[0],
        *rate_target(samples, "naftiko", "static reply", 0.40),
        *rate_target(samples, "naftiko", "naftiko over httpx.AsyncClient", 12),
    ]
    return Outcome(
        "REST relay: the seed's list, 809 bytes, 32 connections", compared(samples), targets
    )


def static_reply(place: Place) -> Server:
    """uvicorn, uvloop, httptools and Starlette with a constant answer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    body = place.write("list.json", bodies.list_body())
    command = [sys.executable, SETUPS / "static_app.py", str(port), str(body)]
    return place.start("static", command, url, probe=f"{url}{LIST}")


def _load(server: Server, effort: Effort, path: str = LIST) -> "partial[Sample]":
    return partial(wrk, Load(f"{server.url}{path}"), effort.seconds, server)


def mapping(place: Place, effort: Effort) -> Outcome:
    """An output mapping of 5 fields over 20 items, beside the relay of the same answer."""
    upstream = nginx(place).upstream.url
    document = place.write("mapped.yaml", bodies.mapped_document())
    server = naftiko_rest(place, document, upstream, "/relayed/20")
    loads = {
        "relay of 20 items": _load(server, effort, "/relayed/20"),
        "5 fields of 20 items": _load(server, effort, "/mapped/20"),
    }
    samples = interleaved(loads, effort.rounds)
    targets = rate_target(samples, "5 fields of 20 items", "relay of 20 items", 0.75)
    return Outcome("REST with an output mapping", compared(samples), targets)


def telemetry(place: Place, effort: Effort) -> Outcome:
    """Metrics and traces kept for a control adapter, beside the default and no access log."""
    upstream = nginx(place).upstream.url
    control = ("--control", f"127.0.0.1:{free_port()}")
    named = {
        "default": naftiko(place, "default", upstream),
        "no access log": naftiko(place, "quiet", upstream, "--log-level", "warn"),
        "metrics and traces": naftiko(place, "recording", upstream, *control),
    }
    loads = {name: _load(each.ready().server, effort) for name, each in named.items()}
    samples = interleaved(loads, effort.rounds)
    targets = rate_target(samples, "metrics and traces", "default", 0.85)
    return Outcome("Telemetry", compared(samples), targets)


def workers(place: Place, effort: Effort) -> Outcome:
    """One worker beside two: a mock and few connections, so that all cores are the workers'."""
    document = ROOT / "examples" / "mock-first" / "capability.yaml"
    path = "/parcels/17"
    loads = {}
    for count in (1, 2):
        server = naftiko_rest(place, document, "", path, "--workers", str(count))
        target = Load(f"{server.url}{path}", connections=8)
        loads[f"--workers {count}"] = partial(wrk, target, effort.seconds, server)
    samples = interleaved(loads, effort.rounds)
    targets = rate_target(samples, "--workers 2", "--workers 1", 1.7)[:1]
    return Outcome("Worker processes, 8 connections", compared(samples), targets)


def tail(place: Place, effort: Effort) -> Outcome:
    """Latencies at half of the load that the runtime can bear."""
    server = naftiko(place, "naftiko", nginx(place).upstream.url).ready().server
    most = _load(server, effort)()
    most = _load(server, effort)()
    pause = 2 * 32 / most.rate * 1000 - most.p50 / 4
    script = place.write(
        "paced.lua", f"function delay() return math.random(0, {round(2 * pause)}) end\n"
    )
    half = partial(wrk, Load(f"{server.url}{LIST}", script), effort.seconds * 2, server)
    found = [half() for _ in range(effort.rounds)]
    rows = [
        Row("all it can", [most.rate], "req/s"),
        Row("half of it", rates(found), "req/s"),
        Row("p50", [each.p50 for each in found], "ms"),
        Row("p99", [each.p99 for each in found], "ms"),
    ]
    tails = ratio([each.p99 for each in found], [each.p50 for each in found])
    return Outcome("Tail latency at half load", rows, [Target("p99 / p50", tails, 5, "at most")])


def growth(place: Place, effort: Effort) -> Outcome:
    """More and more capabilities on one port: time for each request, memory for each operation."""
    upstream = nginx(place).upstream.url
    loads, rows, memory = {}, [], []
    for count in effort.capabilities:
        folder = place.folder / f"capabilities-{count}"
        folder.mkdir()
        operations = bodies.many_documents(folder, count)
        path = f"/c{count - 1}/r7/7"
        server = naftiko_rest(place, folder, upstream, path)
        loads[f"{count} capabilities"] = _load(server, effort, path)
        memory.append((operations, server.memory()))
        rows.append(Row(f"{count} capabilities, {operations} operations", [server.memory()], "MB"))
    samples = interleaved(loads, effort.rounds)
    (few, small), (many, large) = memory[0], memory[-1]
    rows.append(Row("for each operation", [(large - small) * 1024 / (many - few)], "KB"))
    first, last = cpu(samples[next(iter(samples))]), cpu(samples[list(samples)[-1]])
    grown = Target("CPU for each request, most / one", ratio(last, first), 1.10, "at most")
    return Outcome("Cost with growth", [*compared(samples), *rows], [grown])
