// Drives the tools with the second TypeScript SDK in the era its mode argument asks for.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { drive } from "./drive.mjs";

const mode = process.argv[3];
const client = new Client({ name: "sdk-v2", version: "1" }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));
await drive(client, client.getNegotiatedProtocolVersion());
