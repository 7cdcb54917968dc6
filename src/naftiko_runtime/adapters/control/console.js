"use strict";
// Everything shown is put in as text, never as markup: documents and traces are not trusted.

const byId = (id) => document.getElementById(id);

function make(tag, options = {}, ...children) {
  const { className, on, ...attributes } = options;
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const [event, action] of Object.entries(on ?? {})) node.addEventListener(event, action);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const cell = (value, className) => make("td", { className }, value);
const head = (value, className) => make("th", { scope: "col", className }, value);
const tag = (text, className = "") => make("span", { className: `tag ${className}` }, text);

function table(heads, rows) {
  const top = make("thead", {}, make("tr", {}, ...heads));
  return make("div", { className: "scroll", tabindex: "0" }, make("table", {}, top, make("tbody", {}, ...rows)));
}

function pretty(value) {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

async function ask(path, options = {}) {
  const reply = await fetch(path, { cache: "no-store", ...options });
  const type = reply.headers.get("content-type") ?? "";
  return { reply, body: type.includes("json") ? await reply.json() : await reply.text() };
}

const send = (path, value) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

let routes = [];
const isOn = (path) => routes.includes(path);

function notice(text, bad = false) {
  const node = byId("notice");
  node.textContent = text;
  node.className = bad ? "bad" : "";
  node.hidden = false;
}

// ---- documents, adapters, operations ----

let documents = [];
let diagnostics = [];
let chosen = null;
const key = (found) => [found.document.file, found.adapter.namespace, found.operation.name].join("\n");

function documentCard(document) {
  const rows = document.adapters.map((adapter) =>
    make("tr", {},
      cell(adapter.namespace), cell(adapter.type.toUpperCase()), cell(adapter.address === null ? "not served" : make("code", {}, adapter.address)),
      cell(adapter.authentication ? "yes" : "none"), cell(String(adapter.operations.length), "number")));
  for (const left of document.withheld) {
    rows.push(make("tr", {}, cell(left.namespace), make("td", { colspan: "4", className: "error" }, `not served: ${left.diagnostic.message}`)));
  }
  return make("article", { className: "card" },
    make("h3", {}, document.label ?? document.file),
    make("p", { className: "quiet" }, make("code", {}, document.file), ` · ${document.specVersion}`),
    document.description ? make("p", {}, document.description) : null,
    table([head("adapter"), head("type"), head("address"), head("login"), head("operations", "number")], rows),
    document.variables.length ? make("p", { className: "quiet" }, "variables: ", document.variables.join(", ")) : null);
}

function operationName(operation) {
  if (operation.kind !== "route") return [operation.name];
  const [method, ...path] = operation.name.split(" ");
  return [make("span", { className: "method" }, method), ` ${path.join(" ")}`];
}

function showOperations() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const list = byId("operation-list");
  list.replaceChildren();
  let count = 0;
  for (const document of documents) {
    for (const adapter of document.adapters) {
      const items = adapter.operations
        .filter((each) => `${each.name} ${each.description ?? ""}`.toLowerCase().includes(wanted))
        .map((operation) => operationItem({ document, adapter, operation }));
      count += items.length;
      if (items.length) {
        list.append(make("h3", {}, `${adapter.namespace} · ${adapter.type.toUpperCase()}`), make("ul", { className: "plain" }, ...items));
      }
    }
  }
  byId("found").textContent = `${count} ${count === 1 ? "operation" : "operations"}`;
}

function operationItem(found) {
  const { operation } = found;
  const button = make("button", {
    type: "button", className: operation.unavailable ? "pick off" : "pick",
    "aria-current": chosen && key(chosen) === key(found) ? "true" : null,
    on: { click: () => choose(found) },
  }, ...operationName(operation), make("small", {}, operation.unavailable ? "not available" : operation.description ?? operation.kind));
  return make("li", {}, button);
}

function choose(found) {
  chosen = found;
  for (const each of document.querySelectorAll(".pick[aria-current]")) each.removeAttribute("aria-current");
  document.activeElement?.classList.contains("pick") && document.activeElement.setAttribute("aria-current", "true");
  const { operation, adapter } = found;
  const parts = [
    make("h3", {}, ...operationName(operation)),
    make("p", {}, tag(operation.kind), " ", tag(adapter.namespace)),
    operation.description ? make("p", {}, operation.description) : null,
  ];
  if (operation.unavailable) {
    parts.push(make("p", { className: "error" }, `Not available: ${operation.unavailable.message}`));
  } else if (operation.inputs) {
    parts.push(trialForm(found));
  }
  byId("operation").replaceChildren(...parts.filter(Boolean));
}

