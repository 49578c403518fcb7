import { CorruptionError, reasonOf, WireError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Medium } from "./medium.ts";
import { kindOfPack } from "./pack.ts";
import { openFile, SALT_BYTES, sealFile } from "./sealing.ts";

// Which packs were read and verified when, so that checks of limited time get round all of them. Losing it costs nothing
// but that order. Packs are ordered by round, the number of the check, not by time: clocks step.

export const LEDGER_FOLDER = "verified/";
const LEDGER_VERSION = 1;
const LEDGER_BYTES_MAX = 64 * 1024 * 1024;
const PACK_NAME_MAX = 64;
/** A check writes a new ledger after so many bytes read: a killed one begins no further back. */
export const LEDGER_INTERVAL_BYTES = 4 * 1024 * 1024 * 1024;

export interface Verification {
  /** Rises by one with each check that reads data. */
  readonly round: number;
  /** By the clock of the store's owner, milliseconds since 1970. For people. */
  readonly atMs: number;
}

/** By name of the pack. Packs that are not in it were not verified since they were written. */
export type Ledger = ReadonlyMap<string, Verification>;

interface LedgerNeeds {
  readonly medium: Medium;
  readonly sealingKey: Buffer;
  readonly log: Log;
}

/** All that is known; of two entries for a pack the later round. Never throws for what it cannot read. */
export async function readLedger({ medium, sealingKey, log }: LedgerNeeds): Promise<Map<string, Verification>> {
  const ledger = new Map<string, Verification>();
  for (const { name } of await medium.list(LEDGER_FOLDER)) {
    try {
      const bytes = openFile(
        { sealingKey, fileClass: "ledger", name },
        await medium.readRange(name, 0, LEDGER_BYTES_MAX),
      );
      for (const [pack, verification] of decodeLedger(name, bytes)) {
        if ((ledger.get(pack)?.round ?? -1) < verification.round) ledger.set(pack, verification);
      }
    } catch (error) {
      log.warn({ file: name, problem: reasonOf(error) }, "ledger of verifications cannot be used");
    }
  }
  return ledger;
}

/** Writes the ledger as a new file and removes the earlier ones. */
export async function writeLedger({ medium, sealingKey, random }: LedgerNeeds & { random: Random }, ledger: Ledger) {
  const earlier = await medium.list(LEDGER_FOLDER);
  const name = LEDGER_FOLDER + random(16).toString("hex");
  const salt = random(SALT_BYTES);
  await medium.write(name, sealFile({ sealingKey, salt, fileClass: "ledger", name }, encodeLedger(ledger)));
  for (const file of earlier) await medium.delete(file.name);
}

function encodeLedger(ledger: Ledger): Buffer {
  const writer = new ByteWriter(64 * 1024).u8(LEDGER_VERSION).u32(ledger.size);
  for (const [pack, { round, atMs }] of ledger)
    writer
      .text(pack)
      .varint(round)
      .i64(BigInt(Math.round(atMs)));
  return writer.finish();
}

function decodeLedger(name: string, bytes: Buffer): Map<string, Verification> {
  const reader = new ByteReader(bytes, name);
  try {
    const version = reader.u8();
    if (version !== LEDGER_VERSION) reader.fail(`unknown version ${version}`);
    const ledger = new Map<string, Verification>();
    for (let left = reader.u32(); left > 0; left--) {
      const pack = reader.text(PACK_NAME_MAX, "pack name");
      if (kindOfPack(pack) === undefined) reader.fail(`${pack} is not a pack's name`);
      ledger.set(pack, { round: reader.varint(), atMs: Number(reader.i64()) });
    }
    reader.end();
    return ledger;
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(name, error.problem);
    throw error;
  }
}
