import { formatUuid, parseUuid } from "../../runtime/random.ts";
import { bool, enumeration, fixed, integer, list, mapped, opaque, struct, text, u32 } from "../../wire/xdr.ts";
import { NdmpError } from "./header.ts";

// Our own extension class of NDMP v4 (§3.3.9: proprietary classes 0x2000 to 0x7fef in sandboxes of sixteen; ours is the
// first that the draft's registry leaves free). It starts jobs whose data the agent deduplicates by itself, so that no
// data connection is opened. The data server's states and posts stay the standard's. Nothing here carries a command line.

export const RUSUBAN_CLASS = 0x21e0;
export const RUSUBAN_CLASS_VERSION = 1;
const code = (message: number) => RUSUBAN_CLASS * 0x1_0000 + message;

const Uuid = mapped(fixed(16), { toWire: parseUuid, fromWire: formatUuid });
const Path = opaque(65_536); // Raw bytes: a file name need not be UTF-8.

/** One question or answer of the doctor. */
const DOCTOR_BODY_BYTES_MAX = 256 * 1024;

export const RUSUBAN_CALLS = {
  startDedupBackup: {
    code: code(1),
    request: struct({
      jobId: Uuid,
      paths: list(Path, 256),
      excludes: list(text(4_096), 1_024),
      oneFileSystem: bool,
    }),
    reply: struct({ error: NdmpError, reason: text(1_024) }),
  },
  startDedupRecover: {
    code: code(2),
    request: struct({
      jobId: Uuid,
      paths: list(Path, 4_096), // None: everything.
      target: Path,
      overwrite: enumeration({ never: 0, changed: 1, always: 2 }),
      dryRun: bool,
    }),
    reply: struct({ error: NdmpError, reason: text(1_024) }),
  },
  /** Ids are the asker's: asking again raises nothing twice. Answered when the alerts are in the agent's spool. */
  raiseTestAlerts: {
    code: code(3),
    request: struct({ ids: list(Uuid, 1_000), severity: u32, summary: text(2_048) }),
    reply: struct({ error: NdmpError, reason: text(1_024) }),
  },
  /** A question of the manager's doctor and its answer, in the words of src/protocols/doctor. */
  askDoctor: {
    code: code(4),
    request: struct({ body: opaque(DOCTOR_BODY_BYTES_MAX) }),
    reply: struct({ error: NdmpError, reason: text(1_024), body: opaque(DOCTOR_BODY_BYTES_MAX) }),
  },
} as const;

export const RUSUBAN_POSTS = {
  notifyProgress: {
    code: code(16),
    body: struct({ files: integer, bytes: integer, bytesSent: integer, problems: u32, current: text(4_096) }),
  },
  /** An entry that could not be read or restored; the job goes on. At most as many as the receiver's log keeps. */
  notifyProblem: {
    code: code(17),
    body: struct({ path: Path, errorCode: text(64), problem: text(1_024) }),
  },
  /** Comes before notifyDataHalted: what was achieved. `snapshotId` is all zero where there is none. */
  notifyOutcome: {
    code: code(18),
    body: struct({
      outcome: enumeration({ done: 0, partly: 1, failed: 2, canceled: 3 }),
      reason: text(2_048),
      snapshotId: Uuid,
    }),
  },
} as const;