// ---- trying an operation ----

function field(input, index) {
  const id = `input-${index}`;
  const about = [tag(input.type ?? "any"), input.required ? tag("required", "warning") : null];
  const label = make("label", { for: id }, input.name, " ", ...about.filter(Boolean));
  const described = input.description ? make("p", { className: "quiet", id: `${id}-about` }, input.description) : null;
  const shared = { id, name: input.name, required: input.required, "aria-describedby": described ? `${id}-about` : null };
  return make("div", {}, label, described, control(input, shared));
}

function control(input, shared) {
  const start = input.default === undefined ? "" : typeof input.default === "string" ? input.default : JSON.stringify(input.default);
  if (input.enum || input.type === "boolean") {
    const values = input.enum ?? [true, false];
    const options = values.map((value) => make("option", { value: JSON.stringify(value), selected: value === input.default }, String(value)));
    return make("select", { ...shared, "data-json": true }, make("option", { value: "" }, "–"), ...options);
  }
  if (input.type === "object" || input.type === "array" || input.place === "body") {
    const area = make("textarea", { ...shared, "data-json": input.type ? true : "maybe", spellcheck: "false", placeholder: input.type === "array" ? "[…]" : "{…}" });
    area.value = start;
    return area;
  }
  const number = input.type === "integer" || input.type === "number";
  return make("input", { ...shared, value: start, autocomplete: "off", inputmode: number ? "decimal" : null, "data-json": number ? "maybe" : input.type ? null : "maybe" });
}

function valueOf(node) {
  const mode = node.dataset.json;
  if (mode === undefined) return node.value;
  try {
    return JSON.parse(node.value);
  } catch (error) {
    if (mode === "maybe") return node.value;
    node.setCustomValidity(`not JSON: ${error.message}`);
    node.reportValidity();
    node.addEventListener("input", () => node.setCustomValidity(""), { once: true });
    throw error;
  }
}

function trialForm(found) {
  const answer = make("div", { role: "region", "aria-label": "Result" });
  const button = make("button", { className: "main" }, "Run");
  const fields = found.operation.inputs.map(field);
  const form = make("form", { on: { submit: (event) => run(event, found, answer, button) } },
    fields.length ? null : make("p", { className: "quiet" }, "It takes no inputs."), ...fields, button);
  return make("div", {}, form, answer);
}

async function run(event, found, answer, button) {
  event.preventDefault();
  const inputs = {};
  try {
    for (const node of event.target.elements) {
      if (node.name && node.value !== "") inputs[node.name] = valueOf(node);
    }
  } catch {
    return;
  }
  button.disabled = true;
  answer.replaceChildren(make("p", { className: "quiet" }, "running…"));
  const { document, adapter, operation } = found;
  try {
    const { reply, body } = await send("/console/call", { file: document.file, namespace: adapter.namespace, operation: operation.name, inputs });
    answer.replaceChildren(...(reply.ok ? trial(body) : [make("h4", {}, "Refused"), make("pre", {}, pretty(body))]));
  } catch (error) {
    answer.replaceChildren(make("p", { className: "error" }, `The console did not answer: ${error.message}`));
  }
  button.disabled = false;
  button.focus();
}

function trial(body) {
  const parts = body.requests.flatMap((request) => [make("h4", {}, "Upstream request, secrets masked"), make("pre", { tabindex: "0" }, requestText(request))]);
  if (!parts.length) parts.push(make("p", { className: "quiet" }, "Nothing was sent upstream."));
  const { status, headers, body: content } = body.answer;
  const bad = status >= 400;
  parts.push(
    make("h4", {}, "Answer"),
    make("p", {}, make("strong", { className: bad ? "bad" : "good" }, `${status}`), ` in ${body.durationMs.toFixed(1)} ms`));
  if (headers?.length) parts.push(make("pre", { tabindex: "0" }, headers.map((pair) => pair.join(": ")).join("\n")));
  parts.push(make("pre", { tabindex: "0" }, pretty(content)));
  return parts;
}

