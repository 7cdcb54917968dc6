// Drives the tools with the first TypeScript SDK; prints one JSON object.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { drive } from "./drive.mjs";

const client = new Client({ name: "sdk-v1", version: "1" });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));
await drive(client, client.transport.protocolVersion);
