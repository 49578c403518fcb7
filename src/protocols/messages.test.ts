import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { type Codec, decode, encode } from "../wire/xdr.ts";
import { BrowserReply, BrowserRequest } from "./browser/messages.ts";
import { DedupEngineReply, DedupEngineRequest, DedupManagerReply, DedupManagerRequest } from "./dedup/messages.ts";

// One value of every message of the flows that are ours alone; docs/protocols shows the same vectors.

const uuid = "0190b6a2-7e1c-7d3e-8a11-000000000001";
const id16 = Buffer.alloc(16, 0x11);
const id32 = Buffer.alloc(32, 0x22);
const facts = {
  hostname: "web1",
  platform: "linux",
  operatingSystem: "Debian",
  architecture: "x64",
  agentVersion: "0.1.0",
};
const ports = [{ flow: "backupControl", port: 4_000 }];
const manager = { managerId: "m1", ports };

// biome-ignore lint/suspicious/noExplicitAny: a table of codecs of every type.
const VECTORS: readonly [name: string, codec: Codec<any>, value: { kind: string }][] = [
  [
    "browser enroll",
    BrowserRequest,
    {
      kind: "enroll",
      version: 1,
      tokenId: id16,
      tokenSecret: id32,
      certificateRequestPem: "csr",
      facts,
      ports,
    } as never,
  ],
  ["browser advertise", BrowserRequest, { kind: "advertise", version: 1, sentAtMs: 5, facts, ports } as never],
  ["browser renew", BrowserRequest, { kind: "renew", version: 1, certificateRequestPem: "csr" } as never],
  [
    "browser enrolled",
    BrowserReply,
    { kind: "enrolled", hostId: uuid, name: "web1", certificatePem: "pem", authorityPem: "pem", manager } as never,
  ],
  [
    "browser advertised",
    BrowserReply,
    { kind: "advertised", manager, advertiseAgainSeconds: 60, renew: false } as never,
  ],
  ["browser renewed", BrowserReply, { kind: "renewed", certificatePem: "pem" } as never],
  ["browser refused", BrowserReply, { kind: "refused", code: "usedToken", reason: "no" } as never],
  ["dedup manager openBackup", DedupManagerRequest, { kind: "openBackup", version: 1, jobId: uuid } as never],
  [
    "dedup manager commit",
    DedupManagerRequest,
    {
      kind: "commit",
      sessionId: id16,
      root: id32,
      startedAtMs: 1,
      finishedAtMs: 2,
      files: 3,
      directories: 4,
      bytes: 5,
      newBytes: 6,
      chunks: 8,
      problems: 7,
    } as never,
  ],
  [
    "dedup manager backupOpened",
    DedupManagerReply,
    {
      kind: "backupOpened",
      sessionId: id16,
      chunking: { min: 1, average: 2, max: 3, idKey: id32, gearKey: id32 },
      parentRoot: undefined,
    } as never,
  ],
  ["dedup manager committed", DedupManagerReply, { kind: "committed", snapshotId: uuid, bytesAdded: 9 } as never],
  ["dedup manager refused", DedupManagerReply, { kind: "refused", code: "missingChunks", reason: "no" } as never],
  ["dedup engine attach", DedupEngineRequest, { kind: "attach", version: 1, sessionId: id16 } as never],
  ["dedup engine which", DedupEngineRequest, { kind: "which", chunk: "data", ids: [id32, id32] } as never],
  [
    "dedup engine put",
    DedupEngineRequest,
    { kind: "put", chunk: "data", id: id32, encoded: Buffer.from("body") } as never,
  ],
  ["dedup engine get", DedupEngineRequest, { kind: "get", chunk: "tree", id: id32 } as never],
  ["dedup engine presence", DedupEngineReply, { kind: "presence", present: Buffer.from([1, 0]) } as never],
  ["dedup engine chunk", DedupEngineReply, { kind: "chunk", encoded: Buffer.from("body") } as never],
];

describe.each(VECTORS)("%s", (_, codec, value) => {
  const bytes = encode(codec, value);

  it("survives a round trip", () => {
    expect(decode(codec, bytes)).toEqual(value);
  });

  it("is refused when cut anywhere, or when bytes follow", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(codec, bytes.subarray(0, length))).toThrow(WireError);
    }
    expect(() => decode(codec, Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(WireError);
  });
});