function requestText(request) {
  const lines = [`${request.method} ${request.url}`, ...(request.headers ?? []).map((pair) => pair.join(": "))];
  if (request.body) lines.push("", pretty(request.body));
  return lines.join("\n");
}

// ---- diagnostics ----

function showDiagnostics() {
  const all = [...diagnostics];
  const order = { error: 0, warning: 1, info: 2 };
  all.sort((a, b) => order[a.severity] - order[b.severity]);
  byId("diagnostics-count").textContent = all.length || "";
  const rows = all.map((each) => make("tr", {},
    cell(each.severity, each.severity),
    cell(make("code", {}, each.code)),
    cell(make("code", {}, `${each.file}:${each.line}:${each.column}`)),
    make("td", {}, each.message, each.count ? make("details", {}, make("summary", {}, `${each.count} places`),
      make("div", {}, ...each.places.map((place) => make("div", {}, make("code", {}, `${place.file}:${place.line}:${place.column}`))))) : null)));
  byId("diagnostic-list").replaceChildren(
    rows.length ? table([head("severity"), head("code"), head("place"), head("message")], rows) : make("p", { className: "good" }, "None: every document is as it should be."));
}

// ---- traces ----

const loadedTraces = new Map();
let shownTraces = "";

async function refreshTraces() {
  const list = byId("trace-list");
  // an open trace is being read: the list must not move away under it
  if (list.querySelector("details[open]")) return;
  const { reply, body } = await ask("/traces");
  if (!reply.ok) return;
  const latest = body.traces.slice(0, 20);
  const print = JSON.stringify(latest);
  if (print === shownTraces) return;
  shownTraces = print;
  const focused = document.activeElement?.closest("#trace-list details")?.dataset.id;
  const about = `The latest ${latest.length} of ${body.bufferUsed}; the list waits while one is open.`;
  list.replaceChildren(make("p", { className: "quiet" }, about), ...latest.map(traceRow));
  if (focused) list.querySelector(`details[data-id="${CSS.escape(focused)}"] summary`)?.focus();
}

function traceRow(trace) {
  const inside = make("div", {}, loadedTraces.get(trace.traceId) ?? make("p", { className: "quiet" }, "loading…"));
  const show = async () => {
    if (!node.open || loadedTraces.has(trace.traceId)) return;
    const { reply, body } = await ask(`/traces/${trace.traceId}`);
    if (!reply.ok) return;
    if (loadedTraces.size > 50) loadedTraces.clear();
    loadedTraces.set(trace.traceId, spanTree(body));
    inside.replaceChildren(loadedTraces.get(trace.traceId));
  };
  const node = make("details", { className: "trace", "data-id": trace.traceId, on: { toggle: show } },
    make("summary", {},
      make("span", {}, trace.operation || "unmatched"),
      make("span", { className: "number" }, `${trace.durationMs.toFixed(1)} ms`),
      make("span", { className: trace.status === "OK" ? "good" : "bad" }, trace.status),
      make("span", { className: "quiet" }, new Date(trace.timestamp).toLocaleTimeString())),
    inside);
  return node;
}

function spanTree(trace) {
  const known = new Set(trace.spans.map((span) => span.spanId));
  const children = Map.groupBy ? Map.groupBy(trace.spans, (span) => span.parentSpanId) : grouped(trace.spans);
  const longest = Math.max(...trace.spans.map((span) => span.durationMs), 0.001);
  const rows = [];
  const walk = (span, depth) => {
    rows.push(spanRow(span, depth, longest));
    for (const child of children.get(span.spanId) ?? []) walk(child, depth + 1);
  };
  for (const span of trace.spans) if (!known.has(span.parentSpanId)) walk(span, 0);
  return make("div", {}, make("p", { className: "quiet" }, make("code", {}, trace.traceId)), ...rows);
}

function grouped(spans) {
  const groups = new Map();
  for (const span of spans) groups.set(span.parentSpanId, [...(groups.get(span.parentSpanId) ?? []), span]);
  return groups;
}

