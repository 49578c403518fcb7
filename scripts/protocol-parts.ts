import { readFileSync } from "node:fs";
import { BrowserReply, BrowserRequest } from "../src/protocols/browser/messages.ts";
import {
  DedupEngineReply,
  DedupEngineRequest,
  DedupManagerReply,
  DedupManagerRequest,
} from "../src/protocols/dedup/messages.ts";
import { NdmpHeader } from "../src/protocols/ndmp/header.ts";
import { NDMP_CALLS, NDMP_POSTS } from "../src/protocols/ndmp/messages.ts";
import { encodeRecord } from "../src/wire/record.ts";
import { type Codec, encode } from "../src/wire/xdr.ts";
import type { Parts } from "./filled-document.ts";

// What the protocol pages show of the source: the declarations of the messages as they stand, and records that the
// codecs really write, so that another implementation can be compared byte by byte.

const UUID = "0190b6a2-7e1c-7d3e-8a11-000000000001";
const SESSION = Buffer.alloc(16, 0x11);
const CHUNK = Buffer.alloc(32, 0x22);

export const BROWSER_PARTS: Parts = {
  declarations: () =>
    declarations("src/protocols/browser/messages.ts", [
      "FactsMessage",
      "PortsMessage",
      "BrowserRequest",
      "ManagerMessage",
      "BrowserReply",
    ]),
  "vector renew": () => vector(BrowserRequest, { kind: "renew", version: 1, certificateRequestPem: "csr" }),
  "vector refused": () => vector(BrowserReply, { kind: "refused", code: "usedToken", reason: "no" }),
};

export const DEDUP_PARTS: Parts = {
  declarations: () =>
    declarations("src/protocols/dedup/messages.ts", [
      "ChunkKindMessage",
      "ChunkingMessage",
      "refused",
      "DedupManagerRequest",
      "DedupManagerReply",
      "DedupEngineRequest",
      "DedupEngineReply",
    ]),
  "vector openBackup": () => vector(DedupManagerRequest, { kind: "openBackup", version: 1, jobId: UUID }),
  "vector committed": () => vector(DedupManagerReply, { kind: "committed", snapshotId: UUID, bytesAdded: 9 }),
  "vector which": () => vector(DedupEngineRequest, { kind: "which", chunk: "data", ids: [CHUNK] }),
  "vector attach": () => vector(DedupEngineRequest, { kind: "attach", version: 1, sessionId: SESSION }),
  "vector presence": () => vector(DedupEngineReply, { kind: "presence", present: Buffer.from([1]) }),
};

export const CONTROL_PARTS: Parts = {
  header: () => declarations("src/protocols/ndmp/header.ts", ["NDMP_ERRORS", "NdmpHeader"]),
  messages: () =>
    declarations("src/protocols/ndmp/messages.ts", ["DATA_STATES", "DATA_HALT_REASONS", "NDMP_CALLS", "NDMP_POSTS"]),
  extension: () =>
    declarations("src/protocols/ndmp/rusuban-extension.ts", ["RUSUBAN_CLASS", "RUSUBAN_CALLS", "RUSUBAN_POSTS"]),
  states: () => declarations("src/protocols/ndmp/data-states.ts", ["DATA_TRANSITIONS"]),
  "vector connectOpen": () =>
    hex(
      encodeRecord(
        Buffer.concat([
          header(NDMP_CALLS.connectOpen.code),
          encode(NDMP_CALLS.connectOpen.request, { protocolVersion: 4 }),
        ]),
      ),
    ),
  "vector notifyDataHalted": () =>
    hex(
      encodeRecord(
        Buffer.concat([
          header(NDMP_POSTS.notifyDataHalted.code),
          encode(NDMP_POSTS.notifyDataHalted.body, { reason: "successful" }),
        ]),
      ),
    ),
};

function header(code: number): Buffer {
  const sentAtSeconds = 1_700_000_000;
  return encode(NdmpHeader, { sequence: 1, sentAtSeconds, kind: "request", code, repliesTo: 0, error: "noError" });
}

/** The whole record of one message, with its record mark (RFC 5531 §11). */
function vector<T>(codec: Codec<T>, value: T): string {
  return hex(encodeRecord(encode(codec, value)));
}

function hex(bytes: Uint8Array): string {
  const words =
    Buffer.from(bytes)
      .toString("hex")
      .match(/.{1,8}/g) ?? [];
  const lines = Array.from({ length: Math.ceil(words.length / 8) }, (_, line) =>
    words.slice(line * 8, line * 8 + 8).join(" "),
  );
  return `\`\`\`text\n${lines.join("\n")}\n\`\`\``;
}

/** The named constants of a file as they stand there, each with the comment above it. */
function declarations(path: string, names: readonly string[]): string {
  const text = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  const found = names.map((name) => {
    const match = new RegExp(
      `(?:^/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?^(?:export )?const ${name}\\b[\\s\\S]*?;(?=\\n(?:\\n|export|const|$)| //)`,
      "m",
    ).exec(text);
    if (match === null) throw new Error(`${path} declares no ${name}`);
    return match[0];
  });
  return `\`\`\`ts\n${found.join("\n\n")}\n\`\`\``;
}
