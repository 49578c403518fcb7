import { codeOf, reasonOf } from "../runtime/errors.ts";
import { HOLD_FOLDER } from "./hold.ts";
import { KEY_FILES } from "./keys.ts";
import type { PackEntry } from "./pack-registry.ts";
import { inspectPack, readWhole } from "./pack-verification.ts";
import { createParity, parityBytes } from "./parity.ts";
import { NO_PARITY_FILE, PARITY_FOLDER, packOfParity, parityOf } from "./protection.ts";
import { keepReserve, type ReserveOptions } from "./reserve.ts";
import { SNAPSHOT_FOLDER } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import { twinReading } from "./twin-check.ts";
import { readTwins, twinOf } from "./twin-files.ts";

/** Packs to which a killed process can owe their parity: those waiting for it in memory, and the ones just written. */
const OWED_PARITIES_MAX = 16;

/**
 * Before the first backup into an opened store, and behind its back: what a killed process owed. Whatever is left over the
 * next collection does. Never fails: nothing depends on it.
 */
export async function payOwedProtection(core: StoreCore): Promise<void> {
  const packs = [...core.packs.written()];
  try {
    const made = [...(await addCopies(core, {})), ...(await addParities(core, { packs, max: OWED_PARITIES_MAX }))];
    if (made.length > 0) core.log.info({ files: made.length }, "wrote copies and parity that a killed process owed");
  } catch (error) {
    core.log.warn({ problem: reasonOf(error) }, "not everything could be protected");
  }
}

interface UpkeepOptions extends ReserveOptions {
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * After a collection: parity of packs that are gone goes, and what a crash or a full disk left without parity or copy gets
 * it. Returns the names of what was protected. A full disk ends it early; nothing depends on it.
 */
export async function keepUpProtection(core: StoreCore, options: UpkeepOptions = {}): Promise<string[]> {
  await core.protection.settled();
  const { medium, random } = core;
  const made: string[] = [];
  try {
    if (options.dryRun !== true) await dropOrphans(core, options);
    made.push(...(await addCopies(core, options)), ...(await addParities(core, options)));
    const packBytes = [...core.packs.written()].reduce((sum, { bytes }) => sum + bytes, 0);
    if (options.dryRun !== true) await keepReserve({ medium, random, packBytes }, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (codeOf(error) === "") throw error;
    core.log.warn({ problem: reasonOf(error) }, "not everything could be protected");
  }
  return made;
}

/** Parity goes after its pack: one whose pack the store does not know, and has not set aside as unreadable, is of no use. */
async function dropOrphans(core: StoreCore, { signal }: UpkeepOptions): Promise<void> {
  const files = await core.medium.list(PARITY_FOLDER);
  const known = new Set([...core.packs.all()].map(({ name }) => name));
  for (const { name } of files) {
    const pack = packOfParity(name);
    if (name === NO_PARITY_FILE || known.has(pack) || core.damages.packs.has(pack)) continue;
    signal?.throwIfAborted();
    await core.medium.delete(name);
  }
}

/** Parity is only ever made from a pack of which every object was opened: damage must not be made durable. */
async function addParities(
  core: StoreCore,
  options: UpkeepOptions & { readonly packs?: readonly PackEntry[]; readonly max?: number },
): Promise<string[]> {
  const { dryRun, signal, packs = [...core.packs.written()], max = Number.POSITIVE_INFINITY } = options;
  if (!core.protection.hasParity) return [];
  const sizes = new Map((await core.medium.list(PARITY_FOLDER)).map(({ name, bytes }) => [name, bytes]));
  const made: string[] = [];
  for (const pack of packs) {
    if (made.length >= max) break;
    const parity = parityOf(pack.name);
    if (sizes.get(parity) === parityBytes(pack.bytes) || core.damages.packs.has(pack.name)) continue;
    signal?.throwIfAborted();
    const bytes = await readSound(core, pack);
    if (bytes === undefined) continue;
    made.push(parity);
    if (dryRun === true) continue;
    await core.medium.delete(parity);
    await core.medium.write(parity, [createParity(bytes)]).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  }
  return made;
}

/** The pack's bytes, where it is whole. */
async function readSound(core: StoreCore, pack: PackEntry): Promise<Buffer | undefined> {
  const reading = await readWhole(core, pack.name);
  if (reading.state !== "read" || reading.bytes.length !== pack.bytes) return undefined;
  const { bytes } = reading;
  const found = await inspectPack(core, { name: pack.name, bytes, entry: pack, keep: false });
  return found.headProblem === undefined && found.damaged.length === 0 ? bytes : undefined;
}

/** Copies that are not there; damaged ones are for repair. */
async function addCopies(core: StoreCore, { dryRun, signal }: UpkeepOptions): Promise<string[]> {
  const { medium, protection } = core;
  const made: string[] = [];
  for (const folder of [KEY_FILES, SNAPSHOT_FOLDER, HOLD_FOLDER]) {
    const copies = new Set((await medium.list(twinOf(folder))).map(({ name }) => name));
    for (const { name } of await medium.list(folder)) {
      if (copies.has(twinOf(name))) continue;
      signal?.throwIfAborted();
      const copy = () => protection.exclusively(() => copyFile(core, name));
      if (dryRun === true || (await copy())) made.push(twinOf(name));
    }
  }
  return made;
}

/** False where the file is not good, or gone. */
async function copyFile(core: StoreCore, name: string): Promise<boolean> {
  const { file } = await readTwins<unknown>(core.medium, name, twinReading(core, name));
  if (file.state !== "good") return false;
  await core.medium.write(twinOf(name), [file.bytes]).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  return true;
}