function spanRow(span, depth, longest) {
  const bar = make("div", { className: span.status === "OK" ? "bar" : "bar bad", role: "presentation" });
  bar.style.width = `${(100 * span.durationMs) / longest}%`;
  const name = make("span", {}, span.name || "unmatched", " ", tag(span.kind.toLowerCase()));
  name.style.paddingLeft = `${depth * 1.2}rem`;
  const attributes = make("span", { className: "attributes" }, Object.entries(span.attributes).map((pair) => pair.join("=")).join("  "));
  attributes.style.paddingLeft = `${depth * 1.2}rem`;
  return make("div", { className: "span" }, name, make("span", { className: "number" }, `${span.durationMs.toFixed(1)} ms`), make("div", {}, bar), attributes);
}

// ---- metrics ----

const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const history = [];

function samples(text) {
  return text.split("\n").map((line) => SAMPLE.exec(line)).filter(Boolean).map(([, name, labels, value]) => ({
    name, value: Number(value),
    labels: Object.fromEntries([...(labels ?? "").matchAll(LABEL)].map(([, label, content]) => [label, content.replace(/\\(.)/g, "$1")])),
  }));
}

function quantile(buckets, part) {
  const total = buckets.get(Infinity) ?? 0;
  if (!total) return null;
  let below = 0, from = 0;
  for (const [bound, count] of [...buckets].sort((a, b) => a[0] - b[0])) {
    if (count >= part * total) {
      if (bound === Infinity) return from;
      return from + ((bound - from) * (part * total - below)) / Math.max(count - below, 1);
    }
    below = count;
    from = bound;
  }
  return from;
}

function byOperation(all, prefix, labelsOf) {
  const rows = new Map();
  for (const { name, labels, value } of all) {
    if (!name.startsWith(prefix)) continue;
    const id = labelsOf(labels).join("\n");
    if (!rows.has(id)) rows.set(id, { labels: labelsOf(labels), count: 0, errors: 0, buckets: new Map() });
    const row = rows.get(id);
    if (name.endsWith("_duration_seconds_bucket")) {
      const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
      row.buckets.set(bound, (row.buckets.get(bound) ?? 0) + value);
    } else if (name.endsWith("_errors_total") || (name === "naftiko_http_client_total" && (labels.error_type || labels.http_response_status_code >= 400))) {
      row.errors += value;
    }
    if (name === `${prefix}_total`) row.count += value;
  }
  return [...rows.values()].filter((row) => row.count).sort((a, b) => b.count - a.count);
}

const milliseconds = (seconds) => (seconds === null ? "–" : `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms`);

function metricTable(heads, rows) {
  return table([...heads.map((each) => head(each)), head("requests", "number"), head("errors", "number"), head("median", "number"), head("95 %", "number")],
    rows.slice(0, 40).map((row) => make("tr", {}, ...row.labels.map((label) => cell(label)),
      cell(String(row.count), "number"), cell(String(row.errors), row.errors ? "number bad" : "number"),
      cell(milliseconds(quantile(row.buckets, 0.5)), "number"), cell(milliseconds(quantile(row.buckets, 0.95)), "number"))));
}

