"use strict";

const VERBS = ["get", "post", "put", "patch", "delete"];
const SHOWN_BYTES = 200000;
let api = JSON.parse(document.getElementById("openapi").textContent);

/** Make an element; text is always text, so nothing of a document becomes markup. */
function element(name, members = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined || value === null || value === false) continue;
    if (key in made && key !== "list" && key !== "form") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolved(value) {
  if (!value || !value.$ref) return value || {};
  return value.$ref.replace(/^#\//, "").split("/").reduce((inner, name) => inner && inner[name], api) || {};
}

/** Say a schema's type and limits in a few words. */
function typeOf(schema) {
  if (!schema) return "any";
  const kinds = Array.isArray(schema.type) ? schema.type.filter((kind) => kind !== "null") : [schema.type];
  let text = kinds.filter(Boolean).join(" or ") || "any";
  if (text === "array") text = "array of " + typeOf(schema.items);
  const limits = [];
  if (schema.enum) limits.push("one of " + schema.enum.map((each) => JSON.stringify(each)).join(", "));
  if ("const" in schema) limits.push("always " + JSON.stringify(schema.const));
  if ("minimum" in schema) limits.push("from " + schema.minimum);
  if ("maximum" in schema) limits.push("to " + schema.maximum);
  if (schema.pattern) limits.push("pattern " + schema.pattern);
  if (schema.format) limits.push(schema.format);
  if ("default" in schema) limits.push("default " + JSON.stringify(schema.default));
  return limits.length ? text + "; " + limits.join("; ") : text;
}

/** Make an example of a schema, for the body field. */
function example(schema, depth = 0) {
  if (!schema || depth > 5) return null;
  for (const name of ["example", "default", "const"]) if (name in schema) return schema[name];
  if (schema.enum) return schema.enum[0];
  const kind = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (kind === "object" || schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties || {}).map(([name, inner]) => [name, example(inner, depth + 1)]));
  }
  if (kind === "array") return schema.items ? [example(schema.items, depth + 1)] : [];
  return { string: "", integer: 0, number: 0, boolean: false }[kind] ?? null;
}

