import { formatUuid, parseUuid } from "../../runtime/random.ts";
import {
  type Decoded,
  double,
  enumeration,
  fixed,
  integer,
  list,
  mapped,
  opaque,
  optional,
  struct,
  text,
  u32,
  union,
} from "../../wire/xdr.ts";

// The in-band report flow (managerReport): an agent tells alerts and readings; the manager says what it has committed.
// XDR messages in RFC 5531 records over TLS 1.3 with both sides known. Specified in docs/protocols/report.md.
//
// Invariants: an alert leaves the agent's spool only when its id was in `committed` (or `refused`); the manager says
// `committed` only after its database has; the agent never has more alerts under way than the manager's `window`; both
// sides say something at least once in `heartbeatSeconds`, and hang up after `SILENCE_HEARTBEATS` of silence.

export const REPORT_VERSION = 1;
/** One record. The largest legal alert is below 300 KB and the largest readings below 900 KB, so that both always fit. */
export const REPORT_RECORD_BYTES_MAX = 1024 * 1024;
/** A batch is also bounded by the record: see `takeBatch`. */
export const ALERTS_PER_BATCH_MAX = 256;
/** Two heartbeats may be lost or late; the third that is missing means the connection is. */
export const SILENCE_HEARTBEATS = 3;
/** From the connection to hello and to welcome. */
export const GREETING_TIMEOUT_MS = 10_000;
/** One question or answer of the doctor. */
export const ASK_BODY_BYTES_MAX = 256 * 1024;
/** Questions that one session may have unanswered. */
export const ASKS_UNDER_WAY_MAX = 8;
/** What a welcome may allow; an agent holds this many ids at most. */
export const REPORT_WINDOW_MAX = 65_536;

const Uuid = mapped(fixed(16), { toWire: parseUuid, fromWire: formatUuid });

/** Numbers: PerceivedSeverity and AlertType of CIM_AlertIndication. */
const Severity = enumeration({ information: 2, warning: 3, minor: 4, major: 5, critical: 6, fatal: 7 });
const Category = enumeration({
  communication: 2,
  service: 3,
  software: 4,
  hardware: 5,
  environment: 6,
  configuration: 7,
  security: 8,
});

export const AlertMessage = struct({
  id: Uuid,
  raisedAtMs: integer,
  severity: Severity,
  category: Category,
  kind: enumeration({ event: 1, raised: 2, cleared: 3 }),
  component: text(512),
  condition: text(128),
  summary: text(2_048),
  details: list(struct({ name: text(128), value: text(4_096) }), 64),
});
export type AlertMessage = Decoded<typeof AlertMessage>;

/** One look at one component. */
export const ReadingMessage = struct({
  component: text(512),
  measure: text(64),
  value: optional(double), // Absent where the sensor could not be read.
  unit: enumeration({ ratio: 1, bytes: 2, seconds: 3, count: 4, none: 5 }),
  state: enumeration({ ok: 1, unknown: 2, warning: 3, critical: 4 }),
  summary: text(1_024),
});

export type ReadingMessage = Decoded<typeof ReadingMessage>;

/** What an agent says. */
export const ReportRequest = union({
  hello: [1, struct({ version: u32, agentVersion: text(64) })],
  alerts: [2, struct({ alerts: list(AlertMessage, ALERTS_PER_BATCH_MAX) })],
  readings: [3, struct({ readAtMs: integer, readings: list(ReadingMessage, 512) })],
  heartbeat: [4, struct({ sentAtMs: integer })],
  /** To the ask of the same id. */
  answer: [5, struct({ id: u32, body: opaque(ASK_BODY_BYTES_MAX) })],
});
export type ReportRequest = Decoded<typeof ReportRequest>;

/** What the manager says. */
export const ReportReply = union({
  /** Answer to hello: how many alerts may be under way, and how often to send a heartbeat. */
  welcome: [1, struct({ version: u32, window: u32, heartbeatSeconds: u32 })],
  committed: [2, struct({ ids: list(Uuid, ALERTS_PER_BATCH_MAX) })],
  /** Will never be taken, however often it is sent: the agent sets it aside and says so. */
  refused: [3, struct({ id: Uuid, reason: text(512) })],
  /** The version is not spoken here; the connection ends. */
  unsupported: [4, struct({ versions: list(u32, 16) })],
  /** So that an agent at rest notices a wall that has silently forgotten the connection. */
  heartbeat: [5, struct({ sentAtMs: integer })],
  /** A question of the manager's doctor, in the words of src/protocols/doctor: for hosts that only reach out. */
  ask: [6, struct({ id: u32, body: opaque(ASK_BODY_BYTES_MAX) })],
});
export type ReportReply = Decoded<typeof ReportReply>;