function sparkline(values) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const top = Math.max(...values, 1);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", values.map((value, index) => `${index ? "L" : "M"}${index} ${30 - (28 * value) / top}`).join(""));
  svg.setAttribute("viewBox", `0 0 ${Math.max(values.length - 1, 1)} 32`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

const figure = (label, value, chart) => make("div", { className: "figure" }, make("span", { className: "quiet" }, label), make("strong", {}, value), chart ?? null);

let shownMetrics = "";

async function refreshMetrics() {
  const { reply, body } = await ask("/metrics");
  if (!reply.ok) return;
  const all = samples(body);
  const sum = (name) => all.filter((each) => each.name === name).reduce((total, each) => total + each.value, 0);
  history.push({ at: performance.now(), total: sum("naftiko_request_total") });
  if (history.length > 61) history.shift();
  const rates = history.slice(1).map((each, index) => (1000 * Math.max(each.total - history[index].total, 0)) / (each.at - history[index].at));
  const figures = make("div", { className: "figures" },
    figure("requests per second", (rates.at(-1) ?? 0).toFixed(1), rates.length > 1 ? sparkline(rates) : null),
    figure("in flight", String(sum("naftiko_request_active"))),
    figure("requests", String(sum("naftiko_request_total"))),
    figure("errors", String(sum("naftiko_request_errors_total"))),
    figure("upstream requests", String(sum("naftiko_http_client_total"))));
  const old = document.querySelector("#metric-list .figures");
  if (body === shownMetrics && old) {
    old.replaceWith(figures);
    return;
  }
  shownMetrics = body;
  const served = byOperation(all, "naftiko_request", (labels) => [labels.naftiko_operation_id ?? "", labels.naftiko_namespace ?? ""]).filter((row) => row.labels[0]);
  const sent = byOperation(all, "naftiko_http_client", (labels) => [labels.server_address ?? "", labels.http_request_method ?? ""]);
  byId("metric-list").replaceChildren(figures,
    ...(served.length ? [make("h4", {}, "Served"), metricTable(["operation", "adapter"], served)] : []),
    ...(sent.length ? [make("h4", {}, "Upstreams"), metricTable(["host", "method"], sent)] : []));
}

// ---- log ----

function showLog() {
  let source = null;
  const lines = make("pre", { tabindex: "0", "aria-label": "Log records" });
  const level = make("select", { id: "log-level" }, ...["DEBUG", "INFO", "WARN", "ERROR"].map((name) => make("option", { selected: name === "INFO" }, name)));
  const button = make("button", { type: "button", "aria-pressed": "false" }, "Follow");
  const add = (text, className = "") => {
    lines.append(make("div", { className: `log-line ${className}` }, text));
    while (lines.childElementCount > 300) lines.firstElementChild.remove();
    lines.scrollTop = lines.scrollHeight;
  };
  const stop = () => {
    source?.close();
    source = null;
    button.textContent = "Follow";
    button.setAttribute("aria-pressed", "false");
  };
  button.addEventListener("click", () => {
    if (source) return stop();
    source = new EventSource(`/logs/stream?level=${level.value}`);
    source.addEventListener("log", (event) => {
      const { timestamp, level: grade, logger, message, ...rest } = JSON.parse(event.data);
      const more = Object.entries(rest).map(([name, value]) => `${name}=${value}`).join(" ");
      add(`${timestamp} ${grade} ${logger} ${message} ${more}`, { ERROR: "bad", WARN: "warning" }[grade]);
    });
    source.addEventListener("dropped", (event) => add(`${JSON.parse(event.data).count} records were lost`, "warning"));
    source.addEventListener("error", () => { add("the stream ended", "quiet"); stop(); });
    button.textContent = "Stop";
    button.setAttribute("aria-pressed", "true");
  });
  level.addEventListener("change", stop);
  byId("log-panel").replaceChildren(make("div", { className: "row" }, make("div", {}, make("label", { for: "log-level" }, "Level"), level), button), lines);
}

// ---- life ----

async function loadDocuments() {
  const { reply, body } = await ask("/console/data");
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  documents = body.documents;
  diagnostics = body.diagnostics;
  routes = body.routes;
  byId("documents").replaceChildren(...documents.map(documentCard));
  showOperations();
  showDiagnostics();
}

async function refreshState() {
  const node = byId("state");
  if (!isOn("/health/ready")) {
    node.textContent = "UP";
    node.className = "good";
    return;
  }
  const { body } = await ask("/health/ready");
  const missing = body.variables?.missing ?? [];
  node.textContent = missing.length ? `${body.status}, ${missing.length === 1 ? "a variable is" : `${missing.length} variables are`} missing` : body.status;
  node.title = missing.join(", ");
  node.className = body.status === "UP" ? "good" : "bad";
}

async function refresh() {
  if (!document.hidden) {
    try {
      await refreshState();
      if (isOn("/traces")) await refreshTraces();
      if (isOn("/metrics")) await refreshMetrics();
    } catch {
      byId("state").textContent = "not reachable";
      byId("state").className = "bad";
    }
  }
  setTimeout(refresh, 2000);
}

async function reload() {
  const { reply, body } = await send("/config/reload", {});
  const changes = body.changes?.length ?? 0;
  notice(body.status === "applied" ? `Reloaded: ${changes} changes.` : body.status === "unchanged" ? "Nothing has changed." : `Not reloaded: ${body.reason ?? body.detail}`, !reply.ok);
  await loadDocuments();
}

async function start() {
  try {
    await loadDocuments();
  } catch (error) {
    notice(`The console's data could not be read: ${error.message}`, true);
    return;
  }
  byId("filter").addEventListener("input", showOperations);
  byId("reload").hidden = !isOn("/config/reload");
  byId("reload").addEventListener("click", reload);
  if (isOn("/logs/stream")) showLog();
  refresh();
}

start();
