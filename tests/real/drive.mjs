// The life of a snapshot through the eight tools, the same for each client.
export async function drive(client, revision) {
  const call = (name, args) => client.callTool({ name, arguments: args });
  const { tools } = await client.listTools();
  const made = await call("create-new-export-snapshot", { id: 1, body: { title: "by TypeScript" } });
  const where = { id: 1, export_pk: made.structuredContent.id };
  const listed = await call("list-all-export-snapshots", { id: 1 });
  const shown = await call("get-export-snapshot-id", where);
  const converted = await call("export-conversion", { ...where, body: { export_type: "CSV" } });
  const table = await call("download-export-snapshot-file-specified", { ...where, exportType: "CSV" });
  const archive = await call("download-export-snapshot-file-specified", { ...where, exportType: "YOLO" });
  const moment = await call("deprecated-easy-export-tasks-and", { id: 1 });
  const formats = await call("deprecated-get-export-formats", { id: 1 });
  const deleted = await call("delete-export-snapshot", where);
  const missing = await call("get-export-snapshot-id", where);
  const wrong = await call("get-export-snapshot-id", { id: "one", export_pk: 1 });
  await client.close();
  console.log(JSON.stringify({
    revision,
    tools: tools.length,
    newest: listed.structuredContent.result[0].id === where.export_pk,
    title: shown.structuredContent.title,
    converted: converted.structuredContent.export_type,
    table: table.content[0].text.split("\n").length,
    archive: archive.content[1].resource.mimeType,
    tasks: moment.structuredContent.result.length,
    formats: formats.structuredContent.result.length,
    deleted: deleted.structuredContent.result,
    missing: [missing.isError, missing.content[0].text.split("\n")[0]],
    wrong: [wrong.isError, wrong.content[0].text],
  }));
}