function inputsTable(operation) {
  const rows = (operation.parameters || []).map((each) => row(each.name, each.in, each.required, each.schema, each.description));
  const body = resolved(operation.requestBody);
  for (const [media, content] of Object.entries(body.content || {})) {
    const properties = (content.schema || {}).properties;
    if (!properties) rows.push(row("body", media, body.required, content.schema, body.description));
    for (const [name, inner] of Object.entries(properties || {})) {
      rows.push(row(name, "body", ((content.schema || {}).required || []).includes(name), inner, inner.description));
    }
  }
  if (!rows.length) return element("p", {}, "No inputs.");
  const head = element("tr", {}, ...["Name", "In", "Type", "Description"].map((text) => element("th", { scope: "col" }, text)));
  return element("div", { className: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function row(name, place, required, schema, description) {
  const mark = required ? element("small", {}, " required") : null;
  return element("tr", {}, element("td", {}, element("code", {}, name), mark), element("td", {}, place),
    element("td", {}, typeOf(schema)), element("td", {}, description || ""));
}

function outputs(operation) {
  const parts = [];
  for (const [status, given] of Object.entries(operation.responses || {})) {
    if (status === "default") continue;
    const response = resolved(given);
    parts.push(element("p", {}, element("strong", {}, status), " ", response.description || ""));
    for (const [media, content] of Object.entries(response.content || {})) {
      if (!content.schema) continue;
      parts.push(element("p", {}, element("small", {}, media)), element("pre", { tabIndex: 0 }, JSON.stringify(content.schema, null, 2)));
    }
  }
  return parts;
}

function field(id, name, members, input) {
  const label = element("label", { htmlFor: id }, name + (members.required ? " *" : ""));
  Object.assign(input, { id, name, required: Boolean(members.required) });
  return element("div", { className: members.wide ? "wide" : "" }, label, input);
}

function inputFor(parameter) {
  const schema = parameter.schema || {};
  const values = schema.enum || (schema.type === "boolean" ? [true, false] : "const" in schema ? [schema.const] : null);
  if (values) {
    const options = values.map((value) => element("option", { value: String(value) }, String(value)));
    if (!("const" in schema)) options.unshift(element("option", { value: "" }, ""));
    return element("select", {}, ...options);
  }
  const kind = schema.type === "integer" || schema.type === "number" ? "decimal" : undefined;
  const hint = schema.type === "array" ? "one value a line" : "default" in schema ? String(schema.default) : "";
  if (schema.type === "array") return element("textarea", { placeholder: hint, rows: 2 });
  return element("input", { type: "text", inputMode: kind, placeholder: hint, autocomplete: "off" });
}

function tryForm(id, method, path, operation) {
  const fields = element("div", { className: "fields" });
  const inputs = [];
  (operation.parameters || []).filter((each) => each.in !== "cookie").forEach((each, index) => {
    const input = inputFor(each);
    inputs.push([each, input]);
    fields.append(field(`${id}-${index}`, `${each.name} (${each.in})`, each, input));
  });
  const body = resolved(operation.requestBody);
  const media = Object.keys(body.content || {})[0];
  let content = null;
  if (media) {
    const schema = body.content[media].schema;
    content = element("textarea", { spellcheck: false, value: schema ? JSON.stringify(example(schema), null, 2) : "" });
    fields.append(field(`${id}-body`, `body (${media})`, { required: body.required, wide: true }, content));
  }
  const send = element("button", { type: "submit" }, "Send request");
  const result = element("div", { role: "status", "aria-live": "polite" });
  const form = element("form", {}, fields, send, result);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = requestOf(method, path, inputs, media, content);
    send.disabled = true;
    call(request, result).finally(() => { send.disabled = false; });
  });
  return form;
}

function requestOf(method, path, inputs, media, content) {
  const headers = {};
  const query = new URLSearchParams(path.split("?")[1] || "");
  let target = path.split("?")[0];
  for (const [parameter, input] of inputs) {
    const text = input.value;
    if (parameter.in === "path") {
      const slashes = target.endsWith(`/{${parameter.name}}`) && parameter.name === "path";
      const encoded = slashes ? text.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(text);
      target = target.replace(`{${parameter.name}}`, encoded);
    } else if (text === "" && !parameter.required) continue;
    else if (parameter.in === "header") headers[parameter.name] = text;
    else if ((parameter.schema || {}).type === "array") {
      query.delete(parameter.name);
      text.split("\n").filter(Boolean).forEach((value) => query.append(parameter.name, value));
    } else query.set(parameter.name, text);
  }
  const credential = document.getElementById("credential").value.trim();
  if (credential) headers.Authorization = credential;
  const url = target + (query.size ? "?" + query : "");
  const body = content && content.value !== "" ? content.value : undefined;
  if (body !== undefined) headers["Content-Type"] = media === "*/*" ? guess(body) : media;
  return { method: method.toUpperCase(), url, headers, body };
}

function guess(body) {
  try { JSON.parse(body); return "application/json"; } catch { return "text/plain"; }
}

async function call(request, result) {
  result.replaceChildren(element("p", {}, "Sending…"));
  const began = performance.now();
  try {
    const response = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body, redirect: "manual" });
    const data = await response.blob();
    await show(request, response, data, Math.round(performance.now() - began), result);
  } catch (error) {
    result.replaceChildren(element("p", { className: "bad" }, "No complete answer: " + error.message));
  }
}

async function show(request, response, data, took, result) {
  const good = response.status < 400 ? "good" : "bad";
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const line = element("p", {}, element("span", { className: `status ${good}` }, `${response.status} ${response.statusText}`.trim()),
    ` · ${took} ms · ${data.size} bytes`);
  const sent = element("p", {}, element("small", {}, `${request.method} `), element("code", {}, request.url));
  result.replaceChildren(line, sent, element("h3", {}, "Headers"), element("pre", { tabIndex: 0 }, headers),
    element("h3", {}, "Body"), await bodyOf(data));
}

