import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../../runtime/errors.ts";
import { type Codec, decode, encode } from "../../wire/xdr.ts";
import { alertBytes, takeBatch } from "./alert-batch.ts";
import { ALERTS_PER_BATCH_MAX, AlertMessage, REPORT_RECORD_BYTES_MAX, ReportReply, ReportRequest } from "./messages.ts";

const id = "01900000-0000-7000-8000-0000000000aa";
const alert: AlertMessage = {
  id,
  raisedAtMs: 1_800_000_000_000,
  severity: "major",
  category: "environment",
  kind: "raised",
  component: "fs /v",
  condition: "full",
  summary: "é",
  details: [{ name: "n", value: "v" }],
};

const idHex = "01900000000070008000" + "0000000000aa";
const alertHex =
  idHex +
  "000001a3185c5000" + // raisedAtMs
  "00000005" + // major
  "00000006" + // environment
  "00000002" + // raised
  "000000056673202f76000000" + // component
  "0000000466756c6c" + // condition
  "00000002c3a90000" + // summary
  "00000001" + // details
  "000000016e000000" +
  "0000000176000000";

// docs/protocols/report.md §5 shows the same vectors.
// biome-ignore lint/suspicious/noExplicitAny: a table of codecs of every type.
const VECTORS: readonly [name: string, codec: Codec<any>, value: unknown, hex: string][] = [
  [
    "hello",
    ReportRequest,
    { kind: "hello", version: 1, agentVersion: "0.1.0" },
    "000000010000000100000005302e312e30000000",
  ],
  ["alerts", ReportRequest, { kind: "alerts", alerts: [alert] }, `0000000200000001${alertHex}`],
  [
    "readings",
    ReportRequest,
    {
      kind: "readings",
      readAtMs: 1,
      readings: [
        { component: "memory", measure: "used", value: 0.5, unit: "ratio", state: "ok", summary: "" },
        { component: "m", measure: "t", value: undefined, unit: "none", state: "unknown", summary: "?" },
      ],
    },
    "00000003" +
      "0000000000000001" +
      "00000002" +
      "000000066d656d6f72790000" +
      "0000000475736564" +
      "000000013fe0000000000000" +
      "00000001" +
      "00000001" +
      "00000000" +
      "000000016d000000" +
      "0000000174000000" +
      "00000000" +
      "00000005" +
      "00000002" +
      "000000013f000000",
  ],
  ["heartbeat of the agent", ReportRequest, { kind: "heartbeat", sentAtMs: 2 }, "000000040000000000000002"],
  [
    "answer of the doctor's helper",
    ReportRequest,
    { kind: "answer", id: 7, body: Buffer.from("ok") },
    "0000000500000007000000026f6b0000",
  ],
  [
    "ask of the doctor",
    ReportReply,
    { kind: "ask", id: 7, body: Buffer.from("?") },
    "0000000600000007000000013f000000",
  ],
  [
    "welcome",
    ReportReply,
    { kind: "welcome", version: 1, window: 1024, heartbeatSeconds: 30 },
    "0000000100000001000004000000001e",
  ],
  ["committed", ReportReply, { kind: "committed", ids: [id] }, `0000000200000001${idHex}`],
  ["refused", ReportReply, { kind: "refused", id, reason: "no" }, `00000003${idHex}000000026e6f0000`],
  ["unsupported", ReportReply, { kind: "unsupported", versions: [1] }, "000000040000000100000001"],
  ["heartbeat of the manager", ReportReply, { kind: "heartbeat", sentAtMs: 2 }, "000000050000000000000002"],
];

describe.each(VECTORS)("%s", (_, codec, value, hex) => {
  const bytes = Buffer.from(hex, "hex");

  it("stands on the wire as documented", () => {
    expect(encode(codec, value).toString("hex")).toBe(hex);
    expect(decode(codec, bytes)).toEqual(value);
  });

  it("is refused when cut anywhere, or when bytes follow", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(codec, bytes.subarray(0, length))).toThrow(WireError);
    }
    expect(() => decode(codec, Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(WireError);
  });
});

const text = (bytesMax: number) =>
  fc.string({ unit: "binary", maxLength: 40 }).filter((value) => Buffer.byteLength(value) <= bytesMax);
const anyAlert: fc.Arbitrary<AlertMessage> = fc.record({
  id: fc.uuid(),
  raisedAtMs: fc.maxSafeInteger(),
  severity: fc.constantFrom("information", "warning", "minor", "major", "critical", "fatal"),
  category: fc.constantFrom(
    "communication",
    "service",
    "software",
    "hardware",
    "environment",
    "configuration",
    "security",
  ),
  kind: fc.constantFrom("event", "raised", "cleared"),
  component: text(512),
  condition: text(128),
  summary: text(2_048),
  details: fc.array(fc.record({ name: text(128), value: text(4_096) }), { maxLength: 4 }),
});

it("any alert survives a round trip and takes the bytes that were foretold", () => {
  fc.assert(
    fc.property(anyAlert, (any) => {
      const bytes = encode(AlertMessage, any);
      expect(decode(AlertMessage, bytes)).toEqual(any);
      expect(bytes.length).toBe(alertBytes(any));
    }),
  );
});

it("the largest legal messages fit one record", () => {
  const largest = {
    ...alert,
    component: "c".repeat(512),
    condition: "c".repeat(128),
    summary: "s".repeat(2_048),
    details: Array.from({ length: 64 }, () => ({ name: "n".repeat(128), value: "v".repeat(4_096) })),
  };
  expect(encode(ReportRequest, { kind: "alerts", alerts: [largest] }).length).toBeLessThan(300_000);
  const reading = {
    component: "c".repeat(512),
    measure: "m".repeat(64),
    value: 1,
    unit: "none",
    state: "ok",
    summary: "s".repeat(1_024),
  } as const;
  const readings = encode(ReportRequest, { kind: "readings", readAtMs: 1, readings: Array(512).fill(reading) });
  expect(readings.length).toBeLessThan(900_000);

  const many = Array<AlertMessage>(ALERTS_PER_BATCH_MAX).fill(largest);
  const count = takeBatch(many, 0);
  expect(count).toBeGreaterThan(1);
  const size = (alerts: readonly AlertMessage[]) => encode(ReportRequest, { kind: "alerts", alerts }).length;
  expect(size(many.slice(0, count))).toBeLessThanOrEqual(REPORT_RECORD_BYTES_MAX);
  expect(size(many.slice(0, count + 1))).toBeGreaterThan(REPORT_RECORD_BYTES_MAX);
});

it("a batch takes what there is, up to its count", () => {
  expect(takeBatch([], 0)).toBe(0);
  expect(takeBatch([alert, alert, alert], 1)).toBe(2);
  expect(takeBatch(Array(1_000).fill(alert), 0)).toBe(ALERTS_PER_BATCH_MAX);
});
