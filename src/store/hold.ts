import { CorruptionError, WireError } from "../runtime/errors.ts";
import { isUuid, type Random } from "../runtime/random.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Medium } from "./medium.ts";
import { openFile, SALT_BYTES, sealFile } from "./sealing.ts";
import { deleteTwins, listTwins, readTwins, writeTwins } from "./twin-files.ts";

// A hold keeps a snapshot from being forgotten by anyone until it is taken back. Snapshots never change, so it is a file of
// its own; its name alone holds: one that cannot be read holds as well.

export const HOLD_FOLDER = "holds/";
const HOLD_VERSION = 1;
const HOLD_BYTES_MAX = 4_096;
export const HOLD_REASON_BYTES_MAX = 512;

export interface Hold {
  readonly snapshot: string;
  /** For people; empty where none was given or it cannot be read. */
  readonly reason: string;
  /** By the clock of the store's owner, milliseconds since 1970; 0 where it cannot be read. */
  readonly heldAtMs: number;
}

interface HoldNeeds {
  readonly medium: Medium;
  readonly sealingKey: Buffer;
}

export function holdFile(snapshot: string): string {
  return HOLD_FOLDER + snapshot;
}

/** WireError for a reason that is too long. */
export function encodeHold({ reason, heldAtMs }: Hold): Buffer {
  const length = Buffer.byteLength(reason);
  if (length > HOLD_REASON_BYTES_MAX)
    throw new WireError("hold.reason", `${length} bytes are above ${HOLD_REASON_BYTES_MAX}`);
  return new ByteWriter()
    .u8(HOLD_VERSION)
    .text(reason)
    .i64(BigInt(Math.round(heldAtMs)))
    .finish();
}

/** Durable when it resolves. WireError for a reason that is too long. */
export async function writeHold({ medium, sealingKey, random }: HoldNeeds & { random: Random }, hold: Hold) {
  const name = holdFile(hold.snapshot);
  const salt = random(SALT_BYTES);
  await writeTwins(medium, name, sealFile({ sealingKey, salt, fileClass: "hold", name }, encodeHold(hold)));
}

export async function deleteHold(medium: Medium, snapshot: string): Promise<void> {
  await deleteTwins(medium, holdFile(snapshot));
}

/** All holds by snapshot id. */
export async function readHolds(needs: HoldNeeds): Promise<Map<string, Hold>> {
  const holds = new Map<string, Hold>();
  for (const name of await listTwins(needs.medium, HOLD_FOLDER)) {
    const snapshot = name.slice(HOLD_FOLDER.length);
    if (!isUuid(snapshot)) continue;
    const { value } = await readTwins(needs.medium, name, holdReading(needs.sealingKey, name));
    holds.set(snapshot, value ?? { snapshot, reason: "", heldAtMs: 0 });
  }
  return holds;
}

/** How `readTwins` reads a hold. */
export function holdReading(sealingKey: Buffer, name: string) {
  return { bytesMax: HOLD_BYTES_MAX, open: (bytes: Buffer) => openHold(sealingKey, name, bytes) };
}

function openHold(sealingKey: Buffer, name: string, bytes: Buffer): Hold {
  const reader = new ByteReader(openFile({ sealingKey, fileClass: "hold", name }, bytes), name);
  try {
    const version = reader.u8();
    if (version !== HOLD_VERSION) reader.fail(`unknown version ${version}`);
    const reason = reader.text(HOLD_REASON_BYTES_MAX, "reason");
    const heldAtMs = Number(reader.i64());
    reader.end();
    return { snapshot: name.slice(HOLD_FOLDER.length), reason, heldAtMs };
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(name, error.problem);
    throw error;
  }
}