async function bodyOf(data) {
  if (data.size === 0) return element("p", {}, "Empty.");
  if (data.type.startsWith("image/") && data.size < SHOWN_BYTES) {
    const bytes = new Uint8Array(await data.arrayBuffer());
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return element("img", { className: "answer", alt: "The answer", src: `data:${data.type.split(";")[0]};base64,${text}` });
  }
  const whole = await data.slice(0, SHOWN_BYTES).text();
  let text = whole;
  try { if (data.size <= SHOWN_BYTES) text = JSON.stringify(JSON.parse(whole), null, 2); } catch { /* shown as it is */ }
  const cut = data.size > SHOWN_BYTES ? `\n… ${data.size - SHOWN_BYTES} more bytes` : "";
  return element("pre", { tabIndex: 0 }, text + cut);
}

function operationView(id, method, path, operation) {
  const label = operation.summary || operation.operationId || "";
  const unavailable = operation["x-naftiko-unavailable"];
  const view = element("details", { className: "operation", id },
    element("summary", {}, element("span", { className: `method ${method}` }, method.toUpperCase()),
      element("span", { className: "path" }, path), element("span", { className: "label" }, label)));
  view.dataset.words = [method, path, label, operation.operationId, operation.description].join(" ").toLowerCase();
  // filled when first opened: a large API stays quick to load
  view.addEventListener("toggle", () => {
    if (!view.open || view.children.length > 1) return;
    view.append(element("div", { className: "within" },
      unavailable ? element("p", { className: "warning" }, "Not available: " + unavailable) : null,
      operation.description ? element("p", {}, operation.description) : null,
      operation.security ? element("p", {}, element("small", {}, "Needs credentials.")) : null,
      element("h3", {}, "Inputs"), inputsTable(operation), element("h3", {}, "Outputs"), ...outputs(operation),
      element("h3", {}, "Try it"), tryForm(id, method, path, operation)));
  });
  return view;
}

function render() {
  const info = api.info || {};
  document.title = `${info.title} API`;
  document.getElementById("title").textContent = info.title;
  document.getElementById("version").textContent = info.version === "unspecified" ? "" : info.version;
  document.getElementById("description").textContent = info.description || "";
  document.getElementById("credential-label").hidden = document.body.dataset.guarded !== "yes";
  const groups = new Map();
  let count = 0;
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of Object.keys(item).filter((name) => [...VERBS, "head"].includes(name))) {
      const group = (item[method].tags || ["Operations"])[0];
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(operationView(`operation-${count++}`, method, path, item[method]));
    }
    if (item["x-naftiko-forward"]) {
      if (!groups.has("Forwarded")) groups.set("Forwarded", []);
      groups.get("Forwarded").push(element("p", {}, element("span", { className: "path" }, path), ` is passed on to ${item["x-naftiko-forward"]}`));
    }
  }
  const sections = [...groups].map(([name, views]) => element("section", {}, element("h2", {}, name), ...views));
  document.getElementById("operations").replaceChildren(...sections);
}

function find(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let visible = 0;
  for (const view of document.querySelectorAll("details.operation")) {
    view.hidden = !wanted.every((word) => view.dataset.words.includes(word));
    visible += view.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = wanted.length > 0 && !section.querySelector("details.operation:not([hidden])");
  }
  document.getElementById("nothing").hidden = visible > 0;
}

/** With other credentials more adapters may be visible. */
async function reload(credential) {
  const response = await fetch("openapi.json", { headers: credential ? { Authorization: credential } : {} });
  if (!response.ok) return;
  api = await response.json();
  render();
  find(document.getElementById("find").value);
}

document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
document.getElementById("credential").addEventListener("change", (event) => reload(event.target.value.trim()));
render();
